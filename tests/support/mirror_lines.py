"""Command lines with what an installed QEMU 7.2 answered to them, and how they were recorded.

``PYTHONPATH=.:tests python tests/support/mirror_lines.py`` runs every line of
``data/mirror_lines.txt`` with the QEMU that is installed, and writes
``data/mirror_lines.json``.  The lines are those for
which QEMU 7.2, with the machine types of 3.1 and older, does what the tree of 2018 does;
where it says it otherwise the line is not here.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conftest import needs, needs_program

RECORDED: Final = Path(__file__).parents[1] / "data" / "mirror_lines.json"
PROGRAM: Final = "qemu-system-x86_64"
QUIET: Final = ("-nodefaults", "-display", "none", "-S", "-monitor", "none", "-serial", "none")
#: What 7.2 adds on stderr for what 3.1 took in silence, and what is about the kind of CPU.
DEPRECATED: Final = re.compile(
    r"qemu: .*warning: .*(deprecated|hyperthreading).*"
    r"|Please use \w+=off instead"
    r"|Please configure -smp options properly or try enabling topoext feature."
)
#: 7.2 lists the machine's own RAM among the backends.
RAM: Final = ("pc.ram", "ram")
#: What is asked of a QEMU that has started.
QUESTIONS: Final = (
    {"execute": "qmp_capabilities"},
    {"execute": "query-memdev"},
    {"execute": "query-memory-devices"},
    {"execute": "query-hotpluggable-cpus"},
    {"execute": "human-monitor-command", "arguments": {"command-line": "info numa"}},
)
BACKENDS: Final = {
    "m0": "-object memory-backend-ram,id=m0,size=64M",
    "m1": "-object memory-backend-ram,id=m1,size=36M",
    "m2": "-object memory-backend-ram,id=m2,size=96M",
    "big": "-object memory-backend-ram,id=big,size=1G",
    "pc": "-M pc-i440fx-3.1",
    "nv": "-M pc-i440fx-3.1,nvdimm=on -m 64M,slots=4,maxmem=4G",
}

LINES: Final = tuple(RECORDED.with_suffix(".txt").read_text().splitlines())


def words(line: str) -> list[str]:
    """Return the words of a line."""
    return shlex.split(line.format(**BACKENDS))


def needs_recorded_qemu() -> None:
    """Go on if the QEMU that was recorded is installed; else fail in CI, and skip elsewhere."""
    version = subprocess.run(
        [needs_program(PROGRAM), "--version"], capture_output=True, text=True, check=True
    )
    needs("version 7.2" in version.stdout, "QEMU 7.2, the one that was recorded")


def asked(
    args: list[str], questions: Sequence[object]
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Run the installed QEMU; return how it ended, and its answers to QMP commands."""
    done = subprocess.run(
        [PROGRAM, *args, *QUIET, "-qmp", "stdio"],
        input="".join(map(json.dumps, [*questions, {"execute": "quit"}])),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    replies = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    return done, [reply for reply in replies if "return" in reply or "error" in reply]


def write(path: Path, recorded: Mapping[str, object]) -> None:
    """Write what was recorded, a line for each."""
    text = ",\n".join(f"{json.dumps(line)}: {json.dumps(said)}" for line, said in recorded.items())
    path.write_text("{\n" + text + "\n}\n")


def real(line: str) -> dict[str, Any]:
    """Return what the installed QEMU answers to a line: status, stderr, and its state."""
    done, answers = asked(words(line), QUESTIONS)
    said = done.stderr.replace(PROGRAM, "qemu").splitlines()
    found: dict[str, Any] = {
        "exit": done.returncode,
        "stderr": [text for text in said if not DEPRECATED.fullmatch(text)],
    }
    if len(answers) > len(QUESTIONS):
        _, memdevs, devices, cpus, numa = (answer.get("return") for answer in answers[:5])
        keys = ("id", "size", "merge", "dump", "prealloc", "policy", "host-nodes")
        found["ram"] = [
            [one[key] for key in ("id", "size", "merge", "dump")]
            for one in memdevs
            if one["id"] in RAM
        ]
        found["memdevs"] = sorted(
            ([one.get(key) for key in keys] for one in memdevs if one["id"] not in RAM), key=str
        )
        found["devices"] = [
            [one["type"], *(one["data"][key] for key in ("addr", "size", "slot", "node"))]
            for one in devices
        ]
        places = ("node-id", "socket-id", "core-id", "thread-id")
        found["cpus"] = sorted([one["props"].get(key) for key in places] for one in cpus or ())
        found["numa"] = str(numa).splitlines()
    return found


def main() -> None:
    """Record the answers to all lines."""
    recorded = {}
    for line in LINES:
        recorded[line] = real(line)
        print(len(recorded), line, recorded[line]["exit"], file=sys.stderr)
    write(RECORDED, recorded)


if __name__ == "__main__":
    main()
