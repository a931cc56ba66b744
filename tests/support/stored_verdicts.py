"""What the judge says of recordings with one thing broken, as stored.

``python tests/support/stored_verdicts.py`` judges every variant of the recordings in
``data/judged.txt`` again, writes ``data/judged.json.xz``, and prints what is said otherwise
now.  A variant is
what ``log_mutations`` breaks, a log cut short or begun late, one without a kind of call,
one of another tree.  What is stored is held against the recordings themselves by
``test_judge_stored.py``: the line that is told is the broken one, the call that was
allowed is the recorded one.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from log_mutations import Broken, altered, check, interspersed, judged_lines, name_of, rearranged
from recordings import Recording, recording

from qemu_model.judge.verdict import Verdict

STORED: Final = Path(__file__).parents[1] / "data" / "judged.json.xz"
#: Recordings that lead through every branch of the judge that any of them leads through.
RUNS: Final = tuple(Path(STORED.parent, "judged.txt").read_text().splitlines())

#: A variant: its name, its log, and what else is different about it.
Variant = tuple[str, bytes, dict[str, Any]]


def run_of(title: str) -> Recording:
    """Return the recording of a line of ``data/judged.txt``: a set, a slash, a name."""
    return recording(*title.split("/", 1))


def breakages(run: Recording, lines: list[int]) -> Iterator[Broken]:
    """Give every log with one thing broken on a judged line."""
    for generate in (altered, rearranged, interspersed):
        yield from generate(run.lines, lines)


def other_variants(run: Recording, lines: list[int]) -> Iterator[Variant]:
    """Give logs that are not whole, and whole ones judged otherwise."""
    options = {"qemu_options": [*run.machine, *run.args]}
    yield "whole", run.log, {}
    yield "without commands", run.log, {"qmp": False}
    for tree in ("base", "v8", "v7.2"):
        yield f"as {tree}", run.log, {"revision": tree}
    for number in lines:
        cut = b"\n".join(run.lines[: number - 1]) + b"\n"
        late = b"\n".join(run.lines[number - 1 :]) + b"\n"
        yield f"cut before {number}", cut, {}
        yield f"begun at {number}", late, options
        yield f"begun at {number} without commands", late, {**options, "qmp": False}
    for name in sorted({name_of(run.lines[number - 1]) for number in lines}):
        filtered = [line for line in run.lines if name_of(line) != name]
        yield f"without {name.decode()}", b"\n".join(filtered) + b"\n", {}


def shown(verdict: Verdict) -> str:
    """Return what is stored of a verdict: all but the words of the rules."""
    told = [
        f"{one.kind} {one.line} {one.observed.name if one.observed else 'nothing'} for "
        f"{' or '.join(event.call for event in one.allowed) or 'nothing'} of {one.by}"
        for one in verdict.divergences
    ]
    left = [f"{call.line} {call.call}" for call in verdict.not_judged]
    return "; ".join(
        [
            f"{verdict.verdict} matched {verdict.matched} ignored {verdict.ignored}",
            *([verdict.reason] if verdict.reason else []),
            *told,
            *(["not judged " + ", ".join(left)] if left else []),
            *(["not in log " + ", ".join(verdict.not_in_log)] if verdict.not_in_log else []),
        ]
    )


def judged(title: str) -> dict[str, str]:
    """Return what the judge says of every variant of a recording, by the variant's name."""
    run = run_of(title)
    lines = judged_lines(run)[1]
    found: dict[str, str] = {}
    for place, broken in enumerate(breakages(run, lines)):
        found[f"{place} {broken.line} {broken.what}"] = shown(check(run, broken.log))
    for name, log, options in other_variants(run, lines):
        found[name] = shown(check(run, log, **options))
    return found


def stored() -> dict[str, dict[str, str]]:
    """Return what is stored, by recording and variant; nothing where there is no file."""
    return json.loads(lzma.decompress(STORED.read_bytes())) if STORED.exists() else {}


def main() -> None:
    """Judge every variant and store what is said."""
    before, now = stored(), {title: judged(title) for title in RUNS}
    for title, said in now.items():
        for name, text in said.items():
            known = before.get(title, {}).get(name, "")
            if known not in ("", text):
                print(f"{title}, {name}\n  before: {known}\n  now:    {text}")
    print(f"{sum(map(len, now.values()))} variants of {len(now)} recordings")
    STORED.write_bytes(lzma.compress(json.dumps(now, indent=0).encode(), preset=9))


if __name__ == "__main__":
    main()
