"""How fast the model is, each figure a ratio to what a user would do instead.

``python benchmarks/run.py`` measures all and prints a table; ``--short`` takes
fewer rounds; names of benchmarks as arguments measure those alone.  Exit status
1 if a figure misses its limit.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import attrs

from qemu_model.host import linux, profiles
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.host.recording import RecordingHost
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run

#: Recorded calls are kept with the C file that makes them, as the mirror's are.
C_FILE = "benchmarks/block.c"
HERE = Path(__file__).parent
MIB = 1024 * 1024
QEMU = "qemu-system-x86_64"
STRACE_CALLS = (
    "execve,open,openat,close,mmap,munmap,mprotect,madvise,ftruncate,fallocate,mbind,unlink,"
    "fstatfs,statfs,lseek,memfd_create,fcntl,exit_group"
)


@attrs.frozen
class Figure:
    """One figure with its limit; ``better`` is ``lower`` or ``higher``."""

    what: str
    value: float
    limit: float
    unit: str
    better: str = "lower"

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit if self.better == "lower" else self.value >= self.limit


def clocked(work: Callable[[], object], rounds: int, times: int = 5) -> float:
    """Return the nanoseconds one round takes: the best of several times."""
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter_ns()
        for _ in range(rounds):
            work()
        best = min(best, (time.perf_counter_ns() - begin) / rounds)
    return best


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


def calls(short: bool) -> list[Figure]:
    """Time the live host's calls against C's and against Python's own mmap."""
    rounds = 5_000 if short else 50_000
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, "block")
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "block.c"], check=True)

        def in_c() -> float:
            done = subprocess.run(
                [program, str(rounds)], check=True, capture_output=True, text=True
            )
            return float(done.stdout)

        c = min(in_c() for _ in range(5))
    live = LiveHost()
    plain = clocked(block_round(live), rounds)
    with_recording = min(
        clocked(block_round(RecordingHost(live)), rounds, times=1) for _ in range(5)
    )
    shared = linux.MAP_SHARED | linux.MAP_ANONYMOUS
    ours = clocked(lambda: live.munmap(live.mmap(0, 4 * MIB, 3, shared, -1, 0), 4 * MIB), rounds)
    pythons = clocked(lambda: mmap.mmap(-1, 4 * MIB).close(), rounds)
    return [
        Figure("reserve, map, unmap 4 MiB: live host / C", plain / c, 2.5, "x"),
        Figure("the same, recording on / C", with_recording / c, 2.5, "x"),
        Figure("mmap and munmap: live host / mmap.mmap().close()", ours / pythons, 1.5, "x"),
    ]


def elapsed(words: list[str], **options: object) -> float:
    """Return how many seconds a whole process takes."""
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]  # options are passed through
    return time.perf_counter() - begin


def prealloc(short: bool) -> list[Figure]:
    """Time a whole run that preallocates 4 GiB against Debian's QEMU doing the same."""
    size = "1G" if short else "4G"
    backend = f"memory-backend-ram,id=ram0,size={size},prealloc=on"
    ours = [sys.executable, "-m", "qemu_model", "run", "-object", backend]
    theirs = [QEMU, "-M", "none", "-nodefaults", "-display", "none", "-S", "-monitor", "stdio"]
    theirs += ["-object", backend]
    pairs = []
    for _ in range(6):
        mine = elapsed(ours)
        qemus = elapsed(theirs, input=b"quit\n")
        pairs.append((mine, qemus))
    kept = pairs[1:]
    ratio = statistics.median(a for a, _ in kept) / statistics.median(b for _, b in kept)
    return [Figure(f"run with prealloc=on, {size}: ours / QEMU 7.2", ratio, 1.1, "x")]


def lines_of_the_matrix() -> list[list[str]]:
    """Return one line for each of share, pmem and sync unset, on and off."""
    found = []
    for share in ("", ",share=on", ",share=off"):
        for pmem in ("", ",pmem=on", ",pmem=off"):
            for sync in ("", ",sync=on", ",sync=off"):
                options = f"id=nv0,mem-path=/scratch/nv.img,size=4M{share}{pmem}{sync}"
                found.append(["-object", f"memory-backend-file,{options}"])
    return found


