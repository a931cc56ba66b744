"""Which QEMU a line is for: by the program that it begins with, else by its machine type.

QEMU has one program for each processor that it emulates.  A line may have the program
as its first word, as ``argv[0]``; it is kept there where the options alone would be read as
another's.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

X86: Final = "x86_64"
#: A processor whose machine types the model does not have.
OTHER: Final = "other"
_PROGRAM: Final = r"(?:\S*/)?qemu-system-(?P<processor>[a-z0-9_]+?)(?:[-.]\S*)?"
#: The processors that the model knows machines of, by what a program's name ends in.
_PROCESSORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aarch64": "aarch64",
        "arm": "arm",
        "ppc64": "ppc64",
        "ppc64le": "ppc64",
        "s390x": "s390x",
    }
)
#: The other processors, by what a program's name ends in (``configs/targets``, 3.1 to 11.1).
_OTHERS: Final = frozenset({
    "alpha", "avr", "cris", "hppa", "lm32", "loongarch64", "m68k", "microblaze", "microblazeel",
    "mips", "mips64", "mips64el", "mipsel", "moxie", "nios2", "or1k", "ppc", "riscv32", "riscv64",
    "rx", "sh4", "sh4eb", "sparc", "sparc64", "tricore", "unicore32", "xtensa", "xtensaeb",
})  # fmt: skip
#: What a machine type is called, versions aside, on each processor.
_MACHINES: Final = (
    (r"virt(-\d.*|-rhel.*)?", "aarch64"),
    (r"pseries(-.*)?", "ppc64"),
    (r"s390-ccw-virtio(-.*)?", "s390x"),
)


@functools.lru_cache(maxsize=256)
def is_program(word: str) -> bool:
    """Return whether a word is the name or the path of a ``qemu-system-...``."""
    return "qemu-system-" in word and re.fullmatch(_PROGRAM, word) is not None


def _of_program(program: str) -> str:
    match = re.fullmatch(_PROGRAM, program)
    if match is None:
        return X86
    processor = match["processor"]
    return OTHER if processor in _OTHERS else _PROCESSORS.get(processor, X86)


def _of_machine(options: Sequence[str]) -> str:
    found = X86
    for option, value in pairwise(options):
        if option.startswith("-") and option.lstrip("-") in ("M", "machine"):
            parts = [part.removeprefix("type=") for part in value.split(",")]
            names = [part for part in parts if "=" not in part]
            for pattern, processor in _MACHINES:
                if any(re.fullmatch(pattern, name) for name in names):
                    found = processor
    return found


@functools.lru_cache(maxsize=128)
def processor_of(words: tuple[str, ...]) -> str:
    """Return the processor that a line is for: x86_64 unless something says another."""
    if words and is_program(words[0]):
        return _of_program(words[0])
    return _of_machine(words)


def without_program(words: Sequence[str]) -> Sequence[str]:
    """Return the options of a line that may begin with a program."""
    return words[1:] if words and is_program(words[0]) else words


def with_program(program: str, options: Sequence[str]) -> tuple[str, ...]:
    """Return the options, after the program's name where they alone would be read as another's."""
    if is_program(program) and _of_program(program) != _of_machine(options):
        return (program.rpartition("/")[2], *options)
    return tuple(options)
