"""NUMA nodes of the host, and settings that change nothing."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..explain.guest_memory import Memory
from .case import Case
from .finding import Finding, Rule
from .lines import with_values
from .ram_rules import added_words
from .units import joined

NO_NODE: Final = Rule(
    "QM501",
    "no-such-node",
    "warning",
    "host-nodes names nodes that the host does not have.",
)
NO_EFFECT: Final = Rule(
    "QM601",
    "no-effect",
    "note",
    "A setting has no effect on this line.",
)


def missing_nodes(case: Case) -> Iterator[Finding]:
    """Yield the nodes that a line names and the host lacks."""
    there = case.host.nodes()
    if there is None:
        return
    for memory in case.memory:
        missing = sorted(set(memory.nodes) - there)
        if not missing or memory.part is None:
            continue
        kept = sorted(set(memory.nodes) & there)
        which = f"node{'s' if len(missing) > 1 else ''} {joined(list(map(str, missing)))}"
        args = None
        whole = kept and kept == list(range(kept[0], kept[-1] + 1))
        if whole and not memory.part.text.startswith("{"):
            nodes = f"{kept[0]}-{kept[-1]}" if len(kept) > 1 else str(kept[0])
            args = with_values(case.args, memory.part, host_nodes=nodes)
        yield Finding(
            NO_NODE,
            memory.id,
            f'"{memory.id}" names {which}; the host has {joined(list(map(str, sorted(there))))}.',
            "The kernel leaves out nodes that do not exist."
            if kept
            else "mbind fails with 'Invalid argument' if none of the nodes exists.",
            f"use {added_words(case.args, args)}"
            if args is not None
            else "name only nodes that numactl --hardware lists",
            None if kept else "error",
            args,
        )


def without_effect(case: Case) -> Iterator[Finding]:
    """Yield the settings that are given and change nothing."""
    for memory in case.memory:
        part = memory.part
        if part is None or not memory.mapped:
            continue
        if part.on("merge") and (reason := _never_merged(case, memory)):
            yield Finding(
                NO_EFFECT,
                memory.id,
                f"merge=on has no effect on {memory.id!r}: {reason}.".replace("'", '"'),
                "KSM merges private anonymous pages only.",
                "remove merge=on",
                args=with_values(case.args, part, merge=None),
            )
        if part.on("dump") and memory.source == "file" and memory.shared and not memory.huge:
            yield Finding(
                NO_EFFECT,
                memory.id,
                f'dump=on has no effect on "{memory.id}" by default: core dumps leave out shared '
                "mappings of files.",
                "Bit 3 of /proc/PID/coredump_filter decides, which is off by default.",
                "remove dump=on, or set the bit",
                args=with_values(case.args, part, dump=None),
            )
        for name in ("prealloc-threads", "prealloc-context"):
            if name in part.params and not memory.prealloc:
                yield Finding(
                    NO_EFFECT,
                    memory.id,
                    f'{name} has no effect on "{memory.id}": prealloc is off.',
                    "It is about the threads that preallocate.",
                    f"remove {name}, or use prealloc=on",
                    args=with_values(case.args, part, **{name: None}),
                )
        if (
            not memory.reserve
            and memory.huge is False
            and memory.shared
            and memory.source == "file"
        ):
            yield Finding(
                NO_EFFECT,
                memory.id,
                f'reserve=off has no effect on "{memory.id}": nothing is reserved for shared '
                "mappings of files.",
                "Swap space is reserved for private and anonymous memory, huge pages from their "
                "pool.",
                "remove reserve=off",
                args=with_values(case.args, part, reserve=None),
            )


def _never_merged(case: Case, memory: Memory) -> str:
    """Return why KSM leaves a block alone, empty if it does not."""
    if memory.huge:
        return "its pages are huge"
    if memory.shared:
        return "it is shared"
    if memory.path and case.host.file_system(memory.path).endswith("-dax"):
        return "it is on DAX"
    return ""
