"""What the page shows for a text: the same functions as the command line's, put together.

:func:`answer_json` runs in the browser, and here for the example that the page stores.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..calls.clauses import clause_of
from ..calls.event import Event
from ..calls.flag_words import FLAGS, VM_FLAGS
from ..calls.report import run_to_json
from ..calls.strace_text import call_text, result_text
from ..explain.answer import memory_sentences
from ..explain.explanation import explain
from ..explain.why import why
from ..findings.releases import trees_in_words
from ..findings.tree_choice import tree_for
from ..front_end import NotModelled
from ..host import profiles
from ..host.protocol import HostRefuses
from ..host.simulated import SimulatedHost
from ..input import QemuLine
from ..inspect.cannot_judge import CannotJudge
from ..inspect.machine_process import judge_smaps
from ..judge.find_tree import Found, find_tree
from ..judge.judge import judge
from ..judge.log import Log
from ..process import Run
from ..process import run as run_process
from ..review.diff import compare
from ..revision import find
from ..revisions.default import Choice, choose
from .address_space import states, to_json
from .recognise import Recognised, recognise

if TYPE_CHECKING:
    from ..explain.explanation import Explanation

#: A page shows no more calls than this.
MOST_CALLS = 400


@attrs.frozen
class Side:
    """One run of the comparison: where it ran, and what the page shows of it."""

    run: Run | None
    shown: dict[str, Any]


def _verdict(told: Explanation, run: Run) -> tuple[str, str]:
    """Return the outcome's tone (good, warn, bad, plain) and its words."""
    if run.livelock is not None:
        return "bad", f"QEMU never ends: it loops in {run.livelock}()"
    if run.exit is not None and run.exit < 0:
        return "bad", "QEMU aborts" if run.exit == -6 else "QEMU dies of a signal"
    if run.exit:
        return "bad", "QEMU stops with an error"
    if told.outcome is None and told.requested:
        return "plain", "MAP_SYNC is requested; the host decides"
    if told.outcome == "refused":
        return "warn", "MAP_SYNC is refused, and QEMU maps without it"
    if told.outcome == "ignored":
        return "warn", "MAP_SYNC is ignored: the mapping is an ordinary one"
    if told.in_force:
        return "good", "MAP_SYNC holds"
    if told.about_persistence:
        return "plain", "QEMU starts. MAP_SYNC is not requested"
    levels = [finding.level for finding in told.findings]
    grave = levels.count("error")
    if grave:
        return "bad", f"QEMU starts, with {grave} error{'s' if grave > 1 else ''}"
    return ("warn" if "warning" in levels else "good"), "QEMU starts"


