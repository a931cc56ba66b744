"""One option line in two revisions, or on two hosts, compared call by call."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import stat
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from ..calls.event import Event
from ..calls.inferences import relied_on
from ..calls.leaks import created_files
from ..host.linux import MAP_FIXED
from ..host.protocol import Host
from ..process import Run, run
from ..revision import Revision
from .outcome import leaks_of, mappings_of, messages_of

#: Arguments that are addresses, by call.
ADDRESSED: Final = frozenset({"mmap", "munmap", "madvise", "mbind"})
#: What is compared, in the order in which it is shown.
PARTS: Final = ("calls", "messages", "mappings", "leaks")
TRIMMING: Final = "util/mmap-alloc.c:qemu_ram_mmap"


@attrs.frozen
class Pair:
    """What stands on one line of the comparison: two values, or one and nothing."""

    before: Any
    after: Any
    same: bool


@attrs.frozen
class Difference:
    """Two runs, compared."""

    before: Run
    after: Run
    calls: tuple[Pair, ...]
    messages: tuple[Pair, ...]
    mappings: tuple[Pair, ...]
    leaks: tuple[Pair, ...]

    def __str__(self) -> str:
        """Return each part that differs, the lines of both runs with their names."""
        names = (f"{self.before.revision.name}: ", f"{self.after.revision.name}: ")
        lines = []
        for part in PARTS:
            differing = [pair for pair in getattr(self, part) if not pair.same]
            lines.append(f"{part}: {len(differing) or 'none'} differ")
            for pair in differing:
                told = zip(names, (pair.before, pair.after), strict=True)
                lines += [f"  {name}{text}" for name, text in told if text is not None]
        return "\n".join(lines)

    def changed(self) -> dict[str, bool]:
        """Return which of :data:`PARTS` differ."""
        return {part: any(not pair.same for pair in getattr(self, part)) for part in PARTS}

    def refused(self) -> bool:
        """Whether QEMU refuses the line itself, in both runs alike, before it does anything."""
        before, after = self.before, self.after
        return before.exit == after.exit == 1 and not any(
            (before.events, after.events, self.changed()["messages"])
        )

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        changed = self.changed()
        return {
            "from": _side(self.before),
            "to": _side(self.after),
            "same": not any(changed.values()),
            "changed": changed,
            "calls": [_pair(pair, lambda event: event.to_json()) for pair in self.calls],
            "messages": [_pair(pair, str) for pair in self.messages],
            "mappings": [_pair(pair, str) for pair in self.mappings],
            "leaks": [_pair(pair, str) for pair in self.leaks],
            "machine": self.after.machine,
            "ignored": list(self.after.line.ignored),
        }


def _side(done: Run) -> dict[str, object]:
    return {
        "revision": done.revision.name,
        "revision_meaning": done.revision.meaning,
        "revision_evidence": done.revision.evidence,
        "inferred": list(relied_on(done)),
        "host": done.host,
        "exit": done.exit,
        "stderr": list(done.stderr),
        "leaks": done.leaks.to_json(),
    }


def _pair(pair: Pair, show: Callable[[Any], object]) -> dict[str, object]:
    return {
        "same": pair.same,
        "from": None if pair.before is None else show(pair.before),
        "to": None if pair.after is None else show(pair.after),
    }


def compare(before: Run, after: Run, *, exact: bool) -> Difference:
    """Compare two runs.

    ``exact`` is for two runs in the same surroundings, where addresses must agree;
    else only what QEMU decides is compared: neither where the kernel puts a block
    nor how much of the reservation is left over around it.
    """
    return Difference(
        before,
        after,
        tuple(align(before.events, after.events, _exactly if exact else _by_decision)),
        tuple(align(messages_of(before), messages_of(after), list)),
        tuple(align(mappings_of(before), mappings_of(after), list)),
        tuple(align(leaks_of(before), leaks_of(after), list)),
    )


def align(
    before: Sequence[Any], after: Sequence[Any], keys: Callable[[Sequence[Any]], list[Any]]
) -> Iterator[Pair]:
    """Put two sequences beside each other, what is the same on one line."""
    matcher = difflib.SequenceMatcher(None, keys(before), keys(after), autojunk=False)
    for what, from_start, from_end, to_start, to_end in matcher.get_opcodes():
        left, right = before[from_start:from_end], after[to_start:to_end]
        for place in range(max(len(left), len(right))):
            yield Pair(
                left[place] if place < len(left) else None,
                right[place] if place < len(right) else None,
                what == "equal",
            )


def _exactly(events: Sequence[Event]) -> list[Hashable]:
    return [(event.call, event.args, event.result, event.out) for event in events]


def _by_decision(events: Sequence[Event]) -> list[Hashable]:
    """Return a key for each call in which addresses count from the block they are in."""
    blocks: list[tuple[int, int]] = []

    def place(address: int) -> Hashable:
        for number, (start, length) in enumerate(blocks):
            if start <= address < start + length:
                return (f"block {number}", address - start)
        return "elsewhere"

    keys: list[Hashable] = []
    for event in events:
        args: tuple[Any, ...] = event.args
        result: Hashable = event.result
        if event.call == "mmap":
            if args[3] & MAP_FIXED and not event.failed:
                blocks.append((event.result, args[1]))
            result = event.errno if event.failed else "mapped"
            args = ("somewhere" if args[0] else None, *args[1:])
        elif event.call == "munmap" and event.by == TRIMMING:
            # How much is left over depends on where the kernel put the reservation.
            args = ("trimmed",)
        elif event.call in ADDRESSED:
            args = (place(args[0]), *args[1:])
        keys.append((event.call, args, result, event.out))
    return keys


def without_trimming(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the calls except those that unmap the rest of a reservation."""
    return tuple(
        event
        for event in events
        if not (event.call == "munmap" and event.by == TRIMMING and not event.failed)
    )


