"""Words of a command line that are not only options: a program first, a path, a whole line."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence

from ..machines.programs import with_program
from .found import LOOKED_FOR, NothingFound, QemuLine
from .programs import is_option, is_program


def whole_text(words: Sequence[str]) -> str | None:
    """Return the text that one word holds, a line of a log for instance, None if it holds none."""
    if len(words) != 1:
        return None
    word = words[0]
    return word if len(word.split()) > 1 else None


def is_path(words: Sequence[str]) -> bool:
    """Return whether the words are one, and no option: a path, if anything."""
    return len(words) == 1 and not words[0].startswith("-") and len(words[0].split()) == 1


def from_words(words: Sequence[str], number: int = 0) -> QemuLine:
    """Return the options among words as a shell hands them on.

    The program, and what stands before it (sudo, variables), is left out; one word that
    holds a whole text is read as one.  Raises :class:`~.found.NothingFound`.
    """
    text = whole_text(words)
    if text is not None and not (text.startswith("-") and is_option(text)):
        from .reader import find_line

        return find_line(text, number)
    if is_path(words) and not is_program(words[0]):
        raise NothingFound(f"'{words[0]}' is neither an option nor a file ({LOOKED_FOR})")
    for place, word in enumerate(words):
        if word.startswith("-"):
            break
        if is_program(word):
            return QemuLine(with_program(word, words[place + 1 :]), "command line", word)
    return QemuLine(tuple(words), "command line")
