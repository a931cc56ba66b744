"""How a process ends in a log."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .backend_calls import CRASHES, EXITED
from .strace import Call

#: The calls that a log ends with where QEMU ended by itself; their argument is its status.
_EXITS: Final = frozenset({"exit_group", EXITED})


def status_of(end: Call | None) -> Any:
    """Return QEMU's status as the log has it, None where it does not show one."""
    return end.args[0] if end is not None and end.name in _EXITS else None


def is_crash(end: Call | None) -> bool:
    """Whether QEMU was killed by a signal that it brings on itself."""
    return end is not None and not CRASHES.isdisjoint(end.args)


def is_failure(end: Call) -> bool:
    """Whether QEMU ended with another status than 0, or was killed by such a signal."""
    return is_crash(end) or status_of(end) not in (None, 0)


def last(lines: Sequence[str]) -> str:
    """Return the last line, empty if there is none."""
    return lines[-1] if lines else ""
