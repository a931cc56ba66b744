"""``hw/virtio/virtio-pmem.c`` and ``virtio-mem.c``: a backend as a device of virtio's."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from .. import messages
from ..globals import Qemu
from ..hostmem import host_memory_backend_is_mapped, host_memory_backend_set_mapped
from ..memory_device import memory_device_plug, memory_device_pre_plug
from ..messages import MEMDEV_BUSY
from ..pc_dimm import PCDIMMDevice, PCDIMMDeviceClass, pc_dimm_get_memory_region, set_memdev

C_FILE = "hw/virtio/virtio-pmem.c"


def virtio_md_realize(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Find a guest address, and take the backend.

    Raises what ``memory_device_pre_plug`` raises, ``can't use already busy memdev: <id>``
    and ``'memdev' property specifies a busy memdev: <id>``.
    """
    memory_device_pre_plug(qemu, device, None)
    backend = device.hostmem
    assert backend is not None, "without one there is no region to find a place for"
    if host_memory_backend_is_mapped(backend):
        busy = messages.VIRTIO_MEM_BUSY if device.type is TYPE_VIRTIO_MEM else MEMDEV_BUSY
        raise busy.error(id=backend.id)
    host_memory_backend_set_mapped(backend, True)
    memory_device_plug(qemu, device)


def _virtio_pmem(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_VIRTIO_PMEM, id)


def _virtio_mem(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_VIRTIO_MEM, id)


TYPE_VIRTIO_PMEM: Final = PCDIMMDeviceClass(
    "virtio-pmem-pci",
    MappingProxyType({"memdev": set_memdev}),
    _virtio_pmem,
    pc_dimm_get_memory_region,
    pc_dimm_get_memory_region,
)
TYPE_VIRTIO_MEM: Final = PCDIMMDeviceClass(
    "virtio-mem-pci",
    MappingProxyType({"memdev": set_memdev}),
    _virtio_mem,
    pc_dimm_get_memory_region,
    pc_dimm_get_memory_region,
)
