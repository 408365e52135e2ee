#!/bin/bash
# Unpacks a Debian with the clients that the tests run: rootfs-debian.sh SUITE [PACKAGE]... DIR
set -euo pipefail

suite=$1
root=${!#}
# curl has OpenSSL, wget and git have GnuTLS: one client for each way of reading the store.
packages=(ca-certificates openssl curl wget git "${@:2:$#-2}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint/$suite
mkdir -p "$cache"

"$(dirname "$0")/need.sh" debootstrap=debootstrap

if ! debootstrap --variant=minbase --cache-dir="$cache" \
    --include="$(IFS=, && echo "${packages[*]}")" "$suite" "$root" >"$root.log" 2>&1; then
    tail -n 20 "$root.log" "$root/debootstrap/debootstrap.log" >&2 || true
    echo "rootfs-debian: cannot unpack $suite: see debootstrap's lines above" >&2
    exit 1
fi

# What the slim images leave out.
rm -rf "${root:?}"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
