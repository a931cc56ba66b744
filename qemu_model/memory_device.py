"""``hw/mem/memory-device.c``: places for memory devices in the guest's address space."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from . import messages
from .globals import Qemu
from .memory import memory_region_get_alignment, memory_region_size
from .osdep import round_up

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice

C_FILE = "hw/mem/memory-device.c"


def memory_device_get_region_size(qemu: Qemu, device: PCDIMMDevice) -> int:
    """Return how many bytes of the guest's address space a device takes."""
    return memory_region_size(device.type.get_memory_region(qemu, device))


def memory_device_check_addable(qemu: Qemu, size: int) -> None:
    """Refuse a device for which -m leaves no room.  Raises ``not enough space, ...``."""
    machine = qemu.machine
    used = sum(memory_device_get_region_size(qemu, device) for device in machine.memory_devices)
    space = machine.maxram_size - machine.ram_size
    if used + size > space:
        raise messages.DEVICE_NO_SPACE.error(used=used, space=space)


def memory_device_get_free_addr(qemu: Qemu, hint: int, align: int, size: int) -> int:
    """Return a guest address for ``size`` bytes, or check the one wished for (0 is none).

    Raises ``memory devices (e.g. for memory hotplug) are not enabled, please specify
    the maxmem option``, ``the alignment (...) is not supported``, ``not enough
    space, ...``, ``address must be aligned to ...``, ``backend memory size must be
    multiple of ...``, ``can't add memory device ...``, ``address range conflicts
    ...`` and ``could not find position in guest address space ...``.
    """
    place = qemu.machine.device_memory
    if place is None or not place.size:
        raise messages.NO_DEVICE_MEMORY.error()
    if place.base % align:
        raise messages.DEVICE_ALIGNMENT.error(align=align)
    memory_device_check_addable(qemu, size)
    if hint % align:
        raise messages.DEVICE_ADDRESS_ALIGNMENT.error(align=align)
    if size % align:
        raise messages.DEVICE_SIZE.error(align=align)

    end = place.base + place.size
    if hint and not place.base <= hint <= hint + size <= end:
        raise messages.DEVICE_OUT_OF_RANGE.error(
            addr=hint, size=size, base=place.base, length=place.size
        )
    addr = hint or place.base
    for device in sorted(qemu.machine.memory_devices, key=lambda device: device.addr):
        first = device.addr
        last = first + memory_device_get_region_size(qemu, device)
        if first < addr + size and addr < last:
            if hint:
                raise messages.DEVICE_CONFLICT.error(id=device.id or "(unnamed)")
            addr = round_up(last, align)
    if addr + size > end:
        raise messages.DEVICE_FRAGMENTED.error()
    return addr


def memory_device_pre_plug(qemu: Qemu, device: PCDIMMDevice, legacy_align: int | None) -> None:
    """Give a device its guest address; machines up to 2.1 align it to ``legacy_align`` bytes.

    Raises what the type's ``get_memory_region`` and ``memory_device_get_free_addr``
    raise.
    """
    region = device.type.get_memory_region(qemu, device)
    align = memory_region_get_alignment(region) if legacy_align is None else legacy_align
    device.addr = memory_device_get_free_addr(qemu, device.addr, align, memory_region_size(region))


def memory_device_plug(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Note that a device is in the guest."""
    qemu.machine.memory_devices.append(device)
