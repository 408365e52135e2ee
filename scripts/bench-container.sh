#!/bin/sh
# Runs in a container for bench.sh: times each pair of commands side by side, into /results/NAME.json.
#
#   bench-container.sh IMAGE entrypoints  beside other entrypoints, without a CA
#   bench-container.sh IMAGE calls     the system calls of each path, into /results/IMAGE-calls-PATH
#   bench-container.sh IMAGE store     as root, who may write the store
#   bench-container.sh IMAGE private   as a user who may not
#   bench-container.sh IMAGE java      as root, beside keytool
#   bench-container.sh IMAGE extracted as root, beside p11-kit
set -eu

image=$1
ours=/bench/ca-entrypoint
anchors=/usr/local/share/ca-certificates
mounted=/etc/gitlab-runner/certs/ca.crt

# The host's PROGRAM with a loader and libraries of its own, as Alpine has others.
with_libraries() {
    program=$1
    shift
    /bench/lib/ld-linux-x86-64.so.2 --library-path /bench/lib "/bench/lib/$program" "$@"
}

measure() {
    name=$1
    shift
    with_libraries hyperfine --shell none \
        --style none --export-json "/results/$image-$name.json" "$@" >/dev/null 2>&1
}

# compare_with_bare NAME [OPTIONS]: many short rounds, so that what disturbs one disturbs both sides.
compare_with_bare() {
    for round in 0 1 2 3 4 5 6 7 8 9; do
        measure "$1-$round" --warmup 10 --runs 200 /bin/true "$ours ${2:-} /bin/true"
    done
}

# In rounds, so that what disturbs one disturbs all; another one is first in each.
entrypoints() {
    set -- "ca-entrypoint=$ours /bin/true" "tini=/bench/others/tini-static -s -- /bin/true" \
        "catatonit=/bench/others/catatonit -- /bin/true" "gosu=/bench/others/gosu root /bin/true"
    # The others are static; Debian's dumb-init isn't, and Alpine's tests have no bash.
    if [ -x /bin/bash ]; then
        set -- "$@" "dumb-init=/bench/others/dumb-init /bin/true" "shell script=/bin/bash /bench/others/entrypoint-helper.sh /bin/true"
    else
        set -- "$@" "shell script=/bin/sh /bench/others/entrypoint-helper.sh /bin/true"
    fi
    for round in 0 1 2 3 4 5 6 7 8 9 10 11; do
        first=$1
        shift
        set -- "$@" "$first"
        measure_named "entrypoints-$round" "bare=/bin/true" "$@"
    done
}

# measure_named OUTPUT NAME=COMMAND...
measure_named() {
    output=$1
    shift
    for pair in "$@"; do
        shift
        set -- "$@" --command-name "${pair%%=*}" "${pair#*=}"
    done
    measure "$output" --warmup 10 --runs 100 "$@"
}

calls() {
    trace none
    mkdir -p "${mounted%/*}"
    cp /bench/ca.crt "$mounted"
    trace install
    trace again
}

trace() {
    with_libraries strace -o "/results/$image-calls-$1" "$ours" -q /bin/true
}

# beside TOOL: a start with nothing to do, and one that installs, beside the distribution's way.
beside() {
    mkdir -p "${mounted%/*}"
    cp /bench/ca.crt "$mounted"
    "$ours" -q
    compare_with_bare again

    measure install --warmup 2 --runs 20 \
        --prepare "$ours -q --remove" "$ours -q" \
        --prepare "rm -f $anchors/bench.crt" "sh -c 'cp $mounted $anchors/bench.crt; $1'"
    rm -f $anchors/bench.crt
}

store() {
    compare_with_bare bare
    beside 'update-ca-certificates --fresh'
    update-ca-certificates --fresh >/dev/null 2>&1

    for count in 100 1000; do
        measure "many-$count" --runs 3 \
            --prepare "$ours -q --remove" "$ours -q --ca /bench/many-$count.pem" \
            --prepare "find $anchors -name bench-* -delete" \
            "sh -c 'cp /bench/many-$count/*.crt $anchors; update-ca-certificates --fresh'"
        find $anchors -name 'bench-*' -delete
    done
}

private() {
    # Pairs by turns, like those of compare_with_bare, with a directory to be made each time.
    for round in 0 1 2 3 4 5 6 7 8 9; do
        measure "private-first-$round" --warmup 3 --runs 50 --prepare "rm -rf /dev/shm/ca-entrypoint-1000" \
            /bin/true "$ours -q --ca /bench/ca.crt /bin/true"
    done
    "$ours" -q --ca /bench/ca.crt /bin/true
    compare_with_bare private-again "--ca /bench/ca.crt"
}

java() {
    measure java-install --warmup 1 --runs 5 \
        --prepare "$ours -q --remove" "$ours -q --ca /bench/ca.crt" \
        --prepare "sh -c 'keytool -delete -cacerts -storepass changeit -alias bench || true'" \
        "keytool -importcert -noprompt -cacerts -storepass changeit -alias bench -file /bench/ca.crt"
    "$ours" -q --ca /bench/ca.crt
    compare_with_bare java-again "--ca /bench/ca.crt"
}

extracted() {
    anchors=/etc/pki/ca-trust/source/anchors
    beside update-ca-trust
    "$ours" -q
    update-ca-trust
    compare_with_bare after-theirs
}

"$2"
