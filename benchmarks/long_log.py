"""A strace log as long as wanted, made of the calls of a recorded QEMU.

A thousand backends are added and deleted over QMP, with the calls that the recorded one
made; between them stand the recording's other calls, again and again, each time at other
addresses: arenas, stacks, descriptors, other files.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import attrs

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from recordings import Recording, recording

BACKENDS = 1000
RECORDED = "qmp-props-add-sync"
PATH = b"/mnt/ext4/h.img"
MAPPING_CALLS = re.compile(rb" (?:mmap|munmap|madvise|close)\(")
ADDRESS = re.compile(rb"0x7f[0-9a-f]{10}")
#: How far apart the other calls of two repetitions lie, in bytes; so many come before the
#: addresses are used again.
APART = 1 << 32
REPETITIONS = 1000


@attrs.frozen
class LongLog:
    """What was written: how many lines, how many of them map or unmap, the QMP commands."""

    lines: int
    mapping_calls: int
    commands: list[dict[str, Any]]


@attrs.frozen
class Parts:
    """A recording in parts: how it begins, a backend's calls, the calls of others, its end."""

    head: bytes
    backend: bytes
    others: bytes
    tail: bytes


def parts_of(run: Recording) -> Parts:
    """Take a recording apart.  Its backend is not released in it: QEMU's RCU thread does that."""
    head, *lines = run.log.splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if PATH in line)
    last = next(place for place, line in enumerate(lines) if b" mbind(" in line)
    reserved = next(line for line in lines[first:] if b"PROT_NONE" in line)
    block = reserved.rsplit(b" = ", 1)[1].strip()
    rcu = lines[0].split(b" ", 1)[0]
    length = re.findall(rb"mmap\(NULL, (\d+)", reserved)[0]
    released = b"%s munmap(%s, %s) = 0\n%s close(13<%s>) = 0\n" % (rcu, block, length, rcu, PATH)
    exits = lines.index(next(line for line in lines if b"exit_group" in line))
    others = lines[:first] + lines[last + 1 : exits]
    others = [line for line in others if b"/memfd:" not in line and b"<pipe:" not in line]
    return Parts(
        head,
        b"".join(lines[first : last + 1]) + released,
        b"".join(others),
        b"".join(lines[exits:]),
    )


def moved(text: bytes, distance: int) -> bytes:
    """Return ``text`` with its addresses lower by ``distance`` bytes."""
    return ADDRESS.sub(lambda found: b"%#x" % (int(found[0], 16) - distance), text)


def write(path: Path, lines: int, backends: int = BACKENDS) -> LongLog:
    """Write a log of about ``lines`` lines."""
    run = recording("v8", RECORDED)
    add, delete = (
        next(request for request in run.qmp if request["execute"] == name)
        for name in ("object-add", "object-del")
    )
    parts = parts_of(run)
    others = [moved(parts.others, APART * (number + 1)) for number in range(REPETITIONS)]
    per_others, per_backend = parts.others.count(b"\n"), parts.backend.count(b"\n")
    between = max(1, (lines // backends - per_backend) // per_others)
    commands = [{"execute": "qmp_capabilities"}]
    written = mapping_calls = 0
    with path.open("wb") as log:

        def put(text: bytes) -> None:
            nonlocal written, mapping_calls
            log.write(text)
            written += text.count(b"\n")
            mapping_calls += len(MAPPING_CALLS.findall(text))

        put(parts.head)
        for number in range(backends):
            name = f"/mnt/ext4/{number:04}.img"
            put(parts.backend.replace(PATH, name.encode()))
            for repetition in range(between):
                put(others[(number * between + repetition) % REPETITIONS])
            arguments = {**add["arguments"], "id": f"m{number}"}
            arguments["props"] = {**arguments["props"], "mem-path": name}
            commands.append({**add, "arguments": arguments})
            commands.append({**delete, "arguments": {"id": f"m{number}"}})
        put(parts.tail)
    return LongLog(written, mapping_calls, [*commands, {"execute": "quit"}])
