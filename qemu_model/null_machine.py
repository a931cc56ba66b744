"""``hw/core/null-machine.c``: a machine without devices."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .error import Exit
from .globals import Qemu
from .numa_ram import memory_region_allocate_system_memory
from .ram_addr import MemoryRegion
from .x86_cpu import _apply_globals

C_FILE = "hw/core/null-machine.c"


def machine_none_init(qemu: Qemu) -> None:
    """Make the machine: it has RAM only if -m asks for some.

    Prints, where -cpu names a CPU for x86, ``can't apply global ...`` or ``apic-id
    property was not initialized properly``, and exits with 1.
    """
    machine = qemu.machine
    if machine.cpu is not None and qemu.target.name == "x86_64":
        _apply_globals(qemu)
        qemu.error_report(messages.APIC_ID_MISSING)
        raise Exit(1)
    if machine.ram_size and not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "ram", machine.ram_size)
