"""Help that fits the terminal, and text that does not steer it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

#: The narrowest and the widest lines of help, in columns; the latter into a pipe.
NARROWEST: Final = 40
WIDEST: Final = 88
#: Where Python keeps the bytes of a path that are not text (``surrogateescape``).
_BYTES: Final = 0xDC00


def terminal_columns(otherwise: int) -> int:
    """Return how many columns $COLUMNS or the terminal has, ``otherwise`` without either."""
    told = os.environ.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and 0 < int(told) < 10_000:
        return max(int(told), NARROWEST)
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return otherwise
    return max(columns, NARROWEST) if columns else otherwise


def draws_progress() -> bool:
    """Whether stderr is a terminal on which a bar of progress can be drawn, and removed."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def help_width() -> int:
    """Return how wide help may be, in columns."""
    return min(terminal_columns(WIDEST), WIDEST)


def wrapped(text: str | Sequence[str], width: int, then: str = "") -> list[str]:
    """Return a paragraph, or words, in lines of at most ``width``; later begin with ``then``."""
    lines: list[str] = []
    line = ""
    for word in text.split() if isinstance(text, str) else text:
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = then + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def table(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield rows of a name and a text, the texts below each other where there is room."""
    rows = list(rows)
    first = max(len(name) for name, _ in rows) + 4
    if first > width // 2:
        for name, text in rows:
            yield f"  {name}"
            yield from (f"      {line}" for line in wrapped(text, width - 6))
        return
    for name, text in rows:
        head, *rest = wrapped(text, width - first)
        yield f"  {name:<{first - 2}}{head}"
        yield from (" " * first + line for line in rest)


def printable(text: str) -> str:
    """Return ``text`` with what would steer a terminal escaped; line ends stay."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text
    )


def _escaped(letter: str) -> str:
    """Return a letter as an escape; a byte that is not text, as a path may have it, as a byte."""
    byte = ord(letter) - _BYTES
    if 0x80 <= byte <= 0xFF:
        return f"\\x{byte:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
