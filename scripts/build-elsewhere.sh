#!/bin/bash
# Builds from a copy of the sources in another directory, with an empty cargo home, the dependencies out of vendor/ and
# no network: build-elsewhere.sh [SYSTEM]..., each as scripts/build.sh knows it; without one it only makes the copy. It is
# kept, so that a second call has nothing to do.
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
# A space, since a path may have one.
copy="$project/target/another place"

mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name target ! -name dist ! -name cargo ! -name vendor ! -name .cargo \
    -exec rm -rf {} +
# The sources keep their times, by which cargo knows what has changed.
tar -C "$project" --exclude=./target --exclude=./dist --exclude=./.git --exclude=./vendor --exclude=./.cargo -c . |
    tar -C "$copy" -x
"$copy/scripts/vendor.sh"

# Without a network where that takes no more than to be root: elsewhere cargo's word has to do.
alone=()
! unshare --net true 2>/dev/null || alone=(unshare --net)
log=$copy/target/log
mkdir -p "$copy/target"
for system in "$@"; do
    # What a build may not depend on is another one here.
    if ! env CARGO_HOME="$copy/cargo" CARGO_NET_OFFLINE=true TZ=Asia/Kathmandu LC_ALL=C.UTF-8 \
        "${alone[@]}" "$copy/scripts/build.sh" "$system" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        echo "build-elsewhere: no build for $system from vendor/ without a network: see the lines above" >&2
        exit 1
    fi
done
