"""Text as people have it, and the QEMU options in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from .found import NothingFound, QemuLine
from .reader import find_line, find_lines
from .words import from_words

__all__ = ["NothingFound", "QemuLine", "find_line", "find_lines", "from_words"]
