"""A process that makes and removes many backends, and says what it holds before and afterwards.

``test_load.py`` runs it as a program: its argument is a :class:`Task` in JSON, and it answers with
two lines of JSON, ``"ready"`` once it is warm, and then what it measured; in between it
waits for a line on stdin, so that many can begin at once.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, Final

import attrs

from qemu_model.cli.choices import choose_host
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Process, Run, run
from qemu_model.revision import find

PAGE: Final = os.sysconf("SC_PAGESIZE")
SIZE: Final = 4 << 20
#: Every page of such a backend is touched.
SMALL: Final = 256 << 10
HUGE: Final = 2 << 20
#: A block that no pool of huge pages has room for.
TOO_LARGE: Final = 1 << 44
#: Files that backends of one process take in turn.
FILES: Final = 50
#: What is made before anything is measured: by then every cache, of 256 entries at most, is
#: filled, also by the kind that is one in eight.
WARM_UP: Final = 2200
#: How many backends' bytecodes are counted, at the beginning and at the end: of every kind some.
COUNTED: Final = 16

#: What each kind of backend is, and its properties but for the path.
KINDS: Final = MappingProxyType(
    {
        "ram": ("memory-backend-ram", {"size": SIZE}),
        "shared ram": ("memory-backend-ram", {"size": SMALL, "share": True, "prealloc": True}),
        "file": ("memory-backend-file", {"size": SIZE, "share": True, "pmem": True}),
        "nameless": ("memory-backend-file", {"size": SIZE, "share": True}),
        "memfd": ("memory-backend-memfd", {"size": SIZE}),
        "huge memfd": (
            "memory-backend-memfd",
            {"size": HUGE, "hugetlb": True, "hugetlbsize": HUGE, "prealloc": True},
        ),
        "huge nameless": ("memory-backend-file", {"size": HUGE, "prealloc": True}),
        # What QEMU refuses: a size that the file has not, a property that is another each time,
        # a policy when the memory is mapped already, what makes it lose a descriptor.
        "refused": ("memory-backend-file", {"size": 2 * SIZE}),
        "unknown": ("memory-backend-ram", {"size": SIZE}),
        "late": ("memory-backend-ram", {"size": SIZE, "policy": "bind"}),
        "lost": ("memory-backend-memfd", {"size": TOO_LARGE, "hugetlb": True, "seal": False}),
    }
)
REFUSED: Final = ("refused", "unknown", "late", "lost")


@attrs.frozen
class Task:
    """What a process is to do: ``count`` backends of ``kinds`` in turn on a ``host``, in a ``way``.

    ``way`` is ``process``, one QEMU that has them all added and deleted over QMP;
    ``endless``, the same, measured while it still runs; or ``runs``, a QEMU for each.
    """

    host: str
    kinds: tuple[str, ...]
    way: str
    count: int
    directory: str
    revision: str = "v8"


class MallInfo(ctypes.Structure):
    """What ``mallinfo2(3)`` answers."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def allocated() -> int:
    """Return how many bytes malloc(3) has given out: Python takes what is large from it."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = MallInfo
    answer = mallinfo()
    return int(answer.uordblks + answer.hblkhd)


def field(path: str, name: str) -> int:
    """Return the kB that a line of a file in ``/proc/self`` says."""
    lines = Path(path).read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def descriptors() -> Iterator[str]:
    """Return what is open: each descriptor, and what it is open on."""
    for name in os.listdir("/proc/self/fd"):
        try:
            yield f"{name} {os.readlink(f'/proc/self/fd/{name}')}"
        except FileNotFoundError:
            # The descriptor of the listing itself.
            continue


def foreign_mappings() -> Iterator[str]:
    """Return the mappings that are not of the interpreter's own memory, and what they map."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        _range, mode, offset, device, inode, *name = line.split(maxsplit=5)
        if name or mode != "rw-p":
            yield f"{mode} {offset} {device} {inode} {''.join(name)}"


def held(backends: Backends) -> dict[str, Any]:
    """Return what this process holds, and what its simulated machine has in use."""
    gc.collect()
    numbers = {
        "objects": sys.getallocatedblocks(),
        "allocated": allocated(),
        "address space": int(Path("/proc/self/statm").read_text().split()[0]) * PAGE,
        "resident": field("/proc/self/smaps_rollup", "Rss:") * 1024,
        "locked": field("/proc/self/status", "VmLck:") * 1024,
        "huge pages": field("/proc/self/status", "HugetlbPages:") * 1024,
    }
    return {
        "numbers": numbers,
        "descriptors": sorted(descriptors()),
        "mappings": sorted(name for name in foreign_mappings() if "[heap]" not in name),
        "machine": backends.machine(),
    }


