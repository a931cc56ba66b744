"""Every machine type that a release of qemu-system-x86_64 has, as far as memory goes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..boards import MachineClass, SMPCompatProps
from ..machine_properties import PROPERTIES, row
from ..microvm import microvm_machine_set_pcie, microvm_machine_state_init
from ..null_machine import machine_none_init
from ..numa import numa_default_auto_assign_ram, numa_legacy_auto_assign_ram
from ..pc import (
    ISAPC_PROPERTIES,
    PC_PROPERTIES,
    X86_PROPERTIES,
    pc_machine_done,
    pc_machine_set_max_ram_below_4g,
    pc_memory_plug,
    pc_memory_pre_plug,
    set_boot_dev,
)
from ..pc_piix import pc_init1
from ..pc_q35 import pc_q35_init
from ..revisions.release import Release
from ..x86 import x86_get_default_cpu_node_id, x86_possible_cpu_arch_ids
from .none import NONE
from .versions import (
    DEVELOPMENT,
    Q35_VERSIONS,
    VERSIONS,
    deleted_in,
    expired_since,
    pc_name,
    since_release,
)

OLD: Final = "use a newer machine type instead"
UNATTENDED: Final = "old and unattended - use a newer version instead"
#: Until 10.1 types left one by one: the last version that left with each release.
_LEFT: Final[tuple[tuple[Release, Release], ...]] = (
    ((0, 11), DEVELOPMENT),
    ((0, 15), (5, 0)),
    ((1, 3), (6, 0)),
    ((1, 7), (8, 2)),
    ((2, 3), (9, 1)),
)


def _until(version: Release) -> Release:
    """Return the release that no longer has the types of a version."""
    for last, left in _LEFT:
        if version <= last:
            return left
    return deleted_in(version)


def _deprecation_reasons(version: Release) -> tuple[tuple[Release, str | None], ...]:
    """Return why the types of a version are deprecated, by the release that says so."""
    if version <= (0, 11):
        return (((), OLD),)
    if version <= (0, 15):
        return (((4, 0), OLD),)
    if version <= (1, 3):
        return (((5, 0), OLD),)
    if version <= (1, 7):
        return (((7, 0), UNATTENDED),)
    if version <= (2, 3):
        return (((8, 2), UNATTENDED),)
    return (expired_since(version),)


_SOUTH_BRIDGE: Final = MappingProxyType({"x-south-bridge": row("PIIX3|piix4-isa", since=(8, 2))})
_WDAT: Final = MappingProxyType({"wdat": row("bool", since=(11, 1))})
_PC: Final = MachineClass(
    "",
    "Standard PC (i440FX + PIIX, 1996)",
    pc_init1,
    {**PC_PROPERTIES, **_SOUTH_BRIDGE},
    chipset="i440fx",
    max_cpus=255,
    smp_props=SMPCompatProps(dies_supported=True, modules_supported=True),
    possible_cpu_arch_ids=x86_possible_cpu_arch_ids,
    get_default_cpu_node_id=x86_get_default_cpu_node_id,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
    pre_plug=pc_memory_pre_plug,
    plug=pc_memory_plug,
    machine_done=pc_machine_done,
    boot_set_handler=set_boot_dev,
    hole64_size=1 << 31,
)
_Q35: Final = attrs.evolve(
    _PC,
    desc="Standard PC (Q35 + ICH9, 2009)",
    init=pc_q35_init,
    properties={**PC_PROPERTIES, **_WDAT},
    chipset="q35",
    hole64_size=1 << 35,
)


def _max_cpus(chipset: str, version: Release) -> int:
    """Return how many CPUs a PC can have."""
    if chipset != "q35" or version < (2, 8):
        return 255
    if version < (8, 1):
        return 288
    return 1024 if version < (9, 0) else 4096


def _of_version(pc: MachineClass, version: Release) -> MachineClass:
    """Return a PC in one of its versions: what it does about memory."""
    return attrs.evolve(
        pc,
        name=pc_name(pc.chipset, version),
        version=version,
        since=since_release(version),
        until=_until(version),
        deprecation_reasons=_deprecation_reasons(version),
        max_cpus=_max_cpus(pc.chipset, version),
        smp_props=attrs.evolve(pc.smp_props, prefer_sockets=version < (6, 2)),
        numa_mem_supported=version < (5, 1),
        numa_auto_assign_ram=(
            numa_default_auto_assign_ram if version > (2, 9) else numa_legacy_auto_assign_ram
        ),
        auto_enable_numa_with_memhp=version > (2, 10),
        auto_enable_numa_with_memdev=version >= (5, 1),
        enforce_aligned_dimm=version > (2, 1),
        has_reserved_memory=version > (2, 0),
        broken_reserved_end=version <= (2, 4),
        gigabyte_align=version > (1, 7),
        describes_each_socket=version > (1, 7),
        enforce_amd_1tb_hole=version > (7, 0),
    )


def _family(pc: MachineClass, versions: tuple[Release, ...]) -> list[MachineClass]:
    """Return a PC in all its versions, sorted as -machine help sorts them: as text."""
    made = [_of_version(pc, version) for version in versions]
    return sorted(made, key=lambda machine: f"{machine.name}-machine", reverse=True)


MICROVM: Final = MachineClass(
    "microvm",
    "microvm (i386)",
    microvm_machine_state_init,
    {
        **X86_PROPERTIES,
        "auto-kernel-cmdline": row("bool"),
        "ioapic2": row("OnOffAuto", since=(6, 0)),
        "isa-serial": row("bool"),
        "max-ram-below-4g": row("size", pc_machine_set_max_ram_below_4g, until=(5, 1)),
        "pcie": row("OnOffAuto", microvm_machine_set_pcie, since=(5, 2)),
        "pic": row("OnOffAuto"),
        "rtc": row("OnOffAuto"),
        "x-option-roms": row("bool"),
    },
    since=(4, 2),
    max_cpus=288,
    default_ram_id="microvm.ram",
    possible_cpu_arch_ids=x86_possible_cpu_arch_ids,
    get_default_cpu_node_id=x86_get_default_cpu_node_id,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
    has_acpi=False,
)
ISAPC: Final = attrs.evolve(
    _PC,
    name="isapc",
    desc="ISA-only PC",
    properties=ISAPC_PROPERTIES,
    chipset="isapc",
    numa_mem_supported=True,
    max_cpus=1,
    has_acpi=False,
    has_reserved_memory=False,
    gigabyte_align=False,
    hole64_size=0,
)
X_REMOTE: Final = MachineClass(
    "x-remote",
    "Experimental remote machine",
    machine_none_init,
    {
        **PROPERTIES,
        "auto-shutdown": row("bool"),
        "vfio-user": row("bool"),
    },
    since=(6, 0),
    default_ram_id="remote-ram",
    chipset="remote",
)

#: Every machine type by name, in the order that ``-machine help`` lists them.
MACHINES: Final[Mapping[str, MachineClass]] = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            MICROVM,
            *_family(_PC, VERSIONS),
            *_family(_Q35, Q35_VERSIONS),
            ISAPC,
            NONE,
            X_REMOTE,
        )
    }
)
