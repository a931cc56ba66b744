"""``util/mmap-alloc.c``: a RAM block's place in the address space, and MAP_SYNC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from . import messages
from .cutils import qemu_strtoui
from .error import Abort, Exit, Livelock
from .globals import Qemu
from .host.caller import makes_calls
from .host.linux import (
    ERRNO_NUMBERS,
    HUGETLBFS_MAGIC,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    OVERCOMMIT_NEVER,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
)
from .host.protocol import StatFs
from .osdep import is_power_of_2, qemu_align_up
from .ram_addr import RAM_NORESERVE, RAM_READONLY, RAM_SHARED, RAM_SYNC_OR_STOP
from .records.ram_flags import RamFlags

C_FILE = "util/mmap-alloc.c"
EINTR: Final = ERRNO_NUMBERS["EINTR"]
EINVAL: Final = ERRNO_NUMBERS["EINVAL"]
ENOTSUP: Final = ERRNO_NUMBERS["ENOTSUP"]
#: After so many interruptions in a row the model treats the loop around statfs as endless.
INTERRUPTIONS: Final = 16
OVERCOMMIT_MEMORY_PATH: Final = "/proc/sys/vm/overcommit_memory"
#: What :func:`qemu_ram_mmap` returns if it fails and no system call failed: errno is 0.
MAP_FAILED: Final = -4095

Of = TypeVar("Of", int, str)


def _uninterrupted(ask: Callable[[Of], StatFs | int], of: Of, function: str) -> StatFs | int:
    """Ask until the answer is not EINTR and return it; ``function`` is the loop's."""
    for _ in range(INTERRUPTIONS):
        answer = ask(of)
        if not isinstance(answer, int) or answer != -EINTR:
            return answer
    raise Livelock(function)


@makes_calls
def qemu_fd_getpagesize(qemu: Qemu, fd: int) -> int:
    """Return the page size of the memory behind ``fd``, in bytes.

    That is the huge page size on hugetlbfs, and the system's everywhere else,
    also where ``fstatfs`` fails.  ``fd`` -1 is anonymous memory and makes no call.
    Where every call is interrupted QEMU never returns: :class:`Livelock`.
    """
    if fd != -1 and qemu.platform.system == "linux":
        answer = _uninterrupted(qemu.host.fstatfs, fd, "qemu_fd_getpagesize")
        if not isinstance(answer, int) and answer.f_type == HUGETLBFS_MAGIC:
            return answer.f_bsize
    return qemu.platform.page_size


@makes_calls
def qemu_mempath_getpagesize(qemu: Qemu, mem_path: str | None) -> int:
    """Return the page size of the file system that ``mem_path`` is on, in bytes (until 7.1).

    Other than with a descriptor, a failing ``statfs`` ends QEMU: it prints ``Couldn't statfs()
    memory path: <strerror>`` and exits with 1.  Where every call is interrupted QEMU never
    returns: :class:`Livelock`.
    """
    if mem_path is not None and qemu.platform.system == "linux":
        answer = _uninterrupted(qemu.host.statfs, mem_path, "qemu_mempath_getpagesize")
        if isinstance(answer, int):
            qemu.fprintf_stderr(messages.COULDNT_STATFS, -answer)
            raise Exit(1)
        if answer.f_type == HUGETLBFS_MAGIC:
            return answer.f_bsize
    return qemu.platform.page_size


def _mmap_errno(failure: int) -> int:
    """Return the errno of what :func:`qemu_ram_mmap` answered: 0 where no call had failed."""
    return 0 if failure == MAP_FAILED else -failure


@makes_calls
def map_noreserve_effective(qemu: Qemu, fd: int, flags: RamFlags) -> bool:
    """Return whether the kernel will honour MAP_NORESERVE (since 6.1).

    Huge pages have a reservation of their own, and shared files and read-only
    mappings have none; elsewhere the overcommit mode decides, and QEMU reports on stderr that
    it forbids the flag.
    """
    if qemu_fd_getpagesize(qemu, fd) != qemu.platform.page_size:
        return True
    if RAM_READONLY in flags or (RAM_SHARED in flags and fd >= 0):
        return True
    content = qemu.host.read_file(OVERCOMMIT_MEMORY_PATH)
    if isinstance(content, str):
        found = qemu_strtoui(content)
        if found is not None and content[found[1] :][:1] in ("", "\n"):
            if found[0] == OVERCOMMIT_NEVER:
                qemu.error_report(messages.OVERCOMMIT_NEVER)
                return False
            return True
    qemu.error_report(messages.OVERCOMMIT_UNKNOWN)
    return False


@makes_calls
def mmap_reserve(qemu: Qemu, size: int, fd: int) -> int:
    """Reserve ``size`` bytes of address space and return where, or the negative errno."""
    flags = MAP_PRIVATE
    # On ppc64 all mappings of a segment share one page size, so the reservation
    # must come from the file that will be mapped over it.
    if _is_ppc64(qemu) and qemu_fd_getpagesize(qemu, fd) != qemu.platform.page_size:
        flags |= MAP_NORESERVE
    else:
        fd = -1
        flags |= MAP_ANONYMOUS
    return qemu.host.mmap(0, size, PROT_NONE, flags, fd, 0)


