#!/bin/sh
# Runs in a container for bench.sh: times each pair of commands side by side, into /results/NAME.json.
set -eu

image=$1
ours=/bench/ca-entrypoint
anchors=/usr/local/share/ca-certificates
mounted=/etc/gitlab-runner/certs/ca.crt

# hyperfine with a loader and libraries of its own, as Alpine has others.
measure() {
    name=$1
    shift
    /bench/lib/ld-linux-x86-64.so.2 --library-path /bench/lib /bench/lib/hyperfine --shell none \
        --style none --export-json "/results/$image-$name.json" "$@" >/dev/null 2>&1
}

# Many short rounds, so that what disturbs one disturbs both sides.
for round in 0 1 2 3 4 5 6 7 8 9; do
    measure "bare-$round" --warmup 10 --runs 200 /bin/true "$ours /bin/true"
done

mkdir -p "${mounted%/*}"
cp /bench/ca.crt "$mounted"
"$ours" -q
for round in 0 1 2 3 4 5 6 7 8 9; do
    measure "again-$round" --warmup 10 --runs 200 /bin/true "$ours /bin/true"
done

measure install --warmup 2 --runs 20 \
    --prepare "$ours -q --remove" "$ours -q" \
    --prepare "rm -f $anchors/bench.crt" "sh -c 'cp $mounted $anchors/bench.crt; update-ca-certificates --fresh'"
rm -f $anchors/bench.crt
update-ca-certificates --fresh >/dev/null 2>&1

for count in 100 1000; do
    measure "many-$count" --runs 3 \
        --prepare "$ours -q --remove" "$ours -q --ca /bench/many-$count.pem" \
        --prepare "find $anchors -name bench-* -delete" \
        "sh -c 'cp /bench/many-$count/*.crt $anchors; update-ca-certificates --fresh'"
    find $anchors -name 'bench-*' -delete
done
