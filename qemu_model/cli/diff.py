"""``qemu-model diff``: one line in two revisions, or on two hosts, side by side."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..revisions.default import choose
from .choices import choose_host, choose_revision, not_modelled
from .console import print_folded
from .ignored import ignored_sentences
from .line_input import FILE, PID, START, given_line
from .options import COLOR, HELP, JSON, QMP, REVISION, Option, UsageError, split, usage
from .reading import read_qmp

if TYPE_CHECKING:
    from rich.console import Console

    from ..host.protocol import Host
    from ..review.diff import Difference, Pair
    from ..review.upgrade import Step
    from ..revisions.revision import Revision

FROM: Final = Option("--from", "the revision to start from", "R")
TO: Final = Option("--to", "the revision to compare with", "R")
HOST: Final = Option(
    "--host", "live or sim:PROFILE, by default sim:default; given twice: host against host", "H"
)
EXIT_CODE: Final = Option("--exit-code", "end with 1 if there are differences")
OPTIONS: Final = (
    FROM,
    TO,
    HOST,
    REVISION,
    FILE,
    PID,
    START,
    QMP,
    JSON,
    COLOR,
    EXIT_CODE,
    HELP,
)
#: From this many columns on, the two runs stand beside each other.
WIDE: Final = 140


def help_text() -> str:
    """Return what ``diff --help`` shows."""
    return usage(
        "diff --from R --to R [--host A [--host B]] QEMU-OPTIONS",
        "Run one line in two revisions, or with --host twice on two hosts, and show the\n"
        "calls, the messages and the leaks of both, with what differs marked.  On a live\n"
        "host the files that a run made are removed after it.",
        OPTIONS,
        (
            "qemu-model diff --from base --to v8 \\",
            "    -object memory-backend-ram,id=mem0,size=4M",
            "qemu-model diff --from v7 --to v8 \\",
            "    -object memory-backend-ram,id=mem0,size=4M,share=on",
            "qemu-model diff --host sim:ext4 --host sim:ext4-dax \\",
            "    -object memory-backend-file,id=mem0,mem-path=/mnt/nv.img,size=64M,\\",
            "share=on,pmem=on,sync=on",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    color = words.value(COLOR, "auto")
    hosts = words.values(HOST) or ("sim:default",)
    if len(hosts) > 2:
        raise UsageError("--host can be given twice, for the two sides")
    if len(hosts) == 1 and not (words.has(FROM) and words.has(TO)):
        raise UsageError("say what to compare: --from R --to R, or --host A --host B")
    line = given_line(words, source=FILE).options
    given = words.value(REVISION) if words.has(REVISION) else None
    default = choose(line, asked=None if given is None else choose_revision(given))
    revisions = [
        choose_revision(words.value(side)) if words.has(side) else default.revision
        for side in (FROM, TO)
    ]
    makers = [host_maker(hosts[0]), host_maker(hosts[-1])]
    qmp = read_qmp(words.value(QMP)) if words.has(QMP) else []

    from ..front_end import NotModelled
    from ..host.protocol import HostRefuses
    from ..review.diff import difference

    try:
        found = difference(line, (revisions[0], makers[0]), (revisions[1], makers[1]), qmp=qmp)
    except HostRefuses as error:
        raise UsageError(str(error)) from error
    except NotModelled as error:
        raise not_modelled(error) from error
    came = None
    if revisions[0] != revisions[1] and len(set(hosts)) == 1:
        came = _steps(line, revisions, makers[0], qmp)
    if words.has(JSON):
        told = {} if came is None else upgrade_json(found, came)
        json.dump(found.to_json() | told, sys.stdout, indent=1)
        print()
    else:
        if came is not None:
            show_upgrade(found, came)
        show(found, color)
    if found.refused():
        for text in found.after.stderr:
            print(text, file=sys.stderr)
        return 1
    return int(words.has(EXIT_CODE) and any(found.changed().values()))


def _steps(
    line: Sequence[str],
    revisions: Sequence[Revision],
    make: Callable[[], Host],
    qmp: Sequence[Any],
) -> tuple[Step, ...] | None:
    """Return which release each difference came with, None where a tree is not a release."""
    from ..review.releases import NotARelease
    from ..review.upgrade import steps

    try:
        return steps(line, revisions[0], revisions[1], make, qmp=qmp)
    except NotARelease:
        return None


def upgrade_json(found: Difference, came: Sequence[Step]) -> dict[str, object]:
    """Return what ``--json`` adds for two releases: the verdict, and each release's part."""
    from ..review.upgrade import verdict

    return {"verdict": verdict(found, came), "steps": [step.to_json() for step in came]}


