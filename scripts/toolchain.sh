#!/bin/bash
# Makes sure that Rust, its formatter and linter, and a linker for build scripts and tests are there.
set -euo pipefail

"$(dirname "$0")/need.sh" cc=gcc /usr/include/stdlib.h=libc6-dev

if ! command -v cargo >/dev/null; then
    echo "toolchain: 'cargo' is missing: install Rust with rustup, or add ~/.cargo/bin to PATH" >&2
    exit 1
fi
# Rustup's minimal profile has neither.
if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    rustup component add rustfmt clippy >/dev/null ||
        { echo "toolchain: rustfmt or clippy is missing: rustup component add rustfmt clippy" >&2; exit 1; }
fi
