"""Calls through the live host, against the same calls in C and in Python's own mmap."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import mmap
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from figure import Figure, nanoseconds

from qemu_model.host import linux
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.host.recording import RecordingHost

HERE = Path(__file__).parent
MIB = 1 << 20
#: Many short batches: another process then disturbs some of them and not all.
ROUNDS = 2_000
TIMES = 50


def block_round(host: Host) -> Callable[[], None]:
    """Return what reserves, maps and unmaps a 4 MiB block through ``host``."""
    total, align = 6 * MIB, 2 * MIB
    anonymous = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS
    reserve, unmap = host.mmap, host.munmap

    def once() -> None:
        reserved = reserve(0, total, 0, anonymous, -1, 0)
        aligned = (reserved + align - 1) & -align
        reserve(aligned, 4 * MIB, 3, anonymous | linux.MAP_FIXED, -1, 0)
        unmap(reserved, total)

    return once


def measure(short: bool) -> list[Figure]:
    """Time all in turn, many times, and compare each with the others of the same turn."""
    rounds, times = ROUNDS, TIMES // 2 if short else TIMES
    live = LiveHost()
    shared = linux.MAP_SHARED | linux.MAP_ANONYMOUS
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, "block")
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "block.c"], check=True)

        def in_c() -> float:
            words = [program, str(rounds)]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            return float(done.stdout)

        def one_mapping() -> None:
            live.munmap(live.mmap(0, 4 * MIB, 3, shared, -1, 0), 4 * MIB)

        ways: dict[str, Callable[[], float]] = {
            "C": in_c,
            "off": lambda: nanoseconds(block_round(live), rounds),
            "on": lambda: nanoseconds(block_round(RecordingHost(live)), rounds),
            "ours": lambda: nanoseconds(one_mapping, rounds),
            "Python's": lambda: nanoseconds(lambda: mmap.mmap(-1, 4 * MIB).close(), rounds),
        }
        turns = [{name: way() for name, way in ways.items()} for _ in range(times)]

    def ratio(one: str, other: str) -> float:
        return statistics.median(turn[one] / turn[other] for turn in turns)

    what = "reserve, map and unmap 4 MiB, against C"
    return [
        Figure(f"{what}: recording off", ratio("off", "C"), "x", 2.5),
        Figure(f"{what}: recording on", ratio("on", "C"), "x", 2.5),
        Figure("mmap and munmap, against Python's mmap", ratio("ours", "Python's"), "x", 1.5),
    ]
