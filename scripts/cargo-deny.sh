#!/bin/bash
# Runs cargo-deny, which is compiled once and kept in the cache directory: cargo-deny.sh ARGUMENT...
set -euo pipefail

version=0.20.2
root=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint/cargo-deny-$version

if [ ! -x "$root/bin/cargo-deny" ]; then
    echo "cargo-deny: compiling version $version, once" >&2
    # Unoptimised, it is compiled in half of the time and still checks a small project in a second.
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$root/target \
        cargo install --quiet --debug --locked --root "$root" --version "$version" cargo-deny ||
        { echo "cargo-deny: cannot compile: see cargo's lines above" >&2; exit 1; }
    rm -rf "$root/target"
fi
exec "$root/bin/cargo-deny" "$@"
