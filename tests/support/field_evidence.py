"""Which stored answer of a real QEMU shows each field of a tree, and how that was found.

``PYTHONPATH=.:tests/support python tests/support/field_evidence.py`` gives each field its other
value in the tree of each recorded release, nearest to the change first, and of the series, until
the model contradicts a recorded run or line that it agrees with otherwise.  It writes the two
that it finds, one of a tree with the field and one without, to ``data/field_evidence.json``, and
the trees' names to ``qemu_model/revisions/measured.py``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import itertools
import json
import lzma
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs
from recordings import RELEASES, SETS, Recording, recordings

from qemu_model.host.profiles import load
from qemu_model.host.simulated import SimulatedHost
from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.machines import target_of
from qemu_model.process import Run, run
from qemu_model.revision import BASE, find
from qemu_model.revision import RELEASES as TREES
from qemu_model.revisions.fields import Group, differences
from qemu_model.revisions.measured import Measured
from qemu_model.revisions.revision import Revision

DATA: Final = Path(__file__).parents[1] / "data"
MODULE: Final = Path(__file__).parents[2] / "qemu_model" / "revisions" / "measured.py"
EVIDENCE: Final = DATA / "field_evidence.json"
LINES: Final = ("front_ends", "machines", "machines-other")
#: What stands before a set of recordings where their output is compared, not their logs.
OUTPUT: Final = "output of "
#: How many logs of a tree are tried for a field: judging one takes some milliseconds.
MOST_LOGS: Final = 400
#: Where a stored answer is: a file of lines or a set of recordings, a release, a place in it.
Place: TypeAlias = tuple[str, str, int]


def value_of(tree: Revision, name: str) -> Any:
    """Return the value of a field, which is named with its group."""
    group, field = name.split(".")
    return getattr(getattr(tree, group), field)


def with_value(tree: Revision, name: str, value: object) -> Revision:
    """Return a tree with another value of a field."""
    group, field = name.split(".")
    return attrs.evolve(tree, **{group: getattr(tree, group).replace(**{field: value})})


def values(name: str) -> tuple[Any, Any]:
    """Return the value of a field in 3.1, and the first other one of a release or the series."""
    default = value_of(TREES[0], name)
    trees = (*TREES, BASE, *map(find, ("v8", "v7")))
    return default, next(value for tree in trees if (value := value_of(tree, name)) != default)


@functools.cache
def _lines(name: str) -> Any:
    with lzma.open(DATA / f"{name}.json.xz", "rt", encoding="utf-8") as stream:
        return json.load(stream)


def _cases(name: str, release: str) -> list[Any]:
    if name not in LINES:
        return recordings(name.removeprefix(OUTPUT))
    found = _lines(name).get(release, [])
    return list(found["lines"] if isinstance(found, dict) else found)


def _in_order(replies: Any) -> str:
    """Return replies with their lists, which come in the order of a hash table, sorted."""
    for reply in (replies := json.loads(json.dumps(replies, sort_keys=True))):
        if isinstance(reply.get("return"), list):
            reply["return"].sort(key=json.dumps)
    return json.dumps(replies)


def _host() -> SimulatedHost:
    return SimulatedHost(load("default"))


def _prints(case: Recording, done: Run) -> bool:
    """Return whether a run ended as a recorded one, with the same messages and replies."""
    replies = [reply for reply in case.replies if "raw" not in reply]
    return (case.exit, case.stderr, _in_order(replies)) == (
        *(done.exit, list(done.stderr)),
        _in_order(list(done.replies)),
    )


def agrees(place: Place, tree: Revision) -> bool:
    """Return whether a tree answers as the recorded QEMU did; of a log, whether it conforms."""
    name, release, number = place
    case = _cases(name, release)[number]
    if name.startswith(OUTPUT):
        return _prints(case, run([*case.machine, *case.args], _host(), tree, qmp=case.qmp))
    if name not in LINES:
        options = [*case.machine, *case.args] if case.only_path else None
        with tempfile.TemporaryFile() as log:
            log.write(case.log)
            log.flush()
            verdict = judge(Log(log), tree, options=options, qmp=case.qmp)
        return verdict.verdict == "conforms"
    if name == "front_ends":
        done = run(["-M", "none", *case["args"]], _host(), tree, qmp=case["qmp"])
        expected = case["exit"], case["stderr"], case["stdout"], _in_order(case["replies"])
        return expected == (
            *(done.exit, list(done.stderr), list(done.stdout)),
            _in_order(list(done.replies)),
        )
    program = case["args"][:1] if case["args"][0].startswith("qemu-system-") else []
    words = [*program, "-accel", "tcg", *case["args"][len(program) :]]
    machine = target_of(program).default_machine if program else "pc"
    done = run(words, _host(), tree, assumed_machine=machine)
    return (done.exit, list(done.stderr)) == (case["exit"], case["stderr"])


def _watched(tree: Revision, read: set[str]) -> Revision:
    """Return a tree that notes in ``read`` the fields that are read."""

    def noting(group: str, values: Group) -> Group:
        kind = type(values)

        def get(self: Group, name: str) -> Any:
            if name in kind.differences:
                read.add(f"{group}.{name}")
            return object.__getattribute__(self, name)

        spy = type(kind.__name__, (kind,), {"__getattribute__": get})
        spy.differences = kind.differences
        return spy(**vars(values))

    groups = {name.split(".")[0] for name, _ in differences(Revision)}
    return attrs.evolve(tree, **{group: noting(group, getattr(tree, group)) for group in groups})


def places() -> Iterator[Place]:
    """Yield where each stored answer is; the lines of a release come before its recordings."""
    for name in LINES:
        for release in _lines(name):
            yield from ((name, release, number) for number in range(len(_cases(name, release))))
    for kind, name in itertools.product((OUTPUT, ""), (*SETS, *RELEASES, "v7.2")):
        for number, one in enumerate(recordings(name)):
            if not one.cut and not (kind and one.inject):
                yield kind + name, one.revision, number


@functools.cache
def tree_of(place: Place) -> Revision:
    """Return the tree of the QEMU that gave an answer."""
    name, release, _ = place
    return find(f"qemu-{release}" if name in LINES else release.lower())


def by_field(answers: Iterable[Place]) -> dict[str, list[Place]]:
    """Return for each field the answers that the model reads it for, and agrees with."""
    found: dict[str, list[Place]] = {
        name: [] for name, known in differences(Revision) if known.evidence != "assumed"
    }
    for place in answers:
        read: set[str] = set()
        if agrees(place, _watched(tree_of(place), read)):
            for name in read & found.keys():
                found[name].append(place)
    return found


def shows(place: Place, name: str) -> bool:
    """Return whether a tree contradicts the answer once a field has its other value."""
    tree, (default, other) = tree_of(place), values(name)
    value = other if value_of(tree, name) == default else default
    return not agrees(place, with_value(tree, name, value))


def both_sides(name: str, read_for: list[Place]) -> dict[str, Place]:
    """Return an answer that shows a field in a tree with it, and one in a tree without it."""
    found = {}
    default, _ = values(name)
    for side in ("present", "absent"):
        there = [
            place
            for place in read_for
            if (value_of(tree_of(place), name) == default) == (side == "absent")
        ]
        there.sort(key=lambda place: tree_of(place).release, reverse=side == "absent")
        there.sort(key=lambda place: tree_of(place) not in TREES)
        shown = next((place for place in _cheapest(there) if shows(place, name)), None)
        if shown is not None:
            found[side] = shown
    return found


def _cheapest(there: list[Place]) -> Iterator[Place]:
    """Yield the answers of each tree in turn, and of its logs some from all over."""
    for _, group in itertools.groupby(there, lambda place: tree_of(place).release):
        logs = []
        for place in group:
            if place[0] in LINES or place[0].startswith(OUTPUT):
                yield place
            else:
                logs.append(place)
        yield from logs[:: len(logs) // MOST_LOGS + 1]


def measured(sides: dict[str, Place]) -> Measured:
    """Return the trees whose answers show a field."""
    trees = {side: tree_of(place).name for side, place in sides.items()}
    return Measured(trees.get("present"), trees.get("absent"))


def main() -> None:
    """Find the answers and write both files."""
    found = {}
    for name, read_for in by_field(places()).items():
        if sides := both_sides(name, read_for):
            found[name] = sides
        print(name, len(read_for), sides, flush=True)
    EVIDENCE.write_text(json.dumps(found, separators=(",", ":")).replace("},", "},\n") + "\n")
    rows = "".join(
        " ".join((name, *(tree or "-" for tree in measured(sides)))) + "\n"
        for name, sides in found.items()
    )
    head, _, rest = MODULE.read_text().partition('"""\n\n\nclass')
    head = head[: head.index('_MEASURED: Final = """') + len('_MEASURED: Final = """\n')]
    MODULE.write_text(f'{head}{rows}"""\n\n\nclass{rest}')


if __name__ == "__main__":
    main()
