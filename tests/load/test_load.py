"""Ten thousand backends in one process, and sixty-four processes at once: nothing is left.

What a process holds is read from ``/proc``, and from the interpreter's and the C library's
own books; that the time for a backend does not grow is read from the number of bytecodes, which no
other load changes, and from nothing having grown that a call into C could search.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from conftest import Figure, Surroundings, needs
from load_process import FILES, SIZE, Task

BACKENDS = 10_000
PROCESSES = 64
#: What each of many processes makes: together more than one alone makes.
EACH = 160
#: Less than half a pointer, or a tenth of an object, for each backend: what measuring leaves.
#: Texts that leave a full cache leave holes, up to 0.6 MB resident.
NOISE = {
    "objects": 800,
    "allocated": 32 << 10,
    "address space": 1 << 20,
    "resident": 1 << 20,
    "locked": 0,
    "huge pages": 0,
}
#: How QEMU's hash tables are walked depends on the names in them, and so does what a cache has.
SLACK = 1.06
#: The interpreter keeps some of what the record of ten thousand backends took, for later use.
KEPT_BY_THE_INTERPRETER = 8 << 20
PROGRAM = Path(__file__).parents[1] / "support" / "load_process.py"
LIVE_KINDS = ("ram", "shared ram", "file", "nameless", "memfd", "refused", "unknown", "late")
SIMULATED_KINDS = tuple("huge memfd" if kind == "refused" else kind for kind in LIVE_KINDS)
HUGE_KINDS = ("huge nameless", "huge memfd")
DAX = "sim:ext4-dax"
WAYS = ("process", "endless", "runs")
PATIENCE = 900


@contextlib.contextmanager
def directory(where: str = "/dev/shm") -> Iterator[Path]:
    """Give a directory in which every file is expected, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="qemu-model-load-", dir=where) as name:
        yield Path(name)


def expected_files(task: Task) -> dict[str, int]:
    """Return the files that QEMU leaves, with their sizes: those of file backends, and no other."""
    if not {"file", "refused"} & set(task.kinds):
        return {}
    return {f"nv{number:02}.img": SIZE for number in range(FILES)}


def files(where: Path) -> dict[str, int]:
    """Return the files in a directory with their sizes."""
    return {path.name: path.stat().st_size for path in where.iterdir()}


class Measured:
    """A process that does a task; it begins when told to."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._child = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps(attrs.asdict(task))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _line(self) -> Any:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            _, said = self._child.communicate(timeout=PATIENCE)
            raise AssertionError(said)
        return json.loads(line)

    def wait_until_warm(self) -> None:
        """Return when the process waits to begin."""
        assert self._line() == "ready"

    def begin(self) -> None:
        """Let it begin."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Return what it measured, once it has ended."""
        measured: dict[str, Any] = self._line()
        _, said = self._child.communicate(timeout=PATIENCE)
        assert (self._child.returncode, said) == (0, "")
        return measured

    def stop(self) -> None:
        """End it whatever it does."""
        self._child.kill()
        self._child.communicate()


def measure(task: Task) -> dict[str, Any]:
    """Do a task in a process of its own and return what was measured."""
    process = Measured(task)
    try:
        process.wait_until_warm()
        process.begin()
        return process.result()
    finally:
        process.stop()


def grown(task: Task, measured: dict[str, Any]) -> list[str]:
    """Return what there is more of afterwards than before, each with its number."""
    before, after = measured["before"], measured["after"]
    found = []
    for name, noise in NOISE.items():
        more = after["numbers"][name] - before["numbers"][name]
        if task.way == "process" and name in ("address space", "resident"):
            noise = KEPT_BY_THE_INTERPRETER
        if more > noise:
            found.append(f"{more} {name}")
    for what in ("descriptors", "mappings", "machine"):
        if before[what] != after[what]:
            found.append(f"{what} {after[what]}")
    first, last = measured["work"]
    if last > SLACK * first:
        found.append(f"work: {first} bytecodes at first, {last} at last")
    return found


def prepare(task: Task) -> None:
    """Make the files that a task finds, each too small for what asks for it."""
    if "refused" in task.kinds:
        for name, size in expected_files(task).items():
            path = Path(task.directory, name)
            path.touch()
            os.truncate(path, size)


LIVE = [
    *(Task("live", LIVE_KINDS, way, BACKENDS, "") for way in WAYS),
    Task("live", LIVE_KINDS, "endless", BACKENDS, "", "v7.2"),
    # Each of these loses a descriptor, as QEMU does, until its process ends.
    Task("live", ("lost",), "runs", BACKENDS, ""),
]
SIMULATED = [
    *(Task(DAX, SIMULATED_KINDS, way, BACKENDS, "/mnt") for way in WAYS),
    Task(DAX, ("lost",), "runs", BACKENDS, ""),
]


