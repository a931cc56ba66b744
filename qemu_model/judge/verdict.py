"""What the judge says: a verdict, its divergences, what was not judged."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, Literal

import attrs

from ..calls.clauses import clause_of
from ..calls.event import PARAMETERS, Event, named_args
from ..calls.strace_text import call_text
from ..host.caller import Caller
from ..host.linux import errno_name
from ..revisions.origins import newest_origin, origin_in
from ..revisions.release import Release
from ..revisions.releases import NEWEST
from .strace import Call

#: Arguments of calls that are not events, for a report.
_OTHER_PARAMETERS: Final = MappingProxyType(
    {
        "mprotect": ("addr", "len", "prot"),
        "exit_group": ("status",),
        "exited": ("status",),
        "killed": ("signal",),
    }
)


#: The arguments that are texts, and not numbers.
_TEXTS: Final = frozenset({"pathname", "path", "name"})

Kind = Literal["altered", "missing", "extra", "message"]

#: How many divergences, and calls not judged, are shown; the rest is counted.
MOST_TOLD: Final = 1000


@attrs.frozen
class Divergence:
    """One place where the log and the model part.

    ``line`` is the line of ``observed``; both are None where the log just ends.
    ``allowed`` are the calls that QEMU could have made there, none where it
    should have made no more; ``by`` and ``because`` are where the first of them
    comes from and why.  ``kind`` is ``altered``, ``missing`` or ``extra``, or ``message``
    for what QEMU printed.
    """

    kind: Kind
    line: int | None
    observed: Call | None
    allowed: tuple[Event, ...]
    by: str
    because: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "kind": self.kind,
            "line": self.line,
            "observed": None if self.observed is None else call_to_json(self.observed),
            "allowed": [_allowed_to_json(event) for event in self.allowed],
            "by": self.by,
            "because": self.because,
        }

    def in_words(self) -> str:
        """Return the divergence in one line: what was allowed, where that comes from, why."""
        if self.kind == "message":
            return f"diverges: {self.because}"
        if not self.allowed:
            return f"diverges: no call is allowed here: {self.because}"
        only = " or ".join(call_text(event) for event in self.allowed)
        told = "before this should come" if self.kind == "missing" else "allowed only"
        return f"diverges: {told} {only} ({self.by}: {self.because})"


@attrs.frozen
class NotJudged:
    """A call on a backend that nothing was expected of, and why."""

    line: int
    call: str
    why: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"line": self.line, "call": self.call, "why": self.why}


class Diverged(Exception):
    """The first divergence is found, after ``matched`` calls, and no more are looked for."""

    def __init__(self, divergence: Divergence, matched: int) -> None:
        super().__init__(divergence, matched)
        self.divergence = divergence
        self.matched = matched


@attrs.define
class Report:
    """What a comparison with the tree of a release has found so far."""

    release: Release = NEWEST.release
    matched: int = 0
    diverged: int = 0
    divergences: list[Divergence] = attrs.field(factory=list)
    not_judged: list[NotJudged] = attrs.field(factory=list)
    not_judged_count: int = 0
    #: Kinds of calls that QEMU should have made and that the log has none of.
    not_in_log: set[str] = attrs.field(factory=set)
    #: Kinds of calls that strace did not log.
    not_traced: set[str] = attrs.field(factory=set)
    #: What is said about a line in an annotated copy.
    on_line: Callable[[int, str], None] | None = None
    #: Whether the comparison ends with the first divergence.
    first_only: bool = False

    def add(self, divergence: Divergence) -> None:
        """Add a divergence; beyond :data:`MOST_TOLD` they are only counted.

        Raises :class:`Diverged` where the first is enough.
        """
        if self.first_only:
            raise Diverged(divergence, self.matched)
        self.diverged += 1
        if len(self.divergences) < MOST_TOLD:
            self.divergences.append(divergence)
        if divergence.line is not None:
            self.note(divergence.line, divergence.in_words())

    def note(self, line: int, text: str) -> None:
        """Say ``text`` of a line of the log."""
        if self.on_line is not None:
            self.on_line(line, text)


@attrs.frozen
class Verdict:
    """The judge's answer.

    ``reason`` says why it is ``inconclusive``, or what else should be known.
    ``matched`` calls matched the model's, ``ignored`` are none of a
    backend's; ``not_in_log`` are the calls that the log's filter left out.
    """

    verdict: Literal["conforms", "diverges", "inconclusive"]
    revision: str
    meaning: str
    matched: int
    ignored: int
    divergences: tuple[Divergence, ...] = ()
    diverged: int = 0
    reason: str = ""
    not_judged: tuple[NotJudged, ...] = ()
    not_judged_count: int = 0
    not_in_log: tuple[str, ...] = ()
    machine: str = ""
    lines: int = 0

    def __str__(self) -> str:
        """Return the verdict with its reason, and each divergence in one line."""
        head = f"{self.verdict}: {self.revision}, {self.matched} calls match"
        told = [f"  line {one.line}: {one.in_words()}" for one in self.divergences]
        return "\n".join([head, *([f"  {self.reason}"] if self.reason else []), *told])

    @property
    def ends_with_log(self) -> bool:
        """Whether the first divergence may be there only because the log goes on."""
        first = self.divergences[0] if self.divergences else None
        return first is not None and first.line is None

    @property
    def status(self) -> int:
        """The exit status: 0 conforms, 1 diverges, 3 inconclusive."""
        return {"conforms": 0, "diverges": 1, "inconclusive": 3}[self.verdict]

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        shown: dict[str, object] = {
            "verdict": self.verdict,
            "revision": self.revision,
            "revision_meaning": self.meaning,
            "machine": self.machine,
            "matched": self.matched,
            "ignored": self.ignored,
            "divergence": self.divergences[0].to_json() if self.divergences else None,
            "divergences": [divergence.to_json() for divergence in self.divergences],
            "divergences_count": self.diverged,
            "reason": self.reason or None,
            "not_judged": [call.to_json() for call in self.not_judged],
            "not_judged_count": self.not_judged_count,
            "not_in_log": list(self.not_in_log),
        }
        return shown


def _allowed_to_json(event: Event) -> dict[str, object]:
    """Return a call that was allowed: what the kernel would have answered is open."""
    return {**event.to_json(), "result": None, "errno": None}


def call_to_json(call: Call) -> dict[str, object]:
    """Return a call of the log in the form of an event."""
    shown: dict[str, object] = {
        "call": call.name,
        "args": _arguments_to_json(call),
        "result": call.result,
        "errno": None,
        "by": "",
    }
    if call.result is not None and call.failed:
        shown |= {"result": -1, "errno": errno_name(-call.result)}
    if call.out is not None:
        shown["out"] = attrs.asdict(call.out)
    return shown


def _arguments_to_json(call: Call) -> dict[str, object]:
    """Return the arguments as an event shows them, or as they were read if one could not be."""
    names = PARAMETERS.get(call.name) or _OTHER_PARAMETERS.get(call.name, ())
    texts = {name for name, arg in zip(names, call.args, strict=False) if isinstance(arg, str)}
    if call.name in PARAMETERS and texts == _TEXTS.intersection(names):
        return named_args(call.name, call.args)
    return dict(zip(names, call.args, strict=False))


def call_to_text(call: Call) -> str:
    """Return the call as its line in the log has it, without thread and time."""
    text = call.text.decode("utf-8", "backslashreplace").rstrip()
    for start in (f"{call.name}(", "openat(", "openat2(", "mmap2(", "unlinkat(", "+++ ", "---"):
        _, found, after = text.partition(start)
        if found:
            return found + after
    return text


def because(event: Event, before: Event | None) -> str:
    """Return the rule that makes QEMU do this."""
    clause = clause_of(event, before)
    if clause is None:
        return f"{event.by} makes this call here"
    return clause.rule


def origin(caller: Caller, release: Release) -> str:
    """Return the C file and function whose mirror is executing, as the release names it."""
    return origin_in(newest_origin(caller.by), release) if caller.by else ""