def show_upgrade(found: Difference, came: Sequence[Step]) -> None:
    """Print the verdict for two releases, and which release each difference came with."""
    from ..review.upgrade import sentence, verdict
    from .layout import help_width, printable, wrapped

    width = help_width()
    for line in wrapped(printable(verdict(found, came)), width):
        print(line)
    for step in came:
        told = f"{step.release} ({step.evidence}): {sentence(step.found)}"
        for line in wrapped(printable(told), width - 2, "  "):
            print(f"  {line}")
    print()


def host_maker(name: str) -> Callable[[], Host]:
    """Return what makes a fresh host called ``name``.

    Raises :class:`~qemu_model.cli.options.UsageError`.
    """
    if name == "live":
        choose_host(name)
        from ..review.diff import looking_host

        return looking_host
    choose_host(name)
    return lambda: choose_host(name)


def side_names(found: Difference) -> tuple[str, str]:
    """Return how the two sides differ in name: by revision, by host, or by both."""
    before, after = found.before, found.after
    if before.host == after.host:
        return before.revision.name, after.revision.name
    if before.revision == after.revision:
        return before.host, after.host
    return (
        f"{before.revision.name} on {before.host}",
        f"{after.revision.name} on {after.host}",
    )


def show(found: Difference, color: str = "auto") -> None:
    """Print a comparison for people; ``color`` is what --color says."""
    from rich.text import Text

    from ..calls.inferences import relied_on
    from ..calls.strace_text import call_text, out_text, result_text
    from ..review.diff import PARTS
    from ..review.rendering import console, marked_lines, paragraph, revision_text
    from .layout import printable

    out = console(color)
    before, after = found.before, found.after
    # A host may be a file, and its name, as the words of a line, any text there is.
    first, second = side_names(found)
    names = printable(first), printable(second)
    for done in dict.fromkeys((before.revision, after.revision)):
        print(paragraph(revision_text(done)))
    where = before.host if before.host == after.host else f"{before.host} and {after.host}"
    assumed = "" if after.line.machine else " (assumed)"
    machine = f", machine {after.machine}{assumed}" if after.machine else ""
    print(printable(f"on {where}{machine}"))
    for sentence in ignored_sentences(after.line):
        out.print(Text(printable(sentence), style="dim"))

    def text(item: Any) -> str:
        if isinstance(item, str):
            return printable(item)
        said = f"{call_text(item)} = {result_text(item)}"
        return printable(f"{said} ({out_text(item)})" if item.out else said)

    changed = found.changed()
    for part in PARTS:
        pairs: tuple[Pair, ...] = getattr(found, part)
        count = sum(not pair.same for pair in pairs)
        same = len(pairs) - count
        if not pairs:
            verdict = "none"
        elif changed[part]:
            verdict = f"{count} {'differs' if count == 1 else 'differ'}, {same} the same"
        else:
            verdict = "the same"
        print()
        out.print(Text(f"{part}: {verdict}", style="bold"))
        _pairs(out, pairs, names, text)
    inferred = marked_lines((done.revision.name, relied_on(done)) for done in (before, after))
    if inferred:
        print()
        print("\n".join(inferred))


def _pairs(
    out: Console, pairs: Sequence[Pair], names: tuple[str, str], text: Callable[[Any], str]
) -> None:
    from rich.text import Text

    if out.width >= WIDE:
        _beside(out, pairs, names, text)
        return
    width = max(len(name) for name in names)
    for pair in pairs:
        if pair.same:
            line = Text(f"{'':<{width}}   {text(pair.before)}", style="dim")
            print_folded(out, line, width + 7)
            continue
        for name, item, style in (
            (names[0], pair.before, "red"),
            (names[1], pair.after, "green"),
        ):
            shown = "(nothing)" if item is None else text(item)
            print_folded(out, Text(f"{name:<{width}} | {shown}", style=style), width + 7)


def _beside(
    out: Console, pairs: Sequence[Pair], names: tuple[str, str], text: Callable[[Any], str]
) -> None:
    from rich.text import Text

    from ..review.rendering import table

    if not pairs:
        return
    shown = table(names[0], "", names[1])
    for pair in pairs:
        left = "" if pair.before is None else text(pair.before)
        right = "" if pair.after is None else text(pair.after)
        if pair.same:
            shown.add_row(Text(left, style="dim"), "", Text(right, style="dim"))
        else:
            shown.add_row(Text(left, style="red"), "|", Text(right, style="green"))
    out.print(shown)
