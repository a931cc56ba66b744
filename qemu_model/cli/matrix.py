"""``qemu-model matrix``: share x pmem x sync x host, in one table."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .choices import choose_revisions
from .options import COLOR, HELP, JSON, REVISION, Option, UsageError, split, usage

if TYPE_CHECKING:
    from rich.console import Console

    from ..review.hosts import ReviewHost
    from ..review.matrix import Case, Row
    from ..revision import Revision

FORMATS: Final = ("table", "json", "csv", "markdown", "vectors")
FORMAT: Final = Option("--format", ", ".join(FORMATS), "F", choices=FORMATS)
HOST: Final = Option(
    "--host", "live or sim:PROFILE, several with commas; by default all profiles", "H"
)
TREES: Final = Option(
    REVISION.name,
    "the tree to model (V8 without it), several with commas, releases or all",
    "R",
)
OPTIONS: Final = (TREES, HOST, FORMAT, JSON, COLOR, HELP)
ASKED: Final = "flags passed to mmap"
#: The columns of CSV and Markdown.
COLUMNS: Final = (
    "share",
    "pmem",
    "sync",
    "host",
    "revision",
    "requested",
    "in_force",
    "outcome",
    "flags",
    "attempts",
    "errnos",
    "exit",
    "stderr",
    "options",
)


def help_text() -> str:
    """Return what ``matrix --help`` shows."""
    return usage(
        "matrix [--revision R] [--host H] [--format F]",
        "Show, for share, pmem and sync each unset, on and off, what mmap is asked, what the\n"
        "kernel does with it, and what the user sees.  The table joins what behaves alike,\n"
        "hosts and trees; the other formats have a row for each cell.  'vectors' are\n"
        "conformance vectors that a test in C can read.  On live, a file is made in a\n"
        "temporary directory and removed.\n"
        "The option sync was posted in January 2019 and never merged: since QEMU 4.1 share=on\n"
        "and pmem=on together ask for MAP_SYNC.",
        OPTIONS,
        (
            "qemu-model matrix",
            "qemu-model matrix --host sim:ext4-dax,sim:tmpfs --revision v2",
            "qemu-model matrix --format csv > matrix.csv",
            "qemu-model matrix --json --revision all > matrix.json",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise UsageError(f"'{words.qemu[0]}' is too much: matrix takes no QEMU options")
    form = words.value(FORMAT, "json" if words.has(JSON) else "table")
    if words.has(JSON) and form != "json":
        raise UsageError(f"--json and --format {form} contradict each other")
    color = words.value(COLOR, "auto")
    trees = choose_revisions(words.value(TREES, "v8"))
    if form == "vectors" and len(trees) > 1:
        raise UsageError("--format vectors takes one tree: --revision qemu-10.0")
    names = words.value(HOST).split(",") if words.has(HOST) else []
    if "live" not in names:
        return _answer(form, trees, choose_hosts(names), color)
    directory = tempfile.mkdtemp(prefix="qemu-model-")
    try:
        return _answer(form, trees, choose_hosts(names, directory), color)
    finally:
        shutil.rmtree(directory)


def choose_hosts(names: Sequence[str], directory: str = "") -> list[ReviewHost]:
    """Return the hosts called ``names``, all simulated ones for none.

    ``directory`` is where the live host may make a file.  Raises
    :class:`~qemu_model.cli.options.UsageError`.
    """
    from ..host import profiles
    from ..review.hosts import live, simulated

    chosen = []
    for name in names or [f"sim:{profile}" for profile in profiles.names()]:
        if name == "live":
            chosen.append(live(directory))
        elif name.startswith("sim:"):
            try:
                chosen.append(simulated(name.removeprefix("sim:")))
            except profiles.ProfileError as error:
                raise UsageError(str(error)) from error
        else:
            raise UsageError(f"no host is called '{name}'; there are live and sim:PROFILE")
    return chosen


def _answer(form: str, trees: Sequence[Revision], hosts: Sequence[ReviewHost], color: str) -> int:
    from ..review.matrix import matrix, trees_alike

    matrices = [matrix(tree, hosts) for tree in trees]
    rows = [row for own in matrices for row in own]
    if form == "json":
        json.dump([row.to_json() for row in rows], sys.stdout, indent=1)
        print()
    elif form == "vectors":
        from ..review.vectors import vectors_text

        print(vectors_text(trees[0], rows), end="")
    elif form == "csv":
        _csv(rows)
    elif form == "markdown":
        _markdown(trees, rows)
    else:
        for place, group in enumerate(trees_alike(matrices)):
            if place:
                print()
            here = [own[0].revision for own in group]
            _table(here, group[0], color, explained=place > 0)
    return 0


def _cells(row: Row) -> list[str]:
    """Return a row as texts: lists joined, tries apart by a semicolon."""
    shown = row.to_json()
    cells = []
    for column in COLUMNS:
        value = shown[column]
        if column == "attempts":
            assert isinstance(value, list)
            text = "; ".join("|".join(flags) for flags in value)
        elif column == "flags":
            assert isinstance(value, list)
            text = "|".join(value)
        elif column in ("errnos", "stderr"):
            assert isinstance(value, list)
            text = "; ".join("ok" if item is None else str(item) for item in value)
        elif isinstance(value, bool):
            text = "yes" if value else "no"
        else:
            text = "" if value is None else str(value)
        cells.append(text)
    return cells


def _csv(rows: Sequence[Row]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*COLUMNS, "revision_meaning", "inferred"))
    for row in rows:
        writer.writerow((*_cells(row), row.revision.meaning, "; ".join(row.inferred)))


def _markdown(trees: Sequence[Revision], rows: Sequence[Row]) -> None:
    for tree in trees:
        print(f"**{tree.name}** = {tree.meaning} ({tree.evidence})\n")
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |")
    inferred = _inferred(rows)
    if inferred:
        print("\nInferred, fixed by nothing published:\n")
        for sentence in inferred:
            print(f"- {sentence}")


def _inferred(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the parts of these cells that no published source fixes."""
    return tuple(dict.fromkeys(sentence for row in rows for sentence in row.inferred))


