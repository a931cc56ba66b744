"""The first screen of ``explain``: does it start, what memory does the guest get, what is wrong."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..calls.said import errors_of
from ..findings.ram_rules import needs_shared_ram, reachable
from ..findings.units import counted, joined, size_text
from .guest_memory import Memory

if TYPE_CHECKING:
    from ..findings.case import Case

#: More backends than this are counted, not listed.
_LISTED: Final = 4


def verdict(case: Case, *, failed: bool = False) -> str:
    """Return whether QEMU starts, and its message if it does not.

    ``failed`` says that the text behind the line has an error, so that it did not start there.
    """
    run = case.run
    if case.killed:
        return "Does not start: the kernel kills QEMU, as there is not enough memory."
    if run.exit == 0:
        return "Starts on a host that has what it needs." if failed else "Starts."
    if run.livelock:
        return f"Never starts: QEMU stays in {run.livelock}()."
    said = errors_of(run)
    text = said[0].removeprefix("qemu: ") if said else "no message"
    if run.exit is not None and run.exit < 0:
        return f"Does not start: a signal ends QEMU ({text})."
    return f"Does not start: {text}"


def memory_sentences(case: Case) -> Iterator[str]:
    """Yield what memory the guest gets, from where, and which device can reach it."""
    if case.run.line.assumed_machine == "none" and not any(one.is_ram for one in case.memory):
        yield from _without_guest(case.memory)
        return
    ram = [memory for memory in case.memory if memory.is_ram]
    if not ram:
        ram = [memory for memory in case.memory if memory.part is None and not memory.uses]
    if ram:
        yield f"Guest RAM: {_ram(ram)}{_reach(case, ram)}."
    for memory in case.memory:
        labels = [use.label for use in memory.uses if use.kind == "device"]
        if labels:
            yield f"{joined(labels)}: {_one(memory)}."


def _without_guest(memory: Sequence[Memory]) -> Iterator[str]:
    listed = [f"{_one(one)}" for one in memory[:_LISTED]]
    if len(memory) > _LISTED:
        listed.append(f"{len(memory) - _LISTED} more")
    if listed:
        yield f"{'Backend' if len(memory) == 1 else 'Backends'}: {'; '.join(listed)}."


def _ram(ram: Sequence[Memory]) -> str:
    if len(ram) == 1:
        return _one(ram[0])
    total = sum(memory.size for memory in ram)
    kinds = list(dict.fromkeys(_kind(memory) for memory in ram))
    if len(kinds) == 1:
        return f"{size_text(total)} in {len(ram)} nodes, each {kinds[0]}"
    listed = [f'{size_text(memory.size)} "{memory.id}", {_kind(memory)}' for memory in ram]
    if len(listed) > _LISTED:
        listed = [*listed[:_LISTED], f"{len(ram) - _LISTED} more"]
    return f"{size_text(total)} in {len(ram)} nodes: {'; '.join(listed)}"


def _one(memory: Memory) -> str:
    return f'{size_text(memory.size)} "{memory.id}", {_kind(memory)}'


def _kind(memory: Memory) -> str:
    how = "shared" if memory.shared else "private"
    read_only = ", read-only" if memory.readonly else ""
    early = f"{_nodes(memory)}{', taken at start' if memory.prealloc else ''}"
    if memory.huge:
        pages = f"{counted(memory.pages, 'huge page')} of {size_text(memory.page_size)}"
        what = {"file": f" in {memory.path}" if memory.path else "", "memfd": " in a memfd"}
        return f"{how}, {pages}{what.get(memory.source, '')}{early}"
    if memory.source == "memfd":
        return f"one {how} memfd{early}"
    if memory.source == "anonymous":
        return f"{how} anonymous memory{early}"
    if memory.type == "memory-backend-shm":
        return f"one {how} POSIX memory object{early}"
    if memory.unlinked:
        return f"one {how} file without a name in {memory.path}{early}"
    return f"a {how} mapping of {memory.path}{read_only}{early}"


def _nodes(memory: Memory) -> str:
    """Return from which of the host's nodes the pages come, empty where any gives them."""
    if not memory.nodes or memory.policy == "default":
        return ""
    numbers = joined([str(node) for node in memory.nodes])
    how = {"bind": "from", "preferred": "preferably from", "interleave": "interleaved over"}
    many = "nodes" if len(memory.nodes) > 1 else "node"
    return f", {how.get(memory.policy, memory.policy)} host {many} {numbers}"


def _reach(case: Case, ram: Sequence[Memory]) -> str:
    devices = needs_shared_ram(case)
    if not devices or not all(map(reachable, ram)):
        return ""
    return f"; {joined(devices)} can reach it"
