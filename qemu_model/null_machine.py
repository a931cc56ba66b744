"""``hw/core/null-machine.c``: a machine without devices."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .globals import Qemu
from .numa_ram import memory_region_allocate_system_memory
from .ram_addr import MemoryRegion

C_FILE = "hw/core/null-machine.c"


def machine_none_init(qemu: Qemu) -> None:
    """Make the machine: it has RAM only if -m asks for some."""
    machine = qemu.machine
    if machine.ram_size and not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "ram", machine.ram_size)
