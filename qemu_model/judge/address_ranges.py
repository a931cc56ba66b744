"""Address ranges in a log that are blocks of memory, or may become some."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from bisect import bisect_left, bisect_right

import attrs

from .strace import Call


@attrs.define(eq=False)
class LoggedBlock:
    """An address range that was reserved, and what happened to it.

    ``used`` is None until the log shows whether it is a RAM block.  ``mapping``
    is the call that mapped memory over it, also where that failed; ``start`` and
    ``end`` are what is left of the range.
    """

    start: int
    end: int
    reservation: Call | None
    used: bool | None = None
    mapping: Call | None = None
    #: The judge's: the block is one of the model's, or none of them and to be ignored.
    claimed: bool = False
    foreign: bool = False


class AddressRanges:
    """The address ranges being watched, in the order of their addresses."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.blocks: list[LoggedBlock] = []

    def at(self, address: int) -> LoggedBlock | None:
        """Return the block that the address is in."""
        place = bisect_right(self.starts, address) - 1
        if place >= 0 and address < self.blocks[place].end:
            return self.blocks[place]
        return None

    def overlapping(self, start: int, end: int) -> LoggedBlock | None:
        """Return the first block that has an address between the two."""
        place = bisect_left(self.starts, start)
        behind = None
        if place < len(self.starts) and self.starts[place] < end:
            behind = self.blocks[place]
        return self.at(start) or behind

    def add(self, block: LoggedBlock) -> None:
        """Watch a block's range."""
        place = bisect_right(self.starts, block.start)
        self.starts.insert(place, block.start)
        self.blocks.insert(place, block)

    def remove(self, block: LoggedBlock) -> None:
        """Watch a block's range no longer."""
        if self.at(block.start) is block:
            place = bisect_left(self.starts, block.start)
            del self.starts[place], self.blocks[place]

    def cut(self, block: LoggedBlock, start: int, end: int) -> None:
        """Take ``start`` to ``end`` out of the block's range."""
        self.remove(block)
        if start <= block.start:
            block.start = max(block.start, end)
        else:
            block.end = min(block.end, start)
        if block.start < block.end:
            self.add(block)

    def forget(self, start: int, end: int) -> None:
        """Drop whatever was thought to be between the addresses: the kernel gave them again."""
        around = self.at(start)
        if around is not None:
            self.remove(around)
        first, behind = bisect_left(self.starts, start), bisect_left(self.starts, end)
        del self.starts[first:behind], self.blocks[first:behind]
