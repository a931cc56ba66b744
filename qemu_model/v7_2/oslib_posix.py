"""``util/oslib-posix.c``: anonymous RAM, and preallocation by MADV_POPULATE_WRITE."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import enum
from typing import Final

from .. import messages
from ..error import Killed
from ..globals import Qemu
from ..host.linux import ERRNO_NUMBERS, MADV_POPULATE_WRITE
from ..mmap_alloc import qemu_fd_getpagesize
from ..osdep import qemu_madvise
from .mmap_alloc import MapFlags, qemu_ram_mmap, qemu_ram_munmap

C_FILE = "util/oslib-posix.c"

EINVAL: Final = ERRNO_NUMBERS["EINVAL"]
EFAULT: Final = ERRNO_NUMBERS["EFAULT"]
SIGSEGV: Final = 11
#: MAX_MEM_PREALLOC_THREAD_COUNT.
MAX_THREADS: Final = 16
#: Less memory than this, in bytes, is not worth another thread.
BYTES_PER_THREAD: Final = 64 * 1024 * 1024


class Protection(enum.Enum):
    """What the processor lets QEMU do with memory; BEHIND_END of its file, that is nothing."""

    WRITABLE = enum.auto()
    READ_ONLY = enum.auto()
    BEHIND_END = enum.auto()


def qemu_anon_ram_alloc(qemu: Qemu, size: int, *, shared: bool, noreserve: bool) -> tuple[int, int]:
    """Map ``size`` bytes of anonymous memory at a multiple of QEMU_VMALLOC_ALIGN.

    Returns the address, or what ``qemu_ram_mmap`` answers where it fails, and the
    alignment in bytes.
    """
    flags = MapFlags(0)
    if shared:
        flags |= MapFlags.SHARED
    if noreserve:
        flags |= MapFlags.NORESERVE
    align = qemu.platform.vmalloc_align
    return qemu_ram_mmap(qemu, -1, size, align, flags), align


def qemu_anon_ram_free(qemu: Qemu, ptr: int, size: int) -> None:
    """Unmap what :func:`qemu_anon_ram_alloc` mapped."""
    qemu_ram_munmap(qemu, -1, ptr, size)


def get_memset_num_threads(qemu: Qemu, pagesize: int, pages: int, max_threads: int) -> int:
    """Return how many threads preallocate ``pages`` pages of ``pagesize`` bytes."""
    threads = min(qemu.platform.online_cpus, MAX_THREADS, max_threads, pages)
    return min(threads, max(1, pagesize * pages // BYTES_PER_THREAD))


def madv_populate_write_possible(qemu: Qemu, area: int, pagesize: int) -> bool:
    """Return whether MADV_POPULATE_WRITE works there, by trying it on the first page."""
    return qemu_madvise(qemu, area, pagesize, MADV_POPULATE_WRITE) != -EINVAL


def do_madv_populate_write_pages(qemu: Qemu, area: int, pagesize: int, pages: int) -> int:
    """Populate the pages of one thread; return 0 or the negative errno."""
    if not pages:
        return 0
    return qemu_madvise(qemu, area, pagesize * pages, MADV_POPULATE_WRITE)


def do_touch_pages(qemu: Qemu, area: int, pagesize: int, pages: int, protection: Protection) -> int:
    """Read and write back one byte of each page; return 0, or -EFAULT after a SIGBUS.

    A store into memory that QEMU mapped read-only is its end: SIGSEGV; reading behind
    the end of the file raises SIGBUS before that.
    """
    match protection:
        case Protection.BEHIND_END:
            return -EFAULT
        case Protection.READ_ONLY:
            raise Killed(SIGSEGV)
    return qemu.host.touch_pages(area, pages * pagesize, pagesize)


def touch_all_pages(
    qemu: Qemu,
    area: int,
    pagesize: int,
    pages: int,
    max_threads: int,
    *,
    use_madv_populate_write: bool,
    protection: Protection,
) -> int:
    """Preallocate ``pages`` pages with several threads; return 0 or the negative errno.

    The threads of QEMU run side by side; the model runs them one after the other.
    """
    threads = get_memset_num_threads(qemu, pagesize, pages, max_threads)
    if not use_madv_populate_write:
        return do_touch_pages(qemu, area, pagesize, pages, protection)
    if threads == 1:
        return qemu_madvise(qemu, area, pagesize * pages, MADV_POPULATE_WRITE)
    each, left = divmod(pages, threads)
    failure = 0
    for thread in range(threads):
        own = each + (thread < left)
        failure = do_madv_populate_write_pages(qemu, area, pagesize, own) or failure
        area += own * pagesize
    return failure


def qemu_prealloc_mem(
    qemu: Qemu, fd: int, area: int, size: int, max_threads: int, protection: Protection
) -> None:
    """Make all ``size`` bytes at ``area`` present, with at most ``max_threads`` threads.

    Raises ``qemu_prealloc_mem: preallocating memory failed: <strerror>``.  Read-only
    memory kills QEMU (:class:`Killed`): MADV_POPULATE_WRITE is refused there, and the
    stores that stand in for it are too.
    """
    pagesize = qemu_fd_getpagesize(qemu, fd)
    pages = (size + pagesize - 1) // pagesize
    possible = madv_populate_write_possible(qemu, area, pagesize)
    failure = touch_all_pages(
        qemu,
        area,
        pagesize,
        pages,
        max_threads,
        use_madv_populate_write=possible,
        protection=protection,
    )
    if failure:
        raise messages.PREALLOC_FAILED.error(-failure)