def _values(values: Sequence[str], known: Sequence[str], default: str) -> str:
    """Return the values of one option in a case, briefly; in brackets: only if not given."""
    left = [value for value in known if value not in values]
    if not left:
        return "any"
    named = [value for value in values if value != "unset"]
    if not named:
        return f"({default})"
    if left == ["unset"]:
        return "given"
    return f"not {left[0]}" if len(left) == 1 and len(named) > 1 else "/".join(named)


def _table(trees: Sequence[Revision], rows: Sequence[Row], color: str, *, explained: bool) -> None:
    """Print the table of trees that agree in every cell; ``rows`` are those of the first.

    ``explained`` if the words of the table were explained before.
    """
    from ..review.matrix import VALUES, alike, sync_values
    from ..review.rendering import console, marked_lines, paragraph, revision_text
    from ..revisions.default import NEVER_MERGED

    out = console(color)
    revision = trees[0]
    merged = f": {NEVER_MERGED}" if revision.hostmem_file.has_sync else ""
    print(paragraph(f"{'; '.join(map(revision_text, trees))}{merged}"))
    default = revision.policy.default if revision.hostmem_file.has_sync else "none"
    legend = (
        "MAP_SYNC: 'granted' means that what the guest writes and flushes survives a crash of the "
        "host; 'ignored', that the kernel took the flag and made an ordinary mapping."
    )
    unset = f"An option that is not given is off{', sync is auto' if default == 'auto' else ''}."
    print(paragraph(unset if explained else f"{unset} {legend}"))
    known = {"share": VALUES, "pmem": VALUES, "sync": sync_values(revision)}
    for hosts, cases in alike(rows):
        _group(out, hosts, cases, known, default)
    inferred = marked_lines([(revision.name, _inferred(rows))])
    if inferred:
        print()
        print("\n".join(inferred))


def _group(
    out: Console,
    hosts: Sequence[str],
    cases: Sequence[Case],
    known: Mapping[str, Sequence[str]],
    default: str,
) -> None:
    from ..review.hosts import flag_names
    from ..review.rendering import paragraph, table

    print("\n" + paragraph(", ".join(hosts)))
    shown = table(
        *("share", "pmem", "sync", ASKED, "answer", "MAP_SYNC", "QEMU"),
        whole=("sync", ASKED, "answer", "MAP_SYNC"),
    )
    notes: list[str] = []
    for case in cases:
        row = case.row
        said = [line.removeprefix(f"qemu: -object {row.options}: ") for line in row.stderr]
        marks = []
        for line in said:
            if line not in notes:
                notes.append(line)
            marks.append(f"[{notes.index(line) + 1}]")
        asked = [
            "|".join(name for name in flag_names(attempt.flags) if name != "MAP_FIXED")
            for attempt in row.attempts
        ]
        answers = [attempt.errno or "ok" for attempt in row.attempts]
        shown.add_row(
            _values(case.share, known["share"], "off"),
            _values(case.pmem, known["pmem"], "off"),
            _values(case.sync, known["sync"], default),
            "\n".join(asked) or "-",
            "\n".join(answers) or "-",
            row.map_sync or "not known",
            " ".join([("runs" if row.exit == 0 else f"exit {row.exit}"), "".join(marks)]),
        )
    out.print(shown)
    for number, note in enumerate(notes, 1):
        print(paragraph(f"[{number}] {note}"))
