"""Messages about guest memory of the kernel, libvirt and vhost-user programs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import COMMIT, HUGE_POOL, LINE, Cause
from .outside_message import Outside

_SHARE_IN_LIBVIRT: Final = (
    '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'
)
_XML: Final = "virsh dumpxml NAME | grep -A6 memoryBacking"

OUTSIDE_HOST: Final = (
    Outside(
        "Out of memory: Killed process",
        "Linux, mm/oom_kill.c:__oom_kill_process",
        "the host has no memory left, and the kernel ends the process that has most",
        (
            Cause(
                "guests together touch more memory than the host has: it is given as it is touched",
                COMMIT,
                fix="give the guests less, or use prealloc=on so that the start fails instead",
            ),
        ),
    ),
    Outside(
        "Memory cgroup out of memory: Killed process",
        "Linux, mm/oom_kill.c:__oom_kill_process",
        "a cgroup's memory limit is reached, and the kernel ends the process in it that has most",
        (
            Cause(
                "the limit of the pod, the container or the systemd unit is below the guest's RAM, "
                "QEMU's own memory and page cache that it locks; shared memory and tmpfs count too",
                "cat /proc/PID/cgroup; grep -r . /sys/fs/cgroup --include=memory.max "
                "--include=memory.peak",
                fix="raise the limit above -m by some 10 %, or give the guest less",
            ),
        ),
    ),
    Outside(
        "avc: denied {{ {what} }} for",
        "Linux, security/selinux/avc.c:avc_audit_pre_callback",
        "SELinux refuses an access that the policy does not allow",
        (
            Cause(
                "the file of a backend has no label that the guest's domain (svirt_t) may use: "
                "'map' is a permission of its own, beside open, read and write",
                "ls -lZ PATH; ausearch -m avc -ts recent | audit2why",
                fix="name the path in the domain, so that libvirt labels it (svirt_image_t, "
                "hugetlbfs_t), or allow it: audit2allow -M local",
            ),
        ),
    ),
    Outside(
        'apparmor="DENIED" operation="{value}"',
        "Linux, security/apparmor/audit.c:audit_pre",
        "AppArmor refuses an access that the guest's profile does not have",
        (
            Cause(
                "the file of a backend is not in the profile that libvirt made for the guest",
                "aa-status | grep libvirt; journalctl -k | grep -i apparmor",
                fix="add the path to /etc/apparmor.d/abstractions/libvirt-qemu, or name it in the "
                "domain",
            ),
        ),
    ),
    Outside(
        "Unable to find any usable hugetlbfs mount for",
        "libvirt, src/qemu/qemu_conf.c:qemuGetDomainHupageMemPath",
        "the domain asks for huge pages of a size that no hugetlbfs is mounted for",
        (
            Cause(
                "no hugetlbfs with that page size is mounted, or libvirtd was not restarted since",
                "findmnt -t hugetlbfs; grep hugetlbfs_mount /etc/libvirt/qemu.conf",
                fix="mount -t hugetlbfs -o pagesize=1G none /dev/hugepages1G, and restart libvirtd",
            ),
        ),
    ),
    Outside(
        "' requires shared memory",
        "libvirt, src/qemu/qemu_validate.c:qemuValidateDomainDefVhostUserRequireSharedMemory",
        "a vhost-user device (virtiofs, vhostuser) is in a domain whose memory is private",
        (
            Cause(
                "the domain's memory is private: the other process could not map it",
                _XML,
                fix=f"add {_SHARE_IN_LIBVIRT}",
            ),
        ),
    ),
    Outside(
        "maxMemory has to be specified when using memory devices",
        "libvirt, src/qemu/qemu_domain.c:qemuDomainDefValidateMemoryHotplug",
        "the domain has a DIMM, an NVDIMM or virtio-mem, and no room for it",
        (
            Cause(
                "memory devices need addresses behind the RAM, and slots",
                "virsh dumpxml NAME | grep -i memory",
                fix='add <maxMemory slots="16" unit="GiB">64</maxMemory>, and a NUMA node in <cpu>',
            ),
        ),
    ),
    Outside(
        "invalid address for buffers",
        "subprojects/libvhost-user/libvhost-user.c:virtqueue_map_desc",
        "a vhost-user program finds a guest address in none of the regions that it has mapped",
        (
            Cause(
                "a part of the guest's RAM is not shared: a node or a DIMM has memory-backend-ram, "
                "or the kind of memory was changed while the program ran",
                LINE,
                fix="give every part of the RAM a backend with share=on",
            ),
            Cause("memory was added, and the program is older than that", "virtiofsd --version"),
        ),
    ),
    Outside(
        "region mmap error",
        "subprojects/libvhost-user/libvhost-user.c:vu_set_mem_table_exec_postcopy",
        "a vhost-user program cannot map the guest's RAM",
        (
            Cause(
                "the pool of huge pages, or the limit of the program's cgroup, is used up",
                HUGE_POOL,
                ("ENOMEM",),
                "give the program's container the same huge pages as QEMU's",
            ),
            Cause(
                "SELinux or a sandbox of the program forbids to map the descriptor",
                "ausearch -m avc -ts recent; grep Seccomp /proc/PID/status",
                ("EACCES", "EPERM"),
            ),
        ),
        errno=True,
    ),
    Outside(
        "Waiting for daemon failed: HandleRequest(",
        "virtiofsd, src/main.rs:main",
        "virtiofsd ends, as a request of QEMU's failed or the connection broke",
        (
            Cause(
                "QEMU ended first: its message tells why",
                "journalctl -u libvirtd; tail /var/log/libvirt/qemu/NAME.log",
            ),
            Cause(
                "the guest's RAM has no descriptor (InvalidParam): it is private anonymous memory",
                LINE,
                fix="-object memory-backend-memfd,id=mem,size=SIZE,share=on -machine "
                "memory-backend=mem, SIZE as in -m",
            ),
        ),
    ),
)
