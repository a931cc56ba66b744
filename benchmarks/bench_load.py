"""Many backends made and removed in one process: whether the last takes longer than the first."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import statistics
import time

from figure import Figure

from qemu_model.host.live import LiveHost
from qemu_model.process import Process

PROPERTIES = {"size": 4 << 20, "share": True}


def measure(_short: bool) -> list[Figure]:
    """Time each of ten thousand backends; compare the last tenth with the first.

    Of each tenth the quickest tenth counts: another process disturbs some and not all.
    """
    count = 10_000
    process = Process([], LiveHost())
    process.start()
    took = []
    for number in range(count):
        arguments = {"qom-type": "memory-backend-ram", "id": f"b{number:05}", "props": PROPERTIES}
        begin = time.perf_counter_ns()
        process.command({"execute": "object-add", "arguments": arguments})
        process.command({"execute": "object-del", "arguments": {"id": f"b{number:05}"}})
        took.append(time.perf_counter_ns() - begin)
        process.forget()
    process.finish()
    first, last = took[: count // 10], took[-count // 10 :]
    what = f"{count:,} backends in one process"
    return [
        Figure(
            f"{what}: the last tenth, against the first",
            statistics.quantiles(last, n=10)[0] / statistics.quantiles(first, n=10)[0],
            "x",
            1.1,
        ),
        Figure(f"{what}: one of them", statistics.median(took) / 1000, "us"),
    ]
