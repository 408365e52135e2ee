#!/bin/bash
# Unpacks a Debian 12 with p11-kit's `trust`, which the families of scripts/families are made of:
# rootfs-p11-kit.sh DIR
set -euo pipefail

root=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint/bookworm
mkdir -p "$cache"

"$(dirname "$0")/need.sh" debootstrap=debootstrap

if ! debootstrap --variant=minbase --cache-dir="$cache" \
    --include=ca-certificates,openssl,curl,git,p11-kit,p11-kit-modules bookworm "$root" >"$root.log" 2>&1; then
    tail -n 20 "$root.log" "$root/debootstrap/debootstrap.log" >&2 || true
    echo "rootfs-p11-kit: cannot unpack bookworm: see debootstrap's lines above" >&2
    exit 1
fi

# What the slim images leave out.
rm -rf "${root:?}"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
