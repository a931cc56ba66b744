"""``backends/hostmem-ram.c``: a backend of anonymous memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    backend_type,
    host_memory_backend_init,
    host_memory_backend_memory_complete,
)
from .memory import memory_region_init_ram_shared_nomigrate
from .qom import TypeInfo, object_get_canonical_path_component

C_FILE = "backends/hostmem-ram.c"


def ram_backend_new(qemu: Qemu) -> HostMemoryBackend:
    """Make a backend with its defaults."""
    backend = HostMemoryBackend(TYPE_MEMORY_BACKEND_RAM)
    host_memory_backend_init(qemu, backend)
    return backend


def ram_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Take anonymous memory, under the object's bare id.

    Raises ``can't create backend with size 0`` and what ``exec.c:ram_block_add``
    raises.
    """
    if not backend.size:
        raise messages.SIZE_NEVER_SET.error()
    path = object_get_canonical_path_component(qemu, backend)
    try:
        memory_region_init_ram_shared_nomigrate(
            qemu, backend.mr, path, backend.size, share=backend.share
        )
    finally:
        qemu.heap.g_free(path)


def ram_backend_complete(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Complete the backend."""
    host_memory_backend_memory_complete(
        qemu, backend, lambda: ram_backend_memory_alloc(qemu, backend)
    )


TYPE_MEMORY_BACKEND_RAM: Final[TypeInfo] = backend_type(
    "memory-backend-ram", ram_backend_new, ram_backend_complete
)
