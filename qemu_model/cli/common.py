"""What the commands share: our options among QEMU's, the choice of revision and host."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..host.protocol import Host
from ..revision import Revision, UnknownRevision, find
from ..vl import WITH_VALUE, WITHOUT_VALUE

USAGE: Final = 2


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
REVISION: Final = Option("--revision", "the tree to model, by default v8", "R")
HOST: Final = Option("--host", "live (the default) or sim:PROFILE", "H")
JSON: Final = Option("--json", "answer in JSON")


@attrs.frozen
class Words:
    """A command's words: our own options, and those that are QEMU's."""

    own: Mapping[str, str]
    qemu: tuple[str, ...]

    def has(self, option: Option) -> bool:
        """Whether the option was given."""
        return option.name in self.own

    def value(self, option: Option, default: str = "") -> str:
        """Return what was given with the option."""
        return self.own.get(option.name, default)


def split(argv: Sequence[str], options: Sequence[Option]) -> Words:
    """Tell our options, with two dashes, from QEMU's; ``--`` ends ours.

    Raises :class:`UsageError` for one that is neither, or lacks its value.
    """
    known = {option.name: option for option in options}
    own: dict[str, str] = {}
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
                    raise UsageError(f"{name} needs a value ({option.value})")
                value = taken
            own[name] = value
            continue
        bare = word.lstrip("-")
        if word.startswith("--") and bare not in WITH_VALUE and bare not in WITHOUT_VALUE:
            raise UsageError(f"there is no option {word}{nearest(word, list(known))}")
        qemu.append(word)
        if word.startswith("-") and bare in WITH_VALUE:
            following = next(words, None)
            if following is not None:
                qemu.append(following)
    return Words(MappingProxyType(own), tuple(qemu))


def usage(synopsis: str, about: str, options: Sequence[Option], examples: Sequence[str]) -> str:
    """Return a command's help: what it does, its options, and examples to copy."""
    heads = [f"{option.name} {option.value}".rstrip() for option in options]
    width = max(map(len, heads))
    lines = [f"usage: qemu-model {synopsis}", "", about, ""]
    lines += [
        f"  {head:<{width}}  {option.help}" for head, option in zip(heads, options, strict=True)
    ]
    lines += ["", "Examples:"]
    lines += [f"  {example}" for example in examples]
    return "\n".join(lines) + "\n"


def choose_revision(name: str) -> Revision:
    """Return the revision called ``name``.  Raises :class:`UsageError` with what there is."""
    try:
        return find(name)
    except UnknownRevision as error:
        raise UsageError(str(error)) from error


def choose_host(name: str, *, force: bool = False) -> Host:
    """Return the host called ``name``: ``live``, or ``sim:`` and a profile or its file.

    Raises :class:`UsageError`.
    """
    if name == "live":
        from ..host.live import LiveHost
        from ..host.protocol import HostRefuses

        try:
            return LiveHost(force=force)
        except HostRefuses as error:
            raise UsageError(str(error)) from error
    if name.startswith("sim:"):
        from ..host import profiles
        from ..host.simulated import SimulatedHost

        try:
            return SimulatedHost(profiles.load(name.removeprefix("sim:")))
        except profiles.ProfileError as error:
            raise UsageError(str(error)) from error
    raise UsageError(f"no host is called '{name}'; there are live and sim:PROFILE")


def read_qmp(path: str) -> list[Any]:
    """Return the QMP commands in a file (``-`` is stdin): a JSON array.

    Raises :class:`UsageError`.
    """
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        commands = json.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read the QMP file {path}: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"the QMP file {path} is not JSON: {error}") from error
    if not isinstance(commands, list):
        raise UsageError(f"the QMP file {path} holds no JSON array of commands")
    return commands
