"""Finding QEMU's messages in any text: a terminal's, a log's, megabytes of it.

A message is a row of fixed pieces with anything in between, so looking for one is
looking for its pieces one after the other, which takes time in proportion to the
text however it was made.  There is no regular expression that could run away.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import html
import re
import string
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import attrs

from ..host import linux
from ..records import Record
from .known import Known, known_messages

#: A text this short says too little by itself: it counts only with an errno's text behind it.
TELLING: Final = 12
#: A field before an errno's text is not longer, in characters.
MOST_VALUE: Final = 8192
#: Fields that may hold several words: all others hold one at most.
_MANY_WORDS: Final = frozenset(
    (
        *("cpus", "found", "given", "hierarchy", "id", "key"),
        *("line", "page_size", "path", "text", "type", "value", "wanted", "what"),
    )
)
#: Fields of a message that says so little otherwise that its words must be these.
ONLY: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("{name} is not supported", "name"): (
            "node-id",
            "drawer-id",
            "book-id",
            "socket-id",
            "die-id",
            "cluster-id",
            "module-id",
            "core-id",
            "thread-id",
        ),
        ("{what} not supported by this machine's CPU topology", "what"): (
            "drawers",
            "books",
            "dies",
            "clusters",
            "modules",
        ),
    }
)
#: Control sequences of terminals, and what editors and shells make of plain quotes.
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BLANKS: Final = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_PLAIN_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
#: Messages that follow the one that says why.
_CONSEQUENCES: Final = (
    "error while loading state",
    "load of migration failed",
    "unable to start vhost",
    "vhost_set_mem_table failed",
    "kvm run failed",
)
#: What people write of a property that a message names with its type.
_NO_TYPE: Final = re.compile(r"Property '([\w-]+)' not found")
_PROGRAM_BEFORE: Final = re.compile(r"^\S*qemu\S*: ")
#: What a log puts behind a message that it quotes.
_QUOTING: Final = " \"'`)]}\\,;"
_NO_QUOTES: Final = str.maketrans(dict.fromkeys("'\"`\\", ""))


@attrs.frozen(eq=False, repr=False)
class Pattern(Record):
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


@attrs.frozen(eq=False, repr=False)
class Found(Record):
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

    @property
    def said(self) -> str:
        """The message as the text has it, the value of its last field too."""
        value = self.fields[-1][1] if self.fields else ""
        behind = self.line[self.last :]
        if value and behind.lstrip().startswith(value):
            last = len(self.line) - len(behind.lstrip()) + len(value)
            return _plain(self.line[self.first : last].rstrip(_QUOTING))
        return _plain(self.line[self.first : self.last])

    @property
    def is_consequence(self) -> bool:
        """Whether another message, before it in a log, says why."""
        return self.known.template.startswith(_CONSEQUENCES)

    @property
    def is_warning(self) -> bool:
        """Whether QEMU goes on after it."""
        before = self.line[: self.first].casefold()
        return "warning: " in before or self.known.message.stream == "stderr"


def _plain(text: str) -> str:
    """Return a message without the program's name, where its first field took that in."""
    return _PROGRAM_BEFORE.sub("", text.strip())


def tidy(text: str) -> str:
    """Return ``text`` with plain quotes, single blanks, and no colours of a terminal."""
    text = _LINE_ENDS.sub("\n", _COLOURS.sub("", text)).translate(_PLAIN_QUOTES)
    return _BLANKS.sub(" ", text)


def fold(text: str) -> str:
    """Return ``text`` without quotes, backslashes and case: what shells and logs may lose."""
    return text.translate(_NO_QUOTES).casefold()


@cache
def patterns(prepare: Callable[[str], str]) -> tuple[Pattern, ...]:
    """Return every known message's pattern, its text changed by ``prepare``."""
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
    without_type = _NO_TYPE.sub(r"Property '.\1' not found", plain)
    if without_type != plain:
        return find_messages(without_type)
    unescaped = html.unescape(plain)
    if unescaped != plain:
        return find_messages(unescaped)
    # Most texts have a whole message.
    from .cut_off import find_cut_off

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
    if pattern.fields[-1] not in _MANY_WORDS:
        value = value.split(" ", 1)[0].rstrip(".,:;") if value else ""
    return value, None, 0


def _fits(template: str, name: str, value: str) -> bool:
    """Return whether a field can have held this: most hold one word, and some but a few words."""
    if name in _MANY_WORDS:
        return True
    words = ONLY.get((template, name))
    if words is not None:
        return value in words
    return len(value.split()) < 2


def _goes_on(character: str, piece: str) -> bool:
    """Whether what ends in ``piece`` goes on: a full stop can be within a name."""
    return character.isalnum() or (piece == "." and character != "" and character in "._-")


def errno_behind(line: str, position: int, prepare: Callable[[str], str]) -> tuple[str | None, int]:
    """Return the errno whose text follows at ``position`` after a colon or a blank, its length."""
    behind = line[position : position + 80]
    rest = behind.lstrip(": ")
    if len(rest) == len(behind):
        return None, 0
    for said, name in _errno_texts(prepare):
        if rest.startswith(said):
            return name, len(behind) - len(rest) + len(said)
    return None, 0


@cache
def _errno_texts(prepare: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    texts = {prepare(linux.strerror(number)): name for number, name in linux.ERRNO_NAMES.items()}
    return tuple(sorted(texts.items(), key=lambda item: -len(item[0])))
