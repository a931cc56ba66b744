"""``hw/s390x/s390-virtio-ccw.c``: the machine of qemu-system-s390x."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from . import messages
from .boards import MIB, DeviceMemory
from .error import Exit
from .globals import Qemu
from .machine_properties import PROPERTIES, Properties, keep, row
from .numa_ram import memory_region_allocate_system_memory
from .osdep import round_up
from .ram_addr import MemoryRegion

C_FILE = "hw/s390x/s390-virtio-ccw.c"

GIB: Final = 1 << 30
#: How many parts of one size the firmware's interface can report.
MAX_STORAGE_INCREMENTS: Final = 1020
#: The memory at the end of the RAM that the firmware uses.
BIOS_MAX_SIZE: Final = 0x300000

CCW_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **PROPERTIES,
        "aes-key-wrap": row("bool"),
        "dea-key-wrap": row("bool"),
        "kernel": row("any", keep("kernel")),
        "loadparm": row("string"),
    }
)


def s390_fixup_ram_size(qemu: Qemu, sz: int) -> int:
    """Return the size of the RAM rounded down to whole parts, of which there are 1020 at most.

    Machines up to 4.2 do this; since 5.0 QEMU reports it on stdout.
    """
    increment_size = 20
    while sz >> increment_size > MAX_STORAGE_INCREMENTS:
        increment_size += 1
    newsz = sz >> increment_size << increment_size
    if sz != newsz and qemu.tree.s390_virtio_ccw.tells_of_a_changed_size:
        message = messages.S390_RAM_FIXED_UP
        text = message.text_in(qemu.tree, size=sz // MIB, new_size=newsz // MIB)
        qemu.stdout.append(text)
    return newsz


def s390_memory_init(qemu: Qemu) -> None:
    """Take the RAM, and since 10.0 lay out the range for memory devices above it.

    Prints ``ram size must be multiples of 1 MiB`` and exits with 1.
    """
    machine = qemu.machine
    if machine.ram_size % MIB and messages.S390_RAM_SIZE.is_said_in(qemu.tree):
        qemu.error_report(messages.S390_RAM_SIZE)
        raise Exit(1)
    if not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "s390.ram", machine.ram_size)
    size = machine.maxram_size - machine.ram_size
    if size > 0 and qemu.tree.s390_virtio_ccw.has_memory_devices:
        machine.device_memory = DeviceMemory(round_up(machine.ram_size, GIB), size)


def ccw_init(qemu: Qemu) -> None:
    """Make the machine.

    Prints what ``s390_memory_init`` prints, ``S390 does not support more than 1 threads.``
    and since 9.2 ``not enough RAM to load the BIOS file``, and exits with 1.
    """
    s390_memory_init(qemu)
    if qemu.smp_threads > 1 and messages.S390_THREADS.is_said_in(qemu.tree):
        qemu.error_report(messages.S390_THREADS)
        raise Exit(1)
    small = qemu.machine.ram_size < BIOS_MAX_SIZE and "kernel" not in qemu.machine.properties
    if small and messages.S390_RAM_FOR_BIOS.is_said_in(qemu.tree):
        qemu.error_report(messages.S390_RAM_FOR_BIOS)
        raise Exit(1)
