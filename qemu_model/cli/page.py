"""Text for a terminal of any width: headings, wrapped lines, commands to copy."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import textwrap
from typing import Final

from .console import columns, console
from .layout import printable

#: The widest lines of prose, in columns.
WIDEST: Final = 100


class Page:
    """Prints prose on stdout, wrapped to the terminal.  ``color`` is what --color says."""

    def __init__(self, color: str = "") -> None:
        self._console = console(color)
        self.width = min(columns(), WIDEST)
        self._begun = False

    def _print(self, text: str, style: str = "") -> None:
        self._begun = True
        text = printable(text)
        if self._console is None:
            print(text)
        else:
            self._console.print(text, style=style, markup=False)

    def line(self, text: str, style: str = "") -> None:
        """Print a paragraph."""
        self._print(
            textwrap.fill(text, self.width, break_long_words=False, break_on_hyphens=False), style
        )

    def styled(self, text: str, style: str = "") -> None:
        """Print lines that are wrapped already."""
        self._print(text, style)

    def head(self, text: str) -> None:
        """Print a heading, with an empty line before it."""
        if self._begun:
            self._print("")
        self.line(text, "bold")

    def item(self, text: str, beside: str = "", style: str = "") -> None:
        """Print an indented paragraph; ``beside`` goes to the next line, indented more."""
        self._indented(text, "  ", "    ", style)
        if beside:
            self._indented(beside, "      ", "      ", "dim")

    def entry(self, name: str, text: str, width: int) -> None:
        """Print a row of a list: a name in ``width`` columns, and what it is."""
        if width + 20 > self.width:
            self.item(name, text)
            return
        wrapped = textwrap.wrap(text, self.width - width - 4) or [""]
        self._print(f"  {name:<{width}}  {wrapped[0]}")
        for more in wrapped[1:]:
            self._print(" " * (width + 4) + more)

    def detail(self, text: str, style: str = "") -> None:
        """Print a paragraph that belongs to the item before it."""
        self._indented(text, "      ", "        ", style)

    def aside(self, text: str) -> None:
        """Print a remark on the detail before it."""
        self._indented(text, "          ", "          ", "dim")

    def _indented(self, text: str, first: str, then: str, style: str) -> None:
        wrapped = textwrap.fill(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=then,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._print(wrapped or first, style)

    def command(self, text: str) -> None:
        """Print a command to copy: on one line, however long, so that it pastes."""
        self._print(f"      $ {text}", "green")

    def code(self, text: str, style: str = "") -> None:
        """Print a line as it is."""
        self._print(text, style)
