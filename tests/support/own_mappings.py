"""The mappings of this process that a backend can have left."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: How malloc(3) of glibc reserves memory for a thread: so many bytes, at a multiple of them.
ARENA = 64 << 20


def own_mappings() -> Iterator[str]:
    """Yield the lines of ``/proc/self/maps`` but for what malloc reserves for a thread."""
    written = (0, 0)
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, permissions, *_rest = line.split()
        start, end = (int(number, 16) for number in addresses.split("-"))
        arena = end - ARENA, start
        if permissions != "---p" or end % ARENA or written != arena:
            yield line
        written = (start, end) if permissions == "rw-p" else (0, 0)
