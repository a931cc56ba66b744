"""Leaks: what a run leaves behind that nothing in the process refers to."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..host.linux import HUGETLBFS_MAGIC, O_EXCL
from ..host.protocol import Host
from ..ram_addr import RAMBlock
from ..records import Value
from .event import Event

#: The calls after which a process holds something more, or less.
_HOLD: Final = frozenset({"mmap", "munmap", "open", "memfd_create", "close", "unlink", "fstatfs"})


@attrs.frozen(eq=False, repr=False)
class Leaks(Value):
    """How many descriptors, mappings and strings are left, and which files."""

    fds: int = 0
    mappings: int = 0
    strings: int = 0
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "fds": self.fds,
            "mappings": self.mappings,
            "strings": self.strings,
            "files": list(self.files),
        }


@attrs.define(eq=False, repr=False)
class Holdings(Value):
    """What a process holds of the host: open descriptors, and mapped ranges by address.

    A range is a first address and the address behind its last byte; each mmap
    makes one, and a later mmap or munmap cuts it.  ``page_sizes`` are those of
    descriptors on hugetlbfs, in bytes.  ``files`` were created and are still there.
    """

    fds: set[int] = attrs.field(factory=set)
    ranges: list[tuple[int, int]] = attrs.field(factory=list)
    page_sizes: dict[int, int] = attrs.field(factory=dict)
    files: dict[str, None] = attrs.field(factory=dict)

    def follow(self, events: Iterable[Event], page_size: int) -> None:
        """Apply ``events``; a close that fails has closed the descriptor, as on Linux."""
        for call, args, result, _, out in events:
            if call not in _HOLD:
                continue
            if -4096 < result < 0 and call != "close":
                continue
            if call == "mmap":
                last = result + whole_pages(args[1], self.page_sizes.get(args[4], page_size))
                if self.ranges:
                    self.ranges = without(self.ranges, result, last)
                self.ranges.append((result, last))
            elif call == "munmap":
                last = args[0] + whole_pages(args[1], page_size)
                self.ranges = without(self.ranges, args[0], last)
            elif call in ("open", "memfd_create"):
                self.fds.add(result)
                self.page_sizes.pop(result, None)
                if call == "open" and args[1] & O_EXCL:
                    self.files[args[0]] = None
            elif call == "close":
                self.fds.discard(args[0])
            elif call == "unlink":
                self.files.pop(args[0], None)
            elif call == "fstatfs" and out is not None and out.f_type == HUGETLBFS_MAGIC:
                self.page_sizes[args[0]] = out.f_bsize


def without(ranges: Iterable[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """Return ``ranges`` without the addresses from ``first`` up to ``last``."""
    left: list[tuple[int, int]] = []
    for start, end in ranges:
        if end <= first or last <= start:
            left.append((start, end))
            continue
        if start < first:
            left.append((start, first))
        if last < end:
            left.append((last, end))
    return left


def whole_pages(length: int, page_size: int) -> int:
    """Return ``length`` rounded up to whole pages, in bytes."""
    return (length + page_size - 1) // page_size * page_size


def created_files(events: Iterable[Event]) -> list[str]:
    """Return the paths of files that were created and are still there."""
    created: dict[str, None] = {}
    for call, args, result, _, _ in events:
        if call == "open" and result >= 0 and args[1] & O_EXCL:
            created[args[0]] = None
        elif call == "unlink" and result >= 0:
            created.pop(args[0], None)
    return list(created)


def find_leaks(
    held: Holdings,
    blocks: Sequence[tuple[RAMBlock, int]],
    *,
    strings: int,
    files: Sequence[str],
) -> Leaks:
    """Return what is held by none of ``blocks``, each with its guard's size in bytes."""
    fds, ranges = held.fds, held.ranges
    for block, guard in blocks:
        fds = fds - {block.fd}
        length = whole_pages(block.max_length, block.page_size) + guard
        ranges = without(ranges, block.host, block.host + length)
    return Leaks(len(fds), len(ranges), strings, tuple(files))


def release(host: Host, held: Holdings) -> None:
    """Release everything on the host, as the end of a process does."""
    while held.ranges:
        first, last = held.ranges.pop()
        host.munmap(first, last - first)
    while held.fds:
        host.close(held.fds.pop())
