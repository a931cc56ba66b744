"""``qemu-model series``: the five patches, what each of them changes, and how they came about."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from .layout import draws_progress
from .options import COLOR, HELP, JSON, Option, UsageError, nearest, split, usage

if TYPE_CHECKING:
    from rich.console import Console

    from ..review.diff import Difference
    from ..review.impact import Impact
    from ..review.series import Demonstration, Figures, Patch

FORMATS: Final = ("table", "json", "markdown")
FORMAT: Final = Option("--format", "table, json, or for impact markdown", "F", choices=FORMATS)
OPTIONS: Final = (FORMAT, JSON, COLOR, HELP)
SUBCOMMANDS: Final = ("list", "show", "impact")


def help_text() -> str:
    """Return what ``series --help`` shows."""
    return usage(
        "series [list | show N | impact] [--json]",
        "Show the patch series: cover letter, timeline, and what each patch changes.  It was\n"
        "posted in January 2019 and never merged: no released QEMU has the option sync.  Since\n"
        "QEMU 4.1 share=on and pmem=on together ask for MAP_SYNC.",
        OPTIONS,
        (
            "qemu-model series",
            "qemu-model series show 3",
            "qemu-model series impact --json > impact.json",
        ),
        parts=(
            (
                "list",
                "the cover letter's facts, the five patches, the way from V1 to QEMU 6.1, and "
                "the rule of each posting (the default)",
            ),
            (
                "show N",
                "one patch: the problem, the change, and a line before and after it, run now",
            ),
            (
                "impact",
                "every option line on every host with every fault and change, in every tree of "
                "the series: what each patch changes, and what it leaves alone",
            ),
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    asked = words.qemu or ("list",)
    form = words.value(FORMAT, "json" if words.has(JSON) else "table")
    if form == "markdown" and asked[0] != "impact":
        raise UsageError(f"there is no format '{form}' for {asked[0]}")
    color = words.value(COLOR, "auto")
    as_json = form == "json"
    if asked[0] == "show":
        if len(asked) != 2 or asked[1] not in ("1", "2", "3", "4", "5"):
            raise UsageError("show takes the number of a patch, 1 to 5")
        return _show(int(asked[1]), as_json, color)
    if asked[0] not in SUBCOMMANDS:
        raise UsageError(
            f"there is no '{asked[0]}'{nearest(asked[0], SUBCOMMANDS)} "
            "(there are list, show N and impact)"
        )
    if len(asked) > 1:
        raise UsageError(f"'{asked[1]}' is too much after {asked[0]}")
    return _impact(form, color) if asked[0] == "impact" else _list(as_json, color)


def _print_json(shown: object) -> int:
    json.dump(shown, sys.stdout, indent=1)
    print()
    return 0


def _list(as_json: bool, color: str) -> int:
    from ..review import series
    from ..review.postings import postings
    from ..review.timeline import NEVER_MERGED, TIMELINE

    if as_json:
        return _print_json(
            {
                "status": NEVER_MERGED,
                "subject": series.SUBJECT,
                "sender": series.SENDER,
                "date": series.DATE,
                "total": series.TOTAL.to_json(),
                "files": [
                    {
                        "path": path,
                        **figures.to_json(),
                        "patches": [
                            patch.number
                            for patch in series.PATCHES
                            if path in {touched.path for touched in patch.files}
                        ],
                    }
                    for path, figures in series.FILES.items()
                ],
                "patches": [patch.to_json() for patch in series.PATCHES],
                "postings": [posting.to_json() for posting in postings()],
                "timeline": [step.to_json() for step in TIMELINE],
                "certainty": dict(series.CERTAINTY),
            }
        )
    from ..review.rendering import console, paragraph, table

    out = console(color)
    total = series.TOTAL
    print(paragraph(NEVER_MERGED))
    print(f"\n{series.SUBJECT}")
    print(f"from {series.SENDER}, {series.DATE}")
    print(
        f"{len(series.FILES)} files, {total.insertions} insertions, {total.deletions} deletions\n"
    )
    patches = table("", "patch", "lines", "upstream")
    for patch in series.PATCHES:
        patches.add_row(
            str(patch.number),
            patch.subject,
            figures_text(patch.figures),
            f"{patch.upstream.partition(':')[0]} ({patch.upstream_version}, {patch.upstream_year})",
        )
    out.print(patches)
    print()
    _files(out)
    print()
    _timeline()
    print()
    _postings(out)
    for mark, meaning in series.CERTAINTY.items():
        print(f"[{mark}] {meaning}")
    return 0


def _timeline() -> None:
    from ..review.rendering import paragraph
    from ..review.timeline import TIMELINE

    print("From V1 to QEMU 6.1, and who requested what:")
    for step in TIMELINE:
        print(f"{step.name}{f', {step.when}' if step.when else ''}")
        for change in step.changes:
            asked = f" ({change.asked_by})" if change.asked_by else ""
            print(paragraph(f"{change.what} [{change.certainty}]{asked}", indent="  "))


def _files(out: Console) -> None:
    from ..review import series
    from ..review.rendering import table

    files = table("file", "lines", "patches known to touch it")
    for path, figures in series.FILES.items():
        touching = [
            f"{patch.number} [{touched.certainty}]"
            for patch in series.PATCHES
            for touched in patch.files
            if touched.path == path
        ]
        files.add_row(
            path,
            figures_text(figures),
            ", ".join(touching) or "not known",
        )
    out.print(files)


def _postings(out: Console) -> None:
    from ..review.postings import postings
    from ..review.rendering import inferred_lines, paragraph, revision_text, table

    print("The rule of each posting, and of QEMU 4.1 (--revision takes each of them):")
    shown = table(
        "",
        "option sync",
        "asks for MAP_SYNC with",
        "together with",
        "if refused",
        whole=("", "together with"),
    )
    found = postings()
    for posting in found:
        mark = " [I]" if posting.revision.inferred else ""
        shown.add_row(
            posting.revision.name + mark,
            posting.option,
            posting.needs,
            posting.flags.partition("|")[0],
            posting.refused,
        )
    out.print(shown)
    for posting in found:
        print(paragraph(revision_text(posting.revision)))
    for line in inferred_lines([posting.revision for posting in found]):
        print(line)


def _demonstrate(shown: Demonstration) -> Difference:
    """Run a line in the two trees that show a patch."""
    from ..review.diff import difference
    from ..review.hosts import simulated

    host = simulated(shown.host)
    return difference(
        shown.args,
        (shown.before, host.make),
        (shown.after, host.make),
        qmp=[dict(command) for command in shown.qmp],
    )


def _show(number: int, as_json: bool, color: str) -> int:
    from ..review import series

    patch = series.PATCHES[number - 1]
    if as_json:
        return _print_json(_patch_json(patch))
    _describe(patch, color)
    for shown in patch.demonstrations:
        print("\nSeen in a run of the model, before and after:")
        print(f"  {' '.join(shown.args)}")
        for command in shown.qmp:
            print(f"  then QMP {json.dumps(dict(command))}")
        from ..review.rendering import paragraph
        from .diff import show

        print(paragraph(f"Look at this: {shown.says}"))
        print()
        show(_demonstrate(shown), color)
    return 0


def _patch_json(patch: Patch) -> dict[str, Any]:
    from ..review.map_types import answers

    shown: dict[str, Any] = {
        **patch.to_json(),
        "demonstrations": [
            {
                "args": list(one.args),
                "qmp": [dict(command) for command in one.qmp],
                "says": one.says,
                **_demonstrate(one).to_json(),
            }
            for one in patch.demonstrations
        ],
    }
    if patch.number == 3:
        shown["map_types"] = [
            {
                "host": answer.host,
                "title": answer.title,
                "MAP_SHARED|MAP_SYNC": answer.without,
                "MAP_SHARED_VALIDATE|MAP_SYNC": answer.validated,
            }
            for answer in answers()
        ]
    return shown


def figures_text(figures: Figures | None) -> str:
    """Return lines added and removed, or that they are not known."""
    if figures is None:
        return "not known"
    return f"+{figures.insertions} -{figures.deletions}"


def _describe(patch: Patch, color: str) -> None:
    from ..review import series
    from ..review.rendering import console, paragraph, table

    out = console(color)
    from ..review.timeline import NEVER_MERGED

    merged = patch.upstream == series.MERGED
    print(f"Patch {patch.number} of 5: {patch.subject}")
    print(paragraph(f"Merged in QEMU {patch.upstream_version}." if merged else NEVER_MERGED))
    print(f"known: {series.CERTAINTY[patch.certainty]} [{patch.certainty}]\n")
    print(paragraph(f"The problem. {patch.problem}"))
    print()
    print(paragraph(f"What changes. {patch.change}"))
    print()
    if patch.number == 3:
        _why_validate(out)
    files = table("file", "lines", "known from")
    for touched in patch.files:
        files.add_row(
            touched.path,
            figures_text(touched.figures),
            f"{series.CERTAINTY[touched.certainty]} [{touched.certainty}]",
        )
    out.print(files)
    print(f"Lines in all: {figures_text(patch.figures)}\n")
    print("Functions:")
    for function in patch.functions:
        print(f"  {function}")
    print(
        paragraph(f"Upstream: {patch.upstream} ({patch.upstream_version}, {patch.upstream_year}).")
    )


def _why_validate(out: Console) -> None:
    from ..review.map_types import answers
    from ..review.rendering import paragraph, table

    for text in (
        "Why MAP_SHARED_VALIDATE. With MAP_SHARED, mmap(2) has never refused a flag that it does "
        "not know: it ignores it. So MAP_SHARED|MAP_SYNC can succeed and promise nothing, and "
        "QEMU cannot tell. MAP_SHARED_VALIDATE, as new as MAP_SYNC, is MAP_SHARED with a check: "
        "mmap fails if the kernel or the file cannot do what a flag asks. Its number is 3; "
        "MAP_SHARED's is 1, so a kernel before 4.15 does not know the number and fails as well. "
        "A failure is an answer that QEMU can act on: it maps again without MAP_SYNC, and the "
        "memory is what it was before the patch.",
        "The same mmap of a file, asked both ways on simulated kernels:",
    ):
        print(paragraph(text))
        print()
    without, validated = "MAP_SHARED|MAP_SYNC", "MAP_SHARED_VALIDATE|MAP_SYNC"
    shown = table("file on", without, validated, whole=("file on", without, validated))
    words = {"granted": "granted, and holds", "ignored": "ignored: no error"}
    for answer in answers():
        shown.add_row(
            answer.title,
            words.get(answer.without, f"refused: {answer.without}"),
            words.get(answer.validated, f"refused: {answer.validated}"),
        )
    out.print(shown)
    print()
    print(
        paragraph(
            "'ignored' is the trap: the mapping is there, and so is the belief that it is safe. "
            "V2 dropped MAP_SHARED_VALIDATE in some cases, and V3 brought it back for this reason. "
            "(Some files, as in the second row, refuse either way.) See it in QEMU: "
            "qemu-model matrix --revision v2 --host sim:tmpfs"
        )
    )
    print()


def _impact(form: str, color: str) -> int:
    from ..review.impact import impact

    with _progress() as on_progress:
        found = impact(on_progress=on_progress)
    if form == "json":
        return _print_json(found.to_json())
    if form == "markdown":
        from ..review.impact_markdown import markdown

        print(markdown(found), end="")
    else:
        _show_impact(found, color)
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show how far the work is, on a terminal only."""
    if not draws_progress():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("lines x hosts"), BarColumn(), MofNCompleteColumn())
    # Refreshed from here, not by a thread: the work is shared among forked processes.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as shown:
        task = shown.add_task("", total=None)

        def on_progress(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, refresh=True)

        yield on_progress


