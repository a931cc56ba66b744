"""``backends/hostmem-ram.c``: a backend of anonymous memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .. import messages
from ..globals import Qemu
from ..qom import TypeInfo
from .hostmem import (
    HostMemoryBackend,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_memory_complete,
    host_memory_backend_post_init,
    host_memory_backend_ram_flags,
)
from .memory import memory_region_init_ram_flags_nomigrate

C_FILE = "backends/hostmem-ram.c"


def ram_backend_new(qemu: Qemu) -> HostMemoryBackend:
    """Make a backend with its defaults."""
    backend = HostMemoryBackend(TYPE_MEMORY_BACKEND_RAM)
    host_memory_backend_post_init(qemu, backend)
    return backend


def ram_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Take anonymous memory, with the flags that share and reserve stand for.

    Raises what ``softmmu/physmem.c:ram_block_add`` raises.
    """
    if not backend.size:
        raise messages.SIZE_NEVER_SET.error()
    name = host_memory_backend_get_name(qemu, backend)
    flags = host_memory_backend_ram_flags(backend)
    memory_region_init_ram_flags_nomigrate(qemu, backend.mr, name, backend.size, flags)


def ram_backend_complete(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Complete the backend."""
    host_memory_backend_memory_complete(
        qemu, backend, lambda: ram_backend_memory_alloc(qemu, backend)
    )


TYPE_MEMORY_BACKEND_RAM: Final[TypeInfo] = backend_type(
    "memory-backend-ram", ram_backend_new, ram_backend_complete
)
