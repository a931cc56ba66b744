"""The ``RAM_*`` flags of ``include/exec/cpu-common.h`` and ``memory.h``, as a type."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import enum
import functools
from typing import Self


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

    def __or__(self, other: Self) -> Self:
        if not isinstance(other, RamFlags):
            return NotImplemented
        return _of_bits(self._value_ | other._value_)

    def __and__(self, other: Self) -> Self:
        if not isinstance(other, RamFlags):
            return NotImplemented
        return _of_bits(self._value_ & other._value_)

    def __contains__(self, other: Self) -> bool:
        return self._value_ & other._value_ == other._value_


@functools.cache
def _of_bits(bits: int) -> RamFlags:
    """Return flags by their number: enum takes ten times as long to find them."""
    return RamFlags(bits)
