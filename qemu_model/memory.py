"""``system/memory.c``: memory regions, as far as they hold a RAM block."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .error import Abort, Error
from .globals import Qemu
from .physmem import (
    qemu_ram_alloc,
    qemu_ram_alloc_from_fd,
    qemu_ram_alloc_from_file,
    qemu_ram_free,
)
from .ram_addr import NO_FLAGS, RAM_READONLY, MemoryRegion, RAMBlock
from .records.ram_flags import RamFlags

C_FILE = "system/memory.c"


def memory_region_size(mr: MemoryRegion) -> int:
    """Return the region's size in bytes, as it was given."""
    return mr.size


def memory_region_is_mapped(mr: MemoryRegion) -> bool:
    """Return whether the region is mapped into another one."""
    return mr.container is not None


def memory_region_get_ram_ptr(mr: MemoryRegion) -> int:
    """Return the address of the region's RAM in QEMU's address space.

    Without a RAM block an assertion fails and QEMU aborts.
    """
    return _ram_block(mr).host


def memory_region_get_fd(mr: MemoryRegion) -> int:
    """Return the descriptor behind the region's RAM, -1 for anonymous memory."""
    return _ram_block(mr).fd


def _ram_block(mr: MemoryRegion) -> RAMBlock:
    if mr.ram_block is None:
        raise Abort(messages.ASSERT_RAM_BLOCK)
    return mr.ram_block


def memory_region_get_alignment(mr: MemoryRegion) -> int:
    """Return what the region's address is a multiple of, in bytes."""
    return mr.align


def memory_region_is_rom(mr: MemoryRegion) -> bool:
    """Return whether the guest cannot write to the region."""
    return mr.readonly


def memory_region_init(mr: MemoryRegion, name: str, size: int) -> None:
    """Make a region that is only a container, of ``size`` bytes."""
    mr.name, mr.size = name, size


def memory_region_add_subregion(mr: MemoryRegion, subregion: MemoryRegion) -> None:
    """Map ``subregion`` into ``mr``; where in it makes no difference to any call."""
    assert subregion.container is None
    subregion.container = mr


def memory_region_init_ram_nomigrate(qemu: Qemu, mr: MemoryRegion, name: str, size: int) -> None:
    """Give the region ``size`` bytes of private anonymous memory.

    Raises what ``qemu_ram_alloc`` raises; the region is then not initialised.
    """
    memory_region_init_ram_flags_nomigrate(qemu, mr, name, size, NO_FLAGS)


def memory_region_init_ram_flags_nomigrate(
    qemu: Qemu, mr: MemoryRegion, name: str, size: int, ram_flags: RamFlags
) -> None:
    """Give the region ``size`` bytes of anonymous memory.

    Raises what ``qemu_ram_alloc`` raises; the region is then not initialised.
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
    offset: int = 0,
) -> None:
    """Give the region ``size`` bytes of the file at ``path``, aligned to ``align`` bytes.

    ``offset`` in bytes is where in the file they begin.  Raises what
    ``qemu_ram_alloc_from_file`` raises; the region is then not initialised.
    """
    mr.name, mr.size, mr.align = name, size, align
    mr.readonly = RAM_READONLY in ram_flags
    try:
        mr.ram_block = qemu_ram_alloc_from_file(qemu, size, mr, ram_flags, path, offset)
    except Error:
        mr.size = 0
        raise


def memory_region_init_ram_from_fd(
    qemu: Qemu, mr: MemoryRegion, name: str, size: int, ram_flags: RamFlags, fd: int
) -> None:
    """Give the region ``size`` bytes of what ``fd`` is open on.

    Raises what ``qemu_ram_alloc_from_fd`` raises; the region is then not initialised,
    and ``fd`` stays open.
    """
    mr.name, mr.size = name, size
    mr.readonly = RAM_READONLY in ram_flags
    try:
        mr.ram_block = qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd)
    except Error:
        mr.size = 0
        raise


def memory_region_finalize(qemu: Qemu, mr: MemoryRegion) -> None:
    """Free the region's RAM, once no thread reads it any more."""
    if mr.ram_block is not None:
        qemu_ram_free(qemu, mr.ram_block)
        mr.ram_block = None
