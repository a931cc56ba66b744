"""The option matrix: share x pmem x sync x host, each cell a run of the model.

What is asked of mmap, what the kernel does, what the user sees.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..calls.event import Event
from ..calls.inferences import relied_on
from ..calls.map_sync import Outcome
from ..host.linux import MAP_FIXED, MAP_SYNC
from ..process import run
from ..records import Value
from ..revision import Revision
from .hosts import ReviewHost, flag_names

UNSET: Final = "unset"
VALUES: Final = (UNSET, "on", "off")
OPTIONS: Final = ("share", "pmem", "sync")
#: Whole pages of every file system there is, in bytes.
SIZE: Final = 16 * 1024 * 1024
ID: Final = "mem0"


@attrs.frozen(eq=False, repr=False)
class Attempt(Value):
    """One try to map the backend: mmap's numbers and its answer, and who asked."""

    prot: int
    flags: int
    result: int
    errno: str | None

    @property
    def asks(self) -> bool:
        """Whether it asked for MAP_SYNC."""
        return bool(self.flags & MAP_SYNC)


@attrs.frozen(eq=False, repr=False)
class Row(Value):
    """One cell of the matrix.

    ``share``, ``pmem`` and ``sync`` are what the line says, ``unset`` for nothing;
    ``options`` is the -object as it was given.  ``requested``: QEMU passed
    MAP_SYNC to mmap; ``in_force``: the memory that is mapped in the end is synchronous;
    ``map_sync`` is what the kernel did with the flag.
    ``inferred`` are the parts of the cell that no published source fixes.
    """

    share: str
    pmem: str
    sync: str
    host: str
    revision: Revision
    requested: bool
    in_force: bool
    map_sync: Outcome | None
    attempts: tuple[Attempt, ...]
    exit: int | None
    stderr: tuple[str, ...]
    options: str
    inferred: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        """The flags of the mapping that there is in the end, none without one."""
        for attempt in self.attempts:
            if attempt.errno is None:
                return flag_names(attempt.flags)
        return []

    @property
    def refusals(self) -> list[str]:
        """The errnos with which the kernel refused, in order."""
        return [attempt.errno for attempt in self.attempts if attempt.errno is not None]

    def outcome(self) -> tuple[object, ...]:
        """Return all that the options decide: two cells that agree in it behave alike."""
        message = tuple(
            line.removeprefix(f"qemu: -object {self.options}: ") for line in self.stderr
        )
        return (self.requested, self.in_force, self.map_sync, self.attempts, self.exit, message)

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "share": self.share,
            "pmem": self.pmem,
            "sync": self.sync,
            "host": self.host,
            "revision": self.revision.name,
            "revision_meaning": self.revision.meaning,
            "revision_evidence": self.revision.evidence,
            "requested": self.requested,
            "in_force": self.in_force,
            "outcome": self.map_sync,
            "flags": self.flags,
            "attempts": [flag_names(attempt.flags) for attempt in self.attempts],
            "errnos": [attempt.errno for attempt in self.attempts],
            "exit": self.exit,
            "stderr": list(self.stderr),
            "options": self.options,
            "inferred": list(self.inferred),
        }


def sync_values(revision: Revision) -> tuple[str, ...]:
    """Return what the matrix gives ``sync``: with ``auto`` where the revision knows it."""
    known = revision.policy.values if revision.hostmem_file.has_sync else ()
    return (*VALUES, *(value for value in known if value not in VALUES))


def object_text(host: ReviewHost, share: str, pmem: str, sync: str) -> str:
    """Return the -object of one cell."""
    words = ["memory-backend-file", f"id={ID}", f"size={SIZE >> 20}M", f"mem-path={host.path}"]
    if host.alignment:
        words.append(f"align={host.alignment >> 20}M")
    given = zip(OPTIONS, (share, pmem, sync), strict=True)
    words += [f"{name}={value}" for name, value in given if value != UNSET]
    return ",".join(words)


