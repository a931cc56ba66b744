"""``qemu-model releases``: what each release of QEMU changed for memory backends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .choices import choose_revision
from .layout import help_width, wrapped
from .options import COLOR, HELP, JSON, Option, UsageError, split, usage

if TYPE_CHECKING:
    from ..review.releases import Change
    from ..revisions.revision import Revision

ALL: Final = Option("--all", "messages whose text changed, too")
OPTIONS: Final = (ALL, JSON, COLOR, HELP)


#: Kinds of changes that are rows of a table, and what one of them is called.
ROWS: Final = MappingProxyType(
    {
        "type": "object type",
        "property": "property",
        "option": "option",
        "machine": "machine type",
    }
)
_PLURAL: Final = MappingProxyType({"property": "properties"})


def help_text() -> str:
    """Return what ``releases --help`` shows."""
    return usage(
        "releases [A [B]]",
        "List QEMU's releases, or show what changed for memory backends from release A to "
        "release B (without B: to the newest), each with the C function, how it is known "
        "(measured, read in published C, or assumed), and the smallest line that shows it. "
        "For one line of your own: qemu-model diff --from A --to B LINE.",
        OPTIONS,
        (
            "qemu-model releases",
            "qemu-model releases qemu-7.2 qemu-10.0",
            "qemu-model releases 3.1 11.1 --json > differences.json",
        ),
        status="0; 2 for a name that is not a release.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if len(words.qemu) > 2:
        raise UsageError(f"'{words.qemu[2]}' is too much: say two releases at most")

    from ..review import releases
    from ..revisions.releases import NEWEST, RELEASES

    chosen = [choose_revision(name) for name in words.qemu]
    known: list[tuple[Revision, list[Change]]]
    try:
        if chosen:
            first, last = (*chosen, NEWEST)[:2]
            trees = releases.between(first, last)
            known = [(trees[0], [])] if len(trees) == 1 else []
            found = releases.changes(first, last)
            known += [
                (tree, [change for change in found if change.since == tree.name])
                for tree in trees[1:]
            ]
        else:
            found = releases.changes(RELEASES[0], NEWEST)
            known = [
                (tree, [change for change in found if change.since == tree.name])
                for tree in RELEASES
            ]
    except releases.NotARelease as error:
        raise UsageError(str(error)) from error
    if words.has(JSON):
        shown = [releases.summary(tree, changes) for tree, changes in known]
        json.dump({"releases": shown}, sys.stdout, indent=1)
        print()
        return 0
    width = help_width()
    if not chosen:
        for tree, changes in known:
            count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
            print(f"{tree.name:<10}  {tree.meaning:<28}  {tree.evidence:<9}  {count}")
        return 0
    for tree, changes in known:
        print(f"{tree.meaning} ({tree.evidence})")
        shown_changes = [change for change in changes if words.has(ALL) or change.kind != "message"]
        for change in shown_changes:
            if change.kind not in ROWS:
                print("\n".join(_lines(change, width)))
        for line in _rows(shown_changes, width):
            print(line)
        texts = len(changes) - len(shown_changes)
        if texts:
            print(f"  {texts} message{'' if texts == 1 else 's'} came, went or changed (--all)")
        if not changes:
            print("  nothing that is modelled")
        print()
    return 0


def _rows(changes: Sequence[Change], width: int) -> list[str]:
    """Return what came and what went, a paragraph for each kind."""
    lines = []
    for came, what in ((True, "new"), (False, "removed")):
        for kind, word in ROWS.items():
            names = [one.name for one in changes if one.kind == kind and one.after is came]
            if names:
                counted = word if len(names) == 1 else _PLURAL.get(kind, f"{word}s")
                text = f"- {what} {counted}: {', '.join(names)}"
                lines += [f"  {line}" for line in wrapped(text, width - 4, "  ")]
    return lines


def _lines(change: Change, width: int) -> list[str]:
    """Return a change for people: what, where in C, how it is known, and a line to try."""
    lines = wrapped(f"- {change.sentence}", width - 4, "  ")
    known = f"{change.function}, {change.evidence}"
    sides = zip(("in", "not in"), change.measured, strict=True)
    seen = [f"{side} {tree.removeprefix('qemu-')}" for side, tree in sides if tree is not None]
    if seen:
        known += f" ({', '.join(seen)})"
    lines += [f"  {line}" for line in wrapped(known, width - 6)]
    if change.shown is not None:
        words = " ".join(change.shown.args)
        host = "" if change.shown.host == "default" else f"--host sim:{change.shown.host} "
        lines += [f"  {line}" for line in wrapped(f"try: {host}{words}", width - 6, "  ")]
    return [f"  {line}" for line in lines]
