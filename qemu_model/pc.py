"""``hw/i386/pc.c``: RAM, CPUs and memory devices of a PC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from . import messages
from .boards import CPUArchId, DeviceMemory, MachineProperty, machine_get_class
from .error import Exit
from .globals import Qemu
from .machine import PROPERTIES as MACHINE_PROPERTIES
from .memory import MemoryRegion
from .numa import memory_region_allocate_system_memory
from .osdep import round_up
from .pc_dimm import pc_dimm_plug, pc_dimm_pre_plug

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice

C_FILE = "hw/i386/pc.c"

GIB: Final = 1 << 30
FOUR_GIB: Final = 1 << 32
TARGET_PAGE_SIZE: Final = 4096
ACPI_MAX_RAM_SLOTS: Final = 256
UINT64_MASK: Final = (1 << 64) - 1


def pc_machine_set_nvdimm(qemu: Qemu, value: bool) -> None:
    """Allow NVDIMMs or not."""
    qemu.machine.nvdimm = value


def pc_machine_set_max_ram_below_4g(qemu: Qemu, value: int) -> None:
    """Leave at most ``value`` bytes of RAM below 4 GiB.

    Raises ``Machine option 'max-ram-below-4g=<n>' expects size less than or equal
    to 4G``; warns below 1 MiB.
    """
    if value > FOUR_GIB:
        raise messages.BELOW_4G_TOO_LARGE.error(size=value)
    if value < 1 << 20:
        qemu.warn_report(messages.BELOW_4G_SMALL, size=value)
    qemu.machine.max_ram_below_4g = value


PROPERTIES: Final[Mapping[str, MachineProperty]] = MappingProxyType(
    {
        **MACHINE_PROPERTIES,
        "device-memory-region-size": MachineProperty("read-only"),
        "max-ram-below-4g": MachineProperty("size", pc_machine_set_max_ram_below_4g),
        "nvdimm": MachineProperty("bool", pc_machine_set_nvdimm),
        "nvdimm-persistence": MachineProperty("string"),
        "pit": MachineProperty("bool"),
        "sata": MachineProperty("bool"),
        "smbus": MachineProperty("bool"),
        "smm": MachineProperty("auto|on|off"),
        "vmport": MachineProperty("auto|on|off"),
    }
)


def pc_possible_cpu_arch_ids(qemu: Qemu) -> list[CPUArchId]:
    """Return the places for CPUs: threads of a core, cores of a socket in turn."""
    places = []
    for index in range(qemu.max_cpus):
        core, thread_id = divmod(index, qemu.smp_threads)
        socket_id, core_id = divmod(core, qemu.smp_cores)
        places.append(CPUArchId(socket_id, core_id, thread_id))
    return places


def pc_memory_init(qemu: Qemu, above_4g_mem_size: int) -> None:
    """Take the RAM, and lay out the range for memory devices above it.

    Prints what taking the RAM and ``pc_device_memory_init`` print, and exits with 1.
    """
    machine = qemu.machine
    machine.ram = MemoryRegion()
    memory_region_allocate_system_memory(qemu, machine.ram, "pc.ram", machine.ram_size)
    mc = machine_get_class(qemu)
    pc_device_memory_init(
        qemu,
        above_4g_mem_size,
        mc.name,
        has_reserved_memory=mc.has_reserved_memory,
        enforce_aligned_dimm=mc.enforce_aligned_dimm,
    )


def pc_device_memory_init(
    qemu: Qemu,
    above_4g_mem_size: int,
    machine_name: str,
    *,
    has_reserved_memory: bool,
    enforce_aligned_dimm: bool,
) -> None:
    """Lay out the range for memory devices; this too is in ``pc_memory_init`` in C.

    ``has_reserved_memory`` is whether the machine type has such a range at all,
    ``enforce_aligned_dimm`` whether each device may lie as aligned as its backend is.
    Prints what is wrong with ``slots`` and ``maxmem`` of -m, and exits with 1.
    """
    machine = qemu.machine
    plugged = max(machine.maxram_size - machine.ram_size, 0)
    if not has_reserved_memory and (machine.ram_slots or plugged):
        qemu.error_report(messages.SLOTS_NOT_SUPPORTED, machine=machine_name)
        raise Exit(1)
    machine.device_memory = DeviceMemory()
    if not plugged:
        return

    if machine.ram_slots > ACPI_MAX_RAM_SLOTS:
        qemu.error_report(messages.SLOTS_AMOUNT, slots=machine.ram_slots)
        raise Exit(1)
    if machine.maxram_size % TARGET_PAGE_SIZE:
        qemu.error_report(messages.MAXMEM_ALIGNMENT, page_size=TARGET_PAGE_SIZE)
        raise Exit(1)
    base = round_up(FOUR_GIB + above_4g_mem_size, GIB)
    size = plugged
    if enforce_aligned_dimm:
        # Each device may have to be moved up to the next GiB.
        size = (size + GIB * machine.ram_slots) & UINT64_MASK
    if base + size > UINT64_MASK:
        qemu.error_report(messages.MAXMEM_AMOUNT, maxram_size=machine.maxram_size)
        raise Exit(1)
    machine.device_memory = DeviceMemory(base, size)


def pc_memory_pre_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory device.

    Raises what ``pc_check_hotplug`` and ``pc_dimm_pre_plug`` raise.
    """
    mc = machine_get_class(qemu)
    pc_check_hotplug(qemu, dimm, has_acpi=mc.name != "isapc")
    pc_dimm_pre_plug(qemu, dimm, None if mc.enforce_aligned_dimm else TARGET_PAGE_SIZE)


def pc_check_hotplug(qemu: Qemu, dimm: PCDIMMDevice, *, has_acpi: bool) -> None:
    """Refuse a device that the machine cannot tell its guest of.

    Raises ``memory hotplug is not enabled: missing acpi device or acpi disabled`` and
    ``nvdimm is not enabled: missing 'nvdimm' in '-M'``.
    """
    if not (has_acpi and qemu.machine.acpi):
        raise messages.HOTPLUG_WITHOUT_ACPI.error()
    if dimm.type.is_nvdimm and not qemu.machine.nvdimm:
        raise messages.NVDIMM_NOT_ENABLED.error()


def pc_memory_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Map a memory device into the guest."""
    pc_dimm_plug(qemu, dimm)
