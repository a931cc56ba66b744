"""The address space of a simulated process: its mappings, and where new ones go."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from .extents import Extents
from .inodes import Inode

#: The lowest address that mappings are placed at, in bytes (mmap_min_addr).
_LOWEST: Final = 65536


class Mapping:
    """One mapping: ``[start, end)`` in bytes, its flags, what is behind it.

    ``bits`` are the kernel's flags (:mod:`qemu_model.host.vm_flags`); ``inode`` is None
    for anonymous memory; ``offset`` is where in the file it starts, in bytes.  ``unit``
    is the size of its pages in bytes.  ``promised``: its memory is promised to it alone,
    ``own`` are the pages of its own that it has, by page number in the address space.
    ``policy`` is what mbind set.
    """

    __slots__ = (
        "bits",
        "end",
        "inode",
        "offset",
        "own",
        "policy",
        "promised",
        "start",
        "unit",
    )

    def __init__(
        self, start: int, end: int, bits: int, inode: Inode | None, offset: int, unit: int
    ) -> None:
        self.start = start
        self.end = end
        self.bits = bits
        self.inode = inode
        self.offset = offset
        self.unit = unit
        self.promised = False
        self.own: Extents | None = None
        self.policy: tuple[int, frozenset[int]] | None = None

    def split(self, at: int) -> Mapping:
        """Keep what is below the address ``at``, return the rest as a mapping of its own."""
        rest = Mapping(at, self.end, self.bits, self.inode, self.offset, self.unit)
        rest.offset += at - self.start
        rest.promised = self.promised
        rest.policy = self.policy
        if self.own is not None:
            rest.own = Extents()
            page, last = at // self.unit, self.end // self.unit
            missing = self.own.missing(page, last)
            rest.own.add(page, last)
            for first, end in missing:
                rest.own.discard(first, end)
            self.own.discard(page, last)
        if self.inode is not None:
            self.inode.references += 1
        self.end = at
        return rest


class AddressSpace:
    """The mappings of a process, sorted by address.

    ``size`` is the number of addresses a process has; new mappings go as high as they
    can, below ``top``.
    """

    def __init__(self, size: int, top: int) -> None:
        self.size = size
        self._top = top
        self._starts: list[int] = []
        self._mappings: list[Mapping] = []
        self._largest_hole = 0

    def __iter__(self) -> Iterator[Mapping]:
        return iter(self._mappings)

    def at(self, address: int) -> Mapping | None:
        """Return the mapping that ``address`` lies in, if any."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self._mappings[index].end:
            return self._mappings[index]
        return None

    def within(self, start: int, end: int) -> list[Mapping]:
        """Return the mappings that have an address of ``[start, end)``, in order."""
        first = bisect_right(self._starts, start) - 1
        if first < 0 or self._mappings[first].end <= start:
            first += 1
        return self._mappings[first : bisect_left(self._starts, end)]

    def place(self, length: int, alignment: int = 1) -> int | None:
        """Return the highest address, a multiple of ``alignment``, where ``length`` bytes fit.

        None if nowhere.  Like the kernel (``mm/mmap.c:vm_unmapped_area``) it takes the
        highest hole that has room for ``length`` plus what aligning may cost.
        """
        wanted = length + alignment - 1
        end = self._end_of_hole(wanted)
        if end is None:
            return None
        start = end - length
        if alignment > 1:
            start &= -alignment
            self._largest_hole = max(self._largest_hole, alignment)
        return start

    def _end_of_hole(self, length: int) -> int | None:
        mappings = self._mappings
        if not mappings:
            return self._top if length <= self._top - _LOWEST else None
        if length <= self._top - mappings[-1].end:
            return self._top
        if length <= self._largest_hole:
            largest = 0
            above = mappings[-1].start
            for mapping in reversed(mappings[:-1]):
                hole = above - mapping.end
                if length <= hole:
                    return above
                largest = max(largest, hole)
                above = mapping.start
            self._largest_hole = largest
        lowest = mappings[0].start
        return lowest if length <= lowest - _LOWEST else None

    def can_cut(self, pieces: Sequence[Mapping], start: int, end: int) -> bool:
        """Return whether ``[start, end)`` can be cut out: no huge page may be split.

        ``pieces`` are the mappings that have an address of it, one at least.
        """
        first, last = pieces[0], pieces[-1]
        return not (
            (first.start < start and start % first.unit) or (end < last.end and end % last.unit)
        )

    def cut(self, pieces: list[Mapping], start: int, end: int) -> list[Mapping]:
        """Cut ``[start, end)`` out of ``pieces``, and return what was mapped there."""
        starts, mappings = self._starts, self._mappings
        first = pieces[0]
        if first.start < start:
            pieces[0] = self._insert(first.split(start))
        last = pieces[-1]
        if end < last.end:
            self._insert(last.split(end))
        index = bisect_left(starts, pieces[0].start)
        del starts[index : index + len(pieces)]
        del mappings[index : index + len(pieces)]
        if index:
            # Below the lowest mapping there is no hole: that is where new ones go anyway.
            hole = (starts[index] if index < len(starts) else self._top) - mappings[index - 1].end
            if hole > self._largest_hole:
                self._largest_hole = hole
        return pieces

    def split_at(self, mapping: Mapping, start: int, end: int) -> Mapping:
        """Return the part of ``mapping`` in ``[start, end)`` as a mapping of its own."""
        if mapping.start < start:
            mapping = self._insert(mapping.split(start))
        if end < mapping.end:
            self._insert(mapping.split(end))
        return mapping

    def insert(self, mapping: Mapping) -> None:
        """Put ``mapping`` where nothing is mapped."""
        starts = self._starts
        if not starts:
            self._largest_hole = self._top - mapping.end
        elif mapping.end < starts[0]:
            self._largest_hole = max(self._largest_hole, starts[0] - mapping.end)
        index = bisect_left(starts, mapping.start)
        starts.insert(index, mapping.start)
        self._mappings.insert(index, mapping)

    def _insert(self, mapping: Mapping) -> Mapping:
        index = bisect_left(self._starts, mapping.start)
        self._starts.insert(index, mapping.start)
        self._mappings.insert(index, mapping)
        return mapping
