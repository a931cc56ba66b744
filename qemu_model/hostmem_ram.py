"""``backends/hostmem-ram.c``: a backend of anonymous memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    _host_memory_backend_ram_flags,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_init,
)
from .memory import memory_region_init_ram_flags_nomigrate
from .qom import TypeInfo

C_FILE = "backends/hostmem-ram.c"


def _ram_backend_new(qemu: Qemu) -> HostMemoryBackend:
    """Make a backend with its defaults."""
    backend = HostMemoryBackend(TYPE_MEMORY_BACKEND_RAM)
    host_memory_backend_init(qemu, backend)
    return backend


def ram_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Allocate anonymous memory, with the flags for share and reserve.

    Raises ``can't create backend with size 0`` and what
    ``system/physmem.c:qemu_ram_alloc`` raises.
    """
    if not backend.size:
        raise messages.SIZE_NEVER_SET.error()
    name = host_memory_backend_get_name(qemu, backend)
    flags = _host_memory_backend_ram_flags(backend)
    memory_region_init_ram_flags_nomigrate(qemu, backend.mr, name, backend.size, flags)


TYPE_MEMORY_BACKEND_RAM: Final[TypeInfo] = backend_type(
    "memory-backend-ram",
    _ram_backend_new,
    alloc=ram_backend_memory_alloc,
)
