"""The recorded runs of real QEMUs that come with the tests.

``recordings("v8")`` gives every run recorded for that revision, in the order of
its index; see ``tests/data/recordings/README.md`` for what they are and where
they come from.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import json
import tarfile
from pathlib import Path
from typing import Any, Final

import attrs

_ARCHIVES: Final = Path(__file__).parents[1] / "data" / "recordings"

#: The names of the recorded sets.  What a set was recorded from is its ``revision``.
SETS: Final = ("base", "V1", "V1-dax", "v8", "v8-dax", "V10", "V10-dax", "v7.2-dax")

#: Sets of releases: Debian's packages of 5.2, 10.0 and 11.1, builds of a tag for the others.
RELEASES: Final = (
    "qemu-4.2",
    "qemu-5.2",
    "qemu-6.0",
    "qemu-6.1",
    "qemu-6.2",
    "qemu-7.0",
    "qemu-7.1",
    "qemu-8.0",
    "qemu-8.1",
    "qemu-8.2",
    "qemu-9.0",
    "qemu-9.1",
    "qemu-9.2",
    "qemu-10.0",
    "qemu-10.1",
    "qemu-10.2",
    "qemu-11.1",
    "qemu-10.0-dax",
    "qemu-11.1-dax",
)

#: strace was stopped at this many lines.
CUT_AT_LINES: Final = 2000

#: Releases whose answers to many options, machines and devices are stored: there is a binary.
RUN_RELEASES: Final = (
    "4.2",
    "5.2",
    "6.0",
    "6.1",
    "7.0",
    "7.1",
    "7.2",
    "8.0",
    "8.1",
    "9.0",
    "9.1",
    "10.0",
    "10.1",
    "10.2",
    "11.1",
)


@attrs.frozen
class Recording:
    """One run of a real QEMU: what it was given, what it answered, what it called."""

    name: str
    revision: str
    args: list[str]
    machine: list[str]
    setup: list[list[Any]]
    qmp: list[dict[str, Any]]
    inject: list[str]
    only_path: str | None
    exit: int
    stderr: list[str]
    replies: list[dict[str, Any]]
    files_after: dict[str, Any]
    filesystem: str | None
    log: bytes = attrs.field(repr=False)

    @property
    def lines(self) -> list[bytes]:
        """The log's lines, without their line ends."""
        return self.log.splitlines()

    @property
    def cut(self) -> bool:
        """Whether strace was stopped before the run ended."""
        return self.log.count(b"\n") >= CUT_AT_LINES


@functools.cache
def _archive(name: str) -> tuple[Recording, ...]:
    contents: dict[str, bytes] = {}
    with tarfile.open(_ARCHIVES / f"{name}.tar.xz", "r:xz") as archive:
        for member in archive:
            stream = archive.extractfile(member)
            assert stream is not None, f"{member.name} is no file"
            contents[member.name] = stream.read()
    return tuple(
        Recording(**{"filesystem": None, **entry}, log=contents[f"{entry['name']}.strace"])
        for entry in json.loads(contents["index.json"])
    )


def recordings(name: str) -> list[Recording]:
    """Return the recorded runs of the set ``name``, one of :data:`SETS`."""
    return list(_archive(name))


def recording(set_name: str, name: str) -> Recording:
    """Return the one run called ``name`` in the set ``set_name``."""
    return next(run for run in _archive(set_name) if run.name == name)
