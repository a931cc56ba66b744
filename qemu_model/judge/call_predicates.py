"""Questions about one call of a log, as far as its arguments could be read."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

from ..host import linux
from ..host.linux import O_CREAT, O_RDONLY
from .memory_blocks import BLOCK_ALIGN
from .search import is_reservation
from .strace import Call


def flags_or_zero(flags: object) -> int:
    """Return flags as they were read, none where they could not be."""
    return flags if isinstance(flags, int) else 0


def creates(call: Call) -> bool:
    """Whether an ``open`` may make the file."""
    return flags_or_zero(call.args[1]) & O_CREAT != 0


def opens_to_write(call: Call) -> bool:
    """Whether a call is an ``open`` for writing, or one whose flags could not be read."""
    flags = call.args[1] if call.name == "open" else O_RDONLY
    return isinstance(flags, str) or flags & 0o3 != O_RDONLY


def open_similarity(call: Call, args: tuple[Any, ...]) -> int:
    """Return how like an ``open`` is to one with ``args``: 0, or less for each difference."""
    flags = call.args[1]
    different: int = (flags ^ args[1]).bit_count() if isinstance(flags, int) else 64
    return -different - int(call.args[2] != args[2])


def is_mapping_of(head: Call, name: str, args: tuple[Any, ...]) -> bool:
    """Whether ``head`` maps the anonymous block that the call reserves the place of."""
    return is_reservation(name, args) and head.args[1] == args[1] - BLOCK_ALIGN


def maps_no_file(mapping: Call) -> bool:
    """Whether an ``mmap`` is of no file."""
    return bool(mapping.args[4] == -1)


def populates(name: str, args: tuple[Any, ...]) -> bool:
    """Whether the call has pages made before they are used."""
    match name, args:
        case "madvise", (_, _, linux.MADV_POPULATE_READ | linux.MADV_POPULATE_WRITE):
            return True
    return False


def discards(name: str, args: tuple[Any, ...]) -> bool:
    """Whether the call gives pages or a part of a file back."""
    drops = name == "madvise" and args[2] in (linux.MADV_DONTNEED, linux.MADV_REMOVE)
    return drops or name == "fallocate"
