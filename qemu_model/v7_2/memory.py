"""``softmmu/memory.c``: memory regions, as far as they hold a RAM block."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..error import Error
from ..globals import Qemu
from ..memory import MemoryRegion
from ..ram_addr import RamFlags
from .physmem import qemu_ram_alloc, qemu_ram_alloc_from_fd, qemu_ram_alloc_from_file

C_FILE = "softmmu/memory.c"


def memory_region_init_ram_flags_nomigrate(
    qemu: Qemu, mr: MemoryRegion, name: str, size: int, ram_flags: RamFlags
) -> None:
    """Give the region ``size`` bytes of anonymous memory.

    Raises what ``softmmu/physmem.c:ram_block_add`` raises; the region is then not
    initialised.
    """
    mr.name, mr.size = name, size
    try:
        mr.ram_block = qemu_ram_alloc(qemu, size, mr, ram_flags)
    except Error:
        mr.size = 0
        raise


def memory_region_init_ram_from_file(
    qemu: Qemu,
    mr: MemoryRegion,
    name: str,
    size: int,
    align: int,
    ram_flags: RamFlags,
    path: str,
    *,
    readonly: bool,
) -> None:
    """Give the region ``size`` bytes of the file at ``path``, aligned to ``align`` bytes.

    Raises what ``softmmu/physmem.c:qemu_ram_alloc_from_file`` raises; the region is
    then not initialised.
    """
    mr.name, mr.size, mr.align, mr.readonly = name, size, align, readonly
    try:
        mr.ram_block = qemu_ram_alloc_from_file(qemu, size, mr, ram_flags, path, readonly=readonly)
    except Error:
        mr.size = 0
        raise


def memory_region_init_ram_from_fd(
    qemu: Qemu, mr: MemoryRegion, name: str, size: int, ram_flags: RamFlags, fd: int
) -> None:
    """Give the region ``size`` bytes of what ``fd`` is open on.

    Raises what ``softmmu/physmem.c:qemu_ram_alloc_from_fd`` raises; the region is then
    not initialised, and ``fd`` stays open.
    """
    mr.name, mr.size = name, size
    try:
        mr.ram_block = qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd, readonly=False)
    except Error:
        mr.size = 0
        raise
