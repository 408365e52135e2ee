# What the scripts beside this one begin with: run by a root shell in the image `p11-kit`, each turns
# Debian into a family whose tool is p11-kit's `trust`, as far as the trust store goes. Debian's own
# store is gone, and its Mozilla roots are the family's base data.

# make_base FILE: p11-kit's own format, as the distributions' packages have it. Each root has a label
# that isn't its common name, and purposes of its own; nothing is for code signing, and one is
# distrusted.
make_base() {
    server_auth='%30%16%06%03%55%1d%25%01%01%ff%04%0c%30%0a%06%08%2b%06%01%05%05%07%03%01'
    email_too='%30%20%06%03%55%1d%25%01%01%ff%04%16%30%14%06%08%2b%06%01%05%05%07%03%04%06%08%2b%06%01%05%05%07%03%01'
    mkdir -p "${1%/*}/anchors" "${1%/*}/blocklist"
    number=0
    for file in /usr/share/ca-certificates/mozilla/*.crt; do
        number=$((number + 1))
        label=$(basename "$file" .crt | tr _ ' ' | tr -d '\n' | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
        trust='trusted: true'
        [ $number != 7 ] || trust='x-distrusted: true'
        purposes=$server_auth
        [ $((number % 3)) = 0 ] || purposes=$email_too
        cat <<HERE
[p11-kit-object-v1]
label: "$label"
$trust
nss-mozilla-ca-policy: true
modifiable: false
$(cat "$file")

[p11-kit-object-v1]
label: "$label"
class: x-certificate-extension
object-id: 2.5.29.37
value: "$purposes"
modifiable: false
$(openssl x509 -in "$file" -noout -pubkey)

HERE
    done >"$1"
}

# configure_p11_kit PATHS: where the distribution's build of p11-kit looks for certificates.
configure_p11_kit() {
    mkdir -p /etc/pkcs11/modules
    cat >/etc/pkcs11/modules/p11-kit-trust.module <<HERE
module: p11-kit-trust.so
priority: 1
trust-policy: yes
x-init-reserved: paths='$1'
HERE
}

# remove_debian: its store and what makes it.
remove_debian() {
    dpkg --purge --force-depends ca-certificates
    rm -rf /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates /etc/ca-certificates* \
        /etc/debian_version /etc/os-release /usr/lib/os-release
}

# look_in FILE DIRECTORY: the defaults of the distribution's OpenSSL.
look_in() {
    ln -sfn "$1" /usr/lib/ssl/cert.pem
    ln -sfn "$2" /usr/lib/ssl/certs
}

# install_program FILE: what is on stdin.
install_program() {
    mkdir -p "${1%/*}"
    cat >"$1"
    chmod 0755 "$1"
}
