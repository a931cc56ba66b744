"""Finding QEMU's messages in any text: a terminal's, a log's, megabytes of it.

A message is a row of fixed pieces with anything in between, so looking for one is
looking for its pieces one after the other, which takes time in proportion to the
text however it was made.  There is no regular expression that could run away.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import attrs

from ..host import linux
from .known import Known, known_messages

#: A text this short says too little by itself: it counts only with an errno's text behind it.
TELLING: Final = 12
#: What terminals are told by, and what editors and shells make of plain quotes.
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BLANKS: Final = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_PLAIN_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_NO_QUOTES: Final = str.maketrans(dict.fromkeys("'\"`\\", ""))


@attrs.frozen(eq=False)
class Pattern:
    """A message's fixed pieces, in order, and the names of the fields between them.

    Blanks around a field belong to it: it may be empty, and then there is but one.
    There is one name for each piece but the first, and one more if something
    follows the last.
    """

    known: Known
    pieces: tuple[str, ...]
    fields: tuple[str, ...]
    open_end: bool

    @property
    def anchor(self) -> str:
        """The longest piece: where it is not, the message is not."""
        return max(self.pieces, key=len)

    @property
    def weight(self) -> int:
        """How much of a text is explained by this message, in characters."""
        return sum(map(len, self.pieces))


@attrs.frozen(eq=False)
class Found:
    """A message in a text: what stood in its fields, and the errno whose text followed.

    ``score`` tells how sure it is; ``first`` and ``last`` bound it in ``line``.
    """

    known: Known
    fields: tuple[tuple[str, str], ...]
    errno: str | None
    score: int
    line: str
    first: int
    last: int


def tidy(text: str) -> str:
    """Return ``text`` with plain quotes, single blanks, and no colours of a terminal."""
    text = _LINE_ENDS.sub("\n", _COLOURS.sub("", text)).translate(_PLAIN_QUOTES)
    return _BLANKS.sub(" ", text)


def fold(text: str) -> str:
    """Return ``text`` without quotes, backslashes and case: what shells and logs may lose."""
    return text.translate(_NO_QUOTES).casefold()


@cache
def _patterns(prepare: Callable[[str], str]) -> tuple[Pattern, ...]:
    return tuple(_pattern(known, prepare) for known in known_messages())


def _pattern(known: Known, prepare: Callable[[str], str]) -> Pattern:
    pieces: list[str] = []
    fields: list[str] = []
    joined = ""
    for literal, field, _, _ in string.Formatter().parse(tidy(known.template)):
        joined += prepare(literal)
        if field is not None:
            fields.append(field)
            pieces.append(joined.strip())
            joined = ""
    pieces.append(joined.strip())
    # A last piece of nothing but quotes is empty where quotes do not count.
    if len(pieces) > 1 and not pieces[-1]:
        open_end = True
        pieces.pop()
    else:
        open_end = False
    return Pattern(known, tuple(pieces), tuple(fields), open_end)


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
    return []


def _find(text: str, prepare: Callable[[str], str]) -> list[Found]:
    found = [match for pattern in _patterns(prepare) for match in _first(pattern, text, prepare)]
    # Of two that explain as much, the one that leaves less open.
    found.sort(key=lambda match: (-match.score, len(match.fields)))
    kept: list[Found] = []
    for match in found:
        if not any(_overlap(match, other) for other in kept):
            kept.append(match)
    # What ended QEMU comes before what it only mentioned.
    return sorted(kept, key=lambda match: match.known.message.stream == "stderr")


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
    # Back from the end, so that what stands in a field is as short as it can be.
    values: list[str] = [line[last:].strip()] if pattern.open_end else []
    first = last - len(pieces[-1])
    for piece in reversed(pieces[:-1]):
        start = line.rfind(piece, 0, first)
        values.append(line[start + len(piece) : first].strip())
        first = start
    errno, length = None, 0
    if pattern.known.message.errno:
        errno, length = errno_behind(line, last, prepare)
        if errno is None and pattern.weight < TELLING:
            return None
    fields = tuple(zip(pattern.fields, reversed(values), strict=True))
    return Found(pattern.known, fields, errno, pattern.weight + length, line, first, last + length)


def _goes_on(character: str, piece: str) -> bool:
    """Whether what ends in ``piece`` goes on: a full stop can be within a name."""
    return character.isalnum() or (piece == "." and character != "" and character in "._-")


def errno_behind(line: str, position: int, prepare: Callable[[str], str]) -> tuple[str | None, int]:
    """Return the errno whose text follows at ``position`` after a colon, and its length."""
    behind = line[position : position + 80]
    rest = behind.lstrip(": ")
    if ":" not in behind[: len(behind) - len(rest)]:
        return None, 0
    for said, name in _errno_texts(prepare):
        if rest.startswith(said):
            return name, len(behind) - len(rest) + len(said)
    return None, 0


@cache
def _errno_texts(prepare: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    texts = {prepare(linux.strerror(number)): name for number, name in linux.ERRNO_NAMES.items()}
    return tuple(sorted(texts.items(), key=lambda item: -len(item[0])))
