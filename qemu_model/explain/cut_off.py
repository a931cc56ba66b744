"""Messages of which a text has only a part."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .causes import own_causes
from .known import Known
from .message_patterns import ONLY, Found, Pattern, errno_behind, fold, patterns

#: A part of a message counts from this many characters on; lines longer than this are cut.
SHORTEST_CUT: Final = 16
LONGEST_CUT: Final = 4096
#: So many lines are searched for parts of messages.
MOST_LINES: Final = 200
#: No part of a message: how many characters, from where, to where.
_NOTHING: Final = (0, 0, 0)


def find_cut_off(text: str) -> list[Found]:
    """Return the message of which a text has only a part: its beginning, its end, a middle.

    What is there must be a long part of one message, and of no other that has other causes.
    """
    best: list[tuple[int, Found]] = []
    for line in text.split("\n")[:MOST_LINES]:
        words = line[:LONGEST_CUT].strip(" .\u2026")
        for pattern in patterns(fold):
            if any(pattern.known.template == template for template, _ in ONLY):
                continue
            size, first, last = _longest_part(pattern, words)
            if size >= SHORTEST_CUT:
                errno, _ = errno_behind(words, last, fold)
                best.append((size, Found(pattern.known, (), errno, size, words, first, last)))
    most = max((size for size, _ in best), default=0)
    longest = [found for size, found in best if size == most]
    return longest[-1:] if len({_explained(found.known) for found in longest}) == 1 else []


def _explained(known: Known) -> tuple[object, ...]:
    """Return the answer for a message: two messages with the same answer count as one."""
    return own_causes(known.template) or (known.template,)


def _longest_part(pattern: Pattern, line: str) -> tuple[int, int, int]:
    """Return how many characters of the message stand in a line that cuts it off, and where."""
    return max(_cut_at_end(pattern, line), _cut_at_start(pattern, line), _cut_twice(pattern, line))


def _cut_at_end(pattern: Pattern, line: str) -> tuple[int, int, int]:
    """Return the part of a line that is the message's beginning: the line ends within it."""
    best = _NOTHING
    position, size, first = 0, 0, -1
    for place, piece in enumerate(pattern.pieces):
        for length in range(min(len(piece) - 1, len(line) - position), 0, -1):
            if line.endswith(piece[:length]):
                begin = first if place else len(line) - length
                best = max(best, (size + length, begin, len(line)))
                break
        start = line.find(piece, position)
        if start < 0:
            return best
        first = start if place == 0 else first
        position, size = start + len(piece), size + len(piece)
        # A field is cut off, or left out.
        if place + 1 < len(pattern.pieces) or pattern.open_end:
            best = max(best, (size, first, len(line)))
    return best


def _cut_at_start(pattern: Pattern, line: str) -> tuple[int, int, int]:
    """Return the part of a line that is the message's end: the line begins within it.

    The line may end within the message too.
    """
    best = _NOTHING
    for place, piece in enumerate(pattern.pieces):
        for position, size in _beginnings(piece, line, behind_field=place > 0):
            best = max(best, _followed(pattern.pieces[place + 1 :], line, position, size))
    return best


def _beginnings(piece: str, line: str, *, behind_field: bool) -> Iterator[tuple[int, int]]:
    """Yield where a piece ends with which a line begins, and how much of it is there."""
    for length in range(min(len(piece), len(line)), 0, -1):
        if line.startswith(piece[-length:]):
            yield length, length
            break
    start = line.find(piece) if behind_field and piece else -1
    # The end of a field, one word at most, and then the piece.
    if start > 0 and len(line[:start].split()) < 2:
        yield start + len(piece), len(piece)


def _followed(pieces: Sequence[str], line: str, position: int, size: int) -> tuple[int, int, int]:
    """Return how much of a line the pieces explain that follow, up to where it is cut off."""
    for piece in pieces:
        start = line.find(piece, position)
        if start >= 0:
            position, size = start + len(piece), size + len(piece)
            continue
        for length in range(min(len(piece), len(line) - position), 0, -1):
            if line.endswith(piece[:length]):
                return size + length, 0, len(line)
        return size, 0, len(line)
    return size, 0, position


def _cut_twice(pattern: Pattern, line: str) -> tuple[int, int, int]:
    """Return the whole line if it is a middle part of one piece."""
    if len(line) >= SHORTEST_CUT and any(line in piece for piece in pattern.pieces):
        return len(line), 0, len(line)
    return _NOTHING
