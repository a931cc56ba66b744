"""``include/exec/memory.h`` and ``include/exec/ram_addr.h``: regions, RAM blocks, their flags."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import enum

import attrs

from .records import Record

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
    #: Since 6.1: the kernel reserves no memory for the block.
    RAM_NORESERVE = 1 << 7
    #: The block is mapped read-only: ROM for the guest.  A flag since 8.2, in 6.0 a bool.
    RAM_READONLY = 1 << 11
    #: The block's file is opened read-only.  A flag since 8.2, in 6.0 a bool.
    RAM_READONLY_FD = 1 << 12
    #: Since 10.0: private because the user set share=off, not by default.
    RAM_PRIVATE = 1 << 13
    #: ``sync=on`` of the postings before V8, which unlike ``auto`` requires MAP_SYNC.
    #: QEMU has no such flag.
    RAM_SYNC_OR_STOP = enum.auto()


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
