"""``softmmu/qdev-monitor.c``: the devices of -device that take a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from .. import messages
from ..globals import Qemu
from ..memory_device import memory_device_plug
from ..pc_dimm import PCDIMMDevice, PCDIMMDeviceClass, PropertyVisitor
from ..qdict import qdict_order
from ..qobject_input import KeyvalInputVisitor, QObjectInputVisitor
from .boards import NONE, Machine72
from .nvdimm import TYPE_NVDIMM
from .pc import pc_memory_pre_plug
from .pc_dimm import TYPE_PC_DIMM, pc_dimm_realize
from .virtio_md import TYPE_VIRTIO_MEM, TYPE_VIRTIO_PMEM, virtio_md_realize

C_FILE = "softmmu/qdev-monitor.c"

DIMMS: Final[Mapping[str, PCDIMMDeviceClass]] = MappingProxyType(
    {kind.name: kind for kind in (TYPE_PC_DIMM, TYPE_NVDIMM)}
)
WITH_PCI: Final = ("i440fx", "q35")
#: What is on the PCI bus; the other properties of these are not looked at.
VIRTIO: Final[Mapping[str, PCDIMMDeviceClass]] = MappingProxyType(
    {kind.name: kind for kind in (TYPE_VIRTIO_PMEM, TYPE_VIRTIO_MEM)}
)


@attrs.frozen
class DeviceOptions:
    """One -device: ``values`` without driver, bus and id; text, or JSON."""

    location: str
    driver: str | None
    id: str | None
    values: Mapping[str, Any]
    from_json: bool = False


def kind_of(driver: str | None) -> PCDIMMDeviceClass | None:
    """Return the type of device of that name that takes a backend, or None."""
    return DIMMS.get(driver or "") or VIRTIO.get(driver or "")


def takes_memory(driver: str | None) -> bool:
    """Whether a device of that name takes a backend."""
    return kind_of(driver) is not None


def qdev_device_add_from_qdict(qemu: Qemu, machine: Machine72, options: DeviceOptions) -> None:
    """Make a device: its properties in the order of QEMU's dictionary, then all at once.

    Raises ``No 'PCI' bus found for device '<type>'``, ``Property '<type>.<name>' not
    found``, ``... is not writable``, and what setters and ``device_set_realized`` raise.
    """
    kind = kind_of(options.driver)
    assert kind is not None, "devices of other kinds are not made"
    if kind.name in VIRTIO and machine.chipset not in WITH_PCI:
        raise messages.NO_PCI_BUS.error(driver=kind.name)
    dimm = kind.instance_init(options.id)
    v: PropertyVisitor
    if options.from_json:
        v = QObjectInputVisitor(options.values)
    else:
        v = KeyvalInputVisitor(qemu, options.values)
    for name in qdict_order(options.values):
        if name not in kind.properties:
            if kind.name in VIRTIO:
                continue
            raise messages.PROPERTY_NOT_FOUND.error(type=kind.name, property=name)
        setter = kind.properties[name]
        if setter is None:
            raise messages.NOT_WRITABLE.error(type=kind.name, property=name)
        setter(qemu, dimm, v, name)
    device_set_realized(qemu, machine, dimm)


def device_set_realized(qemu: Qemu, machine: Machine72, dimm: PCDIMMDevice) -> None:
    """Make the device real: the machine finds a place, the device takes its backend.

    Raises what ``pc_memory_pre_plug``, ``pc_dimm_realize`` and ``virtio_md_realize``
    raise.  A machine that knows no memory devices, as none, lets modules be all the same.
    """
    if dimm.type.name in VIRTIO:
        virtio_md_realize(qemu, dimm)
        return
    if machine.chipset:
        pc_memory_pre_plug(qemu, machine, dimm)
    pc_dimm_realize(qemu, dimm, numa=machine is not NONE)
    memory_device_plug(qemu, dimm)
