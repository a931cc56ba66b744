"""What QEMU's messages look like in a text: their fixed pieces, and what was found of one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import attrs

from ..host import linux
from ..records import Record
from .known import Known, known_messages

#: Fields that may hold several words: all others hold one at most.
MANY_WORDS: Final = frozenset(
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
_PROGRAM_BEFORE: Final = re.compile(r"^\S*qemu(?:-system-\w+|-kvm)?: ")
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
        """Whether QEMU continues after it."""
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