def matrix(short: bool) -> list[Figure]:
    """Time the matrix on the simulated kernel against a real QEMU under strace."""
    profile = profiles.load("ext4-dax")
    lines = lines_of_the_matrix()

    def once() -> None:
        for line in lines:
            run(line, SimulatedHost(profile))

    a_run = clocked(once, 5 if short else 40) / len(lines)
    count = 3 if short else len(lines)
    with tempfile.TemporaryDirectory() as directory:
        spent = []
        for line in lines[:count]:
            real = line[1].replace("/scratch", directory).replace(",sync=on", "")
            words = ["strace", "-f", "-yy", "-s", "4096", "-e", f"trace={STRACE_CALLS}"]
            words += ["-o", f"{directory}/log", QEMU, "-M", "none", "-nodefaults", "-display"]
            words += ["none", "-S", "-monitor", "stdio", "-object", real.replace(",sync=off", "")]
            spent.append(elapsed(words, input=b"quit\n"))
    qemu = statistics.median(spent) * 1e9
    return [
        Figure(
            "the matrix: QEMU under strace / simulated kernel", qemu / a_run, 500, "x", "higher"
        ),
        Figure("runs a second on one core", 1e9 / a_run, 5000, "/s", "higher"),
    ]


def long_log(path: Path, lines: int) -> tuple[int, list[str]]:
    """Write a log of many real calls: 1,000 backends made and removed, the rest other calls."""
    from long_log import write

    return write(path, lines)


def check(short: bool) -> list[Figure]:
    """Time the judge on a log of a million lines."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "log")
        qmp = Path(directory, "qmp.json")
        wanted = 100_000 if short else 1_000_000
        written, commands = long_log(path, wanted)
        qmp.write_text(json.dumps(commands))
        words = [
            sys.executable,
            "-m",
            "qemu_model",
            "check",
            "--json",
            "--qmp",
            str(qmp),
            str(path),
        ]
        base = measured_memory([*words[:-1], str(tiny_log(Path(directory)))])
        begin = time.perf_counter()
        memory = measured_memory(words)
        seconds = time.perf_counter() - begin
    return [
        Figure("check: lines a second", written / seconds, 300_000, "/s", "higher"),
        Figure("check: memory, a million lines / a hundred", memory / base, 2.0, "x"),
    ]


def tiny_log(directory: Path) -> Path:
    """Write a log with hardly anything in it."""
    path = directory / "tiny"
    long_log(path, 100)
    return path


def measured_memory(words: list[str]) -> int:
    """Run a process and return the most memory it had, in KiB."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, _status, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return usage.ru_maxrss


def start(short: bool) -> list[Figure]:
    """Time the start of the program over the bare interpreter's."""
    rounds = 8 if short else 20

    def least(words: list[str]) -> float:
        return min(elapsed(words) for _ in range(rounds)) * 1000

    python = sys.executable
    bare = least([python, "-c", "pass"])
    one = ["run", "-object", "memory-backend-ram,id=ram0,size=8M"]
    figures = [
        Figure("--help", least([python, "-m", "qemu_model", "--help"]) - bare, 70, "ms"),
        Figure("import qemu_model", least([python, "-c", "import qemu_model"]) - bare, 90, "ms"),
        Figure("one run into a pipe", least([python, "-m", "qemu_model", *one]) - bare, 150, "ms"),
    ]
    script = shutil.which("script")
    if script:
        command = " ".join([python, "-m", "qemu_model", *one])
        on_terminal = least([script, "-qec", command, "/dev/null"]) - bare
        figures.append(Figure("one run on a terminal", on_terminal, float("inf"), "ms"))
    return figures


BENCHMARKS = MappingProxyType(
    {"calls": calls, "prealloc": prealloc, "matrix": matrix, "check": check, "start": start}
)


def main(arguments: list[str]) -> int:
    """Measure what is named, print the table, and return 1 if a limit is missed."""
    short = "--short" in arguments
    names = [word for word in arguments if not word.startswith("-")] or list(BENCHMARKS)
    missed = 0
    print(f"{'what':<52} {'value':>12}  {'limit':>10}")
    for name in names:
        for figure in BENCHMARKS[name](short):
            missed += not figure.holds
            sign = "<=" if figure.better == "lower" else ">="
            limit = "-" if figure.limit == float("inf") else f"{sign} {figure.limit:g}"
            mark = "" if figure.holds else "  missed"
            value = f"{figure.value:,.2f} {figure.unit}"
            print(f"{figure.what:<52} {value:>12}  {limit:>10}{mark}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
