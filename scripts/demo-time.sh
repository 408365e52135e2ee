#!/bin/sh
# Runs in a container: the mean time of installing and removing an anchor, ours and theirs.
set -eu

runs=20
now() {
    # Hundredths of a second: BusyBox's date has no fractions.
    cut -d ' ' -f 1 /proc/uptime | tr -d .
}

each() {
    echo "$1: $((($3 - $2) * 10000 / $4)) µs each"
}

start=$(now)
for _ in $(seq 500); do
    /ca-entrypoint -q
    /ca-entrypoint -q --remove
done
each "ca-entrypoint, an installation or a removal" "$start" "$(now)" 1000

start=$(now)
for _ in $(seq 500); do
    /ca-entrypoint -q
done
each "ca-entrypoint, nothing to do" "$start" "$(now)" 500

start=$(now)
for _ in $(seq $runs); do
    cp /etc/gitlab-runner/certs/ca.crt /usr/local/share/ca-certificates/demo.crt
    update-ca-certificates --fresh >/dev/null 2>&1
done
each "cp and update-ca-certificates --fresh" "$start" "$(now)" $runs
