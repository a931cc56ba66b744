"""Every call of a run fails once: which calls there are, and which errnos each can give."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from sampling import WHOLE

from qemu_model.calls.event import Event
from qemu_model.host.faults import Fault
from qemu_model.review import matrix, space
from qemu_model.review.hosts import ReviewHost
from qemu_model.revision import Revision

#: Which share of the stories a run of the tests takes.
SHARE = float(os.environ.get("FAULTS_SHARE", "0.2" if WHOLE else "0.02"))
#: The errnos of each call, from its man page (section 2, "ERRORS"), and those that file
#: systems add: EIO and ESTALE of network ones, EDQUOT of quotas.
MAY_GIVE = MappingProxyType(
    {
        "open": (
            "EACCES EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE "
            "ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW "
            "EPERM EROFS ESTALE ETXTBSY EAGAIN"
        ),
        "close": "EBADF EDQUOT EINTR EIO ENOSPC",
        "lseek": "EBADF EINVAL EIO ENXIO EOVERFLOW ESPIPE",
        "fstatfs": "EBADF EFAULT EINTR EIO ENOMEM ENOSYS EOVERFLOW ESTALE",
        "statfs": (
            "EACCES EFAULT EINTR EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSYS ENOTDIR EOVERFLOW"
        ),
        "ftruncate": (
            "EACCES EBADF EDQUOT EFBIG EINTR EINVAL EIO ENOSPC EPERM EROFS ESTALE ETXTBSY"
        ),
        "unlink": (
            "EACCES EBUSY EFAULT EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS"
        ),
        "memfd_create": "EACCES EFAULT EINVAL EMFILE ENFILE ENOMEM ENOSYS EPERM",
        "fcntl": "EACCES EAGAIN EBADF EBUSY EINVAL EPERM",
        "mmap": (
            "EACCES EAGAIN EBADF EEXIST EINTR EINVAL EIO ENFILE ENODEV ENOMEM EOPNOTSUPP EOVERFLOW "
            "EPERM ETXTBSY"
        ),
        "munmap": "EINVAL ENOMEM",
        "madvise": "EACCES EAGAIN EBADF EBUSY EFAULT EHWPOISON EINTR EINVAL EIO ENOMEM EPERM",
        "mbind": "EFAULT EINVAL EIO ENOMEM ENOSYS EPERM",
    }
)


def numbers(call: str) -> list[int]:
    """Return the errnos that a call can give."""
    return [getattr(errno, name, 133) for name in MAY_GIVE[call].split()]


def each_failing_once(events: Iterable[Event], first: int = 0) -> Iterator[tuple[int, Fault]]:
    """Yield each call's place and a fault for each errno: a call fails, then the next, ...

    ``first`` is the place of the first that does.
    """
    count: Counter[str] = Counter()
    for place, event in enumerate(events):
        count[event.call] += 1
        if place >= first:
            for number in numbers(event.call):
                yield place, Fault.nth(event.call, number, count[event.call])


def each_failing_from_then_on(
    events: Iterable[Event], first: int = 0
) -> Iterator[tuple[int, Fault]]:
    """Yield the same, but with the call that fails all fail that follow it."""
    for place, fault in each_failing_once(events, first):
        yield place, Fault(fault.call, fault.errno, first=fault.first)


@attrs.frozen
class Story:
    """A command line, and the QMP commands after it."""

    args: tuple[str, ...]
    qmp: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return " ".join([*self.args, *map(str, self.qmp)])


def _set(name: str, value: object, id: str = "mem0") -> dict[str, Any]:
    arguments = {"path": f"/objects/{id}", "property": name, "value": value}
    return {"execute": "qom-set", "arguments": arguments}


def _add(kind: str, **props: object) -> dict[str, Any]:
    """Return an object-add that trees of 2018 take, and one that 7.2 takes."""
    return {"execute": "object-add", "arguments": {"qom-type": kind, "id": "mem1", **props}}


def of_matrix(machine: ReviewHost, revision: Revision) -> Iterator[Story]:
    """Yield the cells of the option matrix: share, pmem and sync, each unset, on or off."""
    for share in matrix.VALUES:
        for pmem in matrix.VALUES:
            for sync in matrix.sync_values(revision):
                yield Story(("-object", matrix.object_text(machine, share, pmem, sync)))


def of_space(machine: ReviewHost) -> Iterator[Story]:
    """Yield the lines of the review, each alone and with the property changes after it."""
    changes = tuple(change.commands()[0] for change in space.CHANGES if change.property)
    for place in range(len(space.LINES)):
        line = space.line_on(place, machine)
        yield Story(line)
        yield Story(line, changes)


def of_commands(machine: ReviewHost, revision: Revision) -> Iterator[Story]:
    """Yield lines whose calls come from commands, from the machine, or through a directory."""
    file = matrix.object_text(machine, "on", "unset", "unset")
    more = file.partition("mem-path=")[2]
    yield Story(("-object", f"{file},merge=off,dump=off,prealloc=on,discard-data=on"))
    flips = ("merge", False), ("dump", False), ("merge", True), ("dump", True), ("prealloc", True)
    yield Story(("-object", file), tuple(_set(name, value) for name, value in flips))
    directory = machine.path.rpartition("/")[0]
    yield Story(("-object", f"memory-backend-file,id=mem0,size=16M,mem-path={directory}"))
    props: dict[str, object] = {"mem-path": more.partition(",")[0], "size": 16 << 20}
    gone = {"execute": "object-del", "arguments": {"id": "mem1"}}
    for kind, known in (
        ("memory-backend-file", {**props, "share": True}),
        ("memory-backend-file", {**props, "prealloc": True, "discard-data": True}),
        ("memory-backend-ram", {"size": 4 << 20, "host-nodes": [0], "policy": "bind"}),
        ("memory-backend-memfd", {"size": 4 << 20}),
    ):
        added = _add(kind, **known) if revision.release >= (6, 0) else _add(kind, props=known)
        yield Story((), (added, _set("merge", False, "mem1"), gone, gone))
    path = ("-mem-path", machine.path)
    for line in (
        ("-m", "16M"),
        ("-m", "16M", *path),
        ("-m", "16M", *path, "-mem-prealloc"),
        ("-m", "16M", "-object", f"{file}", "-numa", "node,memdev=mem0"),
        ("-machine", "none,mem-merge=off,dump-guest-core=off", "-object", file),
    ):
        yield Story(line)
    pluggable = ("-machine", "pc,nvdimm=on", "-m", "16M,slots=1,maxmem=1G")
    yield Story((*pluggable, "-object", file, "-device", "nvdimm,memdev=mem0"))


def stories(machine: ReviewHost, revision: Revision) -> Iterator[Story]:
    """Yield all of them, each once."""
    found = [*of_matrix(machine, revision), *of_space(machine), *of_commands(machine, revision)]
    return iter({str(story): story for story in found}.values())


def some_stories(machine: ReviewHost, revision: Revision) -> list[Story]:
    """Return a sample of all the stories: a share of FAULTS_SHARE, of which 1 is all."""
    known = list(stories(machine, revision))
    wanted = round(SHARE * len(known))
    return sampler(f"stories {machine.name} {revision.name}").sample(known, wanted)


def seed() -> str:
    """Return what samples are drawn with: the commit where there is one."""
    return os.environ.get("QEMU_MODEL_SEED", "0")


def sampler(what: str) -> random.Random:
    """Return a source of samples: the same commit, the same sample."""
    return random.Random(f"{seed()} {what}")
