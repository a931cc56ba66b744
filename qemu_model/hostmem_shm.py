"""``backends/hostmem-shm.c``: a backend of POSIX shared memory (since 9.1)."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

from . import messages
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    _host_memory_backend_ram_flags,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_init,
)
from .memory import memory_region_init_ram_from_fd
from .oslib_posix import qemu_shm_alloc
from .qom import TypeInfo

C_FILE = "backends/hostmem-shm.c"


@attrs.define(eq=False, repr=False)
class HostMemoryBackendShm(HostMemoryBackend):
    """A backend of POSIX shared memory."""


def shm_backend_instance_init(qemu: Qemu) -> HostMemoryBackendShm:
    """Make a backend with its defaults: it is shared."""
    backend = HostMemoryBackendShm(TYPE_MEMORY_BACKEND_SHM)
    host_memory_backend_init(qemu, backend)
    backend.share = True
    return backend


def shm_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Make a shared memory object of the size as given, and map it.

    Without a size there is no such object.  Raises ``can't create shm backend with
    `share=off```, and what ``qemu_shm_alloc`` and ``qemu_ram_alloc_from_fd`` raise; after
    the latter the descriptor stays open, which is QEMU's leak.
    """
    if not backend.share:
        raise messages.SHM_NOT_SHARED.error()
    name = host_memory_backend_get_name(qemu, backend)
    fd = qemu_shm_alloc(qemu, backend.size, name)
    flags = _host_memory_backend_ram_flags(backend)
    memory_region_init_ram_from_fd(qemu, backend.mr, name, backend.size, flags, fd)


TYPE_MEMORY_BACKEND_SHM: Final[TypeInfo] = backend_type(
    "memory-backend-shm",
    shm_backend_instance_init,
    since="9.1",
    alloc=shm_backend_memory_alloc,
)