def named(task: Task) -> str:
    return f"{task.kinds[0]}-{task.way}-{task.revision}"


@pytest.mark.parametrize("task", LIVE, ids=named)
def test_ten_thousand_backends_leave_nothing_and_the_last_costs_what_the_first_did(
    task: Task, figure: Figure
) -> None:
    with directory() as where:
        task = attrs.evolve(task, directory=str(where))
        prepare(task)
        assert grown(task, measure(task)) == []
        assert files(where) == expected_files(task)
    figure(task.count, "backends made and removed on this kernel, ten thousand in a process")


@pytest.mark.parametrize("task", SIMULATED, ids=named)
def test_ten_thousand_backends_leave_nothing_on_a_simulated_kernel(
    task: Task, figure: Figure
) -> None:
    assert grown(task, measure(task)) == []
    figure(task.count, "backends made and removed on a simulated kernel")


@pytest.fixture
def huge_pages(surroundings: Surroundings) -> Iterator[Path]:
    """Give a hugetlbfs of our own, whose free pages nobody else takes."""
    where = Path("/mnt/load")
    where.mkdir()
    words = ["mount", "-t", "hugetlbfs", "-o", "size=16M,pagesize=2M", "hugetlbfs", str(where)]
    subprocess.run(words, check=True)
    yield where
    subprocess.run(["umount", str(where)], check=True)
    where.rmdir()


@pytest.mark.parametrize("way", WAYS)
def test_huge_pages_go_back_to_the_pool(huge_pages: Path, way: str, figure: Figure) -> None:
    free = os.statvfs(huge_pages).f_bfree
    needs(free > 0, "a hugetlbfs with pages of its own")
    task = Task("live", HUGE_KINDS, way, BACKENDS // 10, str(huge_pages))
    assert grown(task, measure(task)) == []
    assert os.statvfs(huge_pages).f_bfree == free
    assert files(huge_pages) == {}
    figure(task.count, "backends of huge pages made and removed")


def at_once(tasks: list[Task]) -> list[list[str]]:
    """Do tasks in a process each, all at once, and return what each has more of afterwards."""
    with contextlib.ExitStack() as stack:
        processes = []
        for task in tasks:
            process = Measured(task)
            stack.callback(process.stop)
            processes.append(process)
        for process in processes:
            process.wait_until_warm()
        for process in processes:
            process.begin()
        return [grown(process.task, process.result()) for process in processes]


def on_this_kernel(way: str, where: Path, same: Path, nameless: Path) -> Iterator[Task]:
    """Yield what processes do: files of their own, the same files, one directory, and none."""
    for number in range(PROCESSES):
        own = where / f"{number:02}"
        own.mkdir()
        kind, place = (
            ("file", own),
            ("file", same),
            ("nameless", nameless),
            ("memfd", own),
            ("ram", own),
        )[number % 5]
        yield Task("live", (kind,), way, EACH, str(place))


def on_simulated_kernels() -> Iterator[Task]:
    """Yield what processes do, each on a simulated kernel of its own."""
    for number in range(PROCESSES):
        kind = SIMULATED_KINDS[number % len(SIMULATED_KINDS)]
        yield Task(DAX, (kind,), "endless", EACH, "/mnt")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("way", [*WAYS, "simulated"])
def test_sixty_four_processes_at_once_leave_nothing_but_their_files(
    way: str, figure: Figure
) -> None:
    if way == "simulated":
        assert at_once(list(on_simulated_kernels())) == [[]] * PROCESSES
        figure(PROCESSES * EACH, "backends made and removed by 64 processes on simulated kernels")
        return
    with directory() as where, directory() as same, directory("/var/tmp") as nameless:
        tasks = list(on_this_kernel(way, where, same, nameless))
        assert at_once(tasks) == [[]] * PROCESSES
        for task in tasks:
            assert files(Path(task.directory)) == expected_files(task), task
        assert len(list(where.iterdir())) == PROCESSES
    figure(PROCESSES * EACH, "backends made and removed by 64 processes at once")


def test_what_was_in_a_file_is_there_after_sixty_four_processes_preallocated_it_at_once() -> None:
    """The whole command, on one file: it ends well each time, and changes no byte."""
    with directory("/var/tmp") as where:
        path = where / "image"
        content = os.urandom(SIZE)
        path.write_bytes(content)
        options = f"memory-backend-file,id=m0,mem-path={path},size={SIZE},share=on,prealloc=on"
        words = [sys.executable, "-m", "qemu_model", "run", "--json", "-object", options]
        children = [
            subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        ends = [(child.communicate(timeout=PATIENCE)[1], child.returncode) for child in children]
        assert ends == [("", 0)] * PROCESSES
        assert path.read_bytes() == content
        assert files(where) == {"image": SIZE}
