"""``include/exec/memory.h`` and ``include/exec/ram_addr.h``: RAM blocks and their flags."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from .memory import MemoryRegion

C_FILE = "include/exec/ram_addr.h"


class RamFlags(enum.Flag):
    """The ``RAM_*`` flags: a type of their own, as V8 made them.

    Neither a bool nor a flag of mmap is a RamFlags, and ``|`` between them is a
    type error: the mistake of v7, MAP_SHARED passed for RAM_SHARED, cannot be
    written by accident.
    """

    RAM_PREALLOC = 1 << 0
    RAM_SHARED = 1 << 1
    RAM_RESIZEABLE = 1 << 2
    RAM_UF_ZEROPAGE = 1 << 3
    RAM_MIGRATABLE = 1 << 4
    RAM_PMEM = 1 << 5
    #: Patch 5 sets it.  The letter names the flag, not its bit.
    RAM_SYNC = 1 << 6
    #: QEMU 7.2: memory that nothing is set aside for.
    RAM_NORESERVE = 1 << 7
    #: How ``sync=on`` of the postings before V8 is told from ``auto``: it does not do
    #: without MAP_SYNC.  QEMU has no such flag.
    RAM_SYNC_OR_STOP = enum.auto()


NO_FLAGS = RamFlags(0)
RAM_PREALLOC = RamFlags.RAM_PREALLOC
RAM_SHARED = RamFlags.RAM_SHARED
RAM_PMEM = RamFlags.RAM_PMEM
RAM_SYNC = RamFlags.RAM_SYNC
RAM_NORESERVE = RamFlags.RAM_NORESERVE
RAM_SYNC_OR_STOP = RamFlags.RAM_SYNC_OR_STOP


@attrs.define(eq=False)
class RAMBlock:
    """A stretch of guest RAM: sizes and offsets in bytes, ``host`` an address or 0.

    ``fd`` is -1 for anonymous memory.
    """

    mr: MemoryRegion
    used_length: int
    max_length: int
    flags: RamFlags
    page_size: int
    host: int = 0
    offset: int = 0
    fd: int = -1