def difference(
    args: Sequence[str],
    before: tuple[Revision, Callable[[], Host]],
    after: tuple[Revision, Callable[[], Host]],
    *,
    qmp: Sequence[Any] = (),
) -> Difference:
    """Run one line twice, each time on a fresh host, and compare.

    Nothing is left behind: files that a run creates are removed, and empty ones that it
    gave a size are made empty again.
    """
    first, second = (
        _run_and_undo(args, revision, make(), qmp) for revision, make in (before, after)
    )
    exact = first.host == second.host and first.host.startswith("sim:")
    if not exact:
        first, second = (
            attrs.evolve(done, events=without_trimming(done.events)) for done in (first, second)
        )
    return compare(first, second, exact=exact)


def _run_and_undo(args: Sequence[str], revision: Revision, host: Host, qmp: Sequence[Any]) -> Run:
    done = run(args, host, revision, qmp=qmp)
    if host.name == "live":
        _undo(done, host)
    return done


def _undo(done: Run, host: Host) -> None:
    """Remove the files that a run on this machine created, and empty those it gave a size."""
    for path in created_files(done.events):
        host.unlink(path)
    paths: dict[int, str] = {}
    for event in done.events:
        if event.call == "open" and not event.failed:
            paths[event.result] = event.args[0]
        elif event.call == "ftruncate" and not event.failed and event.args[0] in paths:
            with contextlib.suppress(OSError):
                fd = os.open(paths[event.args[0]], os.O_RDWR | os.O_CLOEXEC)
                try:
                    if stat.S_ISREG(os.fstat(fd).st_mode) and not _has_data(fd):
                        os.ftruncate(fd, 0)
                finally:
                    os.close(fd)


def _has_data(fd: int) -> bool:
    """Return whether a file has a byte that is not zero: another process may have written it."""
    place = 0
    while True:
        try:
            place = os.lseek(fd, place, os.SEEK_DATA)
        except OSError as error:
            return error.errno != errno.ENXIO
        part = os.pread(fd, 1 << 20, place)
        if any(part):
            return True
        if not part:
            return False
        place += len(part)


def looking_host() -> Host:
    """Return this machine's kernel for a question: existing data in files is kept."""
    from ..host.live import LiveHost

    return LiveHost()
