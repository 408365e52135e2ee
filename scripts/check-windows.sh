#!/bin/bash
# Checks what only a build for Windows shows: lints, that Microsoft's toolchain would compile it, and that the
# binary needs nothing which the smallest of Windows' images lacks.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
cd "$(dirname "$scripts")"
dist=dist/windows-amd64
binary=$dist/ca-entrypoint.exe
limit=655360
prebuilt=262144 # what the ready-made standard library adds: 226304 measured
# All of them are in nanoserver: docs/windows.md says how that is known.
libraries=(kernel32 ntdll msvcrt advapi32 crypt32 bcryptprimitives api-ms-win-core-synch-l1-2-0)

fail() {
    echo "check-windows: $*" >&2
    exit 1
}

# lint TARGET COMMAND [FLAG...]: with rustup's target, or else with a standard library made for the check.
lint() {
    local target=$1 command=$2
    shift 2
    if command -v rustup >/dev/null && rustup target add "$target" >/dev/null 2>&1; then
        cargo "$command" --target "$target" "$@"
    elif command -v rustup >/dev/null && rustup component add rust-src >/dev/null 2>&1; then
        RUSTC_BOOTSTRAP=1 cargo "$command" --target "$target" -Zbuild-std=std,panic_abort "$@"
    else
        "$scripts/need.sh" /usr/bin/rustc=rustc-web /usr/bin/cargo=cargo-web /usr/share/doc/rust-web-src=rust-web-src
        # Debian's compiler comes without the linter.
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo check \
            --target "$target" --target-dir target/debian -Zbuild-std=std,panic_abort
    fi
}

# The other toolchain's target: that this one's compiles is shown by the build.
lint x86_64-pc-windows-msvc clippy -- -D warnings

"$scripts/build.sh" windows
"$scripts/need.sh" x86_64-w64-mingw32-objdump=binutils-mingw-w64-x86-64
header=$(x86_64-w64-mingw32-objdump -p "$binary")
case $header in *"(PE32+)"*) ;; *) fail "$binary is no 64-bit program of Windows: see objdump -p" ;; esac
case $header in *"(Windows CUI)"*) ;; *) fail "$binary isn't a console program: see objdump -p" ;; esac
for flag in HIGH_ENTROPY_VA DYNAMIC_BASE NX_COMPAT; do
    case $header in *"$flag"*) ;; *) fail "$binary lacks $flag: see the linker's flags in scripts/build.sh" ;; esac
done
imports=$(sed -n 's/^\tDLL Name: \(.*\)\.dll$/\L\1/p' <<<"$header" | sort -u)
for import in $imports; do
    case " ${libraries[*]} " in
    *" $import "*) ;;
    *) fail "$binary needs $import.dll: is it in nanoserver? see the list in $0" ;;
    esac
done

# Where one of these is imported and missing, no program starts (NanoServerApiScan in msys2/MSYS2-packages#1493).
for missing in GetBinaryTypeW GetNumaProcessorNode RtlZeroMemory; do
    case $header in *"$missing"*) fail "$binary imports $missing, which nanoserver is said to lack" ;; esac
done

std=$(cat "$dist/ca-entrypoint.std")
[ "$std" = size ] || limit=$((limit + prebuilt))
size=$(stat -c %s "$binary")
figures="$size of $limit bytes, standard library: $std, imports: $(paste -sd ' ' <<<"$imports")"
[ "$size" -le "$limit" ] || fail "too large: $figures"
echo "check-windows: $figures"