def _period(events: Sequence[Event]) -> int:
    """Return after how many calls an endless run begins again."""
    for length in range(1, len(events) // 2 + 1):
        if all(event == events[place % length] for place, event in enumerate(events)):
            return length
    return len(events)


def _steps(run: Run, page_size: int) -> list[dict[str, Any]]:
    """Return each call as the page shows it, with the address space after it."""
    events = run.events if run.livelock is None else run.events[: _period(run.events)]
    events = events[:MOST_CALLS]
    spaces = states(events, page_size)
    shown = []
    before: Event | None = None
    for place, event in enumerate(events):
        clause = clause_of(event, before)
        before = event
        shown.append(
            {
                "call": event.call,
                "text": call_text(event),
                "answer": result_text(event),
                "failed": event.failed,
                "by": event.by,
                "why": clause.why if clause else "",
                "rule": clause.rule if clause else "",
                "certainty": clause.certainty if clause else "",
                "space": to_json(spaces[place], final=place == len(events) - 1),
            }
        )
    return shown


def _memory(run: Run) -> list[dict[str, Any]]:
    """Return each mapping with its VmFlags in words."""
    return [
        {
            "id": mapping.id,
            "address": hex(mapping.address),
            "size": mapping.size,
            "vm_flags": None
            if mapping.vm_flags is None
            else [[flag, VM_FLAGS.get(flag, "")] for flag in mapping.vm_flags],
        }
        for mapping in run.mappings
    ]


def _flags(run: Run) -> list[list[str]]:
    """Return the flags of the mapping that counts, each with its meaning."""
    mapped = [event for event in run.events if event.call == "mmap" and event.named_args()["addr"]]
    if not mapped:
        return []
    names: Any = mapped[-1].named_args()["flags"]
    return [[name, FLAGS.get(name, "")] for name in names]


def _messages(run: Run) -> list[dict[str, Any]]:
    """Return what QEMU prints, each line with its C function and what leads to it."""
    shown = []
    for text in run.stderr:
        told = why(text).to_json()
        shown.append(
            {
                "text": text,
                "function": told["functions"].get(run.revision.name) or told["function"],
                "conditions": told["conditions"],
                "causes": told["causes"],
            }
        )
    return shown


def _side(line: QemuLine, choice: Choice, host: str, qmp: Sequence[Any] = ()) -> Side:
    """Run the line and the QMP commands in one tree on one host (``sim:...``, or empty for any)."""
    revision, words = choice.revision, line.options
    where = f" on {host}" if host else ", no host given"
    try:
        told = explain(
            words, revision, host, qmp=qmp, chosen_because=choice.because, told=line.behind
        )
        run = told.run
        whole: dict[str, Any] | None = None
        page_size = 4096
        if host:
            simulated = SimulatedHost(profiles.load(host.removeprefix("sim:")))
            page_size = simulated.platform.page_size
            run = run_process(words, simulated, revision, qmp=qmp)
            whole = run_to_json(run, simulated)
    except (HostRefuses, NotModelled) as refusal:
        killed = isinstance(refusal, HostRefuses)
        return Side(
            None,
            {
                "name": f"{revision.name}{where}",
                "meaning": choice.sentence,
                "verdict": [
                    "bad" if killed else "warn",
                    "The kernel would kill QEMU here" if killed else "Not modelled",
                ],
                "sentences": [str(refusal)],
            },
        )
    explained = told.to_json()
    tone, text = _verdict(told, run)
    sentences: list[str] = []
    if run.exit == 0:
        sentences += memory_sentences(told.case)
    if told.about_persistence and run.exit == 0:
        sentences.append(f"{told.because[0].upper()}{told.because[1:]}.")
        sentences.append(f"After a crash of the host: {told.crash}.")
    return Side(
        run,
        {
            "name": f"{revision.name}{where}",
            "meaning": choice.sentence,
            "verdict": [tone, text],
            "sentences": sentences,
            "machine": run.machine,
            "assumed_machine": run.line.assumed_machine,
            "ignored": list(run.line.ignored),
            "messages": _messages(run),
            "replies": [json.dumps(reply) for reply in run.replies],
            "exit": run.exit,
            "livelock": run.livelock,
            "steps": _steps(run, page_size),
            "calls": len(run.events),
            "memory": _memory(run),
            "flags": _flags(run),
            "advice": explained["advice"] if told.about_persistence else [],
            "findings": explained["findings"],
            "depends_on_host": explained["depends_on_host"],
            "options": explained["options"],
            "explain": explained,
            "run": whole,
        },
    )


def _rows(here: Run, there: Run) -> dict[str, Any]:
    """Return both runs' calls row by row, as numbers of calls, and what else differs."""
    exact = here.host == there.host and here.host.startswith("sim:")
    told = compare(here, there, exact=exact)
    rows = []
    left = right = 0
    for pair in told.calls:
        rows.append(
            [
                pair.same,
                None if pair.before is None else left,
                None if pair.after is None else right,
            ]
        )
        left += pair.before is not None
        right += pair.after is not None
    return {
        "rows": rows,
        "same": not any(told.changed().values()),
        "changed": told.changed(),
        "messages": [[pair.same, pair.before, pair.after] for pair in told.messages],
    }


def _chosen(name: str, line: QemuLine) -> Choice:
    """Return the tree that was chosen, else the one that the line needs or names."""
    return choose(line.options, asked=name) if name else tree_for(line)


def _commands(text: str) -> list[Any]:
    """Return QMP commands: a JSON array, or one JSON object after the other.

    Raises ValueError, whose text says where the JSON is broken.
    """
    commands: list[Any] = []
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        try:
            found, end = decoder.raw_decode(rest)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"this is not JSON: {error.msg}, near {rest[error.pos :][:20]!r}"
            ) from None
        except RecursionError:
            raise ValueError("this JSON is nested too deeply") from None
        commands += found if isinstance(found, list) else [found]
        rest = rest[end:].lstrip(", \t\r\n")
    written = json.dumps(commands, ensure_ascii=False)
    if "\\u0000" in written or _half_characters(written):
        raise ValueError(
            "a string has a zero byte or half a character, which QEMU's calls cannot take"
        )
    return commands


