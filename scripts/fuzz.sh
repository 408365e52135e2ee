#!/bin/bash
# The fuzzer's targets, without cargo-fuzz: docs/fuzzing.md has the same with it, and what each asserts.
#
#   fuzz.sh need                installs what they are made with
#   fuzz.sh build               makes them
#   fuzz.sh run [TARGET...]     fuzzes each, from the committed corpus on, and fails when one fails
#   fuzz.sh merge [TARGET...]   takes into the committed corpus what the last runs found, minimised
#
# FUZZ_SECONDS is how long each is run, half an hour unless told, and FUZZ_JOBS how many at a time: as
# many as there are cores unless told.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
cd "$scripts/.."
machine=x86_64-unknown-linux-gnu
target_directory=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
found=$target_directory/found
limits=(-timeout=60 -rss_limit_mb=512 -max_len=4096)
# What `cargo fuzz build --sanitizer none --release` passes: this compiler's own options, of which none
# is unstable. Code without `unsafe` has nothing to show to a sanitizer.
flags=(
    --cfg=fuzzing
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0
    -Ccodegen-units=1
)
# libFuzzer ready made: a minute of compiling less.
library=/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a

fail() {
    echo "fuzz: $*" >&2
    exit 1
}

need() {
    "$scripts/need.sh" g++=g++ /usr/include/openssl/x509.h=libssl-dev
    # Debian 12 alone has this version; libFuzzer is compiled elsewhere.
    "$scripts/need.sh" "$library=libclang-rt-14-dev" 2>/dev/null || true
    [ ! -e "$library" ] || export CUSTOM_LIBFUZZER_PATH=$library
}

build() {
    need
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}") cargo build --quiet --locked --release \
        --manifest-path fuzz/Cargo.toml --target "$machine" --target-dir "$target_directory"
}

# fuzzer TARGET ARGUMENT...
fuzzer() {
    local name=$1 options=("${limits[@]}")
    shift
    [ ! -f "fuzz/dictionaries/$name.dict" ] || options+=("-dict=fuzz/dictionaries/$name.dict")
    "$target_directory/$machine/release/$name" "${options[@]}" "$@"
}

# What it prints goes into a file: its last line of figures is shown, or why it failed.
run() {
    local name=$1 log=$found/$1.log
    rm -rf "${found:?}/$name"
    mkdir -p "$found/$name" "fuzz/artifacts/$name"
    if ! fuzzer "$name" -max_total_time="${FUZZ_SECONDS:-1800}" -artifact_prefix="fuzz/artifacts/$name/" \
        "$found/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
        grep -a -m 1 -A 3 -E 'panicked at|ERROR: ' "$log" | cut -c 1-2000 >&2 || tail -n 20 "$log" >&2
        fail "$name failed: its input is in fuzz/artifacts/$name, the whole log is $log"
    fi
    sed -n 's/^#\([0-9]*\)[[:space:]]*DONE *\(.*\) lim: .*/fuzz: '"$name"': \1 executions, \2/p' "$log"
}

merge() {
    local name=$1 merged=$target_directory/merged/$1
    rm -rf "$merged"
    mkdir -p "$merged" "$found/$name"
    # The fewest small inputs that reach what all of them reach, however often; and what was a fault once.
    fuzzer "$name" -set_cover_merge=1 -use_counters=0 -max_len=1000 \
        "$merged" "fuzz/corpus/$name" "$found/$name" >"$found/$name-merge.log" 2>&1 ||
        fail "cannot merge: see $found/$name-merge.log"
    find "fuzz/corpus/$name" -name 'crash-*' -exec cp {} "$merged" \;
    rm -rf "fuzz/corpus/$name"
    cp -r "$merged" "fuzz/corpus/$name"
    echo "fuzz: $name: $(find "fuzz/corpus/$name" -type f | wc -l) inputs"
}

command=${1:-run}
[ $# = 0 ] || shift
mapfile -t targets < <(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' fuzz/Cargo.toml)
[ $# = 0 ] || targets=("$@")
case $command in
need) need ;;
build) build ;;
one) run "$1" ;;
run)
    build
    printf '%s\n' "${targets[@]}" | nice xargs -P "${FUZZ_JOBS:-$(nproc)}" -n 1 "$0" one
    ;;
merge)
    build
    for name in "${targets[@]}"; do merge "$name"; done
    ;;
*) fail "what is '$command'? need, build, run or merge" ;;
esac
