"""Sets of pages, kept as ranges so that a terabyte costs no more than a page."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations


class Extents:
    """A set of page numbers, as sorted ranges that do not touch each other."""

    __slots__ = ("_ranges",)

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def count(self, start: int, end: int) -> int:
        """Return how many pages of ``[start, end)`` are in the set."""
        return sum(
            min(last, end) - max(first, start)
            for first, last in self._ranges
            if first < end and start < last
        )

    def add(self, start: int, end: int) -> int:
        """Put ``[start, end)`` into the set; return how many pages are new in it."""
        if start >= end:
            return 0
        new = end - start - self.count(start, end)
        apart = []
        for first, last in self._ranges:
            if last < start or end < first:
                apart.append((first, last))
            else:
                start, end = min(first, start), max(last, end)
        apart.append((start, end))
        apart.sort()
        self._ranges = apart
        return new

    def discard(self, start: int, end: int) -> int:
        """Take ``[start, end)`` out of the set; return how many pages were in it."""
        gone = self.count(start, end)
        if gone:
            left = []
            for first, last in self._ranges:
                if first < start:
                    left.append((first, min(last, start)))
                if end < last:
                    left.append((max(first, end), last))
            self._ranges = left
        return gone

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the ranges of ``[start, end)`` that are not in the set, in order."""
        gaps = []
        for first, last in self._ranges:
            if last <= start:
                continue
            if first >= end:
                break
            if start < first:
                gaps.append((start, first))
            start = last
        if start < end:
            gaps.append((start, end))
        return gaps
