"""``hw/i386/pc_q35.c``: a PC with the Q35."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .globals import Qemu
from .pc import FOUR_GIB, GIB, pc_cmos_init, pc_memory_init
from .x86 import x86_cpus_init

C_FILE = "hw/i386/pc_q35.c"


def _q35_above_4g(qemu: Qemu) -> int:
    """Return how many bytes of the RAM lie above 4 GiB: up to 2.75 GiB lie below."""
    machine = qemu.machine
    limit = machine.max_ram_below_4g or FOUR_GIB
    lowmem = 0x80000000 if machine.ram_size >= 0xB0000000 else 0xB0000000
    if lowmem > limit:
        lowmem = limit
        if machine.ram_size - lowmem > lowmem and lowmem % GIB:
            qemu.warn_report(messages.BELOW_4G_Q35, ram_size=machine.ram_size, size=limit)
    return max(0, machine.ram_size - lowmem)


def pc_q35_init(qemu: Qemu) -> None:
    """Make the PC."""
    above_4g_mem_size = _q35_above_4g(qemu)
    x86_cpus_init(qemu)
    pc_memory_init(qemu, above_4g_mem_size)
    pc_cmos_init(qemu)
