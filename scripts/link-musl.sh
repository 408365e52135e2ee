#!/bin/bash
# The linker for scripts/build.sh where Debian's packages give the C library: a static PIE with musl.
#
# musl-gcc can't make one: its specs don't know -static-pie, and the result asks for a loader. So
# gcc leaves everything out and musl's own start files and library are named here, in link order.
set -euo pipefail

musl=/usr/lib/x86_64-linux-musl
# Between code and constants no page is left half empty: 8 KiB. That makes the constants executable, which
# rustup's way, of which releases are made, does without.
exec gcc -nostartfiles -nostdlib -static-pie -Wl,-z,noseparate-code \
    "$musl/rcrt1.o" "$musl/crti.o" \
    "$@" \
    -L"$musl" -Wl,--start-group -lc -lgcc -Wl,--end-group "$musl/crtn.o"
