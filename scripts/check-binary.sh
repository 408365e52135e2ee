#!/bin/bash
# Fails unless the release binary is what a `FROM scratch` image needs: static, stripped and small.
set -euo pipefail

dist=$(cd "$(dirname "$0")/.." && pwd)/dist/linux-amd64
binary=$dist/ca-entrypoint
limit=524288
prebuilt=430080 # what the ready-made standard library adds, with its backtraces and at full speed: 412080 measured

fail() {
    echo "check-binary: $*" >&2
    exit 1
}

"$(dirname "$0")/need.sh" readelf=binutils

[ -f "$binary" ] || fail "$binary is missing: make build"
header=$(readelf -hW "$binary")
segments=$(readelf -lW "$binary")
sections=$(readelf -SW "$binary")
# No dynamic section at all is fine: that is a static binary that isn't a PIE.
dynamic=$(readelf -dW "$binary")

case $header in
*ELF64*X86-64*) ;;
*) fail "not an ELF file for x86-64: see readelf -h $binary" ;;
esac
case $segments in *INTERP*) fail "asks for a dynamic loader, which an empty image doesn't have: see scripts/build.sh" ;; esac
case $dynamic in *NEEDED*) fail "needs shared libraries: see readelf -d $binary" ;; esac
case $sections in *.symtab* | *.debug_*) fail "is not stripped: set strip = true in [profile.release]" ;; esac

"$binary" --version >/dev/null </dev/null || fail "'--version' exits with $?: run it to see why"

std=$(cat "$binary.std")
case $std in
size) note= ;;
prebuilt) limit=$((limit + prebuilt)) note=" (a release build has its standard library built for size and $prebuilt bytes less)" ;;
*) fail "$binary.std says '$std': make build" ;;
esac

case $header in
*"DYN ("*) kind="static PIE" ;;
*) kind="static, no PIE" ;;
esac
size=$(stat -c %s "$binary")
figures="$size of $limit bytes, $kind, standard library: $std$note"
[ "$size" -le "$limit" ] || fail "too large: $figures: see what grew with cargo bloat"
echo "check-binary: $figures"
