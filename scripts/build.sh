#!/bin/bash
# build.sh linux|linux-arm64|windows [units|symbols]: builds the release binary for one system. With a second word it
# leaves that alone, and prints
#
#   units         what the build compiles, for scripts/sbom.sh: cargo's unit graph, then {"way": NAME, "rustc": VERSION}
#   symbols       the path of the same binary with its symbols, for scripts/size.sh
#
#   linux         dist/linux-amd64/ca-entrypoint: x86_64, musl, a static PIE, stripped
#   linux-arm64   dist/linux-arm64/ca-entrypoint: aarch64, musl, static, stripped, by Rust's own linker
#   windows       dist/windows-amd64/ca-entrypoint.exe: x86_64, by mingw-w64's linker, its runtime linked in
#
# The first way that this machine can go is taken; CA_ENTRYPOINT_BUILD=NAME forces one:
#
#   rustup            rustup's target, the standard library built for size from rust-src
#   rustup-prebuilt   the same target with its ready-made standard library: 200 to 400 KiB larger
#   debian            Debian's compiler and its source of the standard library, and for Linux its musl
#
# ca-entrypoint.std beside the binary says which standard library it has: size or prebuilt.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$scripts")
cd "$project"
# Relocations packed: 20 KiB. The C library's own start code must know the form, musl's does since 1.2.4.
packed=-Clink-arg=-Wl,-z,pack-relative-relocs
# Where they can't be packed: instructions that stand in many places become functions, 17 KiB, and a start
# executes a quarter more of them.
outlined=-Cllvm-args=-enable-machine-outliner=always
# And functions are called where they would be copied.
called=-Cllvm-args=-inline-threshold=0
# Where relocations are packed, the half of what is usual is copied: 12 KiB, and a start executes one or two
# instructions more in a hundred.
half_copied=-Cllvm-args=-inline-threshold=25
# A panic aborts, so nothing reads the tables that unwinding needs: about 40 KiB.
table_flags=(-Cforce-unwind-tables=no)
# And where the standard library is built too, a panic is one instruction, without a message: 45 KiB, and a
# sixth of the instructions of a start. src/sys/unix/last_resort.rs makes a message and the command's start of it.
abort_flags=(-Zunstable-options -Cpanic=immediate-abort)
# On Windows it is the panic that is caught.
[ "${1:-}" != windows ] || abort_flags=()
build_std=("-Zbuild-std=std,panic_abort" -Zbuild-std-features=optimize_for_size)

fail() {
    echo "build: $*" >&2
    exit 1
}

case ${1:-} in
linux)
    target=x86_64-unknown-linux-musl dist=dist/linux-amd64 file=ca-entrypoint
    system_flags=("$packed" "$half_copied")
    ;;
linux-arm64)
    target=aarch64-unknown-linux-musl dist=dist/linux-arm64 file=ca-entrypoint
    # No C compiler for the other architecture is needed: there is no C to compile.
    system_flags=(-Clinker=rust-lld "$half_copied")
    ;;
windows)
    target=x86_64-pc-windows-gnu dist=dist/windows-amd64 file=ca-entrypoint.exe
    # What of the C runtime's helpers is used is linked in: no DLL comes with the binary.
    # Windows' own format needs the tables that unwinding needs.
    table_flags=()
    # The time of the build is no part of it.
    system_flags=(-Ctarget-feature=+crt-static "-Clink-arg=-Wl,--no-insert-timestamp")
    "$scripts/need.sh" x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64
    ;;
*) fail "which system? build.sh linux, build.sh linux-arm64 or build.sh windows" ;;
esac

verb=${2:-build}
case $verb in build | units | symbols) ;; *) fail "unknown word '$verb': nothing, units or symbols" ;; esac

have_target() {
    command -v rustup >/dev/null && rustup target add "$target" >/dev/null 2>&1
}

have_source() {
    rustup component add rust-src >/dev/null 2>&1
}

choose() {
    if ! have_target; then
        echo debian
    elif have_source; then
        echo rustup
    else
        echo rustup-prebuilt
    fi
}

