#!/bin/bash
# Puts all that a build needs from a registry into vendor/, and tells cargo so in .cargo/config.toml: builds of
# this tree need no network from then on.
set -euo pipefail

cd "$(dirname "$0")/.."

# The standard library is built too, and has dependencies and a lock file of its own.
library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
[ -e "$library/Cargo.lock" ] ||
    { echo "vendor: the standard library's source is missing: rustup component add rust-src" >&2; exit 1; }

# Cargo waits for every other build on this machine before it vendors: only where the lock files have changed.
made_of=$(cat Cargo.lock "$library/Cargo.lock" | sha256sum)
if [ -d vendor ] && [ "$(cat .cargo/vendored 2>/dev/null)" = "$made_of" ]; then
    exit 0
fi
# Two versions of one crate are told apart by their directories' names, which panics tell: they are the registry's.
# The library's manifest has what a stable cargo reads only with RUSTC_BOOTSTRAP.
RUSTC_BOOTSTRAP=1 cargo vendor --quiet --locked --versioned-dirs --sync "$library/sysroot/Cargo.toml" vendor >/dev/null
mkdir -p .cargo
cat >.cargo/config.toml <<'END'
# Written by scripts/vendor.sh.
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "vendor"
END
echo "$made_of" >.cargo/vendored
echo "vendor: $(find vendor -mindepth 1 -maxdepth 1 | wc -l) crates in vendor/, and .cargo/config.toml names them"
