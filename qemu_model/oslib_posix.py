"""``util/oslib-posix.c``: anonymous RAM, and touching memory before the guest does."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .globals import Qemu
from .mmap_alloc import qemu_fd_getpagesize, qemu_ram_mmap, qemu_ram_munmap
from .ram_addr import NO_FLAGS

C_FILE = "util/oslib-posix.c"


def qemu_anon_ram_alloc(qemu: Qemu, size: int, *, shared: bool) -> tuple[int, int]:
    """Map ``size`` bytes of anonymous memory at a multiple of QEMU_VMALLOC_ALIGN.

    Returns the address, or the negative errno, and the alignment in bytes.
    """
    align = qemu.platform.vmalloc_align
    flags = qemu.tree.oslib_posix.anonymous_shared_flag if shared else NO_FLAGS
    return qemu_ram_mmap(qemu, -1, size, align, flags), align


def qemu_anon_ram_free(qemu: Qemu, ptr: int, size: int) -> None:
    """Unmap what :func:`qemu_anon_ram_alloc` mapped."""
    qemu_ram_munmap(qemu, ptr, size)


def os_mem_prealloc(qemu: Qemu, fd: int, area: int, memory: int) -> None:
    """Touch every page of ``memory`` bytes at ``area``, so that none is missing later.

    QEMU does it in threads, as many as there are CPUs online, at most 16 and at most
    ``smp_cpus``, under a handler for SIGBUS; no call shows that, and
    :meth:`~qemu_model.host.protocol.Host.touch_pages` stands for it.
    Raises ``os_mem_prealloc: Insufficient free host memory pages available to
    allocate guest RAM`` where a touch would have raised SIGBUS.
    """
    page_size = qemu_fd_getpagesize(qemu, fd)
    pages = (memory + page_size - 1) // page_size
    if qemu.host.touch_pages(area, pages * page_size, page_size) < 0:
        raise messages.INSUFFICIENT_PAGES.error()
