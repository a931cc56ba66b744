"""The mapping as a picture: what became of each part of the reserved addresses."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from ..calls.event import Event
from ..host.linux import MAP_FIXED, PROT_NONE


@attrs.frozen
class Part:
    """Some of the reserved addresses: first address, length in bytes, and what is there.

    ``kind`` is ``block``, ``guard`` (reserved, and kept without access) or ``back``
    (given back to the kernel).
    """

    kind: str
    address: int
    length: int


@attrs.frozen
class Picture:
    """The addresses QEMU reserved for a block, in order, and the alignment in bytes."""

    align: int
    parts: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the page draws."""
        return {
            "align": self.align,
            "parts": [[part.kind, part.address, part.length] for part in self.parts],
        }


def _whole_pages(length: int, page_size: int) -> int:
    return -(-length // page_size) * page_size


def _cut(parts: list[Part], first: int, last: int, kind: str) -> list[Part]:
    """Return ``parts`` with the addresses from ``first`` up to ``last`` become ``kind``."""
    after: list[Part] = []
    for part in parts:
        start, end = part.address, part.address + part.length
        low, high = max(start, first), min(end, last)
        if low >= high:
            after.append(part)
            continue
        pieces = ((part.kind, start, low), (kind, low, high), (part.kind, high, end))
        after += [Part(name, begin, stop - begin) for name, begin, stop in pieces if begin < stop]
    return after


def draw(events: Iterable[Event], page_size: int) -> Picture | None:
    """Return the picture of the last block that ``events`` reserve addresses for.

    ``page_size`` in bytes.  None if nothing was reserved.
    """
    parts: list[Part] = []
    reserved = align = 0
    for event in events:
        if event.failed:
            continue
        args = event.args
        if event.call == "mmap" and args[2] == PROT_NONE and not args[3] & MAP_FIXED:
            reserved = args[1]
            parts = [Part("guard", event.result, _whole_pages(args[1], page_size))]
            align = 0
        elif event.call == "mmap" and args[3] & MAP_FIXED:
            align = align or reserved - args[1]
            last = event.result + _whole_pages(args[1], page_size)
            parts = _cut(parts, event.result, last, "block")
        elif event.call == "munmap":
            last = args[0] + _whole_pages(args[1], page_size)
            parts = _cut(parts, args[0], last, "back")
    return Picture(align, tuple(parts)) if parts else None
