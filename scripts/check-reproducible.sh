#!/bin/bash
# Fails unless what scripts/build-elsewhere.sh builds has the bytes that are in dist/: check-reproducible.sh SYSTEM...,
# each as scripts/build.sh knows it.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
cd "$(dirname "$scripts")"
"$scripts/build-elsewhere.sh" "$@"
"$scripts/need.sh" strings=binutils

for system in "$@"; do
    case $system in
    windows) file=dist/windows-amd64/ca-entrypoint.exe ;;
    linux-arm64) file=dist/linux-arm64/ca-entrypoint ;;
    *) file=dist/linux-amd64/ca-entrypoint ;;
    esac
    if ! cmp "target/another place/$file" "$file"; then
        diff <(strings "target/another place/$file") <(strings "$file") | head -n 20 >&2 || true
        echo "check-reproducible: $file depends on where it is built: the lines above are of the other place, then of this one" >&2
        exit 1
    fi
done
echo "check-reproducible: the same bytes in another directory, from vendor/ and without a network: $*"
