"""Two real QEMUs over the same cases: where they differ, and which release explains it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from ..front_end import NotModelled
from ..host.live import LiveHost
from ..host.protocol import HostRefuses
from ..host.same_addresses import SameAddressesHost
from ..judge.judge import judge
from ..judge.log import Log
from ..judge.trace_set import read_trace_set
from ..process import run
from ..revision import Revision
from ..revisions.neighbours import releases_between
from .binary import Qemu
from .cases import Case, Place
from .differences import said_differences
from .driver import Observation
from .normalized import PARTS, Normalized, normalized
from .surroundings import (
    NOT_HERE,
    files_in,
    host_for,
    inject_for,
    observe,
    prepare,
    reservations,
    restored,
)

Status = Literal["same", "known", "different", "not run"]

#: The parts of a run, the most telling first.
_TELLING: Final = ("stderr", "stdout", "calls", "reply", "exit status", "file", "event")
#: How many differences of one case are kept.
_MOST: Final = 20
_NUMBERS: Final = re.compile(r"0x[0-9a-f]+|\b\d+\b")
_PATHS: Final = re.compile(r"/[\w.+-]+(?:/[\w.+-]*)+")
_OPTION: Final = re.compile(r"^qemu: -\S+ .*?: (?=\S)")
_QUOTED: Final = re.compile(r"'[^']*'")


@attrs.frozen
class Difference:
    """One line that differs: in which part of the run, and what each QEMU did; empty for none."""

    part: str
    one: str
    other: str

    @property
    def kind(self) -> str:
        """The difference without numbers, paths and names: equal for like differences."""
        return f"{self.part}: {_kind(self.other)} -> {_kind(self.one)}"

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"part": self.part, "qemu": self.one, "against": self.other}

    def in_words(self) -> str:
        """Return the difference in one line."""
        if not self.other:
            return f"{self.part}: only now: {self.one}"
        if not self.one:
            return f"{self.part}: no longer: {self.other}"
        return f"{self.part}: {self.other} -> {self.one}"


def _kind(text: str) -> str:
    text = _PATHS.sub("PATH", text)
    text = (
        re.sub(r"^qemu: -\S+ .*?: (?=\S)", "qemu: ...: ", text) if text.startswith("qemu") else text
    )
    return _NUMBERS.sub("N", _QUOTED.sub("'...'", text)) or "nothing"


@attrs.frozen
class Comparison:
    """How a case went in two QEMUs; ``release`` is what explains the differences, if known."""

    name: str
    status: Status
    differences: tuple[Difference, ...] = ()
    release: str = ""
    why: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "status": self.status,
            "differences": [one.to_json() for one in self.differences],
            "release": self.release or None,
            "why": self.why or None,
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> Comparison:
        """Return the comparison that :meth:`to_json` showed."""
        differences = (
            Difference(one["part"], one["qemu"], one["against"]) for one in shown["differences"]
        )
        return cls(
            shown["name"],
            shown["status"],
            tuple(differences),
            shown["release"] or "",
            shown["why"] or "",
            shown["seconds"],
        )


@attrs.frozen
class Side:
    """A QEMU, and the tree that models it."""

    qemu: Qemu
    revision: Revision


@attrs.frozen
class _Seen:
    """A run of one side: what it showed, as it was and normalized."""

    observation: Observation
    normalized: Normalized


def compare_sides(one: Side, other: Side, case: Case, place: Place, scratch: Path) -> Comparison:
    """Run a case on both QEMUs and return what differs, with what explains it."""
    began = time.monotonic()
    result = partial(_result, case.name, began)
    lacking = case.lacks(place)
    if lacking is not None:
        return result("not run", why=NOT_HERE[lacking])
    here = case.at(place)
    runs = [_seen(side, here, place, scratch / name) for side, name in ((one, "1"), (other, "2"))]
    differences = tuple(_differences(runs[0].normalized, runs[1].normalized))
    if not differences:
        return result("same")
    release = _release_between(one, other, runs, here, place)
    status: Status = "known" if release else "different"
    return result(status, differences=differences[:_MOST], release=release)


def _result(name: str, began: float, status: Status, **values: Any) -> Comparison:
    return Comparison(name, status, seconds=time.monotonic() - began, **values)


def _seen(side: Side, case: Case, place: Place, scratch: Path) -> _Seen:
    scratch.mkdir(exist_ok=True)
    inject = inject_for(side.qemu, case, place, scratch)
    with restored(case):
        prepare(case, place)
        observation = observe(side.qemu, case, scratch, inject)
        files = files_in(place)
    found = normalized(observation, case, side.revision, read_trace_set("documented"), files)
    return _Seen(observation, found)


def _differences(one: Normalized, other: Normalized) -> Iterator[Difference]:
    for part in PARTS:
        yield from _part_differences(part, one.part(part), other.part(part))


def _part_differences(part: str, one: Sequence[str], other: Sequence[str]) -> Iterator[Difference]:
    matcher = difflib.SequenceMatcher(a=other, b=one, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = list(other[a:a_end]), list(one[b:b_end])
        for place in range(max(len(old), len(new))):
            yield Difference(
                part,
                new[place] if place < len(new) else "",
                old[place] if place < len(old) else "",
            )


def _release_between(
    one: Side, other: Side, runs: Sequence[_Seen], case: Case, place: Place
) -> str:
    """Return the release with which the difference came; empty where the model has none.

    The trees of both must fit their QEMU.  Where several releases changed the line, the
    first and the last of them.
    """
    trees = releases_between(one.revision, other.revision)
    if not trees:
        return ""
    older, newer = (runs[1], runs[0]) if trees[-1] == one.revision else (runs[0], runs[1])
    fits_older = [_fits(tree, older, case, place) for tree in trees]
    fits_newer = [_fits(tree, newer, case, place) for tree in trees]
    if not (fits_older[0] and fits_newer[-1]):
        return ""
    first = next((tree for tree, fits in zip(trees, fits_older, strict=True) if not fits), None)
    since = len(trees) - 1
    while since > 0 and fits_newer[since - 1]:
        since -= 1
    if first is None:
        return ""
    return first.name if first == trees[since] else f"{first.name} to {trees[since].name}"


def _fits(tree: Revision, seen: _Seen, case: Case, place: Place) -> bool:
    """Whether a tree does what a QEMU did: its calls, its messages, replies and end."""
    observation = seen.observation
    if observation.stopped is None:
        with observation.trace.open("rb") as stream:
            verdict = judge(
                Log(stream),
                tree,
                options=[*case.machine, *case.args],
                qmp=list(case.qmp),
                traced=read_trace_set("documented"),
            )
        if verdict.verdict == "diverges":
            return False
    with restored(case):
        prepare(case, place)
        try:
            host = host_for(
                case.fault, SameAddressesHost(LiveHost(), reservations(observation, case))
            )
            modelled = run(
                [*case.machine, *case.args], host, tree, qmp=case.qmp, assumed_machine="pc"
            )
        except (HostRefuses, NotModelled):
            return False
    return not any(said_differences(observation, modelled))


@attrs.frozen
class Group:
    """Cases that differ in the same way; ``example`` is the first of them."""

    kind: str
    release: str
    example: Comparison
    cases: tuple[str, ...]


def principal(comparison: Comparison) -> Difference:
    """Return the difference that shows most of a case's cause: a message before a call."""
    return min(comparison.differences, key=lambda one: _TELLING.index(one.part))


def groups(comparisons: Iterable[Comparison]) -> list[Group]:
    """Return the cases that differ by the kind of their principal difference, most first."""
    found: dict[tuple[str, str], list[Comparison]] = {}
    for one in comparisons:
        if one.differences:
            found.setdefault((principal(one).kind, one.release), []).append(one)
    ordered = sorted(found.items(), key=lambda one: -len(one[1]))
    return [
        Group(kind, release, cases[0], tuple(case.name for case in cases))
        for (kind, release), cases in ordered
    ]
