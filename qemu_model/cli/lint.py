"""``qemu-model lint``: the findings of many lines."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from .choices import choose_host
from .line_input import INPUT, given_line, read_text
from .options import (
    COLOR,
    HELP,
    JSON,
    REVISION,
    Option,
    UsageError,
    Words,
    shown,
    split,
    usage,
)
from .tree_choice import choose_tree

if TYPE_CHECKING:
    from ..findings.lint import Linted
    from .page import Page

HOST: Final = Option("--host", "none (the default), live or sim:PROFILE", "H")
FORMATS: Final = ("text", "json", "sarif")
#: The exit status if an input cannot be read.
_CANNOT_READ: Final = 2
LEVELS: Final = ("error", "warning", "note", "never")
FORMAT: Final = Option("--format", "text (the default), json or sarif", "F", choices=FORMATS)
FAIL_ON: Final = Option(
    "--fail-on",
    "exit with 1 at this severity: error, warning (the default), note, never",
    "S",
    choices=LEVELS,
)
RULES: Final = Option("--rules", "list the rules")
OPTIONS: Final = (
    REVISION,
    HOST,
    FORMAT,
    FAIL_ON,
    *INPUT,
    RULES,
    JSON,
    COLOR,
    HELP,
)


def help_text() -> str:
    """Return what ``lint --help`` shows."""
    return usage(
        "lint [--revision R] [--host H] [--format F] [FILE ... | - | QEMU-OPTIONS]",
        "Print the findings of QEMU lines: what is wrong, or worth knowing, about their memory.\n"
        "A file is a libvirt log, a script, a list of words, or options alone; nothing of it is\n"
        "run.  Each finding has a code, a sentence, the reason and the fix; a fix on the line was\n"
        "tried by the model before it is shown.  For instance: lint /var/log/libvirt/qemu/*.log",
        OPTIONS,
        (
            "qemu-model lint --fail-on error \\",
            "    -m 2G -object memory-backend-ram,id=r,size=2G",
            "qemu-model lint --rules",
        ),
        "0: no finding of the chosen severity.  1: there is one.  2: our own options or files are\n"
        "wrong; what can be read is linted nevertheless.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.has(RULES):
        return _list_rules(as_json=words.has(JSON))
    shape = "json" if words.has(JSON) else words.value(FORMAT, "text")
    fail_on = words.value(FAIL_ON, "warning")
    host = words.value(HOST, "none")
    host = "" if host == "none" else host
    if host not in ("", "live"):
        choose_host(host)
    failures: list[str] = []
    linted = list(_linted(words, host, failures))
    _print(linted, shape, words.value(COLOR))
    for failure in failures:
        print(f"qemu-model lint: {failure}", file=sys.stderr)
    if failures:
        return _CANNOT_READ
    return int(_fails(linted, fail_on))


def _fails(linted: Sequence[Linted], fail_on: str) -> bool:
    from ..findings.finding import SEVERITIES
    from ..findings.lint import worst

    level = worst(linted)
    return fail_on != "never" and level is not None and SEVERITIES[level] >= SEVERITIES[fail_on]


def _inputs(words: Words) -> list[tuple[str, Words]]:
    """Return each input's name and the words that stand for it."""
    files = [word for word in words.qemu if word == "-" or not word.startswith("-")]
    if words.qemu and len(files) == len(words.qemu):
        return [(name, words._replace(qemu=(name,))) for name in files]
    from ..findings.lint import COMMAND_LINE

    return [(words.value(INPUT[0]) or COMMAND_LINE, words)]


def _linted(words: Words, host: str, failures: list[str]) -> Iterator[Linted]:
    from ..findings.lint import COMMAND_LINE, lint
    from ..host.protocol import CannotAsk, HostRefuses

    inputs = _inputs(words)
    if not words.qemu and inputs[0][0] == COMMAND_LINE and not words.has(INPUT[1]):
        raise UsageError("which line?  Name files, - for stdin, or QEMU's options")
    for name, own in inputs:
        try:
            if name != COMMAND_LINE and len(own.qemu) == 1 and own.qemu[0] in (name, "-"):
                rest = own._replace(qemu=())
                line = given_line(rest, text=read_text(name), name=name)
            else:
                line = given_line(own)
            choice = choose_tree(own, line)
            yield lint(line, choice.revision, choice.because, host, name)
        except UsageError as error:
            if len(inputs) == 1:
                raise
            failures.append(str(error))
        except (CannotAsk, HostRefuses) as error:
            failures.append(f"{shown(name)}: {error}")


def _print(linted: Sequence[Linted], shape: str, color: str) -> None:
    if shape == "text":
        from .page import Page

        _show(linted, Page(color))
        return
    if shape == "sarif":
        from .. import __version__
        from ..findings.lint import sarif

        json.dump(sarif(linted, __version__), sys.stdout, ensure_ascii=True, indent=1)
    else:
        json.dump([one.to_json() for one in linted], sys.stdout, ensure_ascii=True)
    print()


def _show(linted: Sequence[Linted], page: Page) -> None:
    from ..explain.screen import finding_lines
    from ..findings.units import counted

    total = 0
    for one in linted:
        if one.findings:
            page.head(f"{one.name}:{one.line.line}" if len(linted) > 1 else one.name)
        for finding in one.findings:
            total += 1
            for line in finding_lines(finding, page.width, reason=True):
                page.styled(line.text, line.style)
    inputs = counted(len(linted), "line")
    if total:
        page.head(f"{counted(total, 'finding')} in {inputs}.")
    else:
        page.line(f"No findings in {inputs}.", "green")


def _list_rules(*, as_json: bool) -> int:
    from ..findings.registry import RULES as rules

    if as_json:
        rows = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity,
                "meaning": rule.meaning,
                "page": rule.page,
            }
            for rule in rules
        ]
        json.dump(rows, sys.stdout, ensure_ascii=True)
        print()
        return 0
    for rule in rules:
        print(f"{rule.code} {rule.name} ({rule.severity}): {rule.meaning}")
    return 0
