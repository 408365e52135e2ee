#!/bin/bash
# Says what the largest parts of the binary for Linux weigh, from a build of its own that keeps the symbols: functions
# by crate, ours by module, and the sections. A generic function counts for the crate that it is a function of.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
cd "$(dirname "$scripts")"
"$scripts/need.sh" nm=binutils size=binutils

binary=$("$scripts/build.sh" linux symbols)

# The code of a trait's function, `<Type as Trait>::function`, is the type's; of a type without a path, the trait's.
echo "| code of | bytes |"
echo "|---|---|"
nm --demangle --print-size --size-sort --radix=d "$binary" | awk '
    $3 ~ /^[tTwW]$/ {
        name = $0
        sub(/^[0-9]+ [0-9]+ . /, "", name)
        # The first path that stands in the name.
        if (match(name, /[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z_][A-Za-z0-9_]*)+/)) {
            split(substr(name, RSTART, RLENGTH), path, "::")
            part = path[1]
            if (part == "ca_entrypoint") part = part "::" path[2]
        } else part = "musl, and what has no path"
        bytes[part] += $2
        total += $2
    }
    END {
        for (part in bytes) printf "| %s | %d |\n", part, bytes[part] | "sort -t \"|\" -k3,3nr"
        close("sort -t \"|\" -k3,3nr")
        printf "| all | %d |\n", total
    }' | awk 'NR <= 20 || /^\| all/'
echo
echo "| section | bytes |"
echo "|---|---|"
size --format=sysv --radix=10 "$binary" | awk '$3 + 0 > 0 && $2 >= 1024 { printf "| %s | %d |\n", $1, $2 }' | sort -t '|' -k3,3nr
