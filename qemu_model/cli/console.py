"""Where output goes: its width, its colours, lines that are too long for it.

Colours are few and those that read on light and dark grounds alike; there are none
in a pipe, with NO_COLOR, on a dumb terminal, or with --color never.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from .layout import terminal_columns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NO_TERMINAL: Final = 80
#: Where a line would have fewer columns than this left, it is not folded.
NARROWEST_FOLD: Final = 30


def console(color: str) -> Console | None:
    """Return what prints in colour, or None where there is to be none (``--color``)."""
    if color == "never" or (color != "always" and not sys.stdout.isatty()):
        return None
    from rich.console import Console

    forced = True if color == "always" else None
    return Console(
        highlight=False,
        soft_wrap=True,
        force_terminal=forced,
        color_system="standard" if forced else "auto",
        no_color=False if forced else None,
    )


def columns() -> int:
    """Return how wide lines may be: the terminal's width, or 80 into a pipe."""
    return terminal_columns(NO_TERMINAL)


def print_folded(out: Console, text: Text, hanging: int) -> None:
    """Print one line: a terminal gets it in several where it is too long, a pipe never.

    The later ones are indented by ``hanging`` columns.
    """
    from rich.text import Text

    width = columns()
    if not sys.stdout.isatty() or text.cell_len <= width or width - hanging < NARROWEST_FOLD:
        out.print(text, soft_wrap=True)
        return
    first, *rest = text.wrap(out, width - hanging, overflow="fold")
    out.print(first, soft_wrap=True)
    for more in rest:
        out.print(Text(" " * hanging) + more, soft_wrap=True)
