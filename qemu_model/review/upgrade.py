"""One line in all releases between two: which release each difference came with."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ..host.protocol import Host
from ..process import Run
from ..revisions.revision import Revision
from .diff import Difference, difference
from .releases import between


@attrs.frozen
class Step:
    """A release in which a line does something else than in the release before."""

    release: str
    evidence: str
    found: Difference

    def to_json(self) -> dict[str, object]:
        """Return the JSON form: what of the run differs, and what QEMU says before and after."""
        return {
            "release": self.release,
            "evidence": self.evidence,
            "changed": self.found.changed(),
            "sentence": sentence(self.found),
            "stderr_before": list(self.found.before.stderr),
            "stderr_after": list(self.found.after.stderr),
        }


def steps(
    args: Sequence[str],
    first: Revision,
    last: Revision,
    make: Callable[[], Host],
    *,
    qmp: Sequence[Any] = (),
) -> tuple[Step, ...]:
    """Return the releases after ``first``, up to ``last``, in which the line changes.

    Each run has a fresh host from ``make``, and leaves nothing behind.  Raises
    :class:`~qemu_model.review.releases.NotARelease`.
    """
    found = []
    for before, after in itertools.pairwise(between(first, last)):
        compared = difference(args, (before, make), (after, make), qmp=qmp)
        if any(compared.changed().values()):
            found.append(Step(after.name, after.evidence, compared))
    return tuple(found)


def starts(done: Run) -> bool:
    """Whether QEMU starts: nothing on the line ends it."""
    return done.exit == 0


def sentence(found: Difference) -> str:
    """Return in one sentence what differs between two runs of a line."""
    before, after = found.before, found.after
    if starts(before) and not starts(after):
        return f"refused: {_last_line(after)}"
    if not starts(before) and starts(after):
        return "starts"
    changed = found.changed()
    parts = []
    if changed["calls"]:
        count = sum(not pair.same for pair in found.calls)
        parts.append(f"{count} system call{' differs' if count == 1 else 's differ'}")
    if changed["messages"]:
        said = [str(pair.after) for pair in found.messages if not pair.same and pair.after]
        parts.append(f"says: {said[0]}" if said else "says less")
    if changed["mappings"]:
        parts.append("the memory is mapped differently")
    if changed["leaks"]:
        parts.append("what is leaked differs")
    return "; ".join(parts)


def verdict(found: Difference, came: Sequence[Step]) -> str:
    """Return the answer for a line between two releases, in one sentence."""
    before, after = found.before, found.after
    old, new = before.revision.name, after.revision.name
    if starts(before) and starts(after):
        if not any(found.changed().values()):
            return f"starts in both; nothing differs from {old} to {new}"
        return f"starts in both; {_from(came)}: {sentence(found)}"
    if not starts(before) and not starts(after):
        same = "for the same reason" if before.stderr == after.stderr else "with another message"
        return f"refused in both, {same}: {_last_line(after)}"
    turned = [step for step in came if starts(step.found.before) != starts(step.found.after)]
    where = turned[-1].release if turned else new
    if starts(before):
        return f"starts in {old}; from {where} on refused: {_last_line(after)}"
    return f"refused in {old}: {_last_line(before)}; from {where} on it starts"


def _from(came: Sequence[Step]) -> str:
    """Return where the differences came from."""
    names = [step.release for step in came]
    if not names:
        return "between them"
    return f"changed by {', '.join(names[:-1]) + ' and ' + names[-1] if names[1:] else names[0]}"


def _last_line(done: Run) -> str:
    """Return the message that ends a run, without the program's name."""
    if done.livelock is not None:
        return f"QEMU never ends: it stays in {done.livelock}()"
    if not done.stderr:
        return "without a message"
    errors = [line for line in done.stderr if "warning:" not in line] or list(done.stderr)
    return errors[0].removeprefix("qemu: ").removeprefix("qemu-system-x86_64: ")