def bytecodes(work: Callable[[], None]) -> int:
    """Return how many of Python's instructions ``work`` takes: no other load changes that."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


class Backends:
    """Makes and removes the backends of a task, one after another."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._revision = find(task.revision)
        self._host: Any = choose_host(task.host)
        self._process: Process | None = None
        self._made = 0

    def make(self, count: int) -> None:
        """Make and remove ``count`` backends."""
        once = self._once_by_run if self._task.way == "runs" else self._once_by_qmp
        for _ in range(count):
            once()
            self._made += 1

    @property
    def _kind(self) -> str:
        return self._task.kinds[self._made % len(self._task.kinds)]

    def _properties(self) -> tuple[str, dict[str, object]]:
        qom_type, properties = KINDS[self._kind]
        properties = dict(properties)
        if qom_type == "memory-backend-file":
            nameless = "nameless" in self._kind
            name = "/" if nameless else f"/nv{self._made % FILES:02}.img"
            properties["mem-path"] = f"{self._task.directory}{name}"
        if self._kind == "unknown":
            properties[f"x{self._made:06}"] = 1
        return qom_type, properties

    def _once_by_qmp(self) -> None:
        qom_type, properties = self._properties()
        name = f"b{self._made:06}"
        if self._process is None:
            self._process = Process([], self._host, self._revision)
            assert self._process.start()
        process = self._process
        flat = self._revision.release >= (6, 0)
        given = properties if flat else {"props": properties}
        arguments = {"qom-type": qom_type, "id": name, **given}
        process.command({"execute": "object-add", "arguments": arguments})
        process.command({"execute": "object-del", "arguments": {"id": name}})
        added, deleted = process.replies[-2:]
        refused = self._kind in REFUSED
        assert ("error" in added, "error" in deleted) == (refused, refused), process.replies[-2:]
        if self._task.way == "endless":
            process.forget()

    def _once_by_run(self) -> None:
        qom_type, properties = self._properties()
        options = [qom_type, f"id=b{self._made:06}"]
        for name, value in properties.items():
            options.append(f"{name}={('off', 'on')[value] if isinstance(value, bool) else value}")
        done = run(["-object", ",".join(options)], self._host, self._revision)
        refused = self._kind in REFUSED
        assert done.exit == int(refused), done.stderr
        self._no_leak(done)

    def machine(self) -> dict[str, Any]:
        """Return what a simulated machine has in use; nothing of this one."""
        if not isinstance(self._host, SimulatedHost):
            return {}
        return {
            "descriptors": self._host.open_descriptors(),
            "mappings": self._host.mappings(),
            "files": self._host.file_sizes(),
            "huge pages": self._host.free_huge_pages(HUGE),
            "memory": self._host.memory(),
        }

    def end(self) -> None:
        """End the process that has run all along, if there is one."""
        if self._process is not None:
            done = self._process.finish()
            assert done.exit == 0
            self._no_leak(done)
            self._process = None

    def _no_leak(self, done: Run) -> None:
        leaks = done.leaks
        lost = int("lost" in self._task.kinds)
        assert (leaks.fds, leaks.mappings, leaks.strings) == (lost, 0, 0), leaks


def main(argument: str) -> None:
    """Do a task and print what was held before and afterwards, and how much work it was."""
    task = Task(**json.loads(argument))
    backends = Backends(task)
    # One process keeps its calls until it ends: the interpreter then has had its largest.
    backends.make(task.count if task.way == "process" else WARM_UP)
    bytecodes(lambda: backends.make(COUNTED))
    if task.way != "endless":
        backends.end()
    # Once for nothing: the first measurement takes memory of its own.
    held(backends)
    before = held(backends)
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    first = bytecodes(lambda: backends.make(COUNTED))
    backends.make(task.count - 2 * COUNTED)
    last = bytecodes(lambda: backends.make(COUNTED))
    if task.way != "endless":
        backends.end()
    after = held(backends)
    print(json.dumps({"before": before, "after": after, "work": [first, last]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
