"""How fast the model is, each figure a ratio to what a user would do instead.

``python benchmarks/run.py`` measures all and prints a table in Markdown; names of
benchmarks as arguments measure those alone.  Exit status 1 if a figure misses its limit.
``--short`` takes fewer rounds, for a machine that does other things too: then only
figures that do not depend on that decide.  The documentation has a table of one machine.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from figure import QEMU, Figure

NAMES = ("calls", "prealloc", "matrix", "check", "start")


def machine() -> str:
    """Return what the figures were measured on."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in cpus if line.startswith("model name")), "")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") / 2**30
    said = subprocess.run([QEMU, "--version"], check=True, capture_output=True, text=True).stdout
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, QEMU {said.split()[3]}"
    )


def row(figure: Figure) -> str:
    """Return a figure as a row of the table."""
    mark = "" if figure.holds else " **missed**"
    return f"| {figure.what} | {figure.shown()}{mark} | {figure.shown_limit()} |"


def main(arguments: list[str]) -> int:
    """Measure what is named, print the table, and return 1 if a limit is missed."""
    short = "--short" in arguments
    names = [word for word in arguments if not word.startswith("-")] or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"there is no benchmark {unknown[0]}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    missed = 0
    print(f"{machine()}\n\n| figure | measured | limit |\n|---|---|---|", flush=True)
    for name in names:
        for figure in importlib.import_module(f"bench_{name}").measure(short):
            missed += not figure.holds and (figure.decides or not short)
            print(row(figure), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
