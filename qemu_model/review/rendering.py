"""Tables for people: plain in a pipe, readable at 80 columns."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TextIO, cast

from ..revision import Revision

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: What a pipe gets, in columns.
PIPE_WIDTH: Final = 80


class _WithoutTrailingBlanks(io.TextIOBase):
    """A stream whose lines end in no blanks: tables are padded, and a pipe needs no padding."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write whole lines, as rich does."""
        self._stream.write(re.sub(r" +(?=\n|$)", "", text))
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        self._stream.flush()


def console(color: str = "auto") -> Console:
    """Return where tables go: the terminal, or a pipe that takes 80 columns and no colour.

    ``color`` is ``auto``, which heeds NO_COLOR, ``always`` or ``never``.
    """
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(
        file=None if terminal else cast(TextIO, _WithoutTrailingBlanks(sys.stdout)),
        highlight=False,
        markup=False,
        width=None if terminal else PIPE_WIDTH,
        force_terminal=True if color == "always" else None,
        color_system={"always": "standard", "never": None}.get(color, "auto"),
        no_color={"always": False, "never": True}.get(color, None if terminal else True),
    )


def table(*columns: str, whole: Sequence[str] = ()) -> Table:
    """Return a table with these columns, drawn with few lines; ``whole`` ones never wrap."""
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in whole)
    return made


def revision_text(revision: Revision) -> str:
    """Return a revision's name with its meaning, and how it is known."""
    return f"{revision.name} = {revision.meaning} ({revision.evidence})"


def inferred_lines(revisions: Sequence[Revision]) -> list[str]:
    """Return what no published source fixes in these revisions, a wrapped entry each."""
    return marked_lines((revision.name, revision.inferred) for revision in revisions)


def marked_lines(inferred: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Return sentences with the names of the revisions they are about, a wrapped entry each."""
    names: dict[str, list[str]] = {}
    for name, sentences in dict.fromkeys((name, tuple(told)) for name, told in inferred):
        for sentence in sentences:
            names.setdefault(sentence, []).append(name)
    lines = []
    for sentence, named in names.items():
        lines += textwrap.wrap(
            f"[I] {', '.join(named)}: {sentence}", PIPE_WIDTH - 1, subsequent_indent="    "
        )
    return lines


def paragraph(text: str, *, indent: str = "") -> str:
    """Return ``text`` wrapped for a pipe."""
    return textwrap.fill(
        " ".join(text.split()),
        PIPE_WIDTH - 1,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
