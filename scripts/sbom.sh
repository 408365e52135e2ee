#!/bin/bash
# Writes what is in a binary, as CycloneDX 1.5 in JSON, beside it: sbom.sh linux|linux-arm64|windows
#
# Cargo itself says what the build compiles, and for whom: what the program reaches is in it (`required`); what
# runs on the builder alone, macros and build scripts with what they need, is `excluded`. Checksums are those of
# the lock files, the project's and the standard library's. The same build gives the same bytes: there is no time
# and no random number in them.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
cd "$(dirname "$scripts")"
system=${1:-}
case $system in
linux) binary=dist/linux-amd64/ca-entrypoint target=x86_64-unknown-linux-musl ;;
linux-arm64) binary=dist/linux-arm64/ca-entrypoint target=aarch64-unknown-linux-musl ;;
windows) binary=dist/windows-amd64/ca-entrypoint.exe target=x86_64-pc-windows-gnu ;;
*) echo "sbom: which system? sbom.sh linux, sbom.sh linux-arm64 or sbom.sh windows" >&2 && exit 1 ;;
esac
[ -f "$binary" ] || { echo "sbom: $binary is missing: make build, make build-arm64 or make build-windows" >&2; exit 1; }
"$scripts/need.sh" jq=jq strings=binutils

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$scripts/build.sh" "$system" units >"$work/units.json"

# locked FILE: {"NAME@VERSION": CHECKSUM} of a lock file.
locked() {
    awk -F '"' '/^name = /{ name = $2 } /^version = /{ version = $2 } /^checksum = /{ print name "@" version, $2 }' "$1" |
        jq -Rn '[inputs | split(" ") | {(.[0]): .[1]}] | add // {}'
}

# The standard library, where the build compiles it, has a manifest and a lock file of its own; its manifest has
# what a stable cargo reads only with RUSTC_BOOTSTRAP.
library=$(jq -rs '.[0].units[] | select(.target.name == "core" and .is_std) | .target.src_path' "$work/units.json" | head -n 1)
library=${library%/core/src/lib.rs}
cargo metadata --format-version 1 --locked >"$work/metadata.json"
locked Cargo.lock >"$work/locked.json"
if [ -n "$library" ]; then
    RUSTC_BOOTSTRAP=1 cargo metadata --format-version 1 --locked --manifest-path "$library/sysroot/Cargo.toml" >>"$work/metadata.json"
    locked "$library/Cargo.lock" >>"$work/locked.json"
fi

# The C library is linked in as well: rustup's musl or Debian's, or mingw-w64's parts.
c_library() {
    local archive
    case $system:$(jq -rs '.[1].way' "$work/units.json") in
    windows:*)
        x86_64-w64-mingw32-gcc -E -dM -include _mingw.h -x c /dev/null |
            sed -n 's/^#define __MINGW64_VERSION_\(MAJOR\|MINOR\|BUGFIX\) //p' | paste -sd . | sed 's/^/mingw-w64 /'
        return
        ;;
    linux:debian) archive=/usr/lib/x86_64-linux-musl/libc.a ;;
    *) archive=$(rustc --print sysroot)/lib/rustlib/$target/lib/self-contained/libc.a ;;
    esac
    echo "musl $(strings -a "$archive" | grep -m 1 -xE '[0-9]+\.[0-9]+\.[0-9]+')"
}

jq -n --slurpfile build "$work/units.json" --slurpfile metadata "$work/metadata.json" --slurpfile locked "$work/locked.json" \
    --arg target "$target" --arg file "${binary##*/}" --arg sha256 "$(sha256sum "$binary" | cut -d ' ' -f 1)" \
    --arg c_library "$(c_library)" -f "$scripts/sbom.jq" >"$work/sbom.json"

# What the binary itself tells of its crates, where they panic, must be in the list. That for Linux has no messages
# of panics, and tells of none.
strings -a "$binary" | { grep -oE '/crates/[^/]+/' || true; } | cut -d / -f 3 | sort -u >"$work/told"
jq -r '.components[] | select(.scope == "required") | "\(.name)-\(.version)"' "$work/sbom.json" | sort -u >"$work/listed"
[ -s "$work/told" ] || [[ $system == linux* ]] || { echo "sbom: $binary tells of no crate: has scripts/build.sh another name for them?" >&2; exit 1; }
if ! comm -23 "$work/told" "$work/listed" | diff /dev/null - >&2; then
    echo "sbom: $binary has crates that aren't in the list: those above" >&2
    exit 1
fi

mv "$work/sbom.json" "$binary.cdx.json"
"$scripts/checksums.sh"
counts=$(jq -r '.components | group_by(.scope) | map("\(length) \(.[0].scope)") | join(", ")' "$binary.cdx.json")
echo "sbom: $binary.cdx.json: $counts"
