"""Many backends made and removed in one process: whether they take longer with time.

A process that has made ten thousand takes turns with one that has made none: what else
the machine does, and how fast its processor happens to be, is the same for both.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

from figure import Figure

from qemu_model.host.live import LiveHost
from qemu_model.process import Process

PROPERTIES = {"size": 4 << 20, "share": True}
BEFORE = 10_000
#: Backends of one turn, and turns: together few beside those before.
TURN = 20
TURNS = 50


class Maker:
    """A modelled QEMU that makes backends and removes them again."""

    def __init__(self) -> None:
        self.process = Process([], LiveHost())
        self.process.start()
        self.made = 0

    def make(self, count: int) -> float:
        """Make and remove so many; return how long one took, in nanoseconds."""
        begin = time.perf_counter_ns()
        for number in range(self.made, self.made + count):
            name = f"b{number:05}"
            arguments = {"qom-type": "memory-backend-ram", "id": name, "props": PROPERTIES}
            self.process.command({"execute": "object-add", "arguments": arguments})
            self.process.command({"execute": "object-del", "arguments": {"id": name}})
            self.process.forget()
        self.made += count
        return (time.perf_counter_ns() - begin) / count


def serve(connection: Connection, before: int) -> None:
    """Make ``before`` backends, then as many as asked for at each turn, until told 0."""
    maker = Maker()
    for _ in range(before // TURN):
        maker.make(TURN)
    connection.send(0.0)
    while count := connection.recv():
        connection.send(maker.make(count))
    maker.process.finish()


def measure(_short: bool) -> list[Figure]:
    """Let both take turns, and compare each turn with the other's of the same moment."""
    fork = multiprocessing.get_context("fork")
    both = []
    for before in (0, BEFORE):
        here, there = fork.Pipe()
        child = fork.Process(target=serve, args=(there, before), daemon=True)
        child.start()
        here.recv()
        both.append((here, child))
    took: list[tuple[float, ...]] = []
    for _ in range(TURNS):
        turn = []
        for connection, _child in both:
            connection.send(TURN)
            turn.append(connection.recv())
        took.append(tuple(turn))
    for connection, child in both:
        connection.send(0)
        child.join()
    what = f"a backend after {BEFORE:,} others in one process"
    return [
        Figure(
            f"{what}, against one of the first {TURN * TURNS:,}",
            statistics.median(late / early for early, late in took),
            "x",
            1.1,
        ),
        Figure(what, statistics.median(late for _, late in took) / 1000, "us"),
    ]
