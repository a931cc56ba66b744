"""``include/exec/memory.h`` and ``include/exec/ram_addr.h``: regions, RAM blocks, their flags."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from .records import Record
from .records.ram_flags import RamFlags

C_FILE = "include/exec/ram_addr.h"

NO_FLAGS = RamFlags(0)
RAM_PREALLOC = RamFlags.RAM_PREALLOC
RAM_SHARED = RamFlags.RAM_SHARED
RAM_PMEM = RamFlags.RAM_PMEM
RAM_SYNC = RamFlags.RAM_SYNC
RAM_NORESERVE = RamFlags.RAM_NORESERVE
RAM_READONLY = RamFlags.RAM_READONLY
RAM_READONLY_FD = RamFlags.RAM_READONLY_FD
RAM_PRIVATE = RamFlags.RAM_PRIVATE
RAM_SYNC_OR_STOP = RamFlags.RAM_SYNC_OR_STOP


@attrs.define(eq=False, repr=False)
class MemoryRegion(Record):
    """A region of guest memory: ``size`` and ``align`` in bytes.

    ``size`` is 0 while the region is not initialised.  ``readonly``: the guest cannot
    write to it.  ``container`` is the region that this one is mapped into.
    """

    name: str = ""
    size: int = 0
    align: int = 0
    readonly: bool = False
    ram_block: RAMBlock | None = None
    container: MemoryRegion | None = None


@attrs.define(eq=False, repr=False)
class RAMBlock(Record):
    """A stretch of guest RAM: sizes and offsets in bytes, ``host`` an address or 0.

    ``fd`` is -1 for anonymous memory; ``fd_offset`` is where the block begins in the file.
    ``idstr`` is empty until a device has the block.
    """

    mr: MemoryRegion
    used_length: int
    max_length: int
    flags: RamFlags
    page_size: int
    host: int = 0
    offset: int = 0
    fd: int = -1
    fd_offset: int = 0
    idstr: str = ""
