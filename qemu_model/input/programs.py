"""Which word of a text is a QEMU program, and which of its words are options."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from functools import cache
from typing import Final

#: A program's name; what may follow is a distribution's or a builder's addition.
_NAME: Final = (
    r"(?:qemu-system-[a-z0-9_]+|qemu-kvm|kvm-spice|kvm|qemu)(?:[-.](?:spice|bin|\d[\w.]*))?"
)
_PROGRAM: Final = re.compile(rf"(?:\S*/)?{_NAME}")
#: A program in a text, followed by an option: how most texts show one.
IN_TEXT: Final = re.compile(
    rf"(?<![^\s'\"=@!+(\[-])(?P<program>(?:/[^\s'\"=,]*/)?{_NAME})['\"]?"
    r"(?=(?:\s|\\\r?\n)+['\"]?--?[A-Za-z])"
)

#: Options that take a value, of releases later than 7.2 (``qemu-options.hx``).
_LATER_WITH_VALUE: Final = frozenset({"igvm", "run-with", "shim"})


def is_program(word: str) -> bool:
    """Return whether a word is the name or the path of a QEMU program."""
    return _PROGRAM.fullmatch(word) is not None


@cache
def options_with_value() -> frozenset[str]:
    """Return the options that take a value in some release."""
    from ..v7_2 import vl as since_6_0
    from ..vl import WITH_VALUE

    return WITH_VALUE | since_6_0.WITH_VALUE | _LATER_WITH_VALUE


@cache
def options_without_value() -> frozenset[str]:
    """Return the options that take no value in some release."""
    from ..v7_2 import vl as since_6_0
    from ..vl import WITHOUT_VALUE

    return WITHOUT_VALUE | since_6_0.WITHOUT_VALUE


def option_name(word: str) -> str:
    """Return the name of an option, empty for a word that is none."""
    if not word.startswith("-"):
        return ""
    return word[2:] if word.startswith("--") else word[1:]


def is_option(word: str) -> bool:
    """Return whether a word is an option that some release of QEMU has."""
    name = option_name(word)
    return name in options_with_value() or name in options_without_value()