# compile CARGO RUSTC [RUSTC-FLAG...] -- [CARGO-FLAG...]
compile() {
    local cargo=$1 rustc=$2 flags=()
    shift 2
    while [ "$1" != -- ]; do
        flags+=("$1")
        shift
    done
    shift
    # Nobody reads what is printed for programmers: 12 KiB.
    flags+=(-Zfmt-debug=none)
    # SHA-256 without its rounds unrolled: 8 KiB. Where the processor has instructions for it, they are used.
    flags+=('--cfg=sha2_backend_soft="compact"')
    flags+=("${table_flags[@]}")
    # The binary must not tell whose machine made it, nor differ between two: paths become names. A crate has
    # one name wherever it comes from, crates.io, a mirror of it or vendor/; cargo's directory of a registry is there
    # when something of it is.
    "$cargo" fetch --quiet --locked --target "$target"
    local directory
    flags+=("--remap-path-prefix=$("$rustc" --print sysroot)=/rust" "--remap-path-prefix=$project=/ca-entrypoint")
    for directory in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/ "$project/vendor/"; do
        flags+=("--remap-path-prefix=${directory%/}=/crates")
    done
    # Each way has a target directory of its own: neither another way's nor the tests' is thrown away.
    # The encoded form of the flags is the one that allows a space in a path.
    export RUSTC=$rustc CARGO_ENCODED_RUSTFLAGS
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
    local build=("$cargo" build --release --locked --target "$target")
    case $verb in
    build) "${build[@]}" --target-dir "target/$way" "$@" ;;
    units)
        "${build[@]}" "$@" -Zunstable-options --unit-graph
        printf '{"way": "%s", "rustc": "%s"}\n' "$way" "$("$rustc" --version | cut -d ' ' -f 2-)"
        ;;
    symbols)
        CARGO_PROFILE_RELEASE_STRIP=none "${build[@]}" --target-dir "target/$way-symbols" "$@"
        echo "target/$way-symbols/$target/release/$file"
        ;;
    esac
}

# The compiler of Debian's packages, and what else the system's target needs from them.
compile_by_debian() {
    local flags=("${system_flags[@]}")
    [ "$dist" != dist/linux-arm64 ] || fail "Debian's packages have no standard library for $target: install rustup"
    "$scripts/need.sh" /usr/bin/rustc=rustc-web /usr/bin/cargo=cargo-web /usr/share/doc/rust-web-src=rust-web-src gcc=gcc
    if [ "$dist" = dist/linux-amd64 ]; then
        "$scripts/need.sh" /usr/lib/x86_64-linux-musl/rcrt1.o=musl-dev /usr/lib/llvm-14/lib/libunwind.a=libunwind-14-dev
        # gcc's libgcc_eh wants glibc, so the unwinder is LLVM's. Its directory has much else: link the one file.
        mkdir -p target/debian/unwind
        ln -sf /usr/lib/llvm-14/lib/libunwind.a target/debian/unwind/
        export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=$scripts/link-musl.sh
        flags=(-Clink-self-contained=no "-Lnative=$project/target/debian/unwind" "$outlined" "$called")
    fi
    compile /usr/bin/cargo /usr/bin/rustc "${flags[@]}" "${abort_flags[@]}" -- "${build_std[@]}"
}

way=${CA_ENTRYPOINT_BUILD:-$(choose)}
std=size
# What is unstable in a stable compiler opens with RUSTC_BOOTSTRAP: -Zbuild-std has no other way in.
export RUSTC_BOOTSTRAP=1
case $way in
rustup)
    have_target || fail "rustup can't add $target: run 'rustup target add $target' to see why"
    have_source || fail "rustup can't add rust-src: run 'rustup component add rust-src' to see why"
    compile cargo rustc "${system_flags[@]}" "${abort_flags[@]}" -- "${build_std[@]}"
    ;;
rustup-prebuilt)
    have_target || fail "rustup can't add $target: run 'rustup target add $target' to see why"
    compile cargo rustc "${system_flags[@]}" --
    std=prebuilt
    ;;
debian) compile_by_debian ;;
*) fail "unknown way '$way': set CA_ENTRYPOINT_BUILD to rustup, rustup-prebuilt or debian" ;;
esac

[ "$verb" = build ] || exit 0
# The list of checksums is of all systems' files.
exec 9<"$scripts/checksums.sh"
flock 9
mkdir -p "$dist"
# Removed first: the old file may be running. The list of what is in it is another one's too.
rm -f "$dist/$file" "$dist/$file.cdx.json"
cp "target/$way/$target/release/$file" "$dist/$file"
echo "$std" >"$dist/ca-entrypoint.std"
"$scripts/checksums.sh"
echo "build: $dist/$file, $(stat -c %s "$dist/$file") bytes, by way of $way"
