# openSUSE Leap 15.6: ca-certificates of 2021 and later, whose tool runs hooks and nothing else.
make_base /usr/share/pki/trust/ca-certificates-mozilla.trust.p11-kit
remove_debian
configure_p11_kit /etc/pki/trust:/usr/share/pki/trust

cat >/etc/os-release <<'HERE'
NAME="openSUSE Leap"
VERSION="15.6"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="15.6"
PRETTY_NAME="openSUSE Leap 15.6"
HERE

mkdir -p /etc/pki/trust/anchors /etc/pki/trust/blocklist /etc/ca-certificates/update.d /var/lib/ca-certificates
look_in /var/lib/ca-certificates/ca-bundle.pem /var/lib/ca-certificates/openssl

install_program /usr/sbin/update-ca-certificates <<'HERE'
#!/bin/sh
# The steps of SUSE's tool.
umask 0222
fresh= verbose=
for option; do
    case $option in
    -f | --fresh) fresh=-f ;;
    -v | --verbose) verbose=-v ;;
    esac
done
export statedir=/var/lib/ca-certificates destdir=/
rm -f /etc/pki/trust/.updated
install -d -m 0755 $statedir
if [ -z "${_CA_CERTIFICATES_LOCKED:-}" ]; then
    export _CA_CERTIFICATES_LOCKED=1
    exec flock $statedir "$0" "$@"
fi
for directory in /etc/ca-certificates/update.d /usr/lib/ca-certificates/update.d; do
    for hook in "$directory"/*.run; do
        if [ -L "$hook" ] || [ -f "$hook" ]; then
            echo "${hook##*/} $hook"
        fi
    done
done | sort -k 1,1 -u | while read -r _ hook; do
    [ "$(readlink "$hook")" = /dev/null ] || "$hook" $fresh $verbose
done
chmod 0555 $statedir
HERE
hooks=/usr/lib/ca-certificates/update.d
install_program $hooks/50java.run <<'HERE'
#!/bin/sh -eu
[ -d "$statedir" ]
cafile=$destdir$statedir/java-cacerts
trust extract --format=java-cacerts --purpose=server-auth --filter=ca-anchors --overwrite "$cafile.new"
mv "$cafile.new" "$cafile"
HERE
install_program $hooks/70openssl.run <<'HERE'
#!/bin/sh -eu
[ -d "$statedir" ]
install -d -m 0755 -p "$destdir$statedir/openssl"
trust extract --format=openssl-directory --filter=ca-anchors --overwrite "$destdir$statedir/openssl"
HERE
install_program $hooks/80etc_ssl.run <<'HERE'
#!/bin/sh -eu
[ -d "$statedir" ]
install -d -m 0755 "$destdir$statedir/pem"
trust extract --purpose=server-auth --filter=ca-anchors --format=pem-directory-hash -f "$destdir$statedir/pem"
[ "$(readlink /etc/ssl/certs)" = ../..$statedir/pem ] || ln -Ts --backup=numbered "../..$statedir/pem" /etc/ssl/certs
HERE
install_program $hooks/99certbundle.run <<'HERE'
#!/bin/sh -eu
[ -d "$statedir" ]
cafile=$destdir$statedir/ca-bundle.pem
seconds() { stat -c %Y "$1" 2>/dev/null || echo 0; }
if [ "${1:-}" != -f ] && [ "$(seconds "$cafile")" -gt "$(seconds "$destdir$statedir/pem")" ]; then
    exit 0
fi
trust extract --format=pem-bundle --purpose=server-auth --filter=ca-anchors --overwrite "$cafile.tmp"
{
    printf '#\n# automatically created by %s\n#\n# Programs had better ask OpenSSL or GnuTLS where certificates are.\n#\n' "$0"
    cat "$cafile.tmp"
} >"$cafile.new"
rm -f "$cafile.tmp"
mv -f "$cafile.new" "$cafile"
if ! [ -e /etc/ssl/ca-bundle.pem ] && ! [ -L /etc/ssl/ca-bundle.pem ]; then
    ln -s ../../var/lib/ca-certificates/ca-bundle.pem /etc/ssl/ca-bundle.pem
fi
HERE
update-ca-certificates
