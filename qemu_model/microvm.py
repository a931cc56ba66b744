"""``hw/i386/microvm.c``: a small machine without PCI, since 4.2."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .fw_cfg import fw_cfg_common_realize
from .globals import Qemu
from .numa_ram import memory_region_allocate_system_memory
from .ram_addr import MemoryRegion
from .x86 import x86_cpus_init

C_FILE = "hw/i386/microvm.c"


def microvm_machine_set_pcie(qemu: Qemu, value: str) -> None:
    """Give the machine a PCI bus or not."""
    qemu.machine.pcie = value == "on"


def microvm_machine_state_init(qemu: Qemu) -> None:
    """Make the machine.  Prints what taking the RAM prints, and exits with 1."""
    x86_cpus_init(qemu)
    machine = qemu.machine
    if not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "microvm.ram", machine.ram_size)
    fw_cfg_common_realize(qemu)
