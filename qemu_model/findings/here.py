"""Which condition failed for the line that a message came with."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ..explain.match import Found
from ..explain.parts import parts_of
from ..host.profiles import ProfileError
from ..input import NothingFound, find_line
from ..revision import NEWEST, REVISIONS, Revision
from .case import case_of, place_called
from .conditions import Condition, conditions

#: An option before a message, as QEMU names the one that it is about.
_OPTION: Final = re.compile(r"-(object|device|machine|numa|m) (\{.*\}|[^\s{]\S*?)(?=: |$)")


def conditions_here(text: str, found: Found, host: str = "") -> tuple[Condition, ...]:
    """Return the conditions that the line in ``text`` fails, for the message found in it.

    Empty where the text has no line, or where nothing on it tells.  ``host`` is ``sim:``
    and a profile's name, or empty for none.
    """
    args = _line_of(text, found)
    if not args:
        return ()
    parts = parts_of(args)
    try:
        case = case_of(args, _tree_of(found), place_called(host, parts), parts=parts)
    except ProfileError:
        return ()
    named = [part.id for part in parts_of(_option_of(found)) if part.option == "object"]
    failed: list[Condition] = []
    for memory in case.memory:
        if not named or memory.id in named:
            failed += conditions(found.known.template, found.errno, memory, case.host)
    return tuple(dict.fromkeys(failed))


def _line_of(text: str, found: Found) -> Sequence[str]:
    try:
        return find_line(text).options
    except NothingFound:
        return _option_of(found)


def _option_of(found: Found) -> list[str]:
    option = _OPTION.search(found.line[: found.first])
    return [f"-{option[1]}", option[2]] if option is not None else []


def _tree_of(found: Found) -> Revision:
    """Return the newest release that says the message."""
    said = [REVISIONS[name] for name in found.known.revisions if name in REVISIONS]
    releases = [tree for tree in said if tree.name.startswith("qemu-")]
    return releases[-1] if releases else NEWEST
