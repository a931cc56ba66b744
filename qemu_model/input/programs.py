"""Which word of a text is a QEMU program, and which of its words are options."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ..qemu_options_hx import qemu_options

#: A program's name; what may follow is a distribution's or a builder's addition.
_NAME: Final = (
    r"(?:qemu-system-[a-z0-9_]+|qemu-kvm|kvm-spice|kvm|qemu)(?:[-.](?:spice|bin|\d[\w.]*))?"
)
_PROGRAM: Final = rf"(?!/dev/)(?:\S*/)?{_NAME}"
#: A program in a text, followed by an option: how most texts show one.
IN_TEXT: Final = (
    rf"(?<![^\s'\"=@!+(\[-])(?P<program>(?:/(?!dev/)[^\s'\"=,]*/)?{_NAME})['\"]?"
    r"(?=(?:\s|\\\r?\n)+['\"]?--?[A-Za-z])"
)


def is_program(word: str) -> bool:
    """Return whether a word is the name or the path of a QEMU program."""
    return re.fullmatch(_PROGRAM, word) is not None


@cache
def options_with_value() -> frozenset[str]:
    """Return the options that take a value in some release."""
    options = qemu_options().values()
    return frozenset(option.name for option in options if option.has_arg)


def option_name(word: str) -> str:
    """Return the name of an option, empty for a word that is none."""
    if not word.startswith("-"):
        return ""
    return word[2:] if word.startswith("--") else word[1:]


def is_option(word: str) -> bool:
    """Return whether a word is an option that some release of QEMU has."""
    return option_name(word) in qemu_options()
