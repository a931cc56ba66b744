"""What the commands share: our options among QEMU's, the choice of revision and host."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..host.protocol import Host
from ..input.programs import is_option, options_with_value
from ..revision import Revision, UnknownRevision, find
from .layout import help_width, printable, table, wrapped

if TYPE_CHECKING:
    from ..qmp import NotModelled

USAGE: Final = 2
#: A file of QMP commands, or a text on stdin, is not larger than this, in bytes.
LARGEST_INPUT: Final = 64 * 1024 * 1024


class UsageError(Exception):
    """One of our own options or files is wrong: one line, status 2."""


def say(text: str) -> int:
    """Print one line on stderr and return the status for our own mistakes of use."""
    print(text, file=sys.stderr)
    return USAGE


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean ...?`` for the nearest of ``known``, or nothing."""
    import difflib

    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def say_unknown(kind: str, word: str, known: Sequence[str]) -> int:
    """Say that there is no such thing, what is nearest, and how to see all."""
    return say(
        f"qemu-model: no {kind} is called '{word}'{nearest(word, known)} "
        "(qemu-model --help lists them)"
    )


@attrs.frozen
class Option:
    """One of our own options: ``value`` names what it takes, empty for a switch."""

    name: str
    help: str
    value: str = ""


HELP: Final = Option("--help", "show this help and exit")
REVISION: Final = Option(
    "--revision",
    "the tree to model: qemu-X.Y, base, V8, V8/3; by default what the line names, else the newest",
    "R",
)
HOST: Final = Option("--host", "live (the default) or sim:PROFILE", "H")
JSON: Final = Option("--json", "answer in JSON")
COLOR: Final = Option(
    "--color", "auto (the default, which heeds NO_COLOR), always or never", "WHEN"
)
QMP: Final = Option("--qmp", "QMP commands to run after start-up: a JSON array", "FILE")
_USAGE: Final = "usage: "
#: The words of a synopsis: brackets are not broken.
_WORDS: Final = re.compile(r"\[[^]]*\]|\S+")
COLORS: Final = ("auto", "always", "never")


@attrs.frozen
class Words:
    """A command's words: our own options, and those that are QEMU's."""

    own: Mapping[str, str]
    qemu: tuple[str, ...]
    given: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def has(self, option: Option) -> bool:
        """Whether the option was given."""
        return option.name in self.own

    def value(self, option: Option, default: str = "") -> str:
        """Return what was given with the option."""
        return self.own.get(option.name, default)

    def values(self, option: Option) -> tuple[str, ...]:
        """Return all that was given with an option that may be there several times."""
        return self.given.get(option.name, ())


def split(argv: Sequence[str], options: Sequence[Option]) -> Words:
    """Tell our options, with two dashes, from QEMU's; ``--`` ends ours.

    Raises :class:`UsageError` for one that is neither, or lacks its value.
    """
    known = {option.name: option for option in options}
    own: dict[str, str] = {}
    given: dict[str, tuple[str, ...]] = {}
    qemu: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            qemu.extend(words)
            break
        name, equals, value = word.partition("=")
        if name in known:
            option = known[name]
            if not option.value:
                if equals:
                    raise UsageError(f"{name} takes no value")
                own[name] = ""
                continue
            if not equals:
                taken = next(words, None)
                if taken is None:
                    raise needs_value(option)
                value = taken
            if option is COLOR:
                check_color(value)
            own[name] = value
            given[name] = (*given.get(name, ()), value)
            continue
        if word.startswith("--") and not is_option(word):
            raise UsageError(f"there is no option {word}{nearest(word, list(known))}")
        qemu.append(word)
        if word.startswith("-") and word.lstrip("-") in options_with_value():
            following = next(words, None)
            if following is not None:
                qemu.append(following)
    return Words(MappingProxyType(own), tuple(qemu), MappingProxyType(given))


def needs_value(option: Option) -> UsageError:
    """Return the error for an option that is the last word and takes a value."""
    return UsageError(f"{option.name} needs a value ({option.value})")


def not_modelled(error: NotModelled) -> UsageError:
    """Return the error for a QMP command that QEMU has and the model has not."""
    return UsageError(
        f"QEMU has the QMP command '{error}', the model has not: it knows object-add, "
        "object-del, qom-get, qom-set, query-memdev, qmp_capabilities and quit"
    )


