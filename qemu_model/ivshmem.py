"""``hw/misc/ivshmem-pci.c``: a backend that guests share, ``ivshmem-plain``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from . import messages
from .error import Abort, Exit
from .globals import Qemu
from .hostmem import host_memory_backend_is_mapped, host_memory_backend_set_mapped
from .pc_dimm import PCDIMMDevice, PCDIMMDeviceClass, _set_memdev, pc_dimm_get_memory_region

C_FILE = "hw/misc/ivshmem-pci.c"

#: Memory that can be prefetched, with addresses of 64 bits.
_BAR_TYPE: Final = 0xC


def ivshmem_plain_realize(qemu: Qemu, device: PCDIMMDevice) -> None:
    """Take the backend; QEMU aborts where its size is not a power of two.

    Raises ``You must specify a 'memdev'`` and ``can't use already busy memdev: <id>``.
    Before 5.1 a wrong size prints ``ERROR: PCI region size must be pow2 ...`` and exits with 1.
    """
    backend = device.hostmem
    if backend is None:
        raise messages.IVSHMEM_MEMDEV.error()
    if host_memory_backend_is_mapped(backend):
        raise messages.MEMDEV_BUSY.error(id=backend.id)
    if backend.size & (backend.size - 1):
        if messages.ASSERT_BAR_SIZE.is_said_in(qemu.tree):
            raise Abort(messages.ASSERT_BAR_SIZE)
        qemu.error_report(messages.BAR_SIZE, type=_BAR_TYPE, size=backend.size)
        raise Exit(1)
    host_memory_backend_set_mapped(backend, True)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_IVSHMEM_PLAIN, id)


TYPE_IVSHMEM_PLAIN: Final = PCDIMMDeviceClass(
    "ivshmem-plain",
    MappingProxyType({"memdev": _set_memdev}),
    _instance_init,
    pc_dimm_get_memory_region,
    ivshmem_plain_realize,
    needs_pci=True,
)
