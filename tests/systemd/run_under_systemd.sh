#!/bin/bash
# Boots the machine's own systemd as PID 1 of private namespaces, with a handful of units and no others.
#
#   run_under_systemd.sh [DIRECTORY...]      runs until killed; needs root, overlayfs and a writable cgroup v2 tree
#
# The root directory is the host's with a throw-away layer over it, so that files may be put where they belong
# (/etc, /opt, /var/lib) and the host is never written to; DIRECTORYs on other file systems or below /tmp are shown read-only.
# The network is the host's. From outside, `nsenter --all --target PID systemctl ...` and /proc/PID/root speak to it,
# where PID is the child of this process.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    [ -n "$tree" ] || { echo "no cgroup v2 tree is mounted" >&2; exit 1; }
    group=$tree/incursiond-test-$$
    mkdir "$group"
    echo $$ > "$group/cgroup.procs" # the namespace's root: systemd sees and manages only what is below
    exec unshare --fork --kill-child --pid --mount --uts --ipc --cgroup "$0" --inside "$@"
fi
shift

mount --make-rprivate /
layer=/dev/shm
mount -t tmpfs layer "$layer"
mkdir "$layer"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
cd "$layer/root"
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys # PID 1 would raise limits that are the host's too
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs shm dev/shm
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
for directory in "$@"; do
    mkdir -p ".$directory"
    mount --bind "$directory" ".$directory"
    mount -o remount,bind,ro ".$directory"
done

# The few units a service's default dependencies name, empty, and the journal.
units=etc/systemd/system
mount -t tmpfs units "$units"
journal=(lib/systemd/system/systemd-journald{.service,.socket,-dev-log.socket})
cp "${journal[@]}" "$units/"
mount -t tmpfs units lib/systemd/system
for target in sysinit basic multi-user network-online shutdown umount; do
    printf '[Unit]\nDefaultDependencies=no\n' > "$units/$target.target"
done
mkdir -p run/systemd/journald.conf.d
printf '[Journal]\nReadKMsg=no\n' > run/systemd/journald.conf.d/own.conf # the kernel's messages are the host's
printf '[Unit]\nRequires=sysinit.target systemd-journald.service\n' > "$units/default.target"

pivot_root . .
umount --lazy .
exec env --ignore-environment container=incursiond-test PATH="$PATH" /lib/systemd/systemd --system --log-target=journal
