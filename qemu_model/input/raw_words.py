"""Words of a line whose quotes are gone: ``ps``, a journal, a process's title."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator

from .programs import is_option, option_name, options_with_value


def raw_words(text: str) -> list[str]:
    """Return the words of a line without quotes: JSON objects whole, values with their blanks.

    What follows an option's value and is not an option itself belongs to the value.
    """
    words: list[str] = []
    may_go_on = False
    for word in _pieces(text):
        if is_option(word):
            may_go_on = False
            words.append(word)
        elif may_go_on:
            words[-1] += f" {word}"
        else:
            may_go_on = bool(words) and option_name(words[-1]) in options_with_value()
            words.append(word)
    return words


def _pieces(text: str) -> Iterator[str]:
    position, end = 0, len(text)
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        start = position
        if text[position] == "{":
            position = _behind_object(text, position)
        while position < end and not text[position].isspace():
            position += 1
        yield text[start:position]


def _behind_object(text: str, start: int) -> int:
    """Return where the object that begins at ``start`` ends, the end of the text if never."""
    depth = 0
    quoted = False
    position = start
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter == "{":
            depth += 1
        elif not quoted and letter == "}":
            depth -= 1
            if not depth:
                return position + 1
        position += 1
    # A quote was lost: the object is what stands up to the next blank.
    return start


def has_bare_objects(text: str) -> bool:
    """Return whether options of the line have JSON objects that no quote protects."""
    return any(
        piece.startswith("{") and option_name(before) in options_with_value()
        for before, piece in _pairs(text)
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    before = ""
    for piece in text.split():
        yield before, piece
        before = piece
