"""Whether the guest has the memory of the line, and devices can reach it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..explain.guest_memory import Memory
from ..explain.parts import Part
from .case import Case
from .finding import Finding, Rule
from .lines import with_kind, with_ram_backend, with_values, without
from .units import joined, option_size, size_text

UNUSED: Final = Rule(
    "QM101",
    "unused-backend",
    "warning",
    "The line has a memory backend that neither the guest's RAM nor a device uses.",
)
PRIVATE_RAM: Final = Rule(
    "QM102",
    "private-ram",
    "error",
    "A device that runs in another process needs shared guest RAM.",
)
#: Drivers whose device is another process that maps the guest's RAM.
_VHOST_USER: Final = "vhost-user-"


def unused_backends(case: Case) -> Iterator[Finding]:
    """Yield the backends that nothing uses."""
    machine = case.wanted.process.qemu.machine
    if case.wanted.run.exit != 0 or (case.run.line.assumed_machine == "none"):
        return
    ram = [memory for memory in case.memory if memory.is_ram]
    for memory in case.memory:
        if memory.uses or memory.part is None:
            continue
        about = f'"{memory.id}" ({size_text(memory.size)} {memory.type})'
        replaces = [one for one in ram if one.part is None and one.size == memory.size]
        if not replaces or not machine.ram_size:
            yield Finding(
                UNUSED,
                memory.id,
                f"{about} is used neither as guest RAM nor by a device.",
                "QEMU maps a backend as soon as it is created; the guest sees only what -machine "
                "memory-backend=, -numa memdev= or a device names.",
                f"remove -object {memory.id}, or name it in memory-backend= or memdev=",
                args=without(case.args, memory.part),
            )
            continue
        args = with_ram_backend(case.args, memory.id, by_machine=by_machine(case))
        yield Finding(
            UNUSED,
            memory.id,
            f"{about} is not the guest's RAM: the guest uses {size_text(machine.ram_size)} of "
            f"{described(replaces[0])}, and {size_text(machine.ram_size + memory.size)} are "
            "mapped in all.",
            "-m alone allocates separate RAM; a backend becomes RAM only where -machine "
            "memory-backend= or -numa memdev= names it.",
            f"use {added_words(case.args, args)}",
            args=args,
        )


def by_machine(case: Case) -> bool:
    """Return whether the release has ``-machine memory-backend=`` (since 5.0)."""
    probe = ("-machine", "pc,memory-backend=ram", "-m", "1M")
    from ..host.simulated import SimulatedHost
    from ..process import run

    done = run(
        (*probe, "-object", "memory-backend-ram,id=ram,size=1M"),
        SimulatedHost(case.place.plenty),
        case.revision,
    )
    return done.exit == 0


def added_words(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    """Return the options of ``after`` that ``before`` lacks, as they are typed."""
    import shlex

    kept = [*before]
    words: list[str] = []
    place = 0
    while place < len(after):
        option, value = after[place], after[place + 1 : place + 2]
        if option.startswith("-") and value and not value[0].startswith("-"):
            pair = [option, *value]
            place += 2
        else:
            pair = [option]
            place += 1
        if not any(kept[at : at + len(pair)] == pair for at in range(len(kept))):
            words += [option, *map(shlex.quote, pair[1:])]
    return " ".join(words)


def described(memory: Memory) -> str:
    """Return what a block of memory is, in a few words."""
    how = "shared" if memory.shared else "private"
    if memory.source == "anonymous":
        return f"{how} anonymous memory"
    return f"{'a ' if memory.source == 'memfd' else 'the '}{how} {memory.source}"


def needs_shared_ram(case: Case) -> tuple[str, ...]:
    """Return the labels of the devices that another process handles."""
    backends = {
        part.id or part.params.get("id", "")
        for part in case.parts_called("netdev")
        if part.kind == "vhost-user"
    }
    found = []
    for part in case.parts_called("device"):
        if part.kind.startswith(_VHOST_USER):
            found.append(part.label)
        elif part.params.get("netdev") in backends and part.params.get("netdev"):
            found.append(f"{part.id or part.kind} (vhost-user)")
    return tuple(found)


def reachable(memory: Memory) -> bool:
    """Return whether another process can map the memory: shared, with a descriptor."""
    return memory.shared and memory.source != "anonymous"


def private_ram(case: Case) -> Iterator[Finding]:
    """Yield what keeps devices of other processes from the guest's RAM."""
    devices = needs_shared_ram(case)
    if not devices or case.wanted.run.exit != 0:
        return
    ram = [memory for memory in case.memory if memory.is_ram or memory.uses]
    bad = [memory for memory in ram if not reachable(memory)]
    if not bad:
        return
    args = shared_ram(case, bad)
    which = joined([f'"{memory.id}"' for memory in bad])
    verb = "is" if len(bad) == 1 else "are"
    yield Finding(
        PRIVATE_RAM,
        devices[0].partition(" ")[0],
        f"{joined(devices)} {'needs' if len(devices) == 1 else 'need'} shared guest RAM; {which} "
        f"{verb} {described(bad[0])}.",
        "vhost-user hands the descriptor of the RAM to another process. Anonymous memory has "
        "none ('Failed initializing vhost-user memory map'); of a private mapping the other "
        "process sees the file, not what the guest writes.",
        f"use {added_words(case.args, args)}" if args is not None else "",
        args=args,
    )


def shared_ram(case: Case, bad: list[Memory]) -> tuple[str, ...] | None:
    """Return the line with shared RAM in place of the blocks in ``bad``."""
    args: tuple[str, ...] | None = case.args
    for memory in bad:
        assert args is not None
        args = _shared(case, args, memory)
        if args is None:
            return None
    return args


def _shared(case: Case, args: tuple[str, ...], memory: Memory) -> tuple[str, ...] | None:
    from ..explain.parts import parts_of

    part: Part | None = next(
        (one for one in parts_of(args) if one.option == "object" and one.id == memory.id), None
    )
    if part is None:
        size = option_size(case.wanted.process.qemu.machine.ram_size)
        made = f"memory-backend-memfd,id=mem,size={size},share=on"
        taken = {one.id for one in case.parts}
        if "mem" in taken or "-mem-path" in args:
            return None
        return with_ram_backend(args, "mem", by_machine=by_machine(case), object=made)
    if memory.source == "anonymous":
        return with_kind(args, part, "memory-backend-memfd", share="on")
    return with_values(args, part, share="on")