def _is_ppc64(qemu: Qemu) -> bool:
    return qemu.platform.machine.startswith("ppc64") and qemu.platform.system == "linux"


@makes_calls
def mmap_activate(
    qemu: Qemu, ptr: int, size: int, fd: int, flags: RamFlags, map_offset: int
) -> int:
    """Map ``size`` bytes over the reservation at ``ptr``.

    From patch 3 on the flags of the tree's rule (:class:`~qemu_model.revision.Policy`)
    ask for MAP_SYNC; where the kernel refuses, QEMU maps without it, if the rule says so.
    Returns the address or the negative errno.
    """
    noreserve = RAM_NORESERVE in flags
    if noreserve and not map_noreserve_effective(qemu, fd, flags):
        return MAP_FAILED

    prot = PROT_READ
    if RAM_READONLY not in flags:
        prot |= PROT_WRITE
    map_flags = MAP_FIXED
    map_flags |= MAP_ANONYMOUS if fd == -1 else 0
    map_flags |= MAP_SHARED if RAM_SHARED in flags else MAP_PRIVATE
    map_flags |= MAP_NORESERVE if noreserve else 0
    sync = _map_sync(qemu, flags) if qemu.tree.mmap_alloc.passes_map_sync else 0
    if sync < 0:
        return sync
    activated = qemu.host.mmap(ptr, size, prot, map_flags | sync, fd, map_offset)
    if activated < 0 and sync and _retries_without_map_sync(qemu, fd, flags, activated):
        activated = qemu.host.mmap(ptr, size, prot, map_flags, fd, map_offset)
    return activated


def _map_sync(qemu: Qemu, flags: RamFlags) -> int:
    """Patch 3: return what asks for MAP_SYNC, for a block with ``flags``; 0 for nothing.

    MAP_SHARED_VALIDATE contains MAP_SHARED's bit, and makes old kernels, and files
    that cannot do it, refuse MAP_SYNC instead of ignoring it.  Both are 0 where the
    build is not for Linux.  Before V8 ``sync=on`` is an error, -EINVAL, where the
    other options do not fit.
    """
    policy = qemu.tree.policy
    if policy.needs not in flags:
        return -EINVAL if RAM_SYNC_OR_STOP in flags else 0
    platform = qemu.platform
    return platform.map_sync | (platform.map_shared_validate if policy.validates else 0)


def _retries_without_map_sync(qemu: Qemu, fd: int, flags: RamFlags, refusal: int) -> bool:
    """Patch 3: return whether to map without MAP_SYNC after ``refusal``, a negative errno.

    From 4.1 on, where that is ENOTSUP, first prints ``Warning: requesting persistence
    across crashes for backend file <path> failed. ...``; since 6.1 a second warning, that
    pmem=on without DAX is deprecated.
    """
    policy = qemu.tree.policy
    if policy.warns and refusal == -ENOTSUP:
        path = qemu.host.readlink(f"/proc/self/fd/{fd}")
        qemu.fprintf_stderr(messages.NO_PERSISTENCE, path=path if isinstance(path, str) else "")
        qemu.warn_report(messages.NON_DAX)
    return policy.retries and RAM_SYNC_OR_STOP not in flags


def mmap_guard_pagesize(qemu: Qemu, fd: int) -> int:
    """Return how large the guard behind a block is, in bytes: on ppc64 a page of the file."""
    if qemu.tree.mmap_alloc.guards_with_the_files_pages and _is_ppc64(qemu):
        return qemu_fd_getpagesize(qemu, fd)
    return qemu.platform.page_size


@makes_calls
def qemu_ram_mmap(
    qemu: Qemu, fd: int, size: int, align: int, flags: RamFlags, map_offset: int = 0
) -> int:
    """Map ``size`` bytes at a multiple of ``align`` bytes, with a guard page behind them.

    Before patch 2 the flags are ``bool shared``, in 4.1 two bools, since 6.1
    ``QEMU_MAP_*``; the model passes the RAM flags that they are made from.
    ``map_offset``, in bytes, is where in the file the block begins.

    Returns the block's address, or what failed: see :func:`_mmap_errno`.  Where the guard is
    larger than the alignment an assertion fails and QEMU aborts.
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
    ptr = mmap_activate(qemu, guardptr + offset, size, fd, flags, map_offset)
    if ptr < 0:
        # The caller reads errno, which a failing munmap would overwrite.
        return host.munmap(guardptr, total) or ptr

    if offset:
        host.munmap(guardptr, offset)

    total -= offset
    if total > size + guard:
        host.munmap(ptr + size + guard, total - size - guard)
    return ptr


@makes_calls
def qemu_ram_munmap(qemu: Qemu, fd: int, ptr: int, size: int) -> None:
    """Unmap a block of ``size`` bytes and the guard behind it, in one call."""
    if ptr:
        qemu.host.munmap(ptr, size + mmap_guard_pagesize(qemu, fd))