def attempts_to_map(events: Iterable[Event]) -> tuple[Attempt, ...]:
    """Return the tries to map memory over its reservation, in order."""
    return tuple(
        Attempt(event.args[2], event.args[3], event.result, event.errno)
        for event in events
        if event.call == "mmap" and event.args[3] & MAP_FIXED
    )


def cell(host: ReviewHost, revision: Revision, share: str, pmem: str, sync: str) -> Row:
    """Run the model for one cell."""
    options = object_text(host, share, pmem, sync)
    done = run(["-object", options], host.make(), revision)
    became = done.map_sync
    return Row(
        share,
        pmem,
        sync,
        host.name,
        revision,
        became.requested,
        became.granted_to_all and bool(done.mappings),
        became.outcome,
        attempts_to_map(done.events),
        done.exit,
        done.stderr,
        options,
        relied_on(done),
    )


def matrix(revision: Revision, hosts: Sequence[ReviewHost]) -> list[Row]:
    """Return all cells, host by host, in the order share, pmem, sync."""
    rows = []
    for host in hosts:
        for share, pmem, sync in itertools.product(VALUES, VALUES, sync_values(revision)):
            rows.append(cell(host, revision, share, pmem, sync))
    return rows


@attrs.frozen(eq=False, repr=False)
class Case(Value):
    """Cells of one host that behave alike: for each option the values it may have there."""

    share: tuple[str, ...]
    pmem: tuple[str, ...]
    sync: tuple[str, ...]
    row: Row


def cases(rows: Sequence[Row]) -> list[Case]:
    """Return the fewest cases that say the same as one host's ``rows``: option by option."""

    def split(cells: Sequence[Row], options: Sequence[str]) -> list[list[tuple[str, ...]]]:
        """Return each case as the values it leaves to the options, in their order."""
        if not options:
            return [[]]
        by_value: dict[str, list[Row]] = {}
        for row in cells:
            by_value.setdefault(getattr(row, options[0]), []).append(row)
        groups: dict[object, list[str]] = {}
        for value, below in by_value.items():
            behaviour = tuple(row.outcome() for row in below)
            groups.setdefault(behaviour, []).append(value)
        return [
            [tuple(values), *rest]
            for values in groups.values()
            for rest in split(by_value[values[0]], options[1:])
        ]

    first = {(row.share, row.pmem, row.sync): row for row in rows}
    found = []
    for share, pmem, sync in split(rows, OPTIONS):
        found.append(Case(share, pmem, sync, first[share[0], pmem[0], sync[0]]))
    return found


def alike(rows: Sequence[Row]) -> list[tuple[list[str], list[Case]]]:
    """Return the cases of each group of hosts on which all options do the same, in order."""
    by_host: dict[str, list[Row]] = {}
    for row in rows:
        by_host.setdefault(row.host, []).append(row)
    groups: dict[object, list[str]] = {}
    for host, own in by_host.items():
        behaviour = tuple((*row.outcome()[:3], row.flags, row.refusals, row.exit) for row in own)
        groups.setdefault(repr((behaviour, [_said(row) for row in own])), []).append(host)
    return [(hosts, cases(by_host[hosts[0]])) for hosts in groups.values()]


def trees_alike(matrices: Sequence[Sequence[Row]]) -> list[list[Sequence[Row]]]:
    """Return the matrices of several trees, those that agree in every cell together.

    The groups are in the order of their first trees.
    """
    groups: dict[str, list[Sequence[Row]]] = {}
    for rows in matrices:
        cells = [
            (row.share, row.pmem, row.sync, row.host, *row.outcome()[:-1], _said(row))
            for row in rows
        ]
        groups.setdefault(repr(cells), []).append(rows)
    return list(groups.values())


def _said(row: Row) -> list[str]:
    """Return what the user reads, without the line that it repeats."""
    return [line.removeprefix(f"qemu: -object {row.options}: ") for line in row.stderr]
