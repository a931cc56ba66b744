"""Finding QEMU's messages in any text: a terminal's, a log's, megabytes of it.

A message is a row of fixed pieces with anything in between, so looking for one is
looking for its pieces one after the other, which takes time in proportion to the
text however it was made.  There is no regular expression that could run away.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from .cut_off import find_cut_off
from .message_patterns import MANY_WORDS, ONLY, Found, Pattern, errno_behind, fold, patterns, tidy

#: A text this short says too little by itself: it counts only with an errno's text behind it.
TELLING: Final = 12
#: A field before an errno's text is not longer, in characters.
MOST_VALUE: Final = 8192
#: What people write of a property that a message names with its type.
_NO_TYPE: Final = re.compile(r"Property '([\w-]+)' not found")


def find_messages(text: str) -> list[Found]:
    """Return the messages in ``text``, the surest first, each message once.

    As they stand first; if there are none, with lines joined that a terminal broke;
    then without regard to quotes and case.
    """
    plain = tidy(text)
    for prepare in (str, fold):
        prepared = prepare(plain)
        for candidate in (prepared, prepared.replace("\n", " "), prepared.replace("\n", "")):
            found = _find(candidate, prepare)
            if found:
                return found
    without_type = _NO_TYPE.sub(r"Property '.\1' not found", plain)
    if without_type != plain:
        return find_messages(without_type)
    # Few texts need its tables.
    import html

    unescaped = html.unescape(plain)
    if unescaped != plain:
        return find_messages(unescaped)
    return find_cut_off(fold(plain))


def _find(text: str, prepare: Callable[[str], str]) -> list[Found]:
    found = [match for pattern in patterns(prepare) for match in _first(pattern, text, prepare)]
    # Of two that explain as much, the one that leaves less open.
    found.sort(key=lambda match: (-match.score, len(match.fields)))
    kept: list[Found] = []
    for match in found:
        if not any(_overlap(match, other) for other in kept):
            kept.append(match)
    # What ended QEMU comes before what it only mentioned.
    return sorted(kept, key=lambda match: (match.is_warning, match.is_consequence))


def _overlap(one: Found, other: Found) -> bool:
    return one.line == other.line and one.first < other.last and other.first < one.last


def _first(pattern: Pattern, text: str, prepare: Callable[[str], str]) -> Iterator[Found]:
    """Yield the first place where ``pattern`` fits, looking at each line at most once."""
    anchor = pattern.anchor
    place = text.find(anchor)
    while place >= 0:
        begin = text.rfind("\n", 0, place) + 1
        end = text.find("\n", place)
        if end < 0:
            end = len(text)
        match = _on_line(pattern, text[begin:end], prepare)
        if match is not None:
            yield match
            return
        place = text.find(anchor, end)


def _on_line(pattern: Pattern, line: str, prepare: Callable[[str], str]) -> Found | None:
    pieces = pattern.pieces
    position = 0
    for piece in pieces:
        start = line.find(piece, position)
        if start < 0:
            return None
        position = start + len(piece)
    while not pattern.open_end and _goes_on(line[position : position + 1], pieces[-1]):
        start = line.find(pieces[-1], position)
        if start < 0:
            return None
        position = start + len(pieces[-1])
    last = position
    errno, length, value = None, 0, ""
    if pattern.open_end:
        value, errno, length = _open_value(pattern, line, last, prepare)
    # Back from the end, so that what stands in a field is as short as it can be.
    values: list[str] = [value] if pattern.open_end else []
    first = last - len(pieces[-1])
    for piece in reversed(pieces[:-1]):
        start = line.rfind(piece, 0, first) if piece else _word_before(pattern, line[:first])
        values.append(line[start + len(piece) : first].strip())
        first = start
    if pattern.known.message.errno and not pattern.open_end:
        errno, length = errno_behind(line, last, prepare)
    if pattern.known.message.errno and errno is None and pattern.weight < TELLING:
        return None
    fields = tuple(zip(pattern.fields, reversed(values), strict=True))
    if not all(_fits(pattern.known.template, name, value) for name, value in fields):
        return None
    return Found(pattern.known, fields, errno, pattern.weight + length, line, first, last + length)


def _word_before(pattern: Pattern, before: str) -> int:
    """Return where the last word begins: what a message begins with.

    One of a few words can follow a quote or ``Message=`` without a blank.
    """
    before = before.rstrip()
    for word in ONLY.get((pattern.known.template, pattern.fields[0]), ()):
        behind = before.removesuffix(word)
        if behind != before and not (behind[-1:].isalnum() or behind[-1:] in ("-", "_")):
            return len(behind)
    return before.rfind(" ") + 1


def _open_value(
    pattern: Pattern, line: str, start: int, prepare: Callable[[str], str]
) -> tuple[str, str | None, int]:
    """Return the last field of a message that ends in one, the errno behind, and both's length."""
    rest = line[start:]
    if pattern.known.message.errno:
        for place in (at for at in range(len(rest[:MOST_VALUE])) if rest[at] == ":"):
            errno, length = errno_behind(line, start + place, prepare)
            if errno is not None:
                return rest[:place].strip(), errno, place + length
    value = rest.strip()
    if pattern.fields[-1] not in MANY_WORDS:
        value = value.split(" ", 1)[0].rstrip(".,:;") if value else ""
    return value, None, 0


def _fits(template: str, name: str, value: str) -> bool:
    """Return whether a field can have held this: most hold one word, and some but a few words."""
    if name in MANY_WORDS:
        return True
    words = ONLY.get((template, name))
    if words is not None:
        return value in words
    return len(value.split()) < 2


def _goes_on(character: str, piece: str) -> bool:
    """Whether what ends in ``piece`` goes on: a full stop can be within a name."""
    return character.isalnum() or (piece == "." and character != "" and character in "._-")
