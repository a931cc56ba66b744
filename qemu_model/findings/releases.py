"""The same line in other releases: which take it, and from which on it is refused."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..calls.said import errors_of
from ..explain.guest_memory import Memory
from ..explain.parts import Part, words_of
from ..machines.programs import without_program
from ..revision import REVISIONS, Revision
from .case import Case, Place, look_at
from .units import joined

#: What the messages about things that a release does not have begin with.
LACKS: Final = (
    "Property '",
    "Invalid parameter",
    "invalid option",
    "invalid object type",
    "unsupported machine type",
    "Parameter 'qom-type' does not accept value '",
    "is not a valid device model name",
)


def number_of(revision: Revision) -> tuple[int, int] | None:
    """Return the release that a revision is, None for a tree of the series."""
    if not revision.name.startswith("qemu-"):
        return None
    return revision.release[0], revision.release[1]


def release_label(revision: Revision) -> str:
    """Return what people call a revision: QEMU 7.2, V8."""
    number = number_of(revision)
    return f"QEMU {number[0]}.{number[1]}" if number is not None else revision.name


def releases() -> tuple[Revision, ...]:
    """Return the released trees, the oldest first."""
    found = [revision for revision in REVISIONS.values() if number_of(revision) is not None]
    return tuple(sorted(found, key=lambda revision: number_of(revision) or (0, 0)))


def probe_for(case: Case, name: str) -> tuple[str, ...] | None:
    """Return the shortest line with what a release may not have, None if it is not found.

    ``name`` is that of a property, a type, an option or a machine, as the message has it.
    The program that the line begins with stays.
    """
    probe = _probe(case, name)
    program = case.args[: len(case.args) - len(without_program(case.args))]
    return None if probe is None else (*program, *probe)


def _probe(case: Case, name: str) -> tuple[str, ...] | None:
    for word, value, _ in words_of(case.args):
        if word == name:
            return (f"-{word}",) if value is None else (f"-{word}", value)
    for part in case.parts:
        if name in (part.kind, part.kind.partition("-machine")[0]) and part.option != "m":
            return _shortest(part, {})
        if name in part.params:
            return _shortest(part, {name: part.params[name]})
    return None


def _shortest(part: Part, params: Mapping[str, str]) -> tuple[str, ...]:
    words = [part.kind] if part.kind else []
    if part.option == "object":
        words.append("id=probe")
        needed = {"size": "2M"} if part.kind.startswith("memory-backend-") else {}
        if part.kind == "memory-backend-file":
            needed["mem-path"] = "/dev/shm"
        params = {**needed, **params}
    words += [f"{name}={value.replace(',', ',,')}" for name, value in params.items()]
    return (f"-{part.option}", ",".join(words))


def trees_with(place: Place, probe: Sequence[str], lacks: tuple[str, ...]) -> str:
    """Return the trees in which the probe's first message is none of ``lacks``, in words.

    Empty if there is none; the trees of the series only where no release is among them.
    """
    from ..host.simulated import SimulatedHost
    from ..process import run

    taken = []
    for revision in REVISIONS.values():
        done = run(probe, SimulatedHost(place.plenty), revision)
        said = next(iter(done.stderr), "")
        if not any(begin in said for begin in lacks):
            taken.append(revision)
    numbers = sorted(number for revision in taken if (number := number_of(revision)) is not None)
    if numbers:
        return in_words(numbers, [number_of(revision) for revision in releases()])
    if not taken:
        return ""
    last = next((revision for revision in taken if revision.name.lower() == "v8"), taken[-1])
    return f"Only {last.name.upper()} of the series, which was never merged,"


def in_words(numbers: Sequence[tuple[int, int]], known: Sequence[tuple[int, int] | None]) -> str:
    """Return releases as ranges: QEMU 8.1 and later, QEMU 3.1 to 5.2."""
    order = [number for number in known if number is not None]
    spans: list[list[tuple[int, int]]] = []
    for number in numbers:
        place = order.index(number)
        if spans and order[place - 1] == spans[-1][-1]:
            spans[-1].append(number)
        else:
            spans.append([number])
    words = []
    for span in spans:
        first, last = (f"{major}.{minor}" for major, minor in (span[0], span[-1]))
        if span[-1] == order[-1]:
            words.append(f"{first} and later" if first != last else first)
        else:
            words.append(f"{first} to {last}" if first != last else first)
    return f"QEMU {joined(words)}"


def later_changes(
    case: Case,
) -> tuple[tuple[str, str] | None, tuple[str, Memory, Memory] | None]:
    """Return the first later release that refuses the line, with its message, and a change.

    The change is the first block that is another kind of memory in a later release, in that
    one and here.  Either is None if there is none.
    """
    from ..host.simulated import SimulatedHost

    here = number_of(case.revision)
    changed = None
    for revision in releases() if here is not None else ():
        number = number_of(revision)
        if number is None or here is None or number <= here:
            continue
        look = look_at(case.args, revision, SimulatedHost(case.place.plenty), case.qmp, case.parts)
        label = f"{number[0]}.{number[1]}"
        if look.run.exit != 0:
            said = errors_of(look.run)
            return (label, said[0] if said else "without a message"), changed
        if changed is None:
            after = {memory.id: memory for memory in look.memory}
            for before in case.wanted.memory:
                other = after.get(before.id)
                if other is not None and _kind(other) != _kind(before):
                    changed = (label, before, other)
    return None, changed


def _kind(memory: Memory) -> tuple[object, ...]:
    return memory.source, memory.shared, memory.huge, memory.readonly, bool(memory.mapped)


def trees_in_words(names: Iterable[str]) -> str:
    """Return trees by their names in words: releases as ranges, else those of the series."""
    trees = [REVISIONS[name] for name in names]
    numbers = [number for tree in trees if (number := number_of(tree)) is not None]
    if not numbers:
        return ", ".join(tree.meaning for tree in trees)
    return in_words(sorted(numbers), [number_of(revision) for revision in releases()])
