"""Find the trees that a log conforms to, where the user did not say which QEMU it is of."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import attrs

from ..inspect.cannot_judge import CannotJudge
from ..revision import BASE, RELEASES, REVISIONS, V8, Revision
from ..revisions.neighbours import trees_that_may_have
from .given import Given
from .judge import judge_given, nothing_to_judge, read_given
from .line import machine_of
from .log import Log
from .trace_set import TraceSet
from .verdict import Diverged, Verdict

#: A longer log, in bytes, is judged tree by tree only until one conforms, and with each only
#: up to the first divergence.
LONG: Final = 2 << 20
_VERSIONED: Final = re.compile(r"(?:pc-i440fx|pc-q35|pc|virt|pseries)-(\d+)\.(\d+)\b")
_SYNC: Final = re.compile(r"(?:^|,)sync=|\"sync\"\s*:")
#: From the worst verdict to the best.
_ORDER: Final = ("diverges", "inconclusive", "conforms")


@attrs.frozen
class Tried:
    """How the log went with one tree, in short; ``line`` is that of the first divergence."""

    revision: str
    verdict: str
    matched: int
    diverged: int
    line: int | None
    reason: str

    @classmethod
    def of(cls, verdict: Verdict) -> Tried:
        """Return the short form of a verdict."""
        first = verdict.divergences[0] if verdict.divergences else None
        return cls(
            verdict.revision,
            verdict.verdict,
            verdict.matched,
            verdict.diverged,
            first.line if first else None,
            verdict.reason,
        )

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "revision": self.revision,
            "verdict": self.verdict,
            "matched": self.matched,
            "divergences_count": self.diverged,
            "line": self.line,
            "reason": self.reason or None,
        }


@attrs.frozen
class Found:
    """The verdict of the tree that fits best, and how the others went.

    ``why`` says how that tree was chosen among those that fit as well.
    """

    verdict: Verdict
    tried: tuple[Tried, ...] = ()
    why: str = ""

    @property
    def conforming(self) -> tuple[str, ...]:
        """The trees that the log conforms to."""
        return tuple(one.revision for one in self.tried if one.verdict == "conforms")

    def to_json(self) -> dict[str, object]:
        """Return the JSON form: the verdict, and the trees."""
        return {
            **self.verdict.to_json(),
            "conforming": list(self.conforming),
            "why_revision": self.why or None,
            "tried": [one.to_json() for one in self.tried],
        }


def find_tree(
    log: Log,
    *,
    options: Sequence[str] | None = None,
    qmp: Sequence[Any] | None = None,
    traced: TraceSet | None = None,
    stderr: Sequence[str] | None = None,
) -> Found:
    """Judge ``log`` with every tree that can be meant; the arguments are those of ``judge``."""
    trees = list(_newest_first())
    try:
        given = read_given(log, options=options, qmp=qmp, traced=traced, stderr=stderr)
    except CannotJudge as reason:
        return Found(nothing_to_judge(log, trees[0], str(reason)))
    machine = machine_of(given.options)
    trees, why = _likely_first(trees, given.options, machine)
    if log.size > LONG:
        found = _first_conforming(log, trees, given, why)
        if found is not None:
            return found
    verdicts = [judge_given(log, tree, given) for tree in trees]
    best = max(verdicts, key=lambda verdict: _fit(verdict, trees))
    return Found(
        best, tuple(map(Tried.of, verdicts)), why if best.revision == trees[0].name else ""
    )


def _first_conforming(log: Log, trees: Sequence[Revision], given: Given, why: str) -> Found | None:
    """Return the first tree that the log conforms to, and where it differs from those before."""
    tried: list[Tried] = []
    for tree in trees:
        try:
            verdict = judge_given(log, tree, attrs.evolve(given, first_only=True))
        except Diverged as stop:
            line = stop.divergence.line
            tried.append(Tried(tree.name, "diverges", stop.matched, 1, line, ""))
            continue
        tried.append(Tried.of(verdict))
        if verdict.verdict == "conforms":
            return Found(verdict, tuple(tried), why if tree is trees[0] else "")
    return None


def _fit(verdict: Verdict, trees: Sequence[Revision]) -> tuple[int, ...]:
    """Return how well a verdict fits: the verdict first, the order of the trees last."""
    names = [tree.name for tree in trees]
    first = verdict.divergences[0].line if verdict.divergences else None
    return (
        _ORDER.index(verdict.verdict),
        -verdict.diverged if verdict.verdict != "conforms" else verdict.matched,
        first if first is not None else verdict.lines,
        verdict.matched,
        -names.index(verdict.revision),
    )


def _newest_first() -> Iterator[Revision]:
    """Give all trees: the releases from the newest on, then base, the series, its postings."""
    yield from reversed(RELEASES)
    names = {tree.name for tree in RELEASES}
    others = [tree for tree in REVISIONS.values() if tree.name not in names]
    yield from sorted(others, key=lambda tree: tree.name not in (BASE.name, V8.name))


def _likely_first(
    trees: Sequence[Revision], options: Sequence[str], machine: str
) -> tuple[list[Revision], str]:
    """Return the trees that can be meant, the likeliest first, and why that is the likeliest."""
    if any(word == "-object" and _SYNC.search(value) for word, value in pairwise(options)):
        return sorted(trees, key=lambda tree: tree.name != V8.name), "the line has sync="
    version = _VERSIONED.match(machine)
    if version is None:
        return list(trees), "the newest of them"
    able = trees_that_may_have(trees, (int(version[1]), int(version[2])))
    return (able, f"the machine is {machine}") if able else (list(trees), "the newest of them")
