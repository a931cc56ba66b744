"""This kernel, with blocks where a recorded QEMU's were, as far as QEMU can tell."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re

from recordings import Recording

from qemu_model.host.live import LiveHost
from qemu_model.host.same_addresses import SameAddressesHost

_RESERVED = re.compile(
    rb"mmap\(NULL, (\d+), PROT_NONE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) += 0x([0-9a-f]+)"
)
_MAPPED_FIXED = re.compile(rb"mmap\(0x([0-9a-f]+), \d+, PROT_READ\|PROT_WRITE, \S*MAP_FIXED")


def as_recorded(one: Recording) -> SameAddressesHost:
    """Return this kernel, which puts blocks as far from a huge page as QEMU's were in the log.

    A reservation that happens to begin at a multiple of 2 MiB is not trimmed at its head.
    """
    places: dict[int, list[int]] = {}
    waiting: tuple[int, int] | None = None
    for line in one.lines:
        if (reserved := _RESERVED.search(line)) is not None:
            waiting = int(reserved[1]), int(reserved[2], 16)
        elif waiting is not None and (mapped := _MAPPED_FIXED.search(line)) is not None:
            length, start = waiting
            if start <= int(mapped[1], 16) < start + length:
                places.setdefault(length, []).append(start)
            waiting = None
    return SameAddressesHost(LiveHost(allow_discard=True), places)
