"""What the impact of a patch is looked for in: option lines x hosts x faults x changes.

One input is one option line on one host, with at most one fault and one change of
a property after creation.  A value that changes no outcome anywhere is not here.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from ..host.faults import Fault, FaultHost
from ..host.linux import ERRNO_NUMBERS
from ..host.protocol import Host
from ..process import Run, run
from ..revision import Revision
from .hosts import ReviewHost, simulated

#: What stands for the path of the host's file in a line.
PATH: Final = "{path}"
FILE_TYPE: Final = "memory-backend-file"
FILE: Final = f"{FILE_TYPE},id=mem0,size=16M,mem-path={PATH}"
MIB: Final = 1024 * 1024


@attrs.frozen
class Change:
    """A property that is set once the object is there; ``property`` is empty for none."""

    property: str = ""
    value: Any = None

    def commands(self) -> list[dict[str, Any]]:
        """Return it as QMP commands."""
        if not self.property:
            return []
        arguments = {"path": "/objects/mem0", "property": self.property, "value": self.value}
        return [{"execute": "qom-set", "arguments": arguments}]

    def __str__(self) -> str:
        return f"qom-set {self.property}={self.value}" if self.property else "none"


NO_CHANGE: Final = Change()


def _objects() -> tuple[tuple[str, ...], ...]:
    settings = itertools.product(("", ",share=on"), ("", ",pmem=on"), ("", ",sync=on", ",sync=off"))
    backends = [FILE + "".join(chosen) for chosen in settings]
    backends += [
        f"{FILE},share=on,prealloc=on",
        f"{FILE},share=on,align=2M",
        f"{FILE},share=on,merge=off,dump=off",
        f"{FILE},share=on,host-nodes=0,policy=bind",
        f"memory-backend-file,id=mem0,size=0,mem-path={PATH}",
        "memory-backend-ram,id=mem0,size=4M",
        "memory-backend-ram,id=mem0,size=4M,share=on",
        "memory-backend-memfd,id=mem0,size=4M",
        "memory-backend-memfd,id=mem0,size=4M,share=off",
        f"{FILE_TYPE},help",
    ]
    lines: list[tuple[str, ...]] = [("-object", backend) for backend in backends]
    twice = ("-numa", "node,memdev=mem0", "-numa", "node,memdev=mem0")
    lines.append(("-m", "8M", "-object", "memory-backend-ram,id=mem0,size=4M", *twice))
    return tuple(lines)


#: The option lines.
LINES: Final = _objects()

#: Profiles of simulated hosts: no two of them always answer alike.
HOSTS: Final = (
    "ext4",
    "ext4-dax",
    "tmpfs",
    "hugetlbfs",
    "device-dax",
    "9p",
    "linux-4.14-ext4-dax",
    "no-libpmem",
    "container",
    "not-linux",
)

#: The one call that fails: which, with what, and which of them (counted from one).
FAULTS: Final[tuple[Fault | None, ...]] = (
    None,
    *(
        Fault.nth(call, ERRNO_NUMBERS[error], when)
        for call, error, when in (
            ("open", "EACCES", 1),
            ("fstatfs", "EIO", 1),
            ("ftruncate", "ENOSPC", 1),
            ("mmap", "ENOMEM", 1),
            ("mmap", "ENOMEM", 2),
            ("mmap", "ENOMEM", 3),
            ("fcntl", "EPERM", 1),
            ("mbind", "EPERM", 1),
        )
    ),
)

#: The one property that is set after creation.
CHANGES: Final = (
    NO_CHANGE,
    Change("size", 8 * MIB),
    Change("mem-path", "/elsewhere.img"),
    Change("align", 2 * MIB),
    Change("share", True),
    Change("pmem", True),
    Change("sync", True),
    Change("merge", False),
    Change("prealloc", True),
    Change("discard-data", True),
)


@attrs.frozen
class Input:
    """One input; ``line`` has the host's path in it."""

    line: tuple[str, ...]
    host: str
    fault: Fault | None
    change: Change

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "line": list(self.line),
            "host": self.host,
            "fault": None if self.fault is None else str(self.fault),
            "change": self.change.commands()[0] if self.change.property else None,
        }

    def says_sync_or_help(self) -> bool:
        """Whether it names the option ``sync``, or lists the options."""
        said = [word for text in self.line for word in text.split(",")]
        return self.change.property == "sync" or any(
            word.partition("=")[0] in ("sync", "help") for word in said
        )


def units() -> list[tuple[int, str]]:
    """Return what one worker does at a time: the place of a line, and a host."""
    return list(itertools.product(range(len(LINES)), HOSTS))


def line_on(place: int, host: ReviewHost) -> tuple[str, ...]:
    """Return a line with the host's path in it."""
    return tuple(word.replace(PATH, host.path) for word in LINES[place])


def run_input(given: Input, host: ReviewHost, revision: Revision) -> Run:
    """Run one input in one revision, through the same code as the command ``run``."""
    made: Host = host.make()
    if given.fault is not None:
        made = FaultHost(made, (given.fault,))
    return run(given.line, made, revision, qmp=given.change.commands())


def unit_inputs(
    place: int, host_name: str, revisions: Sequence[Revision]
) -> Iterator[tuple[Input, tuple[Run, ...]]]:
    """Yield the inputs of one line on one host, with their runs in ``revisions``.

    A fault that no call meets, and a change that no QEMU is left to make, give the
    same input as none: they are not counted again.
    """
    host = simulated(host_name)
    line = line_on(place, host)
    for fault in FAULTS:
        for change in CHANGES:
            given = Input(line, host_name, fault, change)
            runs = tuple([run_input(given, host, revision) for revision in revisions])
            if change is NO_CHANGE:
                if fault is not None and not any(map(is_struck, runs, itertools.repeat(fault))):
                    break
                changeable = any(map(is_alive, runs))
            yield given, runs
            if not changeable:
                break


def is_struck(done: Run, fault: Fault) -> bool:
    """Return whether the fault met a call."""
    count = 0
    for event in done.events:
        if event.call == fault.call:
            count += 1
            if fault.strikes(count):
                return event.result == -fault.errno
    return False


def is_alive(done: Run) -> bool:
    """Return whether QEMU was up and took commands."""
    return done.exit == 0 and not done.stdout
