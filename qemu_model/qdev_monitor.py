"""``qdev-monitor.c`` and ``hw/core/qdev.c``: the devices of -device that take a backend."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import messages
from .boards import machine_get_class
from .globals import Qemu
from .nvdimm import TYPE_NVDIMM
from .pc_dimm import TYPE_PC_DIMM, PCDIMMDevice, PCDIMMDeviceClass, pc_dimm_realize
from .qemu_option import QemuOpts
from .string_input import StringInputVisitor

C_FILE = "qdev-monitor.c"

DEVICES: Final[Mapping[str, PCDIMMDeviceClass]] = MappingProxyType(
    {kind.name: kind for kind in (TYPE_PC_DIMM, TYPE_NVDIMM)}
)


def qdev_device_add(qemu: Qemu, opts: QemuOpts) -> None:
    """Make a device that takes a backend: its properties in the order given, then all at once.

    Raises ``Parameter 'driver' is missing``, ``'<name>' is not a valid device model
    name``, ``Property '.<name>' not found``, ``Insufficient permission to perform this
    operation``, and what setters and ``device_set_realized`` raise.
    """
    driver = opts.get("driver")
    if driver is None:
        raise messages.MISSING_PARAMETER.error(name="driver")
    if driver.startswith("{"):
        # JSON, which only later trees read.
        raise messages.INVALID_DEVICE.error(name=driver)
    kind = DEVICES.get(driver)
    if kind is None:
        return
    dimm = kind.instance_init(opts.id)
    for name, text in opts.params:
        if name in ("driver", "bus"):
            continue
        if name not in kind.properties:
            raise messages.PROPERTY_NOT_FOUND.error(type=driver, property=name)
        setter = kind.properties[name]
        if setter is None:
            raise messages.NOT_WRITABLE.error(type=driver, property=name)
        setter(qemu, dimm, StringInputVisitor(qemu, text), name)
    device_set_realized(qemu, dimm)


def device_set_realized(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Make the device real: the machine finds a place, the device takes its backend.

    Raises what the machine's ``pre_plug`` and ``pc_dimm_realize`` raise.  A machine
    that knows no memory devices, as none, lets them be all the same.
    """
    machine = machine_get_class(qemu)
    if machine.pre_plug is not None:
        machine.pre_plug(qemu, dimm)
    pc_dimm_realize(qemu, dimm)
    if machine.plug is not None:
        machine.plug(qemu, dimm)
