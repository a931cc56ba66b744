"""``util/oslib-posix.c``: anonymous RAM, POSIX shared memory, and preallocation."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from stat import S_ISCHR
from typing import Final, NamedTuple

from . import messages
from .error import Error, Killed
from .globals import MemsetContext, Qemu
from .host.caller import makes_calls
from .host.linux import (
    ERRNO_NUMBERS,
    MADV_POPULATE_WRITE,
    O_CLOEXEC,
    O_CREAT,
    O_EXCL,
    O_NOFOLLOW,
    O_RDWR,
    SIGBUS,
    SIGTRAP,
)
from .mmap_alloc import qemu_fd_getpagesize, qemu_ram_mmap, qemu_ram_munmap
from .osdep import qemu_madvise
from .ram_addr import NO_FLAGS, RAM_NORESERVE

C_FILE = "util/oslib-posix.c"

EINVAL: Final = ERRNO_NUMBERS["EINVAL"]
EFAULT: Final = ERRNO_NUMBERS["EFAULT"]
#: How shm_open(3) opens a new object for reading and writing.
SHM_FLAGS: Final = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
#: MAX_MEM_PREALLOC_THREAD_COUNT.
MAX_THREADS: Final = 16
#: Less memory than this, in bytes, is not worth another thread.
BYTES_PER_THREAD: Final = 64 * 1024 * 1024
_SIGN_OF_INT: Final = 1 << 31
_UINT32_MASK: Final = (1 << 32) - 1
_SIZE_MASK: Final = (1 << 64) - 1


class Preallocation(NamedTuple):
    """How memory is preallocated: with how many threads at most.

    ``context``: a thread-context makes the threads.  ``asynchronous``: they may still run while
    QEMU starts.
    """

    max_threads: int
    context: bool = False
    asynchronous: bool = False


def qemu_anon_ram_alloc(qemu: Qemu, size: int, *, shared: bool, noreserve: bool) -> tuple[int, int]:
    """Map ``size`` bytes of anonymous memory at a multiple of QEMU_VMALLOC_ALIGN.

    Returns the address, or what ``qemu_ram_mmap`` answers where it fails, and the
    alignment in bytes.
    """
    flags = qemu.tree.oslib_posix.anonymous_shared_flag if shared else NO_FLAGS
    if noreserve:
        flags |= RAM_NORESERVE
    align = qemu.platform.vmalloc_align
    return qemu_ram_mmap(qemu, -1, size, align, flags), align


def qemu_anon_ram_free(qemu: Qemu, ptr: int, size: int) -> None:
    """Unmap what :func:`qemu_anon_ram_alloc` mapped."""
    qemu_ram_munmap(qemu, -1, ptr, size)


def get_memset_num_threads(qemu: Qemu, pagesize: int, pages: int, max_threads: int) -> int:
    """Return how many threads preallocate ``pages`` pages of ``pagesize`` bytes (since 7.0)."""
    threads = min(qemu.platform.online_cpus, MAX_THREADS, max_threads, pages)
    return min(threads, max(1, pagesize * pages // BYTES_PER_THREAD))


@makes_calls
def madv_populate_write_possible(qemu: Qemu, area: int, pagesize: int) -> bool:
    """Return whether MADV_POPULATE_WRITE works there, by trying it on the first page."""
    return qemu_madvise(qemu, area, pagesize, MADV_POPULATE_WRITE) != -EINVAL


@makes_calls
def do_madv_populate_write_pages(qemu: Qemu, area: int, pagesize: int, pages: int) -> int:
    """Populate the pages of one thread; return 0 or the negative errno."""
    if not pages:
        return 0
    return qemu_madvise(qemu, area, pagesize * pages, MADV_POPULATE_WRITE)


@makes_calls
def do_touch_pages(qemu: Qemu, area: int, pagesize: int, pages: int) -> int:
    """Read and write back one byte of each page; return 0, or -EFAULT after a SIGBUS.

    QEMU does it in threads under a handler for SIGBUS, which no call shows:
    :meth:`~qemu_model.host.protocol.Host.touch_pages` stands for it.  SIGSEGV, for a store
    into memory that QEMU mapped read-only, has no handler and ends QEMU (:class:`Killed`).
    """
    signal = qemu.host.touch_pages(area, pages * pagesize, pagesize)
    if signal not in (0, SIGBUS):
        raise Killed(signal)
    return -EFAULT if signal else 0


@makes_calls
def touch_all_pages(
    qemu: Qemu,
    area: int,
    pagesize: int,
    pages: int,
    how: Preallocation,
    *,
    use_madv_populate_write: bool,
) -> int:
    """Preallocate ``pages`` pages with several threads; return 0 or the negative errno.

    The threads of QEMU run side by side; the model runs them one after the other.  Since
    9.0, while QEMU starts, threads of a thread-context are only collected, for
    :func:`qemu_finish_async_prealloc_mem`.
    """
    if not use_madv_populate_write:
        return do_touch_pages(qemu, area, pagesize, pages)
    threads = get_memset_num_threads(qemu, pagesize, pages, how.max_threads)
    context = MemsetContext(area, pagesize, pages, threads)
    if how.asynchronous and how.context and qemu.tree.oslib_posix.preallocates_in_background:
        qemu.memset_contexts.insert(0, context)
        return 0
    if threads == 1:
        return qemu_madvise(qemu, area, pagesize * pages, MADV_POPULATE_WRITE)
    return wait_and_free_mem_prealloc_context(qemu, context)


def wait_and_free_mem_prealloc_context(qemu: Qemu, context: MemsetContext) -> int:
    """Run the threads of a preallocation; return 0 or the negative errno of the last failure."""
    each, left = divmod(context.pages, context.threads)
    area, failure = context.area, 0
    for thread in range(context.threads):
        own = each + (thread < left)
        failure = do_madv_populate_write_pages(qemu, area, context.pagesize, own) or failure
        area += own * context.pagesize
    return failure


def qemu_finish_async_prealloc_mem(qemu: Qemu) -> None:
    """Wait for the preallocations that began while QEMU started (since 9.0).

    Raises ``qemu_prealloc_mem: preallocating memory failed: <strerror>``.
    """
    failure = 0
    while qemu.memset_contexts:
        context = qemu.memset_contexts.pop(0)
        failure = wait_and_free_mem_prealloc_context(qemu, context) or failure
    if failure:
        raise messages.PREALLOC_FAILED.error(-failure)


def qemu_prealloc_mem(qemu: Qemu, fd: int, area: int, size: int, how: Preallocation) -> None:
    """Make all ``size`` bytes at ``area`` present (``os_mem_prealloc`` before 7.2).

    Raises ``qemu_prealloc_mem: preallocating memory failed: <strerror>``, before 7.0
    ``os_mem_prealloc: Insufficient free host memory pages available to allocate guest
    RAM``.  Read-only memory kills QEMU (:class:`Killed`): MADV_POPULATE_WRITE is refused
    there, and so are the stores that replace it.
    """
    pagesize = qemu_fd_getpagesize(qemu, fd)
    pages = (size + pagesize - 1) // pagesize
    populates = qemu.tree.oslib_posix.populates_with_madvise
    if not populates:
        _allocate_threads(qemu, how.max_threads)
    possible = populates and madv_populate_write_possible(qemu, area, pagesize)
    failure = touch_all_pages(qemu, area, pagesize, pages, how, use_madv_populate_write=possible)
    if failure:
        if populates:
            raise messages.PREALLOC_FAILED.error(-failure)
        raise messages.INSUFFICIENT_PAGES.error()


def _allocate_threads(qemu: Qemu, threads: int) -> None:
    """Fail as ``g_new0`` does where C's int makes the number of threads negative, before 7.0.

    GLib prints ``overflow allocating <n>*232 bytes`` and ends QEMU with SIGTRAP
    (:class:`Killed`).
    """
    if threads & _SIGN_OF_INT:
        count = threads | ~_UINT32_MASK & _SIZE_MASK
        qemu.error_report(messages.THREADS_OVERFLOW, count=count)
        raise Killed(SIGTRAP)


@makes_calls
def qemu_get_pmem_size(qemu: Qemu, filename: str) -> int:
    """Return the size of a file in bytes, 0 for an empty one (4.0 and 4.1).

    A character device counts as a device DAX that is large enough, which the model assumes.
    Raises ``unable to stat pmem file "<path>"``.
    """
    found = qemu.host.stat(filename)
    if isinstance(found, int):
        raise messages.STAT_PMEM.error(path=filename)
    return (1 << 64) - 1 if S_ISCHR(found.st_mode) else found.st_size


@makes_calls
def qemu_shm_alloc(qemu: Qemu, size: int, backend_name: str = "") -> int:
    """Return a descriptor of new POSIX shared memory of ``size`` bytes, without a name (9.1).

    In 9.1 and 9.2 it is made under ``backend_name``, later under a number.

    Raises ``failed to create POSIX shared memory: <strerror>`` and ``failed to resize POSIX
    shared memory to <size>: <strerror>``.
    """
    fd = _shm_open(qemu, backend_name)
    if fd < 0:
        raise messages.CREATE_SHM.error(-fd)
    result = qemu.host.ftruncate(fd, size)
    if result < 0:
        error: Error = messages.RESIZE_SHM.error(-result, size=size)
        qemu.host.close(fd)
        raise error
    return fd


def _shm_open(qemu: Qemu, backend_name: str) -> int:
    """Make the shared memory object and remove its name, as shm_open(3) and shm_unlink(3).

    A name with a slash is refused by the C library.
    """
    name = backend_name
    if qemu.tree.oslib_posix.numbers_shared_memory:
        name = str(qemu.shm_sequence)
        qemu.shm_sequence += 1
    if "/" in name:
        return -EINVAL
    path = f"/dev/shm/qemu-{qemu.host.getpid()}-shm-{name}"
    fd = qemu.host.open(path, SHM_FLAGS, 0)
    if fd >= 0:
        qemu.host.unlink(path)
    return fd
