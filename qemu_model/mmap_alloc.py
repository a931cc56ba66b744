"""``util/mmap-alloc.c``: a RAM block's place in the address space."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable

from . import messages
from .error import Exit, Livelock
from .globals import Qemu
from .host.linux import (
    HUGETLBFS_MAGIC,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
)
from .host.protocol import StatFs
from .osdep import is_power_of_2, qemu_align_up
from .ram_addr import RAM_SHARED, RAM_SYNC_OR_STOP, RamFlags

C_FILE = "util/mmap-alloc.c"
EINTR = 4
EINVAL = 22
ENOTSUP = 95
#: After this many interruptions in a row the model calls the loop around statfs endless.
INTERRUPTIONS = 16


def _uninterrupted(ask: Callable[[], StatFs | int], function: str) -> StatFs | int:
    """Ask until the answer is not EINTR and return it; ``function`` is the loop's."""
    for _ in range(INTERRUPTIONS):
        answer = ask()
        if answer != -EINTR:
            return answer
    raise Livelock(function)


def qemu_fd_getpagesize(qemu: Qemu, fd: int) -> int:
    """Return the page size of the memory behind ``fd``, in bytes.

    That is the huge page size on hugetlbfs, and the system's everywhere else,
    also where ``fstatfs`` fails.  ``fd`` -1 is anonymous memory and asks nothing.
    Where it is interrupted each time QEMU never returns: :class:`Livelock`.
    """
    if fd != -1 and qemu.platform.system == "linux":
        answer = _uninterrupted(lambda: qemu.host.fstatfs(fd), "qemu_fd_getpagesize")
        if not isinstance(answer, int) and answer.f_type == HUGETLBFS_MAGIC:
            return answer.f_bsize
    return qemu.platform.page_size


def qemu_mempath_getpagesize(qemu: Qemu, mem_path: str | None) -> int:
    """Return the page size of the file system that ``mem_path`` is on, in bytes.

    Unlike with a descriptor, a failing ``statfs`` is the end: it prints
    ``Couldn't statfs() memory path: <strerror>`` and exits with 1.  Where it is
    interrupted each time QEMU never returns: :class:`Livelock`.
    """
    if mem_path is not None and qemu.platform.system == "linux":
        answer = _uninterrupted(lambda: qemu.host.statfs(mem_path), "qemu_mempath_getpagesize")
        if isinstance(answer, int):
            qemu.fprintf_stderr(messages.COULDNT_STATFS, -answer)
            raise Exit(1)
        if answer.f_type == HUGETLBFS_MAGIC:
            return answer.f_bsize
    return qemu.platform.page_size


def qemu_ram_mmap(qemu: Qemu, fd: int, size: int, align: int, flags: RamFlags) -> int:
    """Map ``size`` bytes at a multiple of ``align`` bytes, with a guard page behind them.

    Before patch 2 the last parameter is ``bool shared`` and says only what
    RAM_SHARED says in ``flags``; other flags are ignored.  From patch 3 on
    RAM_SHARED, RAM_PMEM and RAM_SYNC together ask for MAP_SYNC, and a failure to
    map with it is answered by mapping without it; other postings have other rules
    (:class:`~qemu_model.revision.Policy`).

    Returns the block's address, or the negative errno of the mmap that failed.
    """
    host = qemu.host
    page_size = qemu.platform.page_size
    total = size + align & 0xFFFF_FFFF_FFFF_FFFF
    reserve_fd, reserve_flags = -1, MAP_PRIVATE | MAP_ANONYMOUS
    # On ppc64 all mappings of a segment share one page size, so the reservation
    # must come from the file that will be mapped over it.
    if qemu.platform.machine.startswith("ppc64") and qemu_fd_getpagesize(qemu, fd) != page_size:
        reserve_fd, reserve_flags = fd, MAP_PRIVATE | MAP_NORESERVE
    ptr = host.mmap(0, total, PROT_NONE, reserve_flags, reserve_fd, 0)
    if ptr < 0:
        return ptr

    assert is_power_of_2(align)
    assert align >= page_size

    offset = qemu_align_up(ptr, align) - ptr
    shared = MAP_SHARED if flags & RAM_SHARED else MAP_PRIVATE
    map_flags = MAP_FIXED | (MAP_ANONYMOUS if fd == -1 else 0) | shared
    sync = map_sync(qemu, flags) if qemu.tree.mmap_alloc.passes_map_sync else 0
    if sync < 0:
        return host.munmap(ptr, total) or sync
    ptr1 = host.mmap(ptr + offset, size, PROT_READ | PROT_WRITE, map_flags | sync, fd, 0)
    if ptr1 < 0 and sync and retries_without_map_sync(qemu, fd, flags, ptr1):
        ptr1 = host.mmap(ptr + offset, size, PROT_READ | PROT_WRITE, map_flags, fd, 0)
    if ptr1 < 0:
        # The caller reads errno, which a failing munmap would overwrite.
        return host.munmap(ptr, total) or ptr1

    if offset:
        host.munmap(ptr, offset)

    total -= offset
    if total > size + page_size:
        host.munmap(ptr1 + size + page_size, total - size - page_size)
    return ptr1


def map_sync(qemu: Qemu, flags: RamFlags) -> int:
    """Patch 3: return what asks for MAP_SYNC, for a block with ``flags``; 0 for nothing.

    MAP_SHARED_VALIDATE contains MAP_SHARED's bit, and makes old kernels, and files
    that cannot do it, refuse MAP_SYNC instead of ignoring it.  Both are 0 where the
    build is not for Linux.  Before V8 ``sync=on`` is an error, -EINVAL, where the
    other options do not fit.
    """
    policy = qemu.tree.policy
    if flags & policy.needs != policy.needs:
        return -EINVAL if flags & RAM_SYNC_OR_STOP else 0
    platform = qemu.platform
    return platform.map_sync | (platform.map_shared_validate if policy.validates else 0)


def retries_without_map_sync(qemu: Qemu, fd: int, flags: RamFlags, refusal: int) -> bool:
    """Patch 3: return whether to map without MAP_SYNC after ``refusal``, a negative errno.

    Upstream, where that is ENOTSUP, first prints ``Warning: requesting persistence
    across crashes for backend file <path> failed. ...``.
    """
    policy = qemu.tree.policy
    if policy.warns and refusal == -ENOTSUP:
        qemu.fprintf_stderr(messages.NO_PERSISTENCE, path=qemu.paths.get(fd, ""))
    return policy.retries and not flags & RAM_SYNC_OR_STOP


def qemu_ram_munmap(qemu: Qemu, ptr: int, size: int) -> None:
    """Unmap a block of ``size`` bytes and the guard page behind it, in one call."""
    if ptr:
        qemu.host.munmap(ptr, size + qemu.platform.page_size)
