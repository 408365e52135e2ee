#!/bin/bash
# Builds the images that the tests run in: images.sh [NAME]..., of those that `images` lists below.
# Without an argument, all of them:
#
#   ca-entrypoint-test:bookworm, :trixie   Debian with ca-certificates and some clients
#   ca-entrypoint-test:bookworm-bare       the same without ca-certificates and openssl: curl and no store
#   ca-entrypoint-test:alpine              Alpine with ca-certificates
#   ca-entrypoint-test:alpine-base         the same with only the bundle, as the `alpine` image has it
#   ca-entrypoint-test:p11-kit             Debian with p11-kit, to make the next ones of
#   ca-entrypoint-test:fedora, :rhel, :suse, :arch
#                                          stores as those families have them, made by p11-kit
#   ca-entrypoint-test:ubi                 the same as :rhel without what makes the store, for a user of its own
#   ca-entrypoint-test:helper, :helper-ubi, :concrete, :runner, :runner-ubi
#                                          `gitlab`: stand-ins for GitLab Runner's images of some flavours
#   ca-entrypoint-test:clients             Debian 12 with all clients, and a stand-in for a public CA
#   ca-entrypoint-test:clients-bare        the same without any bundle
#   ca-entrypoint-test:clients-alpine      Alpine with the clients that run there, and the stand-in
#   ca-entrypoint-test:clients-alpine-base the same with only the bundle
#
# Each store is as the distribution's own tool leaves it. An image is built again when what makes it
# has changed.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
stand_ins=$scripts/../tests/gitlab/stand-ins
name=ca-entrypoint-test

fail() {
    echo "images: $*" >&2
    exit 1
}

# recipe IMAGE FUNCTION FILE...: the label that IMAGE has when it is up to date, a digest of what it is made by:
# the functions here that concern it, and these files of the scripts.
recipe() {
    {
        declare -f changed derive vary "$1" "$2"
        cat "${@:3}"
        case $1 in
        clients)
            find "$scripts/clients" "$scripts"/../tests/matrix/programs/{go,java,rust} -type f -print0 | sort -z | xargs -0 cat
            ;;
        clients-alpine)
            cat "$scripts/rootfs-alpine.sh"
            # It has the stand-in of that very image.
            docker image inspect --format '{{.Id}}' "$name:clients"
            ;;
        esac
    } | sha256sum | cut -c 1-16
}

label() {
    docker image inspect --format '{{index .Config.Labels "ca-entrypoint.recipe"}}' "$name:$1" 2>/dev/null
}

current() {
    [ "$(label "$1")" = "$2" ]
}

# changed FROM TAG SCRIPT: what SCRIPT leaves of FROM, as a container's id.
changed() {
    local container
    touch "$work/built"
    container=$(docker create --network none "$1" /bin/sh -ec "$3")
    if ! docker start --attach "$container" >"$work/$2.log" 2>&1; then
        cat "$work/$2.log" >&2
        docker rm "$container" >/dev/null
        fail "cannot make $2: see the lines above"
    fi
    echo "$container"
}

# derive FROM TAG RECIPE SCRIPT: makes TAG of what SCRIPT, run in FROM, leaves.
# Exported and imported, the result is one layer: what was removed is gone from it.
derive() {
    local container
    container=$(changed "$1" "$2" "$4") || exit 1
    docker export "$container" |
        docker import --change "LABEL ca-entrypoint.recipe=$3" --change 'CMD ["/bin/sh"]' --change 'USER 0' \
            - "$name:$2" >/dev/null
    docker rm "$container" >/dev/null
}

# vary FROM TAG RECIPE SCRIPT [CHANGE]: the same as a layer on FROM, which is made in no time.
vary() {
    local container
    container=$(changed "$1" "$2" "$4") || exit 1
    docker commit --change "LABEL ca-entrypoint.recipe=$3" --change 'CMD ["/bin/sh"]' --change "${5:-USER 0}" \
        "$container" "$name:$2" >/dev/null
    docker rm "$container" >/dev/null
}

summary() {
    docker run --rm --network none "$name:$1" /bin/sh -c '
        . /etc/os-release
        bundles="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem"
        for bundle in $bundles; do [ ! -e $bundle ] || break; done
        certificates=$(cat $bundle 2>/dev/null | grep -c BEGIN)
        links=$(ls /etc/ssl/certs/ 2>/dev/null | grep -c "\.[0-9]$")
        echo "$PRETTY_NAME, store: $certificates certificates in the bundle, $links hash links"' | sed "s/^/$name:$1: /"
}

# build SCRIPT SUITE TOOL VARIANT STRIP: the image SUITE with the store that TOOL leaves,
# and the image VARIANT (or none, if empty), which is SUITE after STRIP.
build() {
    local label
    label=$(recipe "$2" build "$scripts/$1")
    if ! current "$2" "$label" || { [ -n "$4" ] && ! current "$4" "$label"; }; then
        "$scripts/$1" "${@:6}" "$work/$2"
        tar --numeric-owner -C "$work/$2" -c . | docker import - "$name:raw-$2" >/dev/null
        rm -rf "${work:?}/$2"
        derive "$name:raw-$2" "$2" "$label" "$3"
        docker rmi "$name:raw-$2" >/dev/null
        summary "$2"
        [ -z "$4" ] || vary "$name:$2" "$4" "$label" "$5"
        [ -z "$4" ] || summary "$4"
    fi
}

bookworm() {
    # As an administrator has it who installs only curl, without what it recommends.
    build rootfs-debian.sh bookworm 'update-ca-certificates --fresh' bookworm-bare \
        'dpkg --purge ca-certificates openssl; rm -rf /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates' \
        bookworm
}

