"""Our own options: two dashes, among QEMU's own words, parsed by argparse."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..input.programs import is_option, options_with_value
from .layout import help_width, printable, table, wrapped


class UsageError(Exception):
    """One of our own options or files is wrong: one line, status 2."""


class Option(NamedTuple):
    """One of our own options.

    ``value`` names what it takes, empty for a switch.  What it takes is one of ``choices``,
    or, if it is a ``number``, a number from 1 on.
    """

    name: str
    help: str
    value: str = ""
    choices: tuple[str, ...] = ()
    number: bool = False

    def check(self, text: str) -> str:
        """Return ``text`` if the option takes it.  Raises :class:`UsageError` if not."""
        if self.choices and text not in self.choices:
            raise UsageError(
                f"{self.name} takes {', '.join(self.choices)}, not '{shown(text)}'"
                f"{nearest(text, self.choices)}"
            )
        if self.number and not re.fullmatch(_NUMBER, text):
            raise UsageError(f"{self.name} takes a number from 1 on, not '{shown(text)}'")
        return text


COLORS: Final = ("auto", "always", "never")
HELP: Final = Option("--help", "show this help and exit")
REVISION: Final = Option(
    "--revision",
    "the tree to model: qemu-X.Y, base, V8, V8/3; by default what the line names, else the newest",
    "R",
)
HOST: Final = Option("--host", "live (the default) or sim:PROFILE", "H")
JSON: Final = Option("--json", "answer in JSON")
COLOR: Final = Option(
    "--color",
    "auto (the default, which heeds NO_COLOR), always or never",
    "WHEN",
    choices=COLORS,
)
QMP: Final = Option("--qmp", "QMP commands to run after start-up: a JSON array", "FILE")

#: A number from 1 on, of at most nine digits.
_NUMBER: Final = r"0{0,9}[1-9][0-9]{0,8}"
#: A word that is meant as an option of ours, beside a text.
_OPTION: Final = r"--[A-Za-z][A-Za-z-]*"
_USAGE: Final = "usage: "
#: The words of a synopsis: brackets are not broken.
_WORDS: Final = r"\[[^]]*\]|\S+"


class Words(NamedTuple):
    """A command's words: what was given with each of our own options, and QEMU's words."""

    given: Mapping[str, tuple[str, ...]]
    qemu: tuple[str, ...]

    def has(self, option: Option) -> bool:
        """Whether the option was given."""
        return option.name in self.given

    def value(self, option: Option, default: str = "") -> str:
        """Return what was given with the option, the last time."""
        return self.given.get(option.name, (default,))[-1]

    def number(self, option: Option, default: int = 0) -> int:
        """Return the number that was given with the option."""
        return int(self.value(option, str(default)))

    def values(self, option: Option) -> tuple[str, ...]:
        """Return all that was given with an option that may be there several times."""
        return self.given.get(option.name, ())


def split(argv: Sequence[str], options: Sequence[Option], *, text: bool = False) -> Words:
    """Tell our options, with two dashes, from QEMU's; ``--`` ends ours.

    With ``text`` the other words are a message of QEMU's, which may hold any word.  Raises
    :class:`UsageError` for an option that is neither ours nor QEMU's, or lacks its value.
    """
    known = {option.name: option for option in options}
    with_value = frozenset() if text else options_with_value()
    ours: list[str] = []
    others: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            others.extend(words)
            break
        name, equals, _ = word.partition("=")
        if name in known:
            value = None if equals or not known[name].value else next(words, None)
            # As one word: a value may begin with a dash.
            ours.append(word if value is None else f"{word}={value}")
            continue
        if word.startswith("--") and (re.fullmatch(_OPTION, word) if text else not is_option(word)):
            hint = " (-- before a message that begins so)" if text else ""
            raise UsageError(f"there is no option {word}{nearest(word, list(known))}{hint}")
        others.append(word)
        if word.startswith("-") and word.lstrip("-") in with_value:
            following = next(words, None)
            if following is not None:
                others.append(following)
    return Words(parse(ours, options), tuple(others))


def parse(words: Sequence[str], options: Sequence[Option]) -> Mapping[str, tuple[str, ...]]:
    """Return what each option has in ``words``, which hold nothing else.

    Raises :class:`UsageError`.
    """
    if not words:
        return {}
    # A line without options of ours starts sooner without it.
    import argparse

    parser = argparse.ArgumentParser(
        add_help=False,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        exit_on_error=False,
        # Without a width it asks the terminal, through shutil.
        formatter_class=functools.partial(argparse.HelpFormatter, width=80),
    )
    for option in options:
        if option.value:
            parser.add_argument(option.name, dest=option.name, action="append", type=option.check)
        else:
            parser.add_argument(option.name, dest=option.name, action="append_const", const="")
    try:
        taken = vars(parser.parse_args(words))
    except argparse.ArgumentError as error:
        option = next(one for one in options if one.name == error.argument_name)
        if option.value:
            raise UsageError(f"{option.name} needs a value ({option.value})") from error
        raise UsageError(f"{option.name} takes no value") from error
    return {name: tuple(values) for name, values in taken.items()}


def usage(
    synopsis: str,
    about: str,
    options: Sequence[Option],
    examples: Sequence[str],
    status: str = "",
    *,
    parts: Sequence[tuple[str, str]] = (),
    recipe: Sequence[str] = (),
) -> str:
    """Return a command's help: what it does, its options, examples to copy, its exit status.

    Each line of ``synopsis`` is a way to use it.  ``parts`` are words that it takes first,
    with what they do, ``recipe`` is a command to copy, whole, that belongs to ``about``.
    """
    width = help_width()
    heads = [f"{option.name} {option.value}".rstrip() for option in options]
    rows = zip(heads, (option.help for option in options), strict=True)
    lines = [
        " " * len(_USAGE) + line
        for way in synopsis.splitlines()
        for line in wrapped(re.findall(_WORDS, f"qemu-model {way}"), width - len(_USAGE), "    ")
    ]
    lines[0] = _USAGE + lines[0].lstrip()
    lines += ["", *wrapped(about, width)]
    lines += recipe
    if parts:
        lines += ["", *table(parts, width)]
    lines += ["", *table(rows, width), "", "Examples:"]
    for example in examples:
        # In the middle of a word the shell joins lines only if nothing is between them.
        lines.append(example if lines[-1].endswith(",\\") else f"  {example}")
    if status:
        lines += ["", *wrapped(f"Exit status: {status}", width)]
    return "\n".join(lines) + "\n"


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean ...?`` for the nearest of ``known``, or nothing."""
    import difflib

    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def shown(text: str) -> str:
    """Return ``text`` fit for one line of a terminal: what cannot be printed is escaped."""
    return printable(text).replace("\n", "\\n")
