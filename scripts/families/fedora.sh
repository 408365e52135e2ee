# Fedora 43: ca-certificates 2025.2.80, with a hash directory and links to it where OpenSSL looks.
make_base /usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit
remove_debian
configure_p11_kit /etc/pki/ca-trust/source:/usr/share/pki/ca-trust-source

cat >/etc/os-release <<'HERE'
NAME="Fedora Linux"
VERSION="43 (Container Image)"
RELEASE_TYPE=stable
ID=fedora
VERSION_ID=43
VERSION_CODENAME=""
PRETTY_NAME="Fedora Linux 43 (Container Image)"
HERE
echo 'Fedora release 43 (Forty Three)' >/etc/fedora-release
ln -s fedora-release /etc/redhat-release

store=/etc/pki/ca-trust
mkdir -p $store/source/anchors $store/source/blocklist $store/extracted/pem/directory-hash $store/extracted/openssl \
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
ln -s $store/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-certificates.crt
ln -s $store/extracted/openssl/ca-bundle.trust.crt /etc/pki/tls/certs/ca-bundle.trust.crt
ln -s $store/extracted/java/cacerts /etc/pki/java/cacerts
look_in /etc/pki/tls/cert.pem /etc/pki/tls/certs

install_program /usr/bin/update-ca-trust <<'HERE'
#!/bin/sh
# The steps of Fedora's tool without an argument, or with `extract`.
set -eu
export P11_KIT_NO_USER_CONFIG=1
dest=/etc/pki/ca-trust/extracted
certs=/etc/pki/tls/certs
hash_links() { find "$1" -type l -regextype posix-extended -regex '.*/[0-9a-f]{8}\.[0-9]+'; }
anchors() { trust extract --filter=ca-anchors --overwrite "$@"; }
hash_links $certs | xargs -r rm -f
trust extract --format=openssl-bundle --filter=certificates --overwrite --comment $dest/openssl/ca-bundle.trust.crt
anchors --format=pem-bundle --comment --purpose server-auth $dest/pem/tls-ca-bundle.pem
anchors --format=pem-bundle --comment --purpose email $dest/pem/email-ca-bundle.pem
anchors --format=pem-bundle --comment --purpose code-signing $dest/pem/objsign-ca-bundle.pem
anchors --format=java-cacerts --purpose server-auth $dest/java/cacerts
anchors --format=edk2-cacerts --purpose server-auth $dest/edk2/cacerts.bin
anchors --format=pem-directory-hash --purpose server-auth $dest/pem/directory-hash
hash_links $dest/pem/directory-hash | while read -r link; do
    ln -s "$(readlink -f "$link")" "$certs/${link##*/}"
done
HERE
update-ca-trust
