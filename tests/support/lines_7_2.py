"""Command lines with what an installed QEMU 7.2 answered to them, and how they were recorded.

``PYTHONPATH=.:tests python tests/support/lines_7_2.py`` runs every line of
``data/lines_7_2.txt`` with the QEMU that is installed, and writes ``data/lines_7_2.json``.
They are lines about objects in JSON and in text, devices that take a backend, -machine, -m,
-smp, -numa, and help; the answers are compared with revision v7.2.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from mirror_lines import PROGRAM, asked, write

RECORDED: Final = Path(__file__).parents[1] / "data" / "lines_7_2.json"
#: What the first word of a line stands for.
NV: Final = (
    "-m 64,slots=2,maxmem=1G -M nvdimm=on -object memory-backend-ram,id=m0,size=64M "
    "-object memory-backend-ram,id=m1,size=64M -object iothread,id=io0"
)
#: What is asked of a QEMU that has started.
QUESTIONS: Final = (
    {"execute": "qmp_capabilities"},
    {"execute": "query-memory-devices"},
    {"execute": "query-memdev"},
    {"execute": "query-hotpluggable-cpus"},
    {"execute": "human-monitor-command", "arguments": {"command-line": "info numa"}},
)

#: What the model prints of help: all that is about objects.
HELP: Final = re.compile(r"List of user creatable|memory-backend-\w+ options:")

LINES: Final = tuple(RECORDED.with_suffix(".txt").read_text().splitlines())


def words(line: str, place: Path) -> list[str]:
    """Return the words of a line, with files in the directory ``place``."""
    return shlex.split(line.replace("NV ", f"{NV} ", 1).replace("PLACE", str(place)))


def real(line: str, place: Path) -> dict[str, Any]:
    """Return what the installed QEMU answers to a line: status, stdout, stderr, its state."""
    done, answers = asked(words(line, place), QUESTIONS)
    found: dict[str, Any] = {
        "exit": done.returncode,
        "stdout": done.stdout.splitlines() if HELP.match(done.stdout) else [],
        "stderr": done.stderr.replace(PROGRAM, "qemu").splitlines(),
    }
    if len(answers) > len(QUESTIONS):
        _, devices, memdevs, cpus, numa = (answer.get("return") for answer in answers[:5])
        found["devices"] = sorted(map(about, devices), key=str)
        found["memdevs"] = memdevs
        places = ("node-id", "socket-id", "die-id", "core-id", "thread-id")
        found["cpus"] = sorted(
            ([one["props"].get(key) for key in places] for one in cpus or ()), key=str
        )
        found["numa"] = str(numa).splitlines()
    return found


def about(device: dict[str, Any]) -> list[object]:
    """Return what query-memory-devices says of a device, as far as the model knows it."""
    data = device["data"]
    names: tuple[str, ...]
    if device["type"] in ("dimm", "nvdimm"):
        names = ("addr", "size", "slot", "node", "memdev")
    else:
        names = ("memaddr", "memdev")
    return [device["type"], *(data[name] for name in names)]


def main() -> None:
    """Record the answers to all lines."""
    recorded = {}
    for line in LINES:
        with tempfile.TemporaryDirectory() as place:
            recorded[line] = real(line, Path(place))
            recorded[line]["stderr"] = [
                text.replace(place, "PLACE") for text in recorded[line]["stderr"]
            ]
        print(len(recorded), line, recorded[line]["exit"], file=sys.stderr)
    write(RECORDED, recorded)


if __name__ == "__main__":
    main()
