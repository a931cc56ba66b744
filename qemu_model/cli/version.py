"""``--version``: the package's, and what this machine lets the model do."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .. import __version__

MAP_SYNC_SINCE: Final = (4, 15)
#: How long another program may take to say its version, in seconds.
PATIENCE: Final = 5
MIB: Final = 1 << 20


def version() -> str:
    """Return the version and, a line each, what the host can do."""
    rows = [("live host", _kernel()), *_memory(), *_programs()]
    width = max(len(name) for name, _ in rows)
    lines = [f"qemu-model {__version__}", "GPL-2.0-or-later", "", "This machine:"]
    lines += [f"  {name:<{width}}  {what}" for name, what in rows]
    return "\n".join(lines) + "\n"


def _kernel() -> str:
    uname = os.uname()
    told = f"{uname.sysname} {uname.release} on {uname.machine}"
    if uname.sysname != "Linux":
        return f"{told}: not Linux, so simulated hosts only"
    found = re.match(r"(\d+)\.(\d+)", uname.release)
    new = found is not None and (int(found[1]), int(found[2])) >= MAP_SYNC_SINCE
    return f"{told}: {'knows MAP_SYNC' if new else 'older than 4.15, without MAP_SYNC'}"


def _memory() -> Iterator[tuple[str, str]]:
    """Yield what the kernel offers to backends: pages, NUMA nodes, memory with DAX."""
    pools = []
    for pool in sorted(Path("/sys/kernel/mm/hugepages").glob("hugepages-*kB")):
        size = int(pool.name.removeprefix("hugepages-").removesuffix("kB")) // 1024
        pools.append(f"{_number(pool / 'free_hugepages')} free of {size} MiB")
    yield "huge pages", ", ".join(pools) or "none"
    nodes = len(list(Path("/sys/devices/system/node").glob("node[0-9]*")))
    yield "NUMA nodes", str(nodes or "none: a kernel without NUMA")
    yield "file DAX", ", ".join(_dax_mounts()) or "no file system is mounted with DAX"
    devices = sorted(str(path) for path in Path("/dev").glob("dax*"))
    yield "device DAX", ", ".join(devices) or "none"


def _number(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return "?"


def _dax_mounts() -> Iterator[str]:
    try:
        lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split()
        options = fields[3].split(",")
        if any(option == "dax" or option.startswith("dax=always") for option in options):
            yield f"{fields[1]} ({fields[2]})"


def _programs() -> Iterator[tuple[str, str]]:
    """Yield the programs that some commands need."""
    for program, what in (
        ("qemu-system-x86_64", "conform, crash-demo, dax-shell"),
        ("strace", "conform"),
    ):
        path = shutil.which(program)
        said = _first_line(path) if path is not None else f"not installed: no {what}"
        yield program, said


def _first_line(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "--version"],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return path
    return next(iter(done.stdout.splitlines()), path)
