"""Messages about guest memory that other parts of QEMU, the kernel and libvirt print.

The mirror does not say them: they are known here so that ``why`` can explain them.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ..error import Message
from .cause import COMMIT, HUGE_POOL, LINE, LOCKED, Cause

_SHARED: Final = (
    "-object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem, SIZE as "
    "in -m"
)


@attrs.frozen(eq=False)
class Outside:
    """One such message: text, function, when, and its causes; ``since`` a release's name."""

    template: str
    function: str
    condition: str
    causes: tuple[Cause, ...]
    errno: bool = False
    since: str = "3.1"
    until: str | None = None

    def message(self) -> Message:
        """Return it as a message of the catalogue's kind."""
        texts: dict[str, str | None] = {self.since: self.template}
        if self.until is not None:
            texts[self.until] = None
        return Message(texts, self.function, (self.condition,), errno=self.errno)


OUTSIDE: Final = (
    Outside(
        "Failed initializing vhost-user memory map, consider using -object memory-backend-file "
        "share=on",
        "hw/virtio/vhost-user.c:vhost_user_fill_set_mem_table_msg",
        "a vhost-user device starts, and no part of the guest's RAM has a descriptor",
        (
            Cause(
                "the guest's RAM is private anonymous memory: the other process cannot map it",
                LINE,
                fix=_SHARED,
            ),
            Cause(
                "a backend is on the line, and it is not the guest's RAM",
                LINE,
                fix="name it in -machine memory-backend= or -numa node,memdev=",
            ),
        ),
    ),
    Outside(
        "Failed preparing vhost-user memory table msg",
        "hw/virtio/vhost-user.c:vhost_user_fill_set_mem_table_msg",
        "the guest's RAM has more regions than the vhost-user program takes",
        (
            Cause(
                "memory devices make more regions than the other program has slots for (8 "
                "without CONFIGURE_MEM_SLOTS)",
                LINE,
                fix="use fewer modules, or a newer vhost-user program",
            ),
        ),
    ),
    Outside(
        "phys-bits too low",
        "hw/i386/pc.c:pc_memory_init",
        "RAM, maxmem and the PCI hole end beyond the CPU's physical address bits",
        (
            Cause(
                "the guest's CPU has 40 physical address bits by default, and maxmem needs more",
                "grep -m1 'address sizes' /proc/cpuinfo",
                fix="use a smaller maxmem=, or -cpu host,host-phys-bits=on (libvirt: "
                "<maxphysaddr mode='passthrough'/>)",
            ),
        ),
        since="7.1",
    ),
    Outside(
        "kvm run failed",
        "accel/kvm/kvm-all.c:kvm_cpu_exec",
        "the kernel could not run the guest's CPU",
        (
            Cause(
                "a page of guest RAM could not be given: the huge page pool, a node's pages or the "
                "tmpfs ran out, or the file was truncated (Bad address)",
                HUGE_POOL + "; df -h /dev/shm; dmesg | tail",
                ("EFAULT",),
                "use prealloc=on, so that QEMU finds out at start; give the pool or the tmpfs more",
            ),
            Cause(
                "the guest's code did what KVM cannot emulate",
                "dmesg | grep -i kvm",
                ("EINVAL", "ENOSYS", "EIO"),
            ),
        ),
        errno=True,
    ),
    Outside(
        "locking memory failed",
        "softmmu/vl.c:qemu_init",
        "-overcommit mem-lock=on, and mlockall fails",
        (
            Cause(
                "the limit on locked memory is below QEMU's memory: all of the guest's RAM and "
                "QEMU's own",
                LOCKED,
                fix="ulimit -l unlimited, LimitMEMLOCK=infinity (systemd), <hard_limit> or "
                "<memoryBacking><locked/> (libvirt), docker --ulimit memlock=-1",
            ),
            Cause(
                "there is not enough free memory: locking takes all of it at start",
                "free -h",
                fix="give the guest less memory, or remove mem-lock=on",
            ),
        ),
    ),
    Outside(
        "mlockall",
        "os-posix.c:os_mlock",
        "-overcommit mem-lock=on, and mlockall fails",
        (
            Cause(
                "the limit on locked memory is below QEMU's memory",
                LOCKED,
                ("ENOMEM", "EAGAIN", "EPERM"),
                "raise ulimit -l, LimitMEMLOCK= (systemd) or <hard_limit> (libvirt)",
            ),
        ),
        errno=True,
    ),
    Outside(
        "Memory merging is not supported on this host",
        "backends/hostmem.c:host_memory_backend_set_merge",
        "merge=on or mem-merge=on is said where madvise has no MADV_MERGEABLE",
        (),
        since="9.1",
    ),
    Outside(
        "Dumping guest memory cannot be disabled on this host",
        "backends/hostmem.c:host_memory_backend_set_dump",
        "dump=off is said where madvise has no MADV_DONTDUMP",
        (),
        since="9.1",
    ),
    Outside(
        "Size mismatch: {id}: 0x{found} != 0x{wanted}",
        "softmmu/physmem.c:qemu_ram_resize",
        "an incoming migration has a block of another size",
        (
            Cause(
                "the line of the destination has another -m or another firmware image",
                LINE,
                ("EINVAL",),
                "start the destination with the line of the source",
            ),
        ),
        errno=True,
    ),
    Outside(
        'Unknown ramblock "{id}", cannot accept migration',
        "migration/ram.c:ram_load_precopy",
        "an incoming migration has a block that the destination has not",
        (
            Cause(
                "a backend has another id at the destination, or "
                "x-use-canonical-path-for-ramblock-id differs",
                LINE,
                fix="use the same ids and the same machine type on both sides",
            ),
        ),
    ),
    Outside(
        "VFIO_MAP_DMA failed",
        "hw/vfio/container.c:vfio_dma_map",
        "a passed-through device pins the guest's RAM, and the kernel refuses",
        (
            Cause(
                "VFIO pins all guest RAM, and the limit on locked memory is lower",
                LOCKED,
                ("ENOMEM",),
                "raise ulimit -l, LimitMEMLOCK= or <hard_limit> above the guest's RAM",
            ),
            Cause("the range overlaps reserved addresses of the IOMMU", "dmesg | grep -i iommu"),
        ),
        errno=True,
    ),
    Outside(
        "Unable to find any usable hugetlbfs mount for",
        "libvirt, src/qemu/qemu_conf.c:qemuGetDomainHugepagesPath",
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
        "failed to allocate shared memory",
        "util/memfd.c:qemu_memfd_alloc",
        "memory that a vhost device logs to cannot be made",
        (
            Cause(
                "neither memfd_create nor a file in /tmp worked",
                "df -h /tmp; grep Seccomp /proc/self/status",
                fix="allow memfd_create in the sandbox",
            ),
        ),
        errno=True,
    ),
)

OUTSIDE_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = tuple(
    (one.template, one.causes) for one in OUTSIDE if one.causes
)


def outside_messages() -> Iterator[Message]:
    """Yield the messages as those of the catalogue are."""
    return (one.message() for one in OUTSIDE)
