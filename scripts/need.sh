#!/bin/bash
# Makes sure that commands exist: need.sh CMD=PACKAGE...
# An absolute CMD is looked up as a file, for packages that bring no command.
# On Debian, as root, missing packages are installed; elsewhere it says which ones to install.
set -euo pipefail

# find_missing CMD=PACKAGE...: leaves the packages in `missing`.
find_missing() {
    local pair
    missing=()
    for pair in "$@"; do
        command=${pair%%=*}
        package=${pair#*=}
        if ! command -v "$command" >/dev/null && [ ! -e "$command" ]; then
            missing+=("$package")
            echo "need: '$command' is missing: apt-get install $package" >&2
        fi
    done
}

find_missing "$@"
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    exit 1
fi

# Of two that install at once, one would find the lists or the packages locked. A service that a package starts must
# not inherit the lock.
exec 9<"$0"
flock 9
find_missing "$@" 2>/dev/null
[ ${#missing[@]} -gt 0 ] || exit 0

install() {
    # A frontend may hold the package lists for a moment; the timeout outlasts it.
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
        install -y -q --no-install-recommends "${missing[@]}" </dev/null 9<&-
}

# The lists of a fresh image are empty, those of an old one are stale: only then is an update worth its time.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install >"$log" 2>&1; then
    # One unreachable source must not hide what the others have.
    if ! { apt-get update -q || true; install; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "need: cannot install ${missing[*]}: see the lines above" >&2
        exit 1
    fi
fi
echo "need: installed ${missing[*]}" >&2
