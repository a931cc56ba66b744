"""``hw/i386/pc.c``: the places for CPUs and memory devices of a PC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from ..boards import CPUArchId
from ..globals import Qemu
from ..machines import piix_above_4g, q35_above_4g
from ..pc import TARGET_PAGE_SIZE, pc_check_hotplug, pc_device_memory_init
from .pc_dimm import pc_dimm_pre_plug

if TYPE_CHECKING:
    from ..pc_dimm import PCDIMMDevice
    from .boards import Machine72

C_FILE = "hw/i386/pc.c"


def pc_possible_cpu_arch_ids(qemu: Qemu) -> list[CPUArchId]:
    """Return the places for CPUs: threads of a core, cores of a die, dies of a socket in turn.

    A socket that is one die has none that could be named (``hw/i386/x86.c``).
    """
    places = []
    for index in range(qemu.max_cpus):
        core, thread_id = divmod(index, qemu.smp_threads)
        die, core_id = divmod(core, qemu.smp_cores)
        socket_id, die_id = divmod(die, qemu.smp_dies)
        place = CPUArchId(socket_id, core_id, thread_id)
        if qemu.smp_dies > 1:
            place.die_id = die_id
        places.append(place)
    return places


def pc_memory_init(qemu: Qemu, machine: Machine72) -> None:
    """Lay out the range for memory devices; the RAM is a backend, and is there already.

    Prints what is wrong with ``slots`` and ``maxmem`` of -m, and exits with 1.
    """
    if machine.chipset == "q35":
        above_4g_mem_size = q35_above_4g(qemu)
    else:
        above_4g_mem_size = piix_above_4g(qemu, gigabyte_align=machine.gigabyte_align)
    pc_device_memory_init(
        qemu,
        above_4g_mem_size,
        machine.name,
        has_reserved_memory=machine.has_reserved_memory,
        enforce_aligned_dimm=machine.enforce_aligned_dimm,
    )


def pc_memory_pre_plug(qemu: Qemu, machine: Machine72, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory module.

    Raises what ``pc_check_hotplug`` and ``pc_dimm_pre_plug`` raise.
    """
    pc_check_hotplug(qemu, dimm, has_acpi=machine.has_acpi)
    pc_dimm_pre_plug(qemu, dimm, None if machine.enforce_aligned_dimm else TARGET_PAGE_SIZE)
