"""``qemu-model why``: where a message of QEMU's comes from, and what to look at."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .choices import choose_host
from .options import COLOR, HELP, JSON, Option, UsageError, split, usage
from .reading import read_stdin

if TYPE_CHECKING:
    from ..explain.why import Why
    from .page import Page

HOST: Final = Option("--host", "sim:PROFILE: which condition a line in the text fails there", "H")
LIST: Final = Option("--list", "list every message that is known")
OPTIONS: Final = (HOST, LIST, JSON, COLOR, HELP)
UNKNOWN_STATUS: Final = 1
#: More text than this is not a message, in characters.
MOST: Final = 64 * 1024 * 1024


def help_text() -> str:
    """Return what ``why --help`` shows."""
    return usage(
        'why [--json] "ERROR TEXT"',
        "Explain a QEMU error message: what is wrong on the line that it came with, the usual\n"
        "causes, each with a fix and a command that checks it, then the C function and the\n"
        "releases that print it.  Paste it unchanged, from a terminal or a log,\n"
        "with the line if you have it; other paths and numbers do not matter, and a message that\n"
        "is cut off is found too.  With - the text is read from stdin.",
        OPTIONS,
        (
            'qemu-model why "unable to map backing store for guest RAM: Invalid argument"',
            'qemu-model why "cannot bind memory to host NUMA nodes: Operation not permitted"',
            "journalctl -u libvirtd | qemu-model why -",
        ),
        "0: the message is known.  1: it is not, and the nearest ones are named.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS, text=True)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.has(LIST):
        return _list(as_json=words.has(JSON))
    text = _read_stdin() if words.qemu == ("-",) else " ".join(words.qemu)
    if not text.strip():
        raise UsageError(
            'what is the message?  For instance: qemu-model why "mem-path property not set"'
        )

    from ..explain.why import why

    host = words.value(HOST)
    if host:
        choose_host(host)
    answer = why(text, host if host.startswith("sim:") else "")
    if words.has(JSON):
        json.dump(answer.to_json(), sys.stdout, ensure_ascii=True)
        print()
    else:
        from .page import Page

        _show(answer, Page(words.value(COLOR)))
    return 0 if answer.known else UNKNOWN_STATUS


def _read_stdin() -> str:
    text = read_stdin(MOST)
    if len(text) >= MOST:
        raise UsageError(f"more than {MOST} characters are too many for an error message")
    return text


def _list(*, as_json: bool) -> int:
    from ..explain.known import known_messages

    if as_json:
        rows = [
            {
                "message": known.template,
                "function": known.function,
                "revisions": list(known.revisions),
            }
            for known in known_messages()
        ]
        json.dump(rows, sys.stdout, ensure_ascii=True)
        print()
        return 0
    function = ""
    for known in sorted(known_messages(), key=lambda known: known.function):
        if known.function != function:
            function = known.function
            print(function)
        print(f"  {known.template}")
    return 0


def _show(answer: Why, page: Page) -> None:
    if answer.found is None:
        page.line("Unknown message. The closest that QEMU has:", "bold")
        for known in answer.nearest:
            page.item(known.template, known.function)
        return
    known = answer.found.known
    page.line(answer.said or known.template.strip(), "bold")
    if answer.fix:
        page.line(f"Fix: {answer.fix}", "green")
    if answer.here:
        page.head("Here")
        for condition in answer.here:
            page.item(condition.text, style="red")
            if condition.fix and condition.fix != answer.fix:
                page.detail(f"fix: {condition.fix}")
            if condition.check:
                page.command(condition.check)
    page.head("Usual causes, the likeliest first")
    for cause in answer.causes():
        page.item(cause.text)
        if cause.fix and cause.fix != answer.fix:
            page.detail(f"fix: {cause.fix}")
        page.command(cause.check)
    page.head("Where it comes from")
    functions = list(dict.fromkeys([known.function, *known.functions.values()]))
    from ..findings.releases import trees_in_words

    page.item(f"{known.template.strip()} ({trees_in_words(known.revisions)})")
    page.item(f"{', later '.join(functions)}")
    for condition_text in known.conditions:
        page.item(f"when {condition_text}")
    if answer.found.errno:
        page.item(f"errno: {answer.found.errno}")
    if answer.others:
        page.head("Also in the text")
        for other in answer.others:
            page.item(other.known.template, other.known.function)
