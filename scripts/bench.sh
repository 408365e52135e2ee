#!/bin/bash
# Measures what a start costs, in the test images, beside the distribution's own tool. `make bench`
# sees to the engine, the images and the binary.
#
# Times are of whole processes, by hyperfine without a shell. Read them as ratios: a machine's mood
# changes between two runs, and within one run both sides share it. The least of many runs is the
# one that other work on the machine disturbed least.
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
binary=$project/dist/linux-amd64/ca-entrypoint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/bench/lib" "$work/bench/others" "$work/results"
# Read and written by another user in the containers.
chmod 755 "$work"
chmod 777 "$work/results"
cp "$binary" "$project/scripts/bench-container.sh" "$work/bench/"
for program in hyperfine strace; do
    cp "$(command -v "$program")" "$work/bench/lib/"
    ldd "$(command -v "$program")" | grep -o '/[^ ]*' | xargs cp -t "$work/bench/lib"
done
cp /usr/bin/tini-static "$(command -v dumb-init)" "$(command -v catatonit)" /usr/sbin/gosu \
    "$project/tests/gitlab/stand-ins/entrypoint-helper.sh" "$work/bench/others"

for count in 100 1000; do
    mkdir "$work/bench/many-$count"
    for index in $(seq "$count"); do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Bench CA $index" \
            -addext "keyUsage=critical,keyCertSign" -keyout /dev/null \
            -out "$work/bench/many-$count/bench-$index.crt" 2>/dev/null
    done
    cat "$work/bench/many-$count"/*.crt >"$work/bench/many-$count.pem"
done
cp "$work/bench/many-100/bench-1.crt" "$work/bench/ca.crt"

# added IMAGE NAME: what the second command adds to the first one, in microseconds, by the least run
# of each and by the median of the rounds' medians.
added() {
    jq -rs '
        def median: sort | .[length / 2 | floor];
        def micro: . * 1e6 | round;
        (map(.results[0].min) | min) as $bare | (map(.results[1].min) | min) as $ours
        | (map(.results[0].median) | median) as $bare_median
        | (map(.results[1].median - .results[0].median) | median) as $added_median
        | "least runs: \($ours - $bare | micro) µs added to \($bare | micro) µs",
          "medians:    \($added_median | micro) µs added to \($bare_median | micro) µs"
    ' "$work/results/$1-$2"-?.json
}

# ratio IMAGE NAME: how many times longer the second command takes.
ratio() {
    jq -r '.results | map(.mean * 1e3)
        | "mean: \(.[0] * 100 | round / 100) ms, theirs \(.[1] | round) ms: 1/\(.[1] / .[0] | round)"' \
        "$work/results/$1-$2.json"
}

# in_container IMAGE WHAT [OPTION]...: what bench-container.sh measures there.
in_container() {
    docker run --rm --network none -v "$work/bench:/bench:ro" -v "$work/results:/results" "${@:3}" \
        "ca-entrypoint-test:$1" /bin/sh /bench/bench-container.sh "$1" "$2"
}

# entrypoints IMAGE: a table of what each takes to run /bin/true, and of ours in parts of it.
entrypoints() {
    jq -rs '
        def median: sort | .[length / 2 | floor];
        def micro: . * 1e6 | round;
        def hundredths: . * 100 | round / 100;
        map(.results[]) | group_by(.command)
        | map({command: .[0].command, least: (map(.min) | min), median: (map(.median) | median)})
        | (.[] | select(.command == "ca-entrypoint")) as $ours
        | "| entrypoint | least run | median run | ours, least | ours, median |", "|---|---|---|---|---|",
          (sort_by(.median)[] | "| \(.command) | \(.least | micro) µs | \(.median | micro) µs"
              + " | \($ours.least / .least | hundredths) | \($ours.median / .median | hundredths) |")
    ' "$work/results/$1-entrypoints"-*.json
}

# calls IMAGE PATH WHAT: the system calls between the start and execve, how many and which.
calls() {
    awk -v what="$3" -F '(' '
        $1 == "execve" { if (++programs == 2) exit; next }
        { count[$1]++; total++ }
        END {
            sorted = "sort -k2,2nr -k1,1"
            printf "%s: %d: ", what, total
            fflush()
            for (name in count) print name, count[name] | sorted
        }' "$work/results/$1-calls-$2" | paste -sd , | sed 's/,/, /g'
}

for image in bookworm alpine; do
    in_container $image entrypoints
    in_container $image calls
    echo "== $image: entrypoints in front of /bin/true, no CA mounted"
    entrypoints $image
    echo "== $image: system calls between the start and execve"
    calls $image none "no CA mounted"
    calls $image again "nothing to do"
    calls $image install "install one anchor"
done

for image in bookworm alpine; do
    in_container $image store
    in_container $image private --user 1000
    echo "== $image"
    echo "no CA mounted, added to a bare /bin/true"
    added $image bare
    echo "nothing to do, added to a bare /bin/true"
    added $image again
    echo "private, first start, added to a bare /bin/true"
    added $image private-first
    echo "private, nothing to do, added to a bare /bin/true"
    added $image private-again
    echo "one anchor, ours against cp and update-ca-certificates --fresh"
    ratio $image install
    for count in 100 1000; do
        echo "$count anchors"
        ratio $image "many-$count"
    done
done

in_container clients java
echo "== Debian's Java, 142 roots"
echo "one anchor in the store and the keystore, ours against keytool's -importcert, which does the latter"
ratio clients java-install
echo "nothing to do, added to a bare /bin/true"
added clients java-again

in_container fedora extracted
echo "== Fedora's layout, 141 roots"
echo "one anchor in all outputs, ours against cp and update-ca-trust"
ratio fedora install
echo "nothing to do, added to a bare /bin/true"
added fedora again
echo "nothing to do after a run of update-ca-trust, added to a bare /bin/true"
added fedora after-theirs

root=$work/root
mkdir -p "$root/etc/gitlab-runner/certs" "$root/etc/ssl/certs"
echo ID=debian >"$root/etc/os-release"
docker run --rm --network none ca-entrypoint-test:bookworm cat /etc/ssl/certs/ca-certificates.crt \
    >"$root/etc/ssl/certs/ca-certificates.crt"

# instructions WHAT: of one run, which noise doesn't change.
instructions() {
    env -i valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" -q --root "$root" 2>&1 |
        sed -n "s/.*Collected : /$1: /p"
}

echo "== instructions, with Debian's bundle"
instructions "no CA mounted"
cp "$work/bench/ca.crt" "$root/etc/gitlab-runner/certs/ca.crt"
instructions "install one anchor"
instructions "nothing to do"

echo "== size and memory"
echo "binary: $(stat -c %s "$binary") bytes, standard library: $(cat "$binary.std")"
"$binary" -q --root "$root" --remove
# The process's own pages alone: what it shares with the page cache isn't memory that it takes.
env -i /usr/bin/time -f "peak resident memory, installing one anchor: %M KiB" "$binary" -q --root "$root"
