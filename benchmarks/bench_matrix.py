"""The matrix on the simulated kernel, against a real QEMU under strace for the same lines.

Both get the same words, with the machine that is the default; QEMU besides those that a
machine without a screen needs, and a monitor that is told to quit.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import statistics
import tempfile

from figure import QEMU, UNTIL_QUIT, Figure, nanoseconds, spent

from qemu_model.conform.driver import TRACED_CALLS
from qemu_model.host import profiles
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import NEWEST, V8, Revision

HOSTS = ("ext4-dax", "ext4", "tmpfs", "device-dax")
CHOICES = ("", "on", "off")


def lines(path: str, *names: str) -> list[list[str]]:
    """Return a line for each choice of the options: not given, on and off."""
    found = []
    for values in itertools.product(CHOICES, repeat=len(names)):
        given = zip(names, values, strict=True)
        options = "".join(f",{name}={value}" for name, value in given if value)
        found.append(["-object", f"memory-backend-file,id=nv0,mem-path={path},size=4M{options}"])
    return found


def measure(short: bool) -> list[Figure]:
    """Time each line on each host, as ``run`` does it, then the lines that QEMU 7.2 knows."""
    cells = [
        (line, profiles.load(host))
        for host in HOSTS
        for line in lines("/mnt/nv.img", "share", "pmem", "sync")
    ]

    rounds = 2 if short else 20

    def a_run_in(tree: Revision) -> float:
        """Return how many nanoseconds a run in ``tree`` takes."""

        def once() -> None:
            for line, profile in cells:
                assert run(line, SimulatedHost(profile), tree).args

        once()
        return min(nanoseconds(once, rounds) for _ in range(5)) / len(cells)

    a_run = a_run_in(V8)
    a_run_of_newest = a_run_in(NEWEST)
    with tempfile.TemporaryDirectory() as directory:
        log = f"{directory}/log"
        strace = ["strace", "-f", "-yy", "-s", "4096", "-e", f"trace={TRACED_CALLS}", "-o", log]
        real = lines(f"{directory}/nv.img", "share", "pmem")
        seconds = [
            spent([*strace, QEMU, *UNTIL_QUIT, *line], b"quit\n").seconds
            for line in (real[:3] if short else real * 3)
        ]
    a_line = statistics.median(seconds)
    ratio = a_line * 1e9 / a_run
    return [
        Figure("matrix, against QEMU under strace", ratio, "x faster", 500, "higher"),
        Figure("matrix: a line of QEMU under strace", a_line * 1000, "ms"),
        Figure("matrix, on one core", 1e9 / a_run, "runs/s", 5_000, "higher"),
        Figure("matrix of the newest release", 1e9 / a_run_of_newest, "runs/s", 5_000, "higher"),
    ]
