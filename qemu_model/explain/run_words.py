"""What an option of a backend did in a run, where that is not what it does in general."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from .guest_memory import Memory
from .words import OFF, Effect

Words = Callable[[Memory, bool, Effect], Effect]


def as_it_ran(effect: Effect, memory: Memory, *, locked: bool) -> Effect:
    """Return an option's effect on a block that a run made.

    ``locked`` says that -overcommit takes all memory at start.
    """
    name, _, value = effect.option.partition("=")
    if not effect.given:
        name, _, value = effect.option.partition(" not given ")
    change = _CHANGES.get(name)
    on = value.strip("()") not in OFF
    changed = change(memory, on, effect) if change is not None and memory.mapped else effect
    if name == "prealloc" and locked and not on:
        return attrs.evolve(effect, memory="-overcommit mem-lock=on takes all of it at start")
    return changed


def _share(memory: Memory, on: bool, effect: Effect) -> Effect:
    if memory.type == "memory-backend-ram" and on and memory.source == "memfd":
        return attrs.evolve(
            effect,
            memory="the memory is a memfd of QEMU's own",
            sharing="another process that is given the descriptor shares the memory",
        )
    return effect


def _discard(memory: Memory, on: bool, effect: Effect) -> Effect:
    if on and not memory.shared:
        return attrs.evolve(effect, data="without effect: only a shared mapping is discarded")
    return effect


def _readonly(memory: Memory, on: bool, effect: Effect) -> Effect:
    if on and not memory.readonly:
        return attrs.evolve(
            effect, data="the file is opened for reading; the guest's writes stay private to QEMU"
        )
    return effect


def _reserve(memory: Memory, on: bool, effect: Effect) -> Effect:
    if memory.source == "file" and memory.shared and not memory.huge:
        nothing = "nothing is set aside for a shared mapping of a file"
        return attrs.evolve(effect, memory=nothing if on else f"without effect: {nothing}")
    return effect


def _dump(memory: Memory, on: bool, effect: Effect) -> Effect:
    if on and memory.source == "file" and memory.shared and not memory.huge:
        return attrs.evolve(
            effect,
            data="the content is in core dumps only if bit 3 of coredump_filter is set, as this is "
            "a shared mapping of a file",
        )
    return effect


def _merge(memory: Memory, on: bool, effect: Effect) -> Effect:
    if on and (memory.shared or memory.huge):
        what = "shared" if memory.shared else "huge"
        return attrs.evolve(effect, memory=f"without effect: KSM leaves {what} pages alone")
    return effect


_CHANGES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "share": _share,
        "discard-data": _discard,
        "readonly": _readonly,
        "reserve": _reserve,
        "dump": _dump,
        "merge": _merge,
    }
)


def effects_as_they_ran(
    effects: Sequence[Effect], blocks: Sequence[Memory], *, locked: bool
) -> list[Effect]:
    """Return the effects of a line's options, those of backends as the run has them."""
    by_id = {memory.id: memory for memory in blocks if memory.type}
    return [
        as_it_ran(effect, by_id[effect.backend], locked=locked)
        if effect.backend in by_id
        else effect
        for effect in effects
    ]
