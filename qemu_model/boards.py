"""``include/hw/boards.h``: what a machine type is, and the one machine that a process has."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from .globals import Qemu
    from .memory import MemoryRegion
    from .numa_info import NodeInfo
    from .pc_dimm import PCDIMMDevice

MIB = 1024 * 1024


@attrs.define(eq=False)
class CPUArchId:
    """A place for a CPU; ``node_id`` is None until one is assigned.

    ``die_id`` is None where sockets are not divided into dies, as before 7.2 they never are.
    """

    socket_id: int
    core_id: int
    thread_id: int
    node_id: int | None = None
    die_id: int | None = None


@attrs.frozen
class CpuInstanceProperties:
    """Which CPUs are meant, and for which node: None is any, or not given."""

    node_id: int | None = None
    socket_id: int | None = None
    core_id: int | None = None
    thread_id: int | None = None
    die_id: int | None = None


@attrs.frozen(eq=False)
class MachineProperty:
    """A property of machines: the kind of its values, and what setting it does.

    A kind is bool, int, size, string, read-only, or the values divided by bars.
    ``set`` is None where it says nothing about memory.
    """

    kind: str
    set: Callable[[Qemu, Any], None] | None = None


@attrs.frozen(eq=False)
class MachineClass:
    """A machine type, as far as memory goes; ``default_ram_size`` in bytes.

    ``possible_cpu_arch_ids`` makes the places for CPUs, and is None where the
    machine knows no NUMA.
    """

    name: str
    desc: str
    init: Callable[[Qemu], None]
    properties: Mapping[str, MachineProperty]
    alias: str | None = None
    max_cpus: int = 1
    default_ram_size: int = 128 * MIB
    possible_cpu_arch_ids: Callable[[Qemu], list[CPUArchId]] | None = None
    numa_mem_align_shift: int = 23
    numa_auto_assign_ram: Callable[[MachineClass, list[NodeInfo], int], None] | None = None
    auto_enable_numa_with_memhp: bool = False
    has_reserved_memory: bool = True
    enforce_aligned_dimm: bool = True
    gigabyte_align: bool = True
    pre_plug: Callable[[Qemu, PCDIMMDevice], None] | None = None
    plug: Callable[[Qemu, PCDIMMDevice], None] | None = None


@attrs.frozen
class DeviceMemory:
    """The range of guest addresses for memory devices, in bytes; size 0 is none."""

    base: int = 0
    size: int = 0


@attrs.define(eq=False)
class MachineState:
    """The machine of a process: its options, its RAM, its memory devices; sizes in bytes.

    ``name`` is what the user calls it, empty until it is chosen, ``type_name`` what QOM
    calls its type.  ``ram`` is the region that the machine takes its RAM as,
    ``device_memory`` None on a machine without such a range.
    """

    name: str = ""
    type_name: str = "none-machine"
    machine_class: MachineClass | None = None
    mem_merge: bool = True
    dump_guest_core: bool = True
    nvdimm: bool = False
    acpi: bool = True
    max_ram_below_4g: int = 0
    ram_size: int = 0
    maxram_size: int = 0
    ram_slots: int = 0
    ram: MemoryRegion | None = None
    device_memory: DeviceMemory | None = None
    memory_devices: list[PCDIMMDevice] = attrs.field(factory=list)
    possible_cpus: list[CPUArchId] = attrs.field(factory=list)


def machine_get_class(qemu: Qemu) -> MachineClass:
    """Return the type of the process's machine (``MACHINE_GET_CLASS``)."""
    machine_class = qemu.machine.machine_class
    assert machine_class is not None
    return machine_class
