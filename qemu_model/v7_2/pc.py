"""``hw/i386/pc.c``: the places for memory devices of a PC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from ..globals import Qemu
from ..machines import piix_above_4g, q35_above_4g
from ..pc import TARGET_PAGE_SIZE, pc_check_hotplug, pc_device_memory_init
from .pc_dimm import pc_dimm_pre_plug

if TYPE_CHECKING:
    from ..pc_dimm import PCDIMMDevice
    from .boards import Machine72

C_FILE = "hw/i386/pc.c"


def pc_memory_init(qemu: Qemu, machine: Machine72) -> None:
    """Lay out the range for memory devices; the RAM is a backend, and is there already.

    Prints what is wrong with ``slots`` and ``maxmem`` of -m, and exits with 1.
    """
    if machine.chipset == "q35":
        above_4g_mem_size = q35_above_4g(qemu)
    else:
        above_4g_mem_size = piix_above_4g(qemu, gigabyte_align=machine.gigabyte_align)
    pc_device_memory_init(qemu, machine, above_4g_mem_size)


def pc_memory_pre_plug(qemu: Qemu, machine: Machine72, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory module.

    Raises what ``pc_check_hotplug`` and ``pc_dimm_pre_plug`` raise.
    """
    pc_check_hotplug(qemu, dimm, has_acpi=machine.has_acpi)
    pc_dimm_pre_plug(qemu, dimm, None if machine.enforce_aligned_dimm else TARGET_PAGE_SIZE)