def _half_characters(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _line(request: Mapping[str, Any], found: Recognised, line: QemuLine) -> dict[str, Any]:
    name = request.get("revision") or ""
    choice = _chosen(name, line)
    host = request.get("host") or ""
    try:
        qmp = _commands(request.get("qmp") or "")
    except ValueError as error:
        return {"kind": "none", "tone": "warn", "text": f"QMP commands: {error}"}
    here = _side(line, choice, host, qmp)
    answer: dict[str, Any] = {
        "kind": "line",
        "source": line.kind,
        "starts": list(found.starts) if len(found.starts) > 1 else [],
        "start": found.start,
        "notes": list(line.notes),
        "words": list(line.options),
        "here": here.shown,
    }
    against = request.get("against") or {}
    if against:
        other = line
        if "text" in against:
            other = recognise(str(against["text"])).line or QemuLine((), "options")
        other_choice = _chosen(against.get("revision") or name, other)
        there = _side(other, other_choice, against.get("host", host), qmp)
        answer["there"] = there.shown
        if "text" in against:
            here.shown["name"] = f"First line, {here.shown['name']}"
            there.shown["name"] = f"Second line, {there.shown['name']}"
        if here.run is not None and there.run is not None:
            answer["comparison"] = _rows(here.run, there.run)
    return answer


def _trace(request: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Judge a trace against the tree that was chosen, or against all."""
    revision = request.get("revision") or ""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.seek(0)
        log = Log(file)
        found = Found(judge(log, find(revision))) if revision else find_tree(log)
    best = found.verdict
    tone = {"conforms": "good", "diverges": "bad", "inconclusive": "warn"}[best.verdict]
    words = f"The trace {best.verdict}" if best.verdict != "inconclusive" else "Inconclusive"
    return {
        "kind": "trace",
        "verdict": [tone, f"{words}: {best.revision}, {best.meaning}"],
        "conforming": list(found.conforming),
        "tried": [one.revision for one in found.tried],
        "check": best.to_json(),
        "divergences": [one.in_words() for one in best.divergences[:20]],
    }


def _smaps(text: str, line: QemuLine | None) -> dict[str, Any]:
    """Judge a copy of ``/proc/PID/smaps``, with QEMU's options if they stand above it."""
    try:
        told = judge_smaps(text, line.options if line is not None else ())
    except CannotJudge as error:
        return {"kind": "none", "tone": "warn", "text": str(error)}
    shown = told.to_json()
    mappings: Any = shown["mappings"]
    for one, mapping in zip(mappings, told.mappings, strict=True):
        one["vm_flags"] = [[flag, VM_FLAGS.get(flag, "")] for flag in mapping.mapping.vm_flags]
    natures = [mapping.nature for mapping in told.mappings]
    if not natures:
        verdict = ["warn", "No mapping here can be guest memory"]
    elif "unknown" in natures:
        verdict = ["plain", "sf is set: synchronous if the file is on DAX"]
    else:
        verdict = ["plain", "Not synchronous: no guest memory is mapped with MAP_SYNC"]
    return {"kind": "smaps", "verdict": verdict, "given": line is not None, "smaps": shown}


def _error(text: str, reason: str) -> dict[str, Any]:
    told = why(text)
    shown = told.to_json()
    tone, said = "plain", f"QEMU's message: {shown['message']}"
    if not told.known:
        tone, said = "warn", "This text has no QEMU line and no message that QEMU prints"
    return {
        "kind": "error",
        "verdict": [tone, said],
        "reason": "" if told.known else f"{reason[0].upper()}{reason[1:]}.",
        "said_by": trees_in_words(shown["revisions"]) if told.known else "",
        "why": shown,
    }


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows for a request: ``text``, ``revision``, ``host``, ``against``.

    ``against`` has one of ``revision``, ``host`` and ``text``: what to compare with.  ``start``
    is the number of a start in a log, from 1, 0 for the last; ``qmp`` the text of commands.
    """
    text = str(request.get("text", ""))
    start = request.get("start") or 0
    found = recognise(text, start if isinstance(start, int) and start > 0 else 0)
    if found.kind == "smaps":
        return _smaps(text, found.line)
    if found.line is not None:
        return _line(request, found, found.line)
    if found.kind == "trace":
        return _trace(request, text)
    if found.kind == "error":
        return _error(text, found.reason)
    return {"kind": "empty"}


def answer_json(request: str) -> str:
    """Answer a request in JSON with JSON, which is ASCII."""
    return json.dumps(answer(json.loads(request)), ensure_ascii=True)
