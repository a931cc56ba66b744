#!/bin/busybox sh
# The guest's first process: loads the modules, puts the host's file system
# (read-only, below a layer in memory) in place of its own, and hands over to
# the agent in the work directory.
# SPDX-License-Identifier: GPL-2.0-or-later

b=/bin/busybox
$b mount -t devtmpfs none /dev
$b mount -t proc none /proc
$b mount -t sysfs none /sys
while read -r module; do
    $b insmod "/modules/$module" || echo "init: cannot load $module"
done </modules/order

for word in $($b cat /proc/cmdline); do
    case $word in
    qemu_model.work=*) work=${word#qemu_model.work=} ;;
    esac
done

# The root does not change while the guest runs, so it may be cached; the work
# directory is read and written on both sides, so it may not.
p9=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o "ro,$p9,cache=loose" host /lower
$b mount -t tmpfs none /layer
$b mkdir /layer/upper /layer/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work none /root
$b mkdir -p "/root$work" /root/proc /root/sys /root/dev /root/run /root/mnt /root/tmp
$b mount -t 9p -o "$p9,cache=none" work "/root$work"
$b mount --move /proc /root/proc
$b mount --move /sys /root/sys
$b mount --move /dev /root/dev
$b mount -t tmpfs none /root/run
$b mkdir -p /root/dev/shm /root/dev/pts /root/dev/hugepages
$b mount -t tmpfs none /root/dev/shm
$b mount -t devpts none /root/dev/pts
# The layer's memory counts as shared, which the kernel's answers do not depend on.
$b hostname guest
exec $b chroot /root /bin/sh "$work/agent.sh" "$work"
