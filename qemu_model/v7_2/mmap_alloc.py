"""``util/mmap-alloc.c``: a RAM block's place in the address space, and MAP_SYNC upstream's way."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import enum

from .. import messages
from ..error import Abort
from ..globals import Qemu
from ..host import linux
from ..host.linux import (
    ERRNO_NUMBERS,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
)
from ..mmap_alloc import qemu_fd_getpagesize
from ..osdep import is_power_of_2, qemu_align_up

C_FILE = "util/mmap-alloc.c"
ENOTSUP = ERRNO_NUMBERS["ENOTSUP"]
#: What :func:`qemu_ram_mmap` answers where it failed without a system call that did: errno 0.
MAP_FAILED = -4095


class MapFlags(enum.Flag):
    """The ``QEMU_MAP_*`` flags (``include/qemu/mmap-alloc.h``): patch 2's idea, as of 6.1."""

    READONLY = enum.auto()
    SHARED = enum.auto()
    SYNC = enum.auto()
    NORESERVE = enum.auto()


def mmap_errno(failure: int) -> int:
    """Return the errno of what :func:`qemu_ram_mmap` answered: 0 where no call had failed."""
    return 0 if failure == MAP_FAILED else -failure


def mmap_reserve(qemu: Qemu, size: int, fd: int) -> int:
    """Reserve ``size`` bytes of address space and return where, or the negative errno."""
    flags = MAP_PRIVATE
    # On ppc64 all mappings of a segment share one page size, so the reservation
    # must come from the file that will be mapped over it.
    if (
        qemu.platform.machine.startswith("ppc64")
        and qemu_fd_getpagesize(qemu, fd) != qemu.platform.page_size
    ):
        flags |= MAP_NORESERVE
    else:
        fd = -1
        flags |= MAP_ANONYMOUS
    return qemu.host.mmap(0, size, PROT_NONE, flags, fd, 0)


def map_noreserve_effective(qemu: Qemu, fd: int, flags: MapFlags) -> bool:
    """Return whether the kernel will heed MAP_NORESERVE.

    Huge pages have a reservation of their own, and shared files and read-only
    mappings have none; elsewhere the overcommit mode decides, and QEMU says so on stderr
    where it is against it.
    """
    if qemu_fd_getpagesize(qemu, fd) != qemu.platform.page_size:
        return True
    if MapFlags.READONLY in flags or (MapFlags.SHARED in flags and fd >= 0):
        return True
    match qemu.host.overcommit_memory():
        case None:
            qemu.error_report(messages.OVERCOMMIT_UNKNOWN)
            return False
        case linux.OVERCOMMIT_NEVER:
            qemu.error_report(messages.OVERCOMMIT_NEVER)
            return False
    return True


def mmap_activate(qemu: Qemu, ptr: int, size: int, fd: int, map_flags: MapFlags) -> int:
    """Map ``size`` bytes over the reservation at ``ptr``.

    SHARED and SYNC together ask for MAP_SYNC; a failure to map with it is answered
    by mapping without it, and EOPNOTSUPP by two warnings before that.  Returns the
    address or the negative errno.
    """
    noreserve = MapFlags.NORESERVE in map_flags
    shared = MapFlags.SHARED in map_flags
    if noreserve and not map_noreserve_effective(qemu, fd, map_flags):
        return MAP_FAILED

    prot = PROT_READ
    if MapFlags.READONLY not in map_flags:
        prot |= PROT_WRITE
    flags = MAP_FIXED
    flags |= MAP_ANONYMOUS if fd == -1 else 0
    flags |= MAP_SHARED if shared else MAP_PRIVATE
    flags |= MAP_NORESERVE if noreserve else 0
    platform = qemu.platform
    wanted = shared and MapFlags.SYNC in map_flags
    sync = platform.map_sync | platform.map_shared_validate if wanted else 0
    activated = qemu.host.mmap(ptr, size, prot, flags | sync, fd, 0)
    if activated < 0 and sync:
        if activated == -ENOTSUP:
            qemu.fprintf_stderr(messages.NO_PERSISTENCE, path=qemu.host.fd_path(fd))
            qemu.warn_report(messages.NON_DAX)
        activated = qemu.host.mmap(ptr, size, prot, flags, fd, 0)
    return activated


def mmap_guard_pagesize(qemu: Qemu, fd: int) -> int:
    """Return how large the guard behind a block is, in bytes."""
    if qemu.platform.machine.startswith("ppc64") and qemu.platform.system == "linux":
        return qemu_fd_getpagesize(qemu, fd)
    return qemu.platform.page_size


def qemu_ram_mmap(qemu: Qemu, fd: int, size: int, align: int, map_flags: MapFlags) -> int:
    """Map ``size`` bytes at a multiple of ``align`` bytes, with a guard page behind them.

    Returns the block's address, or what failed: see :func:`mmap_errno`.  A guard that is
    larger than the alignment is an assertion that fails, and QEMU aborts.
    """
    host = qemu.host
    guard = mmap_guard_pagesize(qemu, fd)
    total = size + align & 0xFFFF_FFFF_FFFF_FFFF
    guardptr = mmap_reserve(qemu, total, fd)
    if guardptr < 0:
        return guardptr

    assert is_power_of_2(align)
    if align < guard:
        raise Abort(messages.ASSERT_GUARD)

    offset = qemu_align_up(guardptr, align) - guardptr
    ptr = mmap_activate(qemu, guardptr + offset, size, fd, map_flags)
    if ptr < 0:
        # The caller reads errno, which a failing munmap would overwrite.
        return host.munmap(guardptr, total) or ptr

    if offset:
        host.munmap(guardptr, offset)

    total -= offset
    if total > size + guard:
        host.munmap(ptr + size + guard, total - size - guard)
    return ptr


def qemu_ram_munmap(qemu: Qemu, fd: int, ptr: int, size: int) -> None:
    """Unmap a block of ``size`` bytes and the guard behind it, in one call."""
    if ptr:
        qemu.host.munmap(ptr, size + mmap_guard_pagesize(qemu, fd))
