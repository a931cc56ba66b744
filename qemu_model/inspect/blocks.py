"""Match the mappings of a process with the memory that QEMU's command line describes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from .smaps import MappedRange

if TYPE_CHECKING:
    from ..explain.guest_memory import Memory

#: How smaps names memory without a file that is shared.
_SHARED_ZEROES: Final = "/dev/zero"
_MEMFD: Final = "/memfd:"
#: The smaps flag of memory that forked children do not get: QEMU sets it on all its blocks.
_NOT_FORKED: Final = "dc"


@attrs.frozen
class Line:
    """What a QEMU's command line says: its memory, and the findings of lint."""

    memory: tuple[Memory, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    revision: str = ""
    because: str = ""


def line_of(options: Sequence[str]) -> Line:
    """Return the memory that a command line makes, guest RAM first, and its findings."""
    from ..explain.parts import parts_of
    from ..findings.case import case_of, place_called
    from ..findings.registry import findings_of
    from ..findings.tree_choice import tree_for
    from ..input import from_words

    line = from_words(list(options))
    choice = tree_for(line)
    parts = parts_of(line.options)
    case = case_of(line.options, choice.revision, place_called("", parts), parts=parts)
    memory = sorted(case.memory, key=lambda one: (not one.is_ram, one.id))
    findings = tuple(finding.to_json() for finding in findings_of(case))
    return Line(tuple(memory), findings, choice.revision.name, choice.because)


def options_of(pid: int) -> tuple[str, ...]:
    """Return the words of a process after the program; empty where they cannot be read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")[:-1]
    except OSError:
        return ()
    return tuple(word.decode("utf-8", "surrogateescape") for word in words[1:])


def match_blocks(mappings: Iterable[MappedRange], memory: Sequence[Memory]) -> dict[int, Memory]:
    """Return the memory behind each mapping, by the mapping's address.

    A file is known by its path; memory without a path by its size and by how it is mapped.
    """
    left = list(mappings)
    found: dict[int, Memory] = {}
    for block in sorted(memory, key=lambda one: not one.path):
        fitting = [mapping for mapping in left if _fits(mapping, block)]
        exact = [mapping for mapping in fitting if mapping.size == _mapped(block, mapping)]
        chosen = exact[:1] or (fitting if block.path else [])
        for mapping in chosen:
            found[mapping.address] = block
            left.remove(mapping)
    return found


def _mapped(block: Memory, mapping: MappedRange) -> int:
    unit = mapping.page_size or 4096
    return -(-(block.mapped or block.size) // unit) * unit


def _fits(mapping: MappedRange, block: Memory) -> bool:
    if mapping.permissions[:2] not in ("rw", "r-") or mapping.shared != block.shared:
        return False
    if block.path and block.source == "file":
        inside = mapping.path.startswith(block.path.rstrip("/") + "/qemu_back_mem")
        return inside or mapping.path.removesuffix(" (deleted)") == block.path
    if mapping.vm_flags and _NOT_FORKED not in mapping.vm_flags:
        # The stack of a thread, for instance.
        return False
    if block.source == "memfd":
        return mapping.path.startswith(_MEMFD)
    return not mapping.path or mapping.path.startswith((_SHARED_ZEROES, _MEMFD, "[anon"))
