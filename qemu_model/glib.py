"""GLib, as far as QEMU's behaviour shows it: the order of its hash table, reading a number.

Which of several unknown properties QEMU names, and in which order it lists objects,
is the order of a GHashTable: it depends on the names alone.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

UNUSED: Final = 0
TOMBSTONE: Final = 1
_NUMBER: Final = r"\s*[-+]?(?:0[xX][0-9A-Fa-f]+|[0-9]+)"
SMALLEST_SHIFT: Final = 3
#: The prime that hashes are taken modulo, by the table's size as a power of two.
PRIMES: Final = (1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381)


def g_str_hash(text: str) -> int:
    """Return GLib's hash of a string."""
    value = 5381
    for byte in text.encode("utf-8", "surrogateescape"):
        value = value * 33 + (byte - 256 if byte > 127 else byte) & 0xFFFF_FFFF
    return value


def g_ascii_strtoll(text: str) -> int:
    """Return the number that ``text`` begins with, in C's notations; 0 if there is none."""
    match = re.match(_NUMBER, text)
    return 0 if match is None else int(match[0], 0 if "x" in match[0].lower() else 10)


class GHashTable:
    """A set of strings in the order in which a GHashTable walks them (``glib/ghash.c``)."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._shift = SMALLEST_SHIFT
        self._hashes = [UNUSED] * (1 << SMALLEST_SHIFT)
        self._keys = [""] * (1 << SMALLEST_SHIFT)
        self._nodes = 0
        self._occupied = 0
        for key in keys:
            self.insert(key)

    def __iter__(self) -> Iterator[str]:
        for hashed, key in zip(self._hashes, self._keys, strict=True):
            if hashed > TOMBSTONE:
                yield key

    def _index(self, hashed: int) -> int:
        return (hashed * 11 & 0xFFFF_FFFF) % PRIMES[self._shift]

    def _find(self, key: str) -> tuple[int, int]:
        hashed = max(g_str_hash(key), TOMBSTONE + 1)
        place = self._index(hashed)
        tombstone = None
        step = 0
        while self._hashes[place] != UNUSED:
            if self._hashes[place] == hashed and self._keys[place] == key:
                return place, hashed
            if self._hashes[place] == TOMBSTONE and tombstone is None:
                tombstone = place
            step += 1
            place = place + step & len(self._hashes) - 1
        return (place if tombstone is None else tombstone), hashed

    def insert(self, key: str) -> None:
        """Add a key; one that is there stays where it is."""
        place, hashed = self._find(key)
        there = self._hashes[place]
        if there > TOMBSTONE:
            return
        self._hashes[place], self._keys[place] = hashed, key
        self._nodes += 1
        if there == UNUSED:
            self._occupied += 1
            self._maybe_resize()

    def remove(self, key: str) -> None:
        """Take a key out, if it is there."""
        place, _ = self._find(key)
        if self._hashes[place] > TOMBSTONE:
            self._hashes[place] = TOMBSTONE
            self._nodes -= 1
            self._maybe_resize()

    def _maybe_resize(self) -> None:
        size = len(self._hashes)
        too_large = size > self._nodes * 4 and size > 1 << SMALLEST_SHIFT
        if too_large or size <= self._occupied + self._occupied // 16:
            self._resize()

    def _resize(self) -> None:
        """Move all keys to a table of the fitting size, in place as GLib does it.

        A key that stands where another one belongs is taken out and put in next.
        """
        old_size = len(self._hashes)
        self._shift = max(int(self._nodes * 1.333).bit_length(), SMALLEST_SHIFT)
        size = 1 << self._shift
        grown = max(size, old_size)
        hashes = self._hashes + [UNUSED] * (grown - old_size)
        keys = self._keys + [""] * (grown - old_size)
        settled = [False] * grown
        for start in range(old_size):
            if hashes[start] <= TOMBSTONE:
                hashes[start] = UNUSED
                continue
            if settled[start]:
                continue
            hashed, key = hashes[start], keys[start]
            hashes[start] = UNUSED
            while True:
                place = self._index(hashed)
                step = 0
                while settled[place]:
                    step += 1
                    place = place + step & size - 1
                settled[place] = True
                evicted, evicted_key = hashes[place], keys[place]
                hashes[place], keys[place] = hashed, key
                if evicted <= TOMBSTONE:
                    break
                hashed, key = evicted, evicted_key
        self._hashes, self._keys = hashes[:size], keys[:size]
        self._occupied = self._nodes
