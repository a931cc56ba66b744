"""The first screen of ``explain``: at most fifteen lines, the verdict first."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import attrs

from ..findings.start_rules import ENDLESS, OTHER_RELEASE, REFUSED
from ..findings.text_rules import FAILED_THERE
from ..findings.units import counted
from ..records import Value
from ..revisions.default import machine_type
from .answer import memory_sentences, verdict

if TYPE_CHECKING:
    from ..findings.case import Case
    from ..findings.finding import Finding
    from .explanation import Explanation

#: A screen has at most so many lines.
MOST_LINES: Final = 15
#: What is said about persistence is shorter, in characters.
LONGEST_SENTENCE: Final = 220
#: Findings whose text the verdict has.
SAID_ABOVE: Final = (REFUSED, ENDLESS, OTHER_RELEASE)
_STYLES: Final = (("error", "red"), ("warning", "yellow"), ("note", "cyan"))


@attrs.frozen(eq=False, repr=False)
class ScreenLine(Value):
    """One line of the screen, and its style."""

    text: str
    style: str = ""


def first_screen(
    explanation: Explanation, tree: str, note: str, width: int, *, whole: bool = False
) -> list[ScreenLine]:
    """Return the first screen; ``tree`` says which tree answers, ``width`` is in columns.

    With ``whole`` it may be longer: every finding is there.
    """
    case = explanation.case
    host = {"": "none given", "live": "this machine"}.get(explanation.host, explanation.host)
    lines = _wrapped(f"{tree}; host: {host}{_machine(case, tree)}", width, "bold")
    if note:
        lines += _wrapped(note, width, "magenta")
    style = "green" if case.starts else "red"
    if case.starts:
        failed = any(one.rule is FAILED_THERE for one in explanation.findings)
        first, *others = [verdict(case, failed=failed), *memory_sentences(case)]
        lines += _wrapped(" ".join([first, *others[:1]]), width, style)
        for sentence in others[1:]:
            lines += _wrapped(sentence, width)
    else:
        lines += _wrapped(verdict(case), width, style)
    if explanation.about_persistence and case.starts:
        lines += _wrapped(f"Persistence: {persistence(explanation)}", width)
    lines += _assumptions(explanation, width)
    room = 10_000 if whole else MOST_LINES - len(lines)
    lines += _findings(explanation.findings, width, room)
    return lines


def _machine(case: Case, tree: str) -> str:
    """Return which machine it is, empty where the tree's sentence has it."""
    if case.run.line.assumed_machine:
        return f"; machine {case.run.machine} (assumed)"
    machine = machine_type(case.args) or case.run.machine
    return f"; machine {machine}" if machine and machine not in tree else ""


def persistence(explanation: Explanation) -> str:
    """Return what a crash of the host takes, in one or two sentences."""
    if explanation.in_force:
        return "MAP_SYNC holds: what the guest has flushed survives a host crash."
    if explanation.in_force is None:
        return "MAP_SYNC is requested; whether it holds depends on the host's file and kernel."
    whole = f"{explanation.because}; {explanation.crash}."
    return whole if len(whole) < LONGEST_SENTENCE else f"{explanation.because}."


def _assumptions(explanation: Explanation, width: int) -> list[ScreenLine]:
    # What locking means is a finding.
    said = [text for text in explanation.run.line.assumed if not text.startswith("-overcommit")]
    return [line for text in said for line in _wrapped(f"Assumed: {text}", width, "magenta")]


def _findings(findings: tuple[Finding, ...], width: int, room: int) -> list[ScreenLine]:
    if not findings:
        return [ScreenLine("No findings.", "green")]
    lines: list[ScreenLine] = []
    for place, finding in enumerate(findings):
        # What QEMU says stands in the verdict already.
        more = (
            _because(finding, width)
            if finding.rule in SAID_ABOVE
            else finding_lines(finding, width)
        )
        left = len(findings) - place
        needed = len(lines) + len(more) + (left > 1)
        if needed > room:
            rest = f"{counted(left, 'finding')}{' more' if place else ''}: --all shows them"
            return [*lines, ScreenLine(rest)]
        lines += more
    return lines


def _because(finding: Finding, width: int) -> list[ScreenLine]:
    lines = _indented(f"because: {finding.why}", width) if finding.why else []
    return lines + (_indented(f"fix: {finding.fix}", width) if finding.fix else [])


def _indented(text: str, width: int) -> list[ScreenLine]:
    return [ScreenLine(f"  {line.text}") for line in _wrapped(text, width - 2)]


def finding_lines(finding: Finding, width: int, *, reason: bool = False) -> list[ScreenLine]:
    """Return a finding's lines: its text and its fix, or why; with ``reason`` both."""
    style = dict(_STYLES)[finding.level]
    lines = _wrapped(f"{finding.level} {finding.rule.code}: {finding.text}", width, style)
    if finding.why and (reason or not finding.fix):
        lines += _indented(finding.why, width)
    if finding.fix:
        lines += _indented(f"fix: {finding.fix}", width)
    return lines


def _wrapped(text: str, width: int, style: str = "") -> list[ScreenLine]:
    found = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [ScreenLine(line, style) for line in found]
