"""``qemu-model why``: where a message of QEMU's comes from, and what to look at."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from . import common

if TYPE_CHECKING:
    from ..explain.why import Why
    from .page import Page

LIST: Final = common.Option("--list", "list every message that is known")
OPTIONS: Final = (LIST, common.JSON, common.COLOR, common.HELP)
UNKNOWN_STATUS: Final = 1
#: More text than this is no message, in characters.
MOST: Final = 64 * 1024 * 1024


def help_text() -> str:
    """Return what ``why --help`` shows."""
    return common.usage(
        'why [--json] "ERROR TEXT"',
        "Explain an error message of QEMU's: the C function that says it, the trees that do,\n"
        "when, what usually lies behind it on real hosts, and a command to check each.\n"
        "Paste it as it is, from a terminal or a log: whatever stands around it, other paths\n"
        "and other numbers do no harm.  With - the text is read from stdin.",
        OPTIONS,
        (
            'qemu-model why "unable to map backing store for guest RAM: Invalid argument"',
            'qemu-model why "cannot bind memory to host NUMA nodes: Operation not permitted"',
            "journalctl -u libvirtd | qemu-model why -",
        ),
        "0: the message is known.  1: it is not, and the nearest ones are named.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    words, own = _own(argv)
    if common.HELP.name in own:
        print(help_text(), end="")
        return 0
    if LIST.name in own:
        return _list(as_json=common.JSON.name in own)
    text = _read_stdin() if words == ["-"] else " ".join(words)
    if not text.strip():
        raise common.UsageError(
            'what is the message?  For instance: qemu-model why "mem-path property not set"'
        )

    from ..explain.why import why

    answer = why(text)
    if common.JSON.name in own:
        json.dump(answer.to_json(), sys.stdout, ensure_ascii=True)
        print()
    else:
        from .page import Page

        _show(answer, Page(own.get(common.COLOR.name, "")))
    return 0 if answer.known else UNKNOWN_STATUS


def _own(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell our options from the message, which may itself begin with a dash or hold any word."""
    own: dict[str, str] = {}
    text: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            text += words
            break
        name, equals, value = word.partition("=")
        if name == common.COLOR.name:
            taken = value if equals else next(words, None)
            if taken is None:
                raise common.needs_value(common.COLOR)
            common.check_color(taken)
            own[name] = taken
        elif word in (LIST.name, common.JSON.name, common.HELP.name):
            own[word] = ""
        elif word.startswith("--") and word.lstrip("-").replace("-", "").isalpha():
            raise common.UsageError(
                f"there is no option {word}"
                f"{common.nearest(word, [option.name for option in OPTIONS])}"
                " (-- before a message that begins so)"
            )
        else:
            text.append(word)
    return text, own


def _read_stdin() -> str:
    text = common.read_stdin(MOST)
    if len(text) >= MOST:
        raise common.UsageError(f"more than {MOST} characters are no error message")
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


def _trees(names: Sequence[str]) -> str:
    from ..revision import REVISIONS

    if set(REVISIONS) <= set(names):
        return "every revision that the model knows"
    return "; ".join(
        f"{name} ({REVISIONS[name].meaning})" if name in REVISIONS else name for name in names
    )


def _show(answer: Why, page: Page) -> None:
    if answer.found is None:
        page.line("QEMU's messages that the model knows do not include this one.", "bold")
        if answer.nearest:
            page.head("The nearest")
            for known in answer.nearest:
                page.item(known.template, known.function)
        return
    known = answer.found.known
    tail = ": <the errno's text>" if known.message.errno else ""
    page.line(f"{known.template.strip()}{tail}", "bold")
    page.head("Said by")
    page.item(known.function)
    for tree, function in known.functions.items():
        if function != known.function:
            page.item(f"{function} in {tree}")
    page.item(f"in {_trees(known.revisions)}")
    page.head("When")
    for condition in known.conditions:
        page.item(condition)
    if answer.found.errno:
        page.item(f"errno: {answer.found.errno}")
    page.head("Usual causes, and what to run")
    for cause in answer.causes():
        page.item(cause.text)
        page.command(cause.check)
    if answer.others:
        page.head("Also in the text")
        for other in answer.others:
            page.item(other.known.template, other.known.function)
