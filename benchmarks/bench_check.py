"""The judge on a log of a million lines."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from figure import PROGRAM, Figure, spent
from long_log import BACKENDS, LongLog, write

#: The calls of one backend that the judge holds against the model, at least.
CALLS = 12
#: The log is of the last of the trees that are tried.
TREE = ("--revision", "V8")


def judged(directory: Path, lines: int, *named: str) -> tuple[LongLog, float, int]:
    """Judge a log of so many lines; return it, the seconds it took, and the most memory in KiB.

    ``named`` is the option that names the tree; without it the judge finds one.  A log that
    does not conform, or of which not every backend is judged, is not a measurement.
    """
    path, qmp, said = (directory / name for name in ("log", "qmp.json", "verdict"))
    log = write(path, lines)
    qmp.write_text(json.dumps(log.commands))
    with said.open("wb") as answer:
        words = [*PROGRAM, "check", "--json", *named, "--qmp", str(qmp), str(path)]
        took = spent(words, stdout=answer.fileno())
    verdict = json.loads(said.read_text())
    assert verdict["verdict"] == "conforms", verdict
    assert verdict["matched"] >= CALLS * BACKENDS, verdict
    return log, took.seconds, took.memory


def measure(short: bool) -> list[Figure]:
    """Judge a long log, and one a tenth as long with as many backends."""
    lines = 200_000 if short else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        _, _, less = judged(Path(directory), lines // 10, *TREE)
        log, seconds, memory = judged(Path(directory), lines, *TREE)
        _, found, _ = judged(Path(directory), lines)
    share = 100 * log.mapping_calls / log.lines
    what = f"check, {log.lines:,} lines"
    return [
        Figure(f"{what}: a second", log.lines / seconds, "lines/s", 300_000, "higher"),
        Figure(f"{what}: all trees tried, against the one named", found / seconds, "x", 3),
        Figure(f"{what}: memory, against a tenth of them", memory / less, "x", 1.05, decides=True),
        Figure(
            f"{what}: mmap, munmap, madvise, close", share, "%", 100 / 3, "higher", decides=True
        ),
    ]
