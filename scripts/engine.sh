#!/bin/bash
# A Docker engine for the tests.
#
#   engine.sh run COMMAND...   runs COMMAND with an engine, and ends the engine if this run started it
#   engine.sh start            makes one available and leaves it running
#   engine.sh stop             ends the one that `start` left
#
# An engine that already answers is used as it is and never ended; one that `run` started is ended
# when the other `run`s that found it are through. The data stay in Docker's own directory, so that
# the next run finds its images; with CA_ENTRYPOINT_ENGINE_IN_MEMORY=1 they are in memory, where a container starts
# in less time, and go with the engine.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
state=/run/ca-entrypoint-engine
data=$state/data # where they are in memory
started= # process id of the dockerd that this process started
child=   # process group of the command of `run`

fail() {
    echo "engine: $*" >&2
    exit 1
}

answers() {
    [ -n "$(docker version --format '{{.Server.Version}}' 2>/dev/null)" ]
}

alive() {
    # A process that ended but was not waited for is still there for `kill -0`.
    [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# Sets `data_root` to dockerd's option for data in memory, if they are wanted and may be there.
choose_data_root() {
    data_root=()
    [ -n "${CA_ENTRYPOINT_ENGINE_IN_MEMORY:-}" ] || return 0
    mkdir -p "$data"
    # Each page takes memory only when something is in it.
    ! mount -t tmpfs -o size=75%,mode=711 ca-entrypoint-engine "$data" 2>/dev/null || data_root=("--data-root=$data")
}

# Starts dockerd with the arguments given; fails when it ends, or doesn't answer within 60 s.
launch() {
    # A session of its own keeps Ctrl-C from the engine until the containers' user has ended.
    # The lock's descriptor is closed: dockerd would hold it for life.
    setsid dockerd "${data_root[@]}" "$@" >"$state/log" 2>&1 </dev/null 9>&- &
    started=$!
    for _ in $(seq 300); do
        if answers; then
            return 0
        fi
        alive "$started" || return 1
        sleep 0.2
    done
    end "$started"
    return 1
}

# Ends a dockerd and its containerd, by their process ids. dockerd removes its own mounts on SIGTERM.
end() {
    local pid=$1 children
    children=$(ps -o pid= --ppid "$pid" || true)
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 150); do
        if ! alive "$pid"; then
            ! mountpoint --quiet "$data" || umount --lazy "$data"
            return 0
        fi
        sleep 0.2
    done
    # shellcheck disable=SC2086 # one word for each child
    kill -KILL "$pid" $children 2>/dev/null || true
    echo "engine: dockerd $pid did not end within 30 s and was killed" >&2
}

# Of two that start at once, the second waits here and then finds the engine of the first; and none
# starts while another one is ending.
lock() {
    mkdir -p "$state"
    exec 9>"$state/lock"
    flock 9
}

# Leaves an answering engine behind; sets `started` if it is ours.
ensure() {
    if command -v docker >/dev/null && answers; then
        return 0
    fi
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers: start one, or run this as root on Debian"
    [ -z "${DOCKER_HOST:-}" ] || fail "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it or unset the variable"
    "$scripts/need.sh" docker=docker.io dockerd=docker.io iptables=iptables setsid=util-linux ps=procps

    lock
    # The package may have started a service of its own; a service takes a moment to answer.
    if ! answers; then
        choose_data_root
        # Where the kernel gives no packet filter, containers without a network are enough for the tests.
        launch || launch --iptables=false --ip6tables=false --bridge=none || {
            tail -n 30 "$state/log" >&2
            fail "dockerd does not start: see its log above"
        }
    fi
    exec 9>&-
}

# Ends what this process started, once no other `run` uses it.
leave() {
    [ -n "$started" ] || return 0
    flock --timeout 900 8 2>/dev/null || true
    lock
    end "$started"
}

# Ends the command and all that it started.
interrupt() {
    if [ -n "$child" ]; then
        kill -- "-$child" 2>/dev/null || true
        wait "$child" || true
    fi
    exit "$1"
}

case ${1:-} in
run)
    shift
    [ $# -gt 0 ] || fail "run: which command?"
    # Set before the start: an interrupted start is ended too.
    trap leave EXIT
    trap 'interrupt 130' INT
    trap 'interrupt 143' TERM
    ensure
    # Held while the engine is in use. Who cannot write there did not start it with this script either.
    if mkdir -p "$state" 2>/dev/null && [ -w "$state" ]; then
        exec 8>"$state/users"
        flock --shared 8
    fi
    # In the background, or a signal would wait for its end; in a group, so that one kill ends all of it.
    set -m
    "$@" 8>&- <&0 &
    child=$!
    set +m
    wait "$child"
    ;;
start)
    ensure
    if [ -n "$started" ]; then
        echo "$started" >"$state/pid"
        echo "engine: started dockerd $started; log: $state/log; end it with: scripts/engine.sh stop"
    fi
    ;;
stop)
    if [ -f "$state/pid" ]; then
        pid=$(cat "$state/pid")
        # The number may belong to another program since.
        if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
            lock
            end "$pid"
        fi
        rm -f "$state/pid"
    fi
    ;;
*)
    fail "unknown verb '${1:-}': use run COMMAND..., start or stop"
    ;;
esac
