"""``hw/virtio/virtio-pmem.c``: a backend as a persistent virtio device, since 4.1."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from . import messages
from .boards import machine_get_class
from .globals import Qemu
from .hostmem import host_memory_backend_is_mapped, host_memory_backend_set_mapped
from .memory_device import memory_device_plug, memory_device_pre_plug
from .pc_dimm import (
    PCDIMMDevice,
    PCDIMMDeviceClass,
    _set_memdev,
    pc_dimm_get_memory_region,
    set_addr,
)

C_FILE = "hw/virtio/virtio-pmem.c"


def virtio_pmem_realize(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Find a guest address, and take the backend.

    Raises before 5.1 ``virtio-pmem-pci not supported on this bus.``, what
    ``memory_device_pre_plug`` raises, and ``can't use already busy memdev: <id>``.
    """
    on_root = machine_get_class(qemu).chipset == "q35" and device.bus in (None, "pcie.0")
    if on_root and messages.BUS_WITHOUT_HOTPLUG.is_said_in(qemu.tree):
        raise messages.BUS_WITHOUT_HOTPLUG.error()
    memory_device_pre_plug(qemu, device, None)
    backend = device.hostmem
    assert backend is not None, "without one there is no region to find a place for"
    if host_memory_backend_is_mapped(backend):
        raise messages.MEMDEV_BUSY.error(id=backend.id)
    host_memory_backend_set_mapped(backend, True)
    memory_device_plug(qemu, device)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_VIRTIO_PMEM, id)


TYPE_VIRTIO_PMEM: Final = PCDIMMDeviceClass(
    "virtio-pmem-pci",
    MappingProxyType({"memaddr": set_addr, "memdev": _set_memdev}),
    _instance_init,
    pc_dimm_get_memory_region,
    virtio_pmem_realize,
    needs_pci=True,
    since=(4, 1),
)
