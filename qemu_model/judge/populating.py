"""Preallocation by several threads: which calls of a log are together one call of the model.

A log does not say how many CPUs its host had, and so how many threads QEMU started.  The
model asks for the whole range at once; the threads' ranges must cover it as QEMU splits it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from ..oslib_posix import MAX_THREADS
from .backend_calls import KILLED
from .call_predicates import populates
from .guesses import ENDS
from .strace import Call

_PAGE: Final = 4096


def covering_calls(coming: Iterable[Call], args: tuple[Any, ...]) -> list[Call]:
    """Return the next calls that populate the range of ``args`` together, each in one thread.

    None of them if they do not cover it, or not as QEMU splits a range: every thread gets as
    many pages as the others, the first ones one more.  Where QEMU is killed meanwhile, or the
    log ends, they need not cover it: other threads had not begun yet.
    """
    start, length, advice = args
    found: list[Call] = []
    threads: set[int | None] = set()
    covered = 0
    unfinished = True
    for call in coming:
        if call.name == KILLED or (call.name in ENDS and call.pid in threads):
            continue
        unfinished = False
        if not populates(call.name, call.args) or len(found) == MAX_THREADS:
            break
        address, part, how = call.args
        inside = isinstance(address, int) and isinstance(part, int) and how == advice
        if not inside or not start <= address < start + length or call.pid in threads:
            break
        unfinished = True
        found.append(call)
        threads.add(call.pid)
        covered += part
        if covered >= length:
            break
    ordered = sorted(found, key=lambda call: int(call.args[0]))
    if unfinished and covered < length:
        return found if _is_apart(ordered) else []
    if covered != length or len(ordered) < 2 or not _is_split(ordered, start):
        return []
    return found


def _is_apart(ordered: list[Call]) -> bool:
    """Whether the ranges do not overlap."""
    return all(one.args[0] + one.args[1] <= other.args[0] for one, other in pairwise(ordered))


def _is_split(ordered: list[Call], start: int) -> bool:
    """Whether the ranges follow one another, none larger than the one before it."""
    end = start
    for call in ordered:
        address, part, _ = call.args
        if address != end:
            return False
        end = address + part
    sizes = [call.args[1] for call in ordered]
    unit = sizes[0] - sizes[-1]
    descending = all(one >= other for one, other in pairwise(sizes))
    return descending and unit % _PAGE == 0 and set(sizes) == {sizes[0], sizes[-1]}


def answer_of(calls: Iterable[Call]) -> int:
    """Return the answer of all: that of the first one that failed, else 0."""
    return next((call.result for call in calls if call.result is not None and call.failed), 0)
