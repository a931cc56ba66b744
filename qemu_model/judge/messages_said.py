"""QEMU's messages compared with the model's: ``check --stderr``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

import attrs

from .. import messages
from ..error import Message

#: The program's name, after the time that ``-msg timestamp=on`` prints.
_PROGRAM: Final = re.compile(r"^(?:\d{4}-\d\d-\d\dT\S+Z )?[^\s:]*(?:qemu|kvm)[^\s:]*: ")
#: The options, as QEMU names them in messages, that make backends.
_ABOUT_BACKENDS: Final = re.compile(
    r"^qemu: -(?:object \S*memory-backend-|mem-path|mem-prealloc|numa|m |machine \S*memory-backend)"
)
_HARMLESS: Final = re.compile(r"qemu: (?:-\S+ \S+: )?(?:warning|info): ")
#: A message on one block, and what blocks of the machine's own are that the model makes.
_NAMES_BLOCK: Final = re.compile(r"cannot set up guest memory '([^']*)'")
_GUEST_RAM: Final = re.compile(r"ram|\w+\.ram(?:\.node\d+)?|.*-node\d+")
_NUMBER: Final = re.compile(r"\b0x[0-9a-f]+\b")
_FIELD: Final = re.compile(r"\\\{\w+(?::\w+)?\\\}")
#: So alike, from 0 to 1, are a message and the same one with a word changed.
_ALIKE: Final = 0.85
#: A template with fewer letters of its own than this fits too much.
_LETTERS: Final = 12


@attrs.frozen
class Said:
    """How the messages compare.

    ``unsaid`` are the model's that QEMU did not print, ``unexpected`` those of a backend
    that the model does not print, ``unknown`` those on an option that makes backends in words
    that no release of the model has, ``others`` what else QEMU printed.
    """

    unsaid: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def altered(self) -> tuple[str, ...]:
        """The ``unsaid`` that QEMU printed in nearly the same words."""
        printed = self.unknown + self.others
        return tuple(line for line in self.unsaid if get_close_matches(line, printed, 1, _ALIKE))

    @property
    def foreign_errors(self) -> tuple[str, ...]:
        """The ``others`` that may be why QEMU ended."""
        return tuple(line for line in self.unknown + self.others if not _HARMLESS.match(line))


def read_stderr(text: str) -> tuple[str, ...]:
    """Return what QEMU printed as lines, the program's name replaced by ``qemu``."""
    return tuple(_PROGRAM.sub("qemu: ", line.rstrip()) for line in text.split("\n") if line.strip())


def compare(
    printed: Sequence[str],
    modelled: Sequence[str],
    names: Container[str],
    *,
    but_numbers: bool = False,
) -> Said:
    """Compare QEMU's lines with the model's, each of which must be there, in their order.

    ``names`` are what memory of the line's objects may be called.  ``but_numbers``: lines that
    differ only in numbers are equal.
    """
    if but_numbers:
        printed = [_NUMBER.sub("N", line) for line in printed]
        modelled = [_NUMBER.sub("N", line) for line in modelled]
    left = list(read_stderr("\n".join(printed)))
    unsaid = []
    place = 0
    for line in read_stderr("\n".join(modelled)):
        if line in left[place:]:
            place += left[place:].index(line)
            del left[place]
        else:
            unsaid.append(line)
    sorted_lines: dict[str, list[str]] = {"unexpected": [], "unknown": [], "others": []}
    for line in left:
        sorted_lines[_kind_of(line, names)].append(line)
    return Said(tuple(unsaid), **{kind: tuple(lines) for kind, lines in sorted_lines.items()})


def _kind_of(line: str, names: Container[str]) -> str:
    """Return which field of :class:`Said` a line of QEMU's belongs to."""
    text = re.sub(r"^qemu: (?:-\S+ \S+: )?", "", line)
    named = _NAMES_BLOCK.match(text)
    if named is not None and named[1] not in names and not _GUEST_RAM.fullmatch(named[1]):
        return "others"
    if any(pattern.fullmatch(text) for pattern in _patterns()):
        return "unexpected"
    return "unknown" if _ABOUT_BACKENDS.match(line) else "others"


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(_templates())


def _templates() -> Iterator[re.Pattern[str]]:
    """Yield a pattern for each text that any release has for what memory backends say."""
    said = (*vars(messages.memory).values(), *vars(messages.backends).values())
    for message in said:
        if not isinstance(message, Message):
            continue
        for _, text in message.texts:
            own = re.sub(r"\{[^}]*\}", "", text or "")
            if text is None or sum(map(str.isalpha, own)) < _LETTERS:
                continue
            pattern = _FIELD.sub(".+", re.escape(text.strip()))
            yield re.compile(pattern + (r"(?:: .*)?" if message.errno else ""))
