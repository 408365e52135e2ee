# RHEL 9: ca-certificates 2023.2.60, without a hash directory.
make_base /usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit
remove_debian
configure_p11_kit /etc/pki/ca-trust/source:/usr/share/pki/ca-trust-source

cat >/etc/os-release <<'HERE'
NAME="Red Hat Enterprise Linux"
VERSION="9.6 (Plow)"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="9.6"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Red Hat Enterprise Linux 9.6 (Plow)"
HERE
echo 'Red Hat Enterprise Linux release 9.6 (Plow)' >/etc/redhat-release

store=/etc/pki/ca-trust
mkdir -p $store/source/anchors $store/source/blocklist $store/extracted/pem $store/extracted/openssl \
    $store/extracted/java $store/extracted/edk2 /etc/pki/tls/certs /etc/pki/java /usr/share/pki/ca-trust-legacy
: >/usr/share/pki/ca-trust-legacy/ca-bundle.legacy.default.crt
ln -s /usr/share/pki/ca-trust-legacy/ca-bundle.legacy.default.crt $store/source/ca-bundle.legacy.crt
for directory in source extracted extracted/pem extracted/openssl extracted/java extracted/edk2; do
    echo 'What this directory is for.' >$store/$directory/README
done
ln -s /etc/pki/tls/certs /etc/ssl/certs
ln -s $store/extracted/pem/tls-ca-bundle.pem /etc/ssl/cert.pem
ln -s $store/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/cert.pem
ln -s $store/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt
ln -s $store/extracted/openssl/ca-bundle.trust.crt /etc/pki/tls/certs/ca-bundle.trust.crt
ln -s $store/extracted/java/cacerts /etc/pki/java/cacerts
look_in /etc/pki/tls/cert.pem /etc/pki/tls/certs

install_program /usr/bin/update-ca-trust <<'HERE'
#!/bin/sh
# The steps of RHEL's tool, which ignores its arguments.
export P11_KIT_NO_USER_CONFIG=1
dest=/etc/pki/ca-trust/extracted
anchors() { p11-kit extract --filter=ca-anchors --overwrite "$@"; }
p11-kit extract --format=openssl-bundle --filter=certificates --overwrite --comment $dest/openssl/ca-bundle.trust.crt
anchors --format=pem-bundle --comment --purpose server-auth $dest/pem/tls-ca-bundle.pem
anchors --format=pem-bundle --comment --purpose email $dest/pem/email-ca-bundle.pem
anchors --format=pem-bundle --comment --purpose code-signing $dest/pem/objsign-ca-bundle.pem
anchors --format=java-cacerts --purpose server-auth $dest/java/cacerts
anchors --format=edk2-cacerts --purpose server-auth $dest/edk2/cacerts.bin
HERE
update-ca-trust
