"""The machine types: ``hw/i386/pc_piix.c``, ``pc_q35.c`` and ``hw/core/null-machine.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from . import messages
from .boards import MachineClass, machine_get_class
from .globals import Qemu
from .machine import PROPERTIES as MACHINE_PROPERTIES
from .memory import MemoryRegion
from .numa import (
    memory_region_allocate_system_memory,
    numa_default_auto_assign_ram,
    numa_legacy_auto_assign_ram,
)
from .pc import (
    FOUR_GIB,
    GIB,
    PROPERTIES,
    pc_memory_init,
    pc_memory_plug,
    pc_memory_pre_plug,
    pc_possible_cpu_arch_ids,
)

C_FILE = "hw/i386/pc_piix.c"

#: The versions of pc and of q35, the newest first: the development tree's is the next release's.
PIIX_VERSIONS: Final = (
    (4, 0), (3, 1), (3, 0), (2, 12), (2, 11), (2, 10), (2, 9), (2, 8), (2, 7), (2, 6), (2, 5),
    (2, 4), (2, 3), (2, 2), (2, 1), (2, 0), (1, 7), (1, 6), (1, 5), (1, 4), (1, 3), (1, 2),
    (1, 1), (1, 0), (0, 15), (0, 14), (0, 13), (0, 12),
)  # fmt: skip
OLDEST_Q35: Final = (2, 4)
#: Up to 1.3 the name has no chipset.
LAST_PLAIN_PC: Final = (1, 3)


def machine_none_init(qemu: Qemu) -> None:
    """Make the machine without anything: it has RAM only if -m asks for some."""
    if qemu.machine.ram_size:
        qemu.machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, qemu.machine.ram, "ram", qemu.machine.ram_size)


def piix_above_4g(qemu: Qemu, *, gigabyte_align: bool) -> int:
    """Return how many bytes of an i440FX's RAM lie above 4 GiB: up to 3.5 GiB lie below."""
    machine = qemu.machine
    lowmem = limit = machine.max_ram_below_4g or 0xE0000000
    if machine.ram_size >= limit and gigabyte_align:
        lowmem = min(lowmem, 0xC0000000)
        if lowmem % GIB:
            qemu.warn_report(messages.BELOW_4G_PIIX, size=limit)
    return max(0, machine.ram_size - lowmem)


def pc_init1(qemu: Qemu) -> None:
    """Make a PC with the i440FX."""
    gigabyte_align = machine_get_class(qemu).gigabyte_align
    pc_memory_init(qemu, piix_above_4g(qemu, gigabyte_align=gigabyte_align))


def q35_above_4g(qemu: Qemu) -> int:
    """Return how many bytes of a Q35's RAM lie above 4 GiB: up to 2.75 GiB lie below."""
    machine = qemu.machine
    limit = machine.max_ram_below_4g or FOUR_GIB
    lowmem = 0x80000000 if machine.ram_size >= 0xB0000000 else 0xB0000000
    if lowmem > limit:
        lowmem = limit
        if machine.ram_size - lowmem > lowmem and lowmem % GIB:
            qemu.warn_report(messages.BELOW_4G_Q35, ram_size=machine.ram_size, size=limit)
    return max(0, machine.ram_size - lowmem)


def pc_q35_init(qemu: Qemu) -> None:
    """Make a PC with the Q35."""
    pc_memory_init(qemu, q35_above_4g(qemu))


NONE: Final = MachineClass(
    "none",
    "empty machine",
    machine_none_init,
    MACHINE_PROPERTIES,
    default_ram_size=0,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
)
PC: Final = MachineClass(
    "pc-i440fx-4.0",
    "Standard PC (i440FX + PIIX, 1996)",
    pc_init1,
    PROPERTIES,
    alias="pc",
    max_cpus=255,
    possible_cpu_arch_ids=pc_possible_cpu_arch_ids,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
    auto_enable_numa_with_memhp=True,
    pre_plug=pc_memory_pre_plug,
    plug=pc_memory_plug,
)
Q35: Final = attrs.evolve(
    PC,
    name="pc-q35-4.0",
    desc="Standard PC (Q35 + ICH9, 2009)",
    init=pc_q35_init,
    alias="q35",
    max_cpus=288,
)
ISAPC: Final = attrs.evolve(
    PC,
    name="isapc",
    desc="ISA-only PC",
    alias=None,
    max_cpus=1,
    has_reserved_memory=False,
    gigabyte_align=False,
)


def of_version(newest: MachineClass, version: tuple[int, int]) -> MachineClass:
    """Return the machine type as it was in an older release: what it does about memory."""
    name = newest.name.removesuffix("4.0")
    if version <= LAST_PLAIN_PC:
        name = "pc-"
    return attrs.evolve(
        newest,
        name=f"{name}{version[0]}.{version[1]}",
        alias=newest.alias if version == PIIX_VERSIONS[0] else None,
        max_cpus=min(newest.max_cpus, 288 if version >= (2, 8) else 255),
        numa_auto_assign_ram=(
            numa_default_auto_assign_ram if version > (2, 9) else numa_legacy_auto_assign_ram
        ),
        auto_enable_numa_with_memhp=version > (2, 10),
        enforce_aligned_dimm=version > (2, 1),
        has_reserved_memory=version > (2, 0),
        gigabyte_align=version > (1, 7),
    )


def _family(newest: MachineClass, oldest: tuple[int, int]) -> list[MachineClass]:
    """Return a machine type in all its versions, sorted as -machine help sorts them: as text."""
    versions = [of_version(newest, version) for version in PIIX_VERSIONS if version >= oldest]
    return sorted(versions, key=lambda machine: f"{machine.name}-machine", reverse=True)


#: Every machine type by name, in the order that ``-machine help`` lists them.
MACHINES: Final = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            *_family(PC, PIIX_VERSIONS[-1]),
            *_family(Q35, OLDEST_Q35),
            ISAPC,
            NONE,
        )
    }
)
ALIASES: Final = MappingProxyType(
    {machine.alias: machine for machine in MACHINES.values() if machine.alias}
)


def find_machine(name: str) -> MachineClass | None:
    """Return the machine type of that name or alias (``vl.c:find_machine``), or None."""
    return MACHINES.get(name) or ALIASES.get(name)


def machine_help() -> list[str]:
    """Return what ``-machine help`` prints."""
    lines = ["Supported machines are:"]
    for machine in MACHINES.values():
        if machine.alias:
            lines.append(f"{machine.alias:<20} {machine.desc} (alias of {machine.name})")
        default = " (default)" if machine.alias == "pc" else ""
        lines.append(f"{machine.name:<20} {machine.desc}{default}")
    return lines
