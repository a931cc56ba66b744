"""What the judge says of broken logs: as stored, and what is stored as the recordings have it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections import Counter

import pytest
from conftest import Figure
from log_mutations import Broken, altered, check, interspersed, judged_lines, name_of, rearranged
from recordings import Recording
from stored_verdicts import RUNS, breakages, judged, run_of, stored

from qemu_model.calls.strace_text import call_text


@functools.cache
def lines_of(title: str) -> list[int]:
    """Return the lines of a recording that are held against the model."""
    return judged_lines(run_of(title))[1]


#: Where a call is tried again until the answer is another, one more or less is no fault; a
#: device is no file to the judge; a size near 2**64 wraps, and its block begins before it.
SPECIAL = ("/fault", "device", "18446744073709547520")
PLAIN = [title for title in RUNS if not any(word in title for word in SPECIAL)]


@functools.cache
def said() -> dict[str, dict[str, str]]:
    return stored()


@pytest.mark.parametrize("title", RUNS)
def test_the_judge_says_what_is_stored(title: str, figure: Figure) -> None:
    """Verdict, counts, reason, and of each divergence its kind, line, calls and origin."""
    figure(len(said()[title]), "variants of recordings judged as stored")
    assert said()[title] == judged(title)


def told_at_all(run: Recording, broken: Broken) -> bool:
    """Whether the call is not the recorded one any more, and may not be missing either."""
    line, before = broken.log.splitlines()[broken.line - 1], run.lines[broken.line - 1]
    same = words(line.decode().partition(" ")[2].strip()) == recorded(run, broken.line)
    released = any(command["execute"] == "object-del" for command in run.qmp)
    return not (same and broken.what.startswith("a mapping")) and not (
        released and name_of(before) == b"munmap"
    )


def test_every_breakage_is_stored_as_a_divergence_on_its_line() -> None:
    """The line is the one that was broken, which the recording knows and the judge does not."""
    wrong = []
    for title in PLAIN:
        run = run_of(title)
        for place, broken in enumerate(breakages(run, lines_of(title))):
            if not told_at_all(run, broken):
                continue
            text = said()[title][f"{place} {broken.line} {broken.what}"]
            first = text.partition("; ")[2].split(" ")[:2]
            if not text.startswith("diverges") or first[1:] != [str(broken.line)]:
                wrong.append((title, broken.what, text))
    assert wrong == []


def words(text: str) -> list[list[str]]:
    """Return the arguments of a call as strace prints it, flags sorted, without files' names."""
    plain = re.sub(r"<[^<>]*(?:<[^<>]*>)?>(?:\(deleted\))?", "", text)
    plain = plain.replace("openat(AT_FDCWD, ", "open(")
    plain = re.sub(r"\[0x([0-9a-f]+)\]", lambda mask: nodes(int(mask[1], 16)), plain)
    call = re.match(r"(\w+)\((.*?)\)(?: += .*)?$", plain)
    assert call is not None, text
    return [[call[1]], *(sorted({*part.split("|")}) for part in call[2].split(", "))]


def nodes(mask: int) -> str:
    """Return the nodes of a mask, as the judge writes them."""
    set_ = ",".join(str(node) for node in range(64) if mask >> node & 1)
    return f"{{{set_}}}"


def recorded(run: Recording, line: int) -> list[list[str]]:
    """Return a recorded call in that form; what was answered through a pointer is no argument."""
    text = run.lines[line - 1].decode()
    text = text.partition(" ")[2].strip()
    call = words(re.sub(r", \{.*\}\)", ")", text))
    return call[:2] if call[0] in (["fstatfs"], ["statfs"]) else call


@pytest.mark.parametrize("title", PLAIN)
def test_what_was_allowed_is_what_was_recorded(title: str) -> None:
    """One argument is altered: the call that the judge names instead is the recorded one."""
    run = run_of(title)
    for broken in altered(run.lines, lines_of(title)):
        if not told_at_all(run, broken):
            continue
        verdict = check(run, broken.log)
        first = verdict.divergences[0]
        temporary = b"qemu_back_mem" in run.lines[broken.line - 1]
        if len(verdict.divergences) == 1 and first.kind == "altered" and not temporary:
            (allowed,) = first.allowed
            assert recorded(run, broken.line) == words(call_text(allowed)), broken.what
            assert first.observed is not None
            observed = broken.log.splitlines()[broken.line - 1]
            assert name_of(observed).decode() in ("openat", first.observed.name)


def told(title: str, broken: Broken) -> tuple[int, int, int, int, Counter[str]]:
    """Return what was matched less and ignored more than in the whole log, and the kinds told."""
    run = run_of(title)
    whole, verdict = check(run, run.log), check(run, broken.log)
    kinds = Counter(one.kind for one in verdict.divergences)
    return (
        whole.matched - verdict.matched,
        verdict.ignored - whole.ignored,
        verdict.not_judged_count - whole.not_judged_count,
        verdict.diverged,
        kinds,
    )


@pytest.mark.parametrize("title", PLAIN)
def test_a_call_too_many_is_told_once_and_all_others_match(title: str) -> None:
    run = run_of(title)
    for generate in (interspersed, rearranged):
        for broken in generate(run.lines, lines_of(title)):
            if generate is rearranged and broken.what != "twice":
                continue
            if broken.what == "too many: munmap":
                # It takes memory away that is used afterwards.
                continue
            assert told(title, broken) == (0, 0, 0, 1, {"extra": 1}), broken.what
