"""What each patch changes over the whole matrix: every input in every tree of the series."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import gc
import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from ..process import Run
from ..revision import SERIES, Revision
from . import space
from .outcome import PARTS, Outcome, leaks_of, messages_of, outcome
from .space import Input, unit_inputs, units
from .tally import Example, Tally
from .theorems import THEOREMS

#: After so many new objects a worker looks for garbage, in place of Python's 700.
_OBJECTS_PER_COLLECTION: Final = 50_000
_TYPE: Final = re.compile(r"memory-backend-(?:ram|file|memfd)")
_PLACE: Final = re.compile(r"^qemu: -object \S+: ")


@attrs.define
class Impact:
    """The result of the matrix: ``tallies`` has one entry for each step between ``revisions``."""

    revisions: tuple[Revision, ...]
    inputs: int
    tallies: tuple[Tally, ...]

    @property
    def runs(self) -> int:
        """How many runs of the model that was: each input in each revision."""
        return self.inputs * len(self.revisions)

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "runs": self.runs,
            "inputs": self.inputs,
            "revisions": [
                {
                    "name": tree.name,
                    "revision_meaning": tree.meaning,
                    "inferred": list(tree.inferred),
                }
                for tree in self.revisions
            ],
            "dimensions": {
                "lines": [list(line) for line in space.LINES],
                "hosts": list(space.HOSTS),
                "faults": [None if fault is None else str(fault) for fault in space.FAULTS],
                "changes": [str(change) for change in space.CHANGES],
            },
            "patches": [
                {
                    "patch": number,
                    "calls_changed": tally.calls,
                    "messages_changed": tally.messages,
                    "leaks_changed": tally.leaks,
                    "unchanged": self.inputs - tally.any,
                    "example": next(
                        (example.to_json() for example in tally.examples.values()), None
                    ),
                    "examples": {
                        part: example.to_json() for part, example in tally.examples.items()
                    },
                    "texts": [
                        {"before": before, "after": after, "runs": count}
                        for (before, after), count in tally.texts.items()
                    ],
                }
                for number, tally in enumerate(self.tallies, 1)
            ],
            "theorems": [
                {"patch": one.patch, "says": one.says, "holds": one.holds(self.tallies)}
                for one in THEOREMS
            ],
        }


def template(text: str) -> str:
    """Return a message without what the input puts into it: its place, and the type's name."""
    return _TYPE.sub("<type>", _PLACE.sub("", text))


def said(done: Run) -> list[str]:
    """Return the texts of a run: lines of stderr and stdout, and errors of QMP."""
    errors = [reply["error"]["desc"] for reply in done.replies if "error" in reply]
    return [*done.stderr, *done.stdout, *errors]


def _shown(part: str, done: Run) -> tuple[str, ...]:
    if part == "messages":
        return tuple(messages_of(done))
    if part == "leaks":
        return tuple(leaks_of(done))
    from ..calls.strace_text import call_text, result_text

    return tuple(f"{call_text(event)} = {result_text(event)}" for event in done.events)


def _note(tally: Tally, given: Input, runs: tuple[Run, Run], both: tuple[Outcome, Outcome]) -> None:
    """Note what changed for one input from one tree to the next."""
    tally.any += 1
    for place, part in enumerate(PARTS):
        if both[0][place] != both[1][place]:
            setattr(tally, part, getattr(tally, part) + 1)
            if part not in tally.examples:
                tally.examples[part] = Example(
                    given, part, _shown(part, runs[0]), _shown(part, runs[1])
                )
    if both[0].messages != both[1].messages:
        before, after = said(runs[0]), said(runs[1])
        length = max(len(before), len(after))
        before += [""] * (length - len(before))
        after += [""] * (length - len(after))
        for old, new in zip(before, after, strict=True):
            if old != new:
                text = (template(old), template(new))
                tally.texts[text] = tally.texts.get(text, 0) + 1
    if tally.unrelated is None and not given.says_sync_or_help():
        tally.unrelated = given


def unit_impact(work: tuple[int, str, tuple[Revision, ...]]) -> tuple[int, tuple[Tally, ...]]:
    """Run one line on one host, all of it; return how many inputs, and what changed."""
    place, host, revisions = work
    tallies = tuple(Tally() for _ in revisions[1:])
    inputs = 0
    for given, runs in unit_inputs(place, host, revisions):
        inputs += 1
        outcomes = [outcome(done) for done in runs]
        for step, tally in enumerate(tallies):
            if outcomes[step] != outcomes[step + 1]:
                _note(
                    tally,
                    given,
                    (runs[step], runs[step + 1]),
                    (outcomes[step], outcomes[step + 1]),
                )
    return inputs, tallies


def impact(
    revisions: Sequence[Revision] = SERIES,
    *,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    only: Iterable[tuple[int, str]] | None = None,
) -> Impact:
    """Run the whole matrix in ``revisions`` and count what changes from each to the next.

    ``workers`` processes share the work, by default one for each CPU; the result does not
    depend on their number.  ``on_progress`` is called with how much of the work is
    done, and how much there is.  ``only`` restricts it to some units.
    """
    trees = tuple(revisions)
    work = [(place, host, trees) for place, host in (units() if only is None else only)]
    total = Impact(trees, 0, tuple(Tally() for _ in trees[1:]))
    for done, (inputs, tallies) in enumerate(_results(work, workers or cpus()), 1):
        total.inputs += inputs
        for tally, found in zip(total.tallies, tallies, strict=True):
            tally.add(found)
        if on_progress is not None:
            on_progress(done, len(work))
    return total


def cpus() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _results(work: Sequence[Any], workers: int) -> Iterator[tuple[int, tuple[Tally, ...]]]:
    """Return the results of all work, in its order."""
    if workers < 2:
        yield from map(unit_impact, work)
        return
    import multiprocessing

    with multiprocessing.Pool(workers, initializer=_prepare_worker) as pool:
        yield from pool.imap(unit_impact, work)


def _prepare_worker() -> None:
    # Ctrl-C reaches every process of the terminal; the one that asked ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A unit keeps all its runs and then drops them: looking for garbage among them finds none.
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
