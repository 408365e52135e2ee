#!/bin/bash
# Fails unless the binary for arm64, under an emulator, does what the one for amd64 does: the same plan and the
# same store, byte for byte, and the command with its exit code.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
dist=$(dirname "$scripts")/dist
amd64=$dist/linux-amd64/ca-entrypoint
arm64=$dist/linux-arm64/ca-entrypoint

fail() {
    echo "check-arm64: $*" >&2
    exit 1
}

"$scripts/need.sh" qemu-aarch64-static=qemu-user-static openssl=openssl readelf=binutils

case $(readelf -hW "$arm64") in
*AArch64*) ;;
*) fail "not an ELF file for AArch64: see readelf -h $arm64" ;;
esac
case $(readelf -lW "$arm64") in *INTERP*) fail "asks for a dynamic loader, which an empty image doesn't have" ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -days 30 -subj "/CN=$1" 2>/dev/null
}

# image NAME: a root of Debian's kind, the same each time.
image() {
    mkdir -p "$work/$1/etc/ssl/certs" "$work/$1/usr/local/share/ca-certificates" "$work/$1/ca"
    echo ID=debian >"$work/$1/etc/os-release"
    cp "$work/public.pem" "$work/$1/etc/ssl/certs/ca-certificates.crt"
    cp "$work/ca.pem" "$work/$1/ca/ca.crt"
}

# same WHAT: the outputs of both binaries, which are as good as one.
same() {
    cmp -s "$work/amd64.out" "$work/arm64.out" || fail "$1 differs: $(diff "$work/amd64.out" "$work/arm64.out" | head -5)"
}

certificate 'A public CA' >"$work/public.pem"
certificate 'Corp CA' >"$work/ca.pem"
image amd64-root
image arm64-root

# step EXPECTED OPTION...: what both say, which has EXPECTED in it, and what they leave.
step() {
    local expected=$1
    shift
    env -i "$amd64" --root "$work/amd64-root" "$@" >"$work/amd64.out" 2>&1
    env -i qemu-aarch64-static "$arm64" --root "$work/arm64-root" "$@" >"$work/arm64.out" 2>&1
    same "what '$*' says"
    grep -q "$expected" "$work/amd64.out" || fail "'$*' says nothing of '$expected': $(cat "$work/amd64.out")"
    diff -r --no-dereference "$work/amd64-root" "$work/arm64-root" >"$work/difference" ||
        fail "the store differs after '$*': $(head -5 "$work/difference")"
}

step '"changes":\[{' --dry-run --format=json --ca /ca/ca.crt
step '1 added, 0 removed' --ca /ca/ca.crt
step '0 added, 1 removed' --remove

code=0
env -i qemu-aarch64-static "$arm64" /bin/sh -c 'exit 7' || code=$?
[ "$code" = 7 ] || fail "the command's exit code is $code, not 7"
echo "check-arm64: $(stat -c %s "$arm64") bytes, does what the one for amd64 does"
