"""``system/qdev-monitor.c`` and ``hw/core/qdev.c``: the devices of -device that take a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from . import messages
from .boards import machine_get_class
from .globals import Qemu
from .revisions.release import is_between

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice, PCDIMMDeviceClass, Setter, Visitor

C_FILE = "system/qdev-monitor.c"

#: Names of buses that the model cannot know: paths, and names with a number.
_NUMBERED_BUS: Final = re.compile(r"/|\.\d+$")
#: The chipsets that have a PCI bus.
_WITH_PCI: Final = ("i440fx", "q35", "remote", "virt", "pseries", "s390-ccw-virtio")


@functools.cache
def _devices() -> Mapping[str, PCDIMMDeviceClass]:
    """Return the devices that take a memory backend, by name.  Most lines have none."""
    from .ivshmem import TYPE_IVSHMEM_PLAIN
    from .nvdimm import TYPE_NVDIMM
    from .pc_dimm import TYPE_PC_DIMM
    from .virtio_mem import TYPE_VIRTIO_MEM, TYPE_VIRTIO_MEM_CCW
    from .virtio_pmem import TYPE_VIRTIO_PMEM

    kinds = (
        TYPE_PC_DIMM,
        TYPE_NVDIMM,
        TYPE_VIRTIO_PMEM,
        TYPE_VIRTIO_MEM,
        TYPE_VIRTIO_MEM_CCW,
        TYPE_IVSHMEM_PLAIN,
    )
    return MappingProxyType({kind.name: kind for kind in kinds})


def device_class(qemu: Qemu, driver: str | None) -> PCDIMMDeviceClass | None:
    """Return the type of device of that name if it takes a backend, else None."""
    kind, release = _devices().get(driver or ""), qemu.tree.release
    there = kind is not None and is_between(release, kind.since, None)
    return kind if there and qemu.target.has_device(driver or "", release) else None


def _implies_a_machine(driver: str | None) -> bool:
    """Return whether a line without -machine that has such a device is about a PC."""
    kind = _devices().get(driver or "")
    return kind is not None and (kind.is_nvdimm or kind.needs_pci)


def qdev_device_add(
    qemu: Qemu,
    driver: str,
    id: str | None,
    settings: Iterable[tuple[str, Visitor]],
    bus: str | None,
    made: Collection[str],
) -> None:
    """Make a device that takes a backend: its properties in this order, then all at once.

    ``bus`` is the one that it names; ``made`` are the ids of the devices before it.

    Raises ``'<type>' is not a valid device model name`` for a device that takes a backend
    in a later release or in another program, and before 6.2 for JSON, ``Bus '<bus>' not
    found``, ``No 'PCI' bus found
    for device '<type>'``, ``Property '<type>.<name>' not found``, ``Property
    '<type>.<name>' is not writable``, before 7.0 ``Insufficient permission to perform this
    operation``, and what setters and ``device_set_realized``
    raise.  Devices of other types are not made.
    """
    kind = device_class(qemu, driver)
    if kind is None and (driver in _devices() or driver.startswith("{")):
        raise messages.INVALID_DEVICE.error(name=driver)
    if kind is not None and bus is not None and not _has_bus(bus, made):
        raise messages.BUS_NOT_FOUND.error(name=bus)
    needs_pci = driver.endswith("-pci") if kind is None else kind.needs_pci
    if needs_pci and not _has_pci(qemu):
        bus = "virtual-css-bus" if driver.endswith("-ccw") else "PCI"
        raise messages.NO_PCI_BUS.error(bus=bus, driver=driver)
    if kind is None:
        return
    device = kind.instance_init(id)
    device.bus = bus
    for name, v in settings:
        setter = _find_setter(qemu, kind, name)
        if setter is not None:
            setter(qemu, device, v, name)
    device_set_realized(qemu, device)


def _has_bus(bus: str, made: Collection[str]) -> bool:
    """Return whether there may be a bus: a device's id, a path, or a name with a number."""
    return bus in made or bus == "main-system-bus" or _NUMBERED_BUS.search(bus) is not None


def _has_pci(qemu: Qemu) -> bool:
    """Return whether the machine has a PCI bus; a microvm has one with pcie=on."""
    return machine_get_class(qemu).chipset in _WITH_PCI or qemu.machine.pcie


def _find_setter(qemu: Qemu, kind: PCDIMMDeviceClass, name: str) -> Setter | None:
    """Return what sets a property, None for one that the model does not know."""
    if name not in kind.properties and kind.needs_pci:
        return None
    since = kind.later.get(name, ())
    if name not in kind.properties or not is_between(qemu.tree.release, since, None):
        raise messages.PROPERTY_NOT_FOUND.error(type=kind.name, property=name)
    setter = kind.properties[name]
    if setter is None:
        raise messages.NOT_WRITABLE.error(type=kind.name, property=name)
    return setter


def qdev_machine_creation_done(qemu: Qemu) -> None:
    """Do what the machine does once all devices are made."""
    machine_done = machine_get_class(qemu).machine_done
    if machine_done is not None:
        machine_done(qemu)


def qemu_system_reset(qemu: Qemu) -> None:
    """Reset the machine and its devices as the guest is about to start."""
    reset = machine_get_class(qemu).reset
    if reset is not None:
        reset(qemu)
    for device in qemu.machine.memory_devices:
        if device.type.reset is not None:
            device.type.reset(qemu, device)


def device_set_realized(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Realize the device: the machine finds a place, the device takes its backend.

    Raises what the machine's ``pre_plug`` and ``pc_dimm_realize`` raise.  Machines without
    memory devices, such as none, ignore them.
    """
    if device.type.needs_pci:
        device.type.realize(qemu, device)
        return
    from .memory_device import memory_device_plug
    from .pc_dimm import pc_dimm_realize

    machine = machine_get_class(qemu)
    if machine.pre_plug is not None:
        machine.pre_plug(qemu, device)
    pc_dimm_realize(qemu, device)
    (machine.plug or memory_device_plug)(qemu, device)
