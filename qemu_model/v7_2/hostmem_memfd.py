"""``backends/hostmem-memfd.c``: a backend of a file without a name."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

from .. import messages
from ..globals import Qemu
from ..host.linux import F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK
from ..hostmem_memfd import (
    _has_hugetlb,
    _has_memfd,
    _has_sealing,
    memfd_backend_get_hugetlb,
    memfd_backend_get_hugetlbsize,
    memfd_backend_get_seal,
    memfd_backend_set_hugetlb,
    memfd_backend_set_hugetlbsize,
    memfd_backend_set_seal,
)
from ..memfd import qemu_memfd_create
from ..qom import Property, TypeInfo
from .hostmem import (
    HostMemoryBackend,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_memory_complete,
    host_memory_backend_post_init,
    host_memory_backend_ram_flags,
)
from .memory import memory_region_init_ram_from_fd

C_FILE = "backends/hostmem-memfd.c"


@attrs.define(eq=False)
class HostMemoryBackendMemfd(HostMemoryBackend):
    """A memfd backend; ``hugetlbsize`` in bytes, 0 for the system's default."""

    hugetlb: bool = False
    hugetlbsize: int = 0
    seal: bool = True


def memfd_backend_instance_init(qemu: Qemu) -> HostMemoryBackendMemfd:
    """Make a backend with its defaults: sealed, and shared as no other."""
    backend = HostMemoryBackendMemfd(TYPE_MEMORY_BACKEND_MEMFD)
    host_memory_backend_post_init(qemu, backend)
    backend.share = True
    return backend


def memfd_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackendMemfd) -> None:
    """Make the memory file and map it, with the flags that share and reserve stand for.

    Raises what ``qemu_memfd_create`` and
    ``softmmu/physmem.c:qemu_ram_alloc_from_fd`` raise; after the latter the descriptor
    stays open, which is QEMU's leak.
    """
    if not backend.size:
        raise messages.SIZE_NEVER_SET.error()
    fd = qemu_memfd_create(
        qemu,
        "memory-backend-memfd",
        backend.size,
        hugetlb=backend.hugetlb,
        hugetlbsize=backend.hugetlbsize,
        seals=F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL if backend.seal else 0,
    )
    name = host_memory_backend_get_name(qemu, backend)
    flags = host_memory_backend_ram_flags(backend)
    memory_region_init_ram_from_fd(qemu, backend.mr, name, backend.size, flags, fd)


def memfd_backend_complete(qemu: Qemu, backend: HostMemoryBackendMemfd) -> None:
    """Complete the backend."""
    host_memory_backend_memory_complete(
        qemu, backend, lambda: memfd_backend_memory_alloc(qemu, backend)
    )


TYPE_MEMORY_BACKEND_MEMFD: Final[TypeInfo] = backend_type(
    "memory-backend-memfd",
    memfd_backend_instance_init,
    memfd_backend_complete,
    Property(
        "hugetlb",
        "bool",
        memfd_backend_get_hugetlb,
        memfd_backend_set_hugetlb,
        "Use huge pages",
        _has_hugetlb,
    ),
    Property(
        "hugetlbsize",
        "int",
        memfd_backend_get_hugetlbsize,
        memfd_backend_set_hugetlbsize,
        "Huge pages size (ex: 2M, 1G)",
        _has_hugetlb,
    ),
    Property(
        "seal",
        "bool",
        memfd_backend_get_seal,
        memfd_backend_set_seal,
        "Seal growing & shrinking",
        _has_sealing,
    ),
    exists=_has_memfd,
)