def _show_impact(found: Impact, color: str) -> None:
    from ..review import series, space
    from ..review.rendering import console, inferred_lines, paragraph, revision_text, table
    from ..review.theorems import THEOREMS

    out = console(color)
    print(
        paragraph(
            f"{found.runs} runs: {found.inputs} inputs in {len(found.revisions)} trees. An input "
            f"is one of {len(space.LINES)} option lines on one of {len(space.HOSTS)} hosts with "
            f"one of {len(space.FAULTS) - 1} faults or none and one of {len(space.CHANGES) - 1} "
            "changes of a property after creation or none; a fault that no call meets and a "
            "change that no QEMU is left to make are not counted again."
        )
    )
    print()
    counted = table("", "patch", "calls", "messages", "leaks", "unchanged")
    for number, tally in enumerate(found.tallies, 1):
        counted.add_row(
            str(number),
            series.PATCHES[number - 1].subject,
            str(tally.calls),
            str(tally.messages),
            str(tally.leaks),
            str(found.inputs - tally.any),
        )
    out.print(counted)
    print()
    theorems = table("", "theorem")
    for theorem in THEOREMS:
        theorems.add_row("holds" if theorem.holds(found.tallies) else "BROKEN", theorem.says)
    out.print(theorems)
    for number, tally in enumerate(found.tallies, 1):
        for part, example in tally.examples.items():
            given = example.input
            print(f"\nPatch {number}, {part}: for example on sim:{given.host}")
            print(f"  {' '.join(given.line)}")
            if given.fault is not None:
                print(f"  with the fault {given.fault}")
            if given.change.property:
                print(f"  and then {given.change}")
            for name, lines, other in (
                ("before", example.before, example.after),
                ("after ", example.after, example.before),
            ):
                for text in [line for line in lines if line not in other] or ["(nothing)"]:
                    print(f"  {name} | {text}")
    print()
    for tree in found.revisions:
        print(revision_text(tree))
    for line in inferred_lines(found.revisions[-1:]):
        print(line)