trixie() {
    build rootfs-debian.sh trixie 'update-ca-certificates --fresh' '' '' trixie
}

alpine() {
    # The package's removal leaves the links that its tool made.
    build rootfs-alpine.sh alpine 'update-ca-certificates' alpine-base \
        'apk del --no-network ca-certificates; find /etc/ssl/certs -type l -delete;
         rm -rf /usr/share/ca-certificates /usr/local/share/ca-certificates /etc/ca-certificates*'
}

p11-kit() {
    build rootfs-p11-kit.sh p11-kit true '' ''
}

# family NAME [FROM CHANGE]: what scripts/families/NAME.sh makes of FROM.
family() {
    local label from=${2:-p11-kit}
    "$from"
    label=$(recipe "$1" family "$scripts"/families/{common,"$1"}.sh <(label "$from"))
    if ! current "$1" "$label"; then
        vary "$name:$from" "$1" "$label" "$(cat "$scripts"/families/{common,"$1"}.sh)" "${3:-}"
        summary "$1"
    fi
}

fedora() {
    family fedora
}

rhel() {
    family rhel
}

suse() {
    family suse
}

arch() {
    family arch
}

ubi() {
    family ubi rhel 'USER 1001'
}

helper-base() {
    build rootfs-debian.sh helper-base 'update-ca-certificates --fresh' '' '' bookworm dumb-init
}

# stand_in TARGET RECIPE: what tests/gitlab/stand-ins/Dockerfile makes for TARGET.
stand_in() {
    current "$1" "$2" && return
    touch "$work/built"
    if [ ! -d "$work/stand-ins" ]; then
        "$scripts/need.sh" go=golang-go
        cp -r "$stand_ins" "$work"
        (cd "$stand_ins" && CGO_ENABLED=0 go build -buildvcs=false -ldflags '-s -w' -o "$work/stand-ins/stand-in" .)
    fi
    if ! docker build --network none --target "$1" --label "ca-entrypoint.recipe=$2" --tag "$name:$1" \
        "$work/stand-ins" >"$work/$1.log" 2>&1; then
        cat "$work/$1.log" >&2
        fail "cannot make $1: see the lines above"
    fi
}

gitlab() {
    local label target
    helper-base
    ubi
    label=$(recipe gitlab stand_in "$stand_ins"/* <(label helper-base; label ubi))
    for target in helper helper-ubi concrete runner runner-ubi; do
        stand_in "$target" "$label"
    done
    echo "$name: GitLab Runner's images are there as stand-ins"
}

clients() {
    build rootfs-clients.sh clients 'update-ca-certificates --fresh' clients-bare \
        'dpkg --purge --force-depends ca-certificates ca-certificates-java;
         rm -rf /stand-in /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates /etc/ca-certificates*'
}

clients-alpine() {
    # Who adds a Java to the base image has it with a keystore of its own.
    # shellcheck disable=SC2016 # the container's shell expands it
    build rootfs-clients-alpine.sh clients-alpine 'update-ca-certificates' clients-alpine-base \
        'apk del --no-network ca-certificates; find /etc/ssl/certs -type l -delete;
         rm -rf /usr/share/ca-certificates /usr/local/share/ca-certificates /etc/ca-certificates*;
         keystore=$(find /usr/lib/jvm -name cacerts);
         rm "$keystore"; mv /etc/ssl/certs/java/cacerts "$keystore"; rmdir /etc/ssl/certs/java' \
        "$name:clients"
}

# Each line is made one after the other, since one image is made of another; the lines beside each other, since
# each waits for its disk and its downloads.
lines=(
    "clients clients-alpine"
    "bookworm fedora rhel suse arch ubi gitlab"
    "trixie alpine"
)
read -ra images <<<"${lines[*]}"
[ $# -gt 0 ] || set -- "${images[@]}"
for image in "$@"; do
    [[ " ${images[*]} " == *" $image "* ]] || fail "unknown image '$image': use one of ${images[*]}"
done

if [ -z "${CA_ENTRYPOINT_ENGINE:-}" ]; then
    # Found again by every call below: an engine that this starts would end with it otherwise.
    CA_ENTRYPOINT_ENGINE=1 exec "$scripts/engine.sh" run "$0" "$@"
fi
# Two that make the same image would be in each other's way.
exec 9<"$0"
flock 9
# Not /tmp, which often is in memory or can't hold devices. What becomes an image in memory is best made there.
directory=$(docker info --format '{{.DockerRootDir}}')
[ "$(stat -f -c %T "$directory" 2>/dev/null)" = tmpfs ] || directory=${TMPDIR:-/var/tmp}
work=$(mktemp -d -p "$directory")
trap 'rm -rf "$work"' EXIT

# line IMAGE...: those of them that are asked for.
line() {
    local image
    for image in "$@"; do
        [[ " $wanted " != *" $image "* ]] || "$image"
    done
}

wanted=$*
"$scripts/need.sh" debootstrap=debootstrap
processes=()
for each in "${lines[@]}"; do
    # shellcheck disable=SC2086 # a word for each image
    line $each &
    processes+=($!)
done
# The others are waited for even when one fails: they'd go on without their directory.
status=0
for process in "${processes[@]}"; do
    wait "$process" || status=1
done
[ "$status" = 0 ] || exit 1
# What was built again has left its old self without a name. Where nothing was, nothing is taken from under a test
# that builds an image itself.
[ ! -e "$work/built" ] ||
    docker image prune --force --filter label=ca-entrypoint.recipe >/dev/null
