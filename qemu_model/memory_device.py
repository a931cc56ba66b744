"""``hw/mem/memory-device.c``: places for memory devices in the guest's address space."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from . import messages
from .boards import DeviceMemory
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


def _check_alignment(qemu: Qemu, base: int, align: int) -> None:
    """Refuse an alignment beyond that of the range; from 5.2 on warn of it.

    Raises ``the alignment (...) is not supported``.
    """
    if base % align:
        if not qemu.tree.memory_device.warns_of_large_alignment:
            raise messages.DEVICE_ALIGNMENT.error(align=align)
        qemu.warn_report(messages.DEVICE_ALIGNMENT_WARNING, align=align)


def _check_hint(qemu: Qemu, hint: int, size: int, place: DeviceMemory) -> None:
    """Refuse a guest address outside the range.

    Raises ``can't add memory device ...``.
    """
    end = place.base + place.size
    if not hint or place.base <= hint <= hint + size <= end:
        return
    if qemu.tree.memory_device.names_the_usable_range:
        raise messages.DEVICE_OUT_OF_RANGE.error(
            addr=hint, size=size, base=place.base, length=place.size
        )
    if hint < place.base:
        raise messages.DEVICE_BEFORE.error(addr=hint, size=size, base=place.base)
    raise messages.DEVICE_BEYOND.error(addr=hint, size=size, end=end)


def _device_memory(qemu: Qemu) -> DeviceMemory:
    """Return the range for memory devices.

    Raises ``memory devices (e.g. for memory hotplug) are not enabled, ...``.
    """
    place = qemu.machine.device_memory
    if place is None:
        raise messages.NO_MEMORY_DEVICES.error()
    if not place.size:
        raise messages.NO_DEVICE_MEMORY.error()
    return place


def memory_device_get_free_addr(qemu: Qemu, hint: int, align: int, size: int) -> int:
    """Return a free guest address for ``size`` bytes, or check the requested one (0: none).

    Raises ``memory devices (e.g. for memory hotplug) are not enabled, ...``, ``the alignment
    (...) is not supported``, ``not enough space, ...``, ``address must be aligned to ...``,
    ``backend memory size must be multiple of ...``, ``can't add memory device ...``,
    ``address range conflicts ...`` and ``could not find position in guest address space
    ...``.
    """
    place = _device_memory(qemu)
    _check_alignment(qemu, place.base, align)
    if not qemu.tree.memory_device.looks_for_room_first:
        memory_device_check_addable(qemu, size)
    if hint % align:
        raise messages.DEVICE_ADDRESS_ALIGNMENT.error(align=align)
    if size % align and not qemu.tree.memory_device.size_need_not_fit_the_address:
        raise messages.DEVICE_SIZE.error(align=align)
    _check_hint(qemu, hint, size, place)

    end = place.base + place.size
    addr = hint or round_up(place.base, align)
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

    Raises what the type's ``get_memory_region`` and ``memory_device_get_free_addr`` raise.
    Since 8.1 that there is no room comes first, and since 9.0 ``backend memory size must be
    multiple of ...`` follows it.
    """
    if qemu.tree.memory_device.looks_for_room_first:
        _device_memory(qemu)
    region = device.type.get_memory_region(qemu, device)
    size, align = memory_region_size(region), memory_region_get_alignment(region)
    if qemu.tree.memory_device.looks_for_room_first:
        memory_device_check_addable(qemu, size)
    if qemu.tree.memory_device.size_must_fit_the_region and size % align:
        raise messages.DEVICE_SIZE.error(align=align)
    align = max(align, device.min_alignment) if legacy_align is None else legacy_align
    device.addr = memory_device_get_free_addr(qemu, device.addr, align, size)


def memory_device_plug(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Note that a device is in the guest."""
    qemu.machine.memory_devices.append(device)
