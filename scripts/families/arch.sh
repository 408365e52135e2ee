# Arch: ca-certificates-utils of 2024 and later.
make_base /usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit
mv /usr/share/ca-certificates/trust-source /base
remove_debian
mkdir -p /usr/share/ca-certificates
mv /base /usr/share/ca-certificates/trust-source
configure_p11_kit /etc/ca-certificates/trust-source:/usr/share/ca-certificates/trust-source

cat >/etc/os-release <<'HERE'
NAME="Arch Linux"
PRETTY_NAME="Arch Linux"
ID=arch
BUILD_ID=rolling
VERSION_ID=20251019.0.436919
HERE
: >/etc/arch-release

store=/etc/ca-certificates
mkdir -p $store/trust-source/anchors $store/trust-source/blocklist $store/extracted /etc/ssl/certs/java
ln -s ../ca-certificates/extracted/tls-ca-bundle.pem /etc/ssl/cert.pem
ln -s ../../ca-certificates/extracted/tls-ca-bundle.pem /etc/ssl/certs/ca-certificates.crt
ln -s ../../ca-certificates/extracted/tls-ca-bundle.pem /etc/ssl/certs/ca-bundle.crt
echo 'What this directory is for.' >/etc/ssl/certs/java/README
look_in /etc/ssl/cert.pem /etc/ssl/certs

install_program /usr/bin/update-ca-trust <<'HERE'
#!/bin/sh
# The steps of Arch's tool without an argument, or with `extract`.
set -eu
export P11_KIT_NO_USER_CONFIG=1
dest=/etc/ca-certificates/extracted
anchors() { trust extract --filter=ca-anchors --overwrite "$@"; }
anchors --comment --format=pem-bundle --purpose=server-auth $dest/tls-ca-bundle.pem
anchors --comment --format=pem-bundle --purpose=email $dest/email-ca-bundle.pem
anchors --comment --format=pem-bundle --purpose=code-signing $dest/objsign-ca-bundle.pem
trust extract --overwrite --comment --format=openssl-bundle --filter=certificates $dest/ca-bundle.trust.crt
anchors --format=edk2-cacerts --purpose=server-auth $dest/edk2-cacerts.bin
anchors --format=java-cacerts --purpose=server-auth $dest/java-cacerts.jks
anchors --format=pem-directory-hash --purpose=server-auth $dest/cadir
for file in $dest/cadir/*; do
    ln -fsr -t /etc/ssl/certs "$file"
done
find -L /etc/ssl/certs -maxdepth 1 -type l -delete
ln -fsr $dest/java-cacerts.jks /etc/ssl/certs/java/cacerts
HERE
update-ca-trust
