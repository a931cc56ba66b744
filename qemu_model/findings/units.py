"""Sizes and counts in words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_UNITS: Final = (
    (1 << 40, "TiB", "T"),
    (1 << 30, "GiB", "G"),
    (1 << 20, "MiB", "M"),
    (1 << 10, "KiB", "K"),
)


def size_text(size: int) -> str:
    """Return a size in bytes in the largest unit that divides it: 4 GiB, 8193 MiB."""
    for unit, name, _ in _UNITS:
        if size and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"


def rough_size(size: int) -> str:
    """Return a size in bytes with at most one digit behind the point."""
    for unit, name, _ in _UNITS:
        if size >= unit:
            value = size / unit
            return f"{value:.0f} {name}" if size % unit == 0 else f"{value:.1f} {name}"
    return f"{size} bytes"


def option_size(size: int) -> str:
    """Return a size in bytes as QEMU's options take it: 8194M."""
    for unit, _, letter in _UNITS:
        if size and size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)


def joined(words: Sequence[str], word: str = "and") -> str:
    """Return words as an enumeration: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {word} {words[-1]}"


def counted(number: int, thing: str) -> str:
    """Return a number with its thing, in the plural if need be."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
