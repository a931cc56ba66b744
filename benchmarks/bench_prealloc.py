"""A whole run that preallocates memory, against Debian's QEMU doing the same."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import statistics

from figure import PROGRAM, QUIET_QEMU, Figure, spent

PAIRS = 5


def measure(short: bool) -> list[Figure]:
    """Time both in turn five times, after one of each that does not count."""
    size = "1G" if short else "4G"
    line = ["-object", f"memory-backend-ram,id=ram0,size={size},prealloc=on"]
    pairs = [
        (spent([*PROGRAM, "run", *line]).seconds, spent([*QUIET_QEMU, *line], b"quit\n").seconds)
        for _ in range(PAIRS + 1)
    ][1:]
    ours, theirs = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    what = f"run with prealloc=on of {size}iB, whole process"
    return [
        Figure(f"{what}, against QEMU", ours / theirs, "x", None if short else 1.1),
        Figure(f"{what}: QEMU alone", theirs * 1000, "ms"),
    ]
