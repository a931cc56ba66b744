"""What the Tab key may complete a word to.

Commands, options, revisions, profiles, types and properties are read from the program
itself, so that none is listed twice.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from . import COMMANDS
from .options import Option

_SWITCH: Final = ("on", "off")
#: The values of properties that are neither on nor off.
_VALUES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"policy": ("default", "preferred", "bind", "interleave"), "sync": ("on", "off", "auto")}
)
#: First words of commands that have some.
_FIRST: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "series": ("list", "show", "impact"),
        "profile": ("list", "show", "check"),
        "completion": ("bash", "zsh", "fish"),
    }
)
_SHOWN: Final = ("object", "machine", "M", "m", "smp", "numa", "mem-path", "mem-prealloc", "device")


def _revisions() -> list[str]:
    from ..revision import ALIASES, REVISIONS

    return [*REVISIONS, *ALIASES]


def _hosts() -> list[str]:
    return ["live", *(f"sim:{name}" for name in _profiles())]


def _profiles() -> list[str]:
    from ..host import profiles

    return list(profiles.names())


#: What an option of ours takes, by its name; files are the shell's own affair.
_OWN_VALUES: Final[Mapping[str, Callable[[], Sequence[str]]]] = MappingProxyType(
    {
        "--revision": _revisions,
        "--from": _revisions,
        "--to": _revisions,
        "--host": _hosts,
    }
)


def candidates(words: Sequence[str], current: str) -> list[str]:
    """Return what ``current``, the word after ``words``, may become; empty for any file.

    ``words`` begin behind the name of the program.
    """
    if not words:
        found: Sequence[str] = [*COMMANDS, "help", "--help", "--version"]
    elif words[0] == "help" and len(words) == 1:
        found = list(COMMANDS)
    else:
        found = _of_command(words, current)
    return [word for word in found if word.startswith(current)]


def _of_command(words: Sequence[str], current: str) -> Sequence[str]:
    command, last = words[0], words[-1]
    if command not in COMMANDS:
        return []
    own = _own_options(command)
    option = own.get(last)
    if option is not None and option.value:
        return option.choices or (_OWN_VALUES[last]() if last in _OWN_VALUES else ())
    if last in ("-object", "--object"):
        return _object(words, current)
    if last in ("-machine", "-M"):
        return ("none", "pc", "q35")
    if last == "-numa":
        return ("node,", "dist,", "cpu,")
    if current.startswith("--") or (current == "-" and command not in _takes_lines()):
        return sorted(own)
    if current.startswith("-"):
        return [*(f"-{name}" for name in _SHOWN), *sorted(own)]
    if len(words) == 1 and command in _FIRST:
        return _FIRST[command]
    if words[:2] == ["profile", "show"]:
        return _profiles()
    return []


def _takes_lines() -> tuple[str, ...]:
    return ("run", "explain", "diff", "check")


def _own_options(command: str) -> dict[str, Option]:
    """Return a command's own options by their names."""
    module: Any = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
    return {option.name: option for option in module.OPTIONS}


def _object(words: Sequence[str], current: str) -> list[str]:
    """Complete an -object: its type, then its properties, as the chosen revision has them."""
    from ..front_ends import front_end_of
    from ..revision import REVISIONS, UnknownRevision, find
    from ..revisions.release import is_between

    try:
        revision = find(words[words.index("--revision") + 1])
    except (ValueError, IndexError, UnknownRevision):
        revision = REVISIONS["v8"]
    types = front_end_of(revision).types(revision.release)
    head, comma, tail = current.rpartition(",")
    if not comma:
        return [f"{name},id=" for name, info in types.items() if not info.abstract]
    info = types.get(head.split(",")[0])
    if info is None:
        return []
    name, equals, _ = tail.partition("=")
    if equals:
        prop = info.properties.get(name)
        switch = _SWITCH if prop is not None and prop.type == "bool" else ()
        return [f"{head},{name}={value}" for value in _VALUES.get(name, switch)]
    given = {part.partition("=")[0] for part in head.split(",")}
    has_sync = revision.hostmem_file.has_sync
    return [
        f"{head},{name}="
        for name, prop in info.properties.items()
        if prop.set is not None
        and name not in given
        and is_between(revision.release, prop.since, None)
        and (name != "sync" or has_sync)
    ]