def check_color(value: str) -> None:
    """Raise :class:`UsageError` if ``value`` is none that --color takes."""
    if value not in COLORS:
        raise UsageError(f"--color takes {', '.join(COLORS)}, not '{value}'")


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
        for line in wrapped(_WORDS.findall(f"qemu-model {way}"), width - len(_USAGE), "    ")
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


def choose_revision(name: str) -> Revision:
    """Return the revision called ``name``.  Raises :class:`UsageError` with what there is."""
    try:
        return find(name)
    except UnknownRevision as error:
        raise UsageError(str(error)) from error


def choose_host(name: str, *, force: bool = False, allow_discard: bool = False) -> Host:
    """Return the host called ``name``: ``live``, or ``sim:`` and a profile or its file.

    ``force`` and ``allow_discard`` are for the live host.  Raises :class:`UsageError`.
    """
    if name == "live":
        from ..host.live import LiveHost
        from ..host.protocol import HostRefuses

        try:
            return LiveHost(force=force, allow_discard=allow_discard)
        except HostRefuses as error:
            raise UsageError(str(error)) from error
    if name.startswith("sim:"):
        from ..host import profiles
        from ..host.simulated import SimulatedHost

        try:
            return SimulatedHost(profiles.load(name.removeprefix("sim:")))
        except profiles.ProfileError as error:
            raise UsageError(str(error)) from error
    raise UsageError(
        f"no host is called '{name}'{_nearest_host(name)}; there are live and sim:PROFILE"
    )


def _nearest_host(name: str) -> str:
    from ..host import profiles

    near = nearest(name, ["live", *(f"sim:{known}" for known in profiles.names())])
    return f", did you mean{near.removeprefix('; did you mean')}" if near else ""


def read_stdin(limit: int) -> str:
    """Return at most ``limit`` bytes of stdin as text; what is not UTF-8 is replaced."""
    if sys.stdin is None:
        raise UsageError("stdin is closed")
    return sys.stdin.buffer.read(limit).decode("utf-8", "replace")


def read_file(path: str, what: str) -> str:
    """Return the text of a file, ``-`` being stdin; ``what`` is what errors call it.

    Raises :class:`UsageError` where it cannot be read, is too large, or is not UTF-8.
    """
    try:
        return read_bytes(path, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} {shown(path)} is not UTF-8: {error}") from error


def read_bytes(path: str, what: str) -> bytes:
    """Return what is in a file, ``-`` being stdin; ``what`` is what errors call it.

    Raises :class:`UsageError` where it cannot be read or is too large.
    """
    try:
        if path == "-":
            if sys.stdin is None:
                raise UsageError(f"{what}: stdin is closed")
            data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise UsageError(f"cannot read {what} {shown(path)}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"cannot read {what} {shown(path)}: {error}") from error
    if len(data) > LARGEST_INPUT:
        raise UsageError(f"{what} {shown(path)} is larger than {LARGEST_INPUT} bytes")
    return data


def shown(text: str) -> str:
    """Return ``text`` fit for one line of a terminal: what cannot be printed is escaped."""
    return printable(text).replace("\n", "\\n")


def read_qmp(path: str) -> list[Any]:
    """Return the QMP commands in a file (``-`` is stdin): a JSON array.

    Raises :class:`UsageError`.
    """
    what = "the QMP file"
    try:
        commands = json.loads(read_file(path, what))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} {shown(path)} is not JSON: {error}") from error
    if not isinstance(commands, list):
        raise UsageError(f"{what} {shown(path)} holds no JSON array of commands")
    odd = next((text for text in _strings(commands) if _unfit(text)), None)
    if odd is not None:
        raise UsageError(
            f"{what} {shown(path)} has a string that QEMU's calls cannot take (a zero byte, or "
            f"half a character): {shown(odd[:60])}"
        )
    return commands


def _unfit(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _strings(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        taken = left.pop()
        if isinstance(taken, str):
            yield taken
        elif isinstance(taken, list):
            left.extend(taken)
        elif isinstance(taken, dict):
            left.extend(taken)
            left.extend(taken.values())
