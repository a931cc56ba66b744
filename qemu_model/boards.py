"""``include/hw/boards.h``: what a machine type is, and the one machine that a process has."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from .records import Record, Value
from .revisions.release import Release

if TYPE_CHECKING:
    from .globals import Qemu
    from .hostmem import HostMemoryBackend
    from .numa_info import NodeInfo
    from .pc_dimm import PCDIMMDevice
    from .ram_addr import MemoryRegion

MIB = 1024 * 1024


@attrs.define(eq=False, repr=False)
class CPUArchId(Record):
    """A place for a CPU; ``node_id`` is None until one is assigned.

    An id is None where a CPU cannot be named by it.
    """

    socket_id: int | None = None
    core_id: int | None = None
    thread_id: int | None = None
    node_id: int | None = None
    die_id: int | None = None
    cluster_id: int | None = None
    module_id: int | None = None


class MachineProperty(NamedTuple):
    """A property of machines: the kind of its values, what setting it does, its releases.

    A kind is bool, int, uint32, uint64, size, string, OnOffAuto, read-only, any (the value
    is not looked at), or the values divided by bars.  ``set`` is None where it says nothing
    about memory.  The property came with ``since`` and left with ``until``.
    """

    kind: str
    set: Callable[[Qemu, Any], None] | None = None
    since: Release = ()
    until: Release | None = None


@attrs.frozen(eq=False, repr=False)
class SMPCompatProps(Value):
    """What a machine's -smp may divide, and whether CPUs are sockets rather than cores."""

    prefer_sockets: bool = False
    dies_supported: bool = False
    modules_supported: bool = False
    clusters_supported: bool = False
    books_supported: bool = False
    drawers_supported: bool = False


@attrs.frozen(eq=False, repr=False)
class MachineClass(Record):
    """A machine type, as far as memory goes; sizes in bytes.

    ``chipset`` is i440fx, q35 or isapc on a PC, remote on x-remote; for the machines of other
    processors it is the name that all versions share (virt).  ``older_desc`` is the
    description until a release.  ``version`` is that of a versioned type.  The type came with
    release ``since`` and left with ``until``; ``deprecation_reasons`` is the reason by
    release, None where it is not deprecated.  ``max_cpus_in`` are other limits than
    ``max_cpus``, by release.

    ``possible_cpu_arch_ids`` makes the places for CPUs, and is None where the machine knows
    no NUMA.  ``get_default_cpu_node_id`` returns the node of the CPU with an index.
    ``numa_mem_supported``: a node may be given memory as a number, until 5.0 also where
    there is no version.  A guest without NUMA gets a node on any line
    (``auto_enable_numa``), where there are slots for memory
    (``auto_enable_numa_with_memhp``), or room for it (``auto_enable_numa_with_memdev``).
    ``hole64_size`` is that of the addresses for PCI above 4 GiB.  ``fixup_ram_size`` changes
    the size of the RAM that -m gives; ``instance_init`` sets defaults of the machine, ``reset``
    is its part of a reset, ``boot_set_handler`` takes ``once`` of -boot.
    """

    name: str
    desc: str
    init: Callable[[Qemu], None]
    properties: Mapping[str, tuple[MachineProperty, ...]]
    since: Release = ()
    until: Release | None = None
    older_desc: tuple[Release, str] | None = None
    deprecation_reasons: tuple[tuple[Release, str | None], ...] = ()
    version: Release = ()
    chipset: str = ""
    max_cpus: int = 1
    max_cpus_in: tuple[tuple[Release, int], ...] = ()
    default_ram_size: int = 128 * MIB
    default_ram_id: str = "pc.ram"
    smp_props: SMPCompatProps = SMPCompatProps()
    possible_cpu_arch_ids: Callable[[Qemu], list[CPUArchId]] | None = None
    get_default_cpu_node_id: Callable[[Qemu, int], int] | None = None
    fixup_ram_size: Callable[[Qemu, int], int] | None = None
    reset: Callable[[Qemu], None] | None = None
    instance_init: Callable[[Qemu], None] | None = None
    machine_done: Callable[[Qemu], None] | None = None
    boot_set_handler: Callable[[Qemu, str], None] | None = None
    describes_each_socket: bool = True
    numa_mem_supported: bool = False
    numa_mem_align_shift: int = 23
    numa_auto_assign_ram: Callable[[MachineClass, list[NodeInfo], int], None] | None = None
    auto_enable_numa: bool = False
    auto_enable_numa_with_memhp: bool = False
    auto_enable_numa_with_memdev: bool = False
    has_acpi: bool = True
    has_reserved_memory: bool = True
    enforce_aligned_dimm: bool = True
    broken_reserved_end: bool = False
    gigabyte_align: bool = True
    enforce_amd_1tb_hole: bool = True
    hole64_size: int = 0
    pre_plug: Callable[[Qemu, PCDIMMDevice], None] | None = None
    plug: Callable[[Qemu, PCDIMMDevice], None] | None = None


class DeviceMemory(NamedTuple):
    """The range of guest addresses for memory devices, in bytes; size 0 is none."""

    base: int = 0
    size: int = 0


@attrs.define(eq=False, repr=False)
class MachineState(Record):
    """The machine of a process: its options, its RAM, its memory devices; sizes in bytes.

    ``name`` is what the user calls it, empty until it is chosen, ``type_name`` what QOM
    calls its type.  ``ram`` is the region that the machine takes its RAM as,
    ``memdev_id`` the name and ``memdev`` the backend that ``memory-backend=`` names.
    ``cpu`` is what -cpu says, and ``boot`` what -boot says, by parameter.  ``properties`` are
    those that one type of machine reads alone, by name; firmware and kernel also come from
    -bios, -pflash, -drive and -kernel.
    ``device_memory`` is None on a machine without such a range.
    """

    name: str = ""
    type_name: str = "none-machine"
    machine_class: MachineClass | None = None
    has_numa: bool = False
    mem_merge: bool = True
    dump_guest_core: bool = True
    nvdimm: bool = False
    hmat: bool = False
    acpi: bool = True
    properties: dict[str, Any] = attrs.field(factory=dict)
    pcie: bool = False
    max_ram_below_4g: int = 0
    ram_size: int = 0
    ram_size_given: bool = False
    maxram_size: int = 0
    ram_slots: int = 0
    ram: MemoryRegion | None = None
    memdev_id: str | None = None
    memdev: HostMemoryBackend | None = None
    cpu: str | None = None
    boot: dict[str, Any] = attrs.field(factory=dict)
    device_memory: DeviceMemory | None = None
    memory_devices: list[PCDIMMDevice] = attrs.field(factory=list)
    possible_cpus: list[CPUArchId] = attrs.field(factory=list)


def machine_get_class(qemu: Qemu) -> MachineClass:
    """Return the type of the process's machine (``MACHINE_GET_CLASS``)."""
    machine_class = qemu.machine.machine_class
    assert machine_class is not None
    return machine_class
