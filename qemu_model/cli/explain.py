"""``qemu-model explain``: a QEMU line in words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from .choices import choose_host, not_modelled
from .ignored import ignored_sentences
from .line_input import FROM, INPUT, PID, given_line
from .options import COLOR, HELP, JSON, QMP, REVISION, Option, UsageError, shown, split, usage
from .reading import read_qmp
from .tree_choice import choose_tree

if TYPE_CHECKING:
    from ..explain.explanation import Explanation
    from ..revisions.default import Choice
    from .page import Page

HOST: Final = Option(
    "--host", "live, sim:PROFILE, or none: then it says what depends on the host", "H"
)
ALL: Final = Option("--all", "also the calls with their rules, and what each option does")
PERSISTENCE: Final = Option("--persistence", "say what a crash of the host takes")
OPTIONS: Final = (
    REVISION,
    HOST,
    *INPUT,
    QMP,
    ALL,
    PERSISTENCE,
    JSON,
    COLOR,
    HELP,
)


def help_text() -> str:
    """Return what ``explain --help`` shows."""
    return usage(
        "explain [--revision R] [--host H] [--all] QEMU-OPTIONS\n"
        "explain [--revision R] [--host H] [--all] FILE | - | --from FILE | --pid PID",
        "Say on one screen whether QEMU starts with a line and why not, what memory the guest\n"
        "gets, from where, and who can share it, what is wrong, and what to change.  The line\n"
        "can stand in a libvirt log, a line of ps, a script; nothing of it is run.  Persistence\n"
        "is a topic where the line has pmem, sync, an NVDIMM or DAX.  On a live host no file is\n"
        "created or changed.  FILE is for instance /var/log/libvirt/qemu/vm.log; - takes what\n"
        "ps -ww -o args= prints.",
        OPTIONS,
        (
            "qemu-model explain -m 4G -device vhost-user-fs-pci,chardev=c0,tag=shared",
            "qemu-model explain --host sim:tmpfs -m 2G -mem-path /dev/shm",
            "qemu-model explain --host sim:device-dax --all -object memory-backend-file,id=m0,\\",
            "mem-path=/dev/dax0.0,size=64M,share=on,pmem=on,sync=on",
        ),
        "0: the line is explained, also one that QEMU refuses.  2: our own options are wrong.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if not words.qemu and not words.has(FROM) and not words.has(PID):
        raise UsageError("which line?  For instance: -object memory-backend-ram,id=ram0,size=8M")
    line = given_line(words)
    choice = choose_tree(words, line)
    revision = choice.revision
    qmp = read_qmp(words.value(QMP)) if words.has(QMP) else []
    host = words.value(HOST, "none")
    if host == "none":
        host = ""
    elif host != "live":
        choose_host(host)

    from ..explain.explanation import explain
    from ..front_end import NotModelled
    from ..host.protocol import CannotAsk, HostRefuses

    note = ""
    asked: dict[str, Any] = {
        "qmp": qmp,
        "persistence": words.has(PERSISTENCE),
        "chosen_because": choice.because,
        "told": line.behind,
    }
    try:
        explanation = explain(line.options, revision, host, **asked)
    except CannotAsk as error:
        note = f"this machine was not asked: {error}"
        explanation = explain(line.options, revision, **asked)
    except HostRefuses as error:
        raise UsageError(str(error)) from error
    except NotModelled as error:
        raise not_modelled(error) from error
    if words.has(JSON):
        answer = explanation.to_json()
        if note:
            answer["notes"].append(note)
        answer["notes"] += line.notes
        json.dump(answer, sys.stdout, ensure_ascii=True)
        print()
        return 0
    from .page import Page

    for said in line.notes:
        print(f"note: {shown(said)}", file=sys.stderr)
    _show(explanation, Page(words.value(COLOR)), choice, note, whole=words.has(ALL))
    return 0


def _show(explanation: Explanation, page: Page, choice: Choice, note: str, *, whole: bool) -> None:
    from ..explain.screen import first_screen

    for line in first_screen(explanation, choice.sentence, note, page.width, whole=whole):
        page.styled(line.text, line.style)
    if whole:
        _show_all(explanation, page)


def _show_all(explanation: Explanation, page: Page) -> None:
    from ..calls.inferences import relied_on

    run = explanation.run
    _show_messages(explanation, page)
    if explanation.about_persistence:
        _show_map_sync(explanation, page)
        page.head("If the host crashes")
        page.item(explanation.crash, style=_verdict(explanation.survives_host_crash))
        _show_list("What to change", explanation.advice, page)
    _show_list("What depends on the host", explanation.depends_on_host, page)
    _show_list("Not documented; the model assumes", relied_on(run), page)
    _show_calls(explanation, page)
    _show_list("Not tried, to leave no trace", explanation.notes, page)
    page.head("What each option does")
    for effect in explanation.effects:
        owner = f"{effect.backend}: " if effect.backend else ""
        page.item(f"{owner}{effect.option}")
        for name in ("data", "memory", "sharing"):
            if sentence := getattr(effect, name):
                page.detail(f"{name}: {sentence}")
    for backend in explanation.backends:
        if backend.place is not None and backend.place.judgement is not None:
            page.head(f"What {backend.path} is")
            for sentence in backend.place.judgement["evidence"]:
                page.item(sentence)
    for sentence in ignored_sentences(run.line):
        page.item(sentence)


def _verdict(good: bool | None) -> str:
    return "" if good is None else "green" if good else "red"


def _show_calls(explanation: Explanation, page: Page) -> None:
    from ..calls.clauses import clause_of
    from ..calls.strace_text import call_text, result_text

    title = "The system calls"
    page.head(title if explanation.host else f"{title}, for instance")
    by = ""
    before = None
    for event in explanation.run.events:
        if event.by != by:
            by = event.by
            page.item(f"{by}()", style="magenta")
        clause = clause_of(event, before)
        before = event
        failed = f" = {result_text(event)}" if event.failed else ""
        page.detail(f"{call_text(event)}{failed}", style="red" if event.failed else "")
        if clause is not None:
            page.aside(clause.rule)
    if not explanation.run.events:
        page.item("none")


def _show_messages(explanation: Explanation, page: Page) -> None:
    from ..explain.map_sync_sentence import said_of

    if explanation.run.stdout:
        page.head("QEMU prints")
        for line in explanation.run.stdout:
            page.code(f"  {line}")
    said = said_of(explanation.run)
    if said:
        page.head("QEMU says")
        for line in said:
            page.item(line, style="red" if explanation.run.exit != 0 else "")


def _show_list(title: str, lines: Sequence[str], page: Page) -> None:
    if lines:
        page.head(title)
        for line in lines:
            page.item(line)


def _show_map_sync(explanation: Explanation, page: Page) -> None:
    page.head("MAP_SYNC")
    asked = "yes" if explanation.requested else "no"
    holds = {True: "yes", False: "no", None: "that depends on the host"}[explanation.in_force]
    page.item(f"asked for: {asked}; takes effect: {holds}", style=_verdict(explanation.in_force))
    if explanation.blocked_by is not None:
        page.item(f"blocked first by: {explanation.blocked_by}")
    page.item(explanation.because)
