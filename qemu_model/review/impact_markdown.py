"""The impact of the series as a page of Markdown, for the documentation."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import series, space
from .impact import Impact
from .tally import Example
from .theorems import THEOREMS


def markdown(found: Impact) -> str:
    """Return the page."""
    lines = [
        "# What each patch changes",
        "",
        f"{found.runs} runs of the model: {found.inputs} inputs in {len(found.revisions)} trees "
        f"({', '.join(f'{tree.name} = {tree.meaning}' for tree in found.revisions)}).",
        "",
        "An input is one option line on one host with at most one fault and one change of a "
        "property after creation. A fault that no call meets, and a change that no QEMU is left "
        "to make, give the same input as none, which is counted once.",
        "",
        "| patch | | calls changed | messages changed | leaks changed | unchanged |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, tally in enumerate(found.tallies, 1):
        lines.append(
            f"| {number} | {series.PATCHES[number - 1].subject} | {tally.calls} "
            f"| {tally.messages} | {tally.leaks} | {found.inputs - tally.any} |"
        )
    lines += ["", "| theorem | |", "| --- | --- |"]
    lines += [
        f"| {theorem.says} | {'holds' if theorem.holds(found.tallies) else '**broken**'} |"
        for theorem in THEOREMS
    ]
    lines += ["", "## An example of each", ""]
    for number, tally in enumerate(found.tallies, 1):
        for part, example in tally.examples.items():
            lines += [f"Patch {number}, {part}:", "", *_example(example), ""]
    lines += ["## What was run", ""]
    for title, values in (
        ("Option lines", [" ".join(line) for line in space.LINES]),
        ("Hosts", [f"sim:{host}" for host in space.HOSTS]),
        ("Faults", [str(fault) for fault in space.FAULTS if fault is not None]),
        ("Changes", [str(change) for change in space.CHANGES if change.property]),
    ):
        lines += [f"{title}:", "", *(f"- `{value}`" for value in values), ""]
    inferred = [
        f"- {tree.name}: {sentence}" for tree in found.revisions[-1:] for sentence in tree.inferred
    ]
    if inferred:
        lines += ["Inferred, fixed by nothing published:", "", *inferred, ""]
    return "\n".join(lines)


def _example(example: Example) -> list[str]:
    given = example.input
    lines = ["```text", f"sim:{given.host}: {' '.join(given.line)}"]
    if given.fault is not None:
        lines.append(f"fault: {given.fault}")
    if given.change.property:
        lines.append(f"then: {given.change}")
    for name, own, other in (
        ("before", example.before, example.after),
        ("after ", example.after, example.before),
    ):
        lines += [f"{name} | {text}" for text in own if text not in other] or [
            f"{name} | (nothing)"
        ]
    return [*lines, "```"]
