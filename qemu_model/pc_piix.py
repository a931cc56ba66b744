"""``hw/i386/pc_piix.c``: a PC with the i440FX, and one without PCI."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .boards import machine_get_class
from .globals import Qemu
from .pc import GIB, pc_cmos_init, pc_memory_init
from .x86 import x86_cpus_init

C_FILE = "hw/i386/pc_piix.c"


def _piix_above_4g(qemu: Qemu) -> int:
    """Return how many bytes of the RAM lie above 4 GiB: up to 3.5 GiB lie below."""
    machine = qemu.machine
    lowmem = limit = machine.max_ram_below_4g or 0xE0000000
    if machine.ram_size >= limit and machine_get_class(qemu).gigabyte_align:
        lowmem = min(lowmem, 0xC0000000)
        if lowmem % GIB:
            qemu.warn_report(messages.BELOW_4G_PIIX, size=limit)
    return max(0, machine.ram_size - lowmem)


def pc_init1(qemu: Qemu) -> None:
    """Make the PC."""
    above_4g_mem_size = _piix_above_4g(qemu)
    x86_cpus_init(qemu)
    pc_memory_init(qemu, above_4g_mem_size)
    pc_cmos_init(qemu)
