"""Text as people have it, and the QEMU options in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from .found import NothingFound, QemuLine
from .words import from_words

if TYPE_CHECKING:
    from .reader import find_line, find_lines

__all__ = ["NothingFound", "QemuLine", "find_line", "find_lines", "from_words"]


def __getattr__(name: str) -> object:
    """Return what reads a text: most lines are words already, and start sooner without it."""
    if name not in __all__:
        raise AttributeError(f"module 'qemu_model.input' has no attribute '{name}'")
    from . import reader

    return getattr(reader, name)
