"""``backends/hostmem-memfd.c``: a backend of a file without a name."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from . import messages
from .globals import Qemu
from .host.linux import (
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    MFD_ALLOW_SEALING,
    MFD_HUGETLB,
)
from .hostmem import (
    HostMemoryBackend,
    _host_memory_backend_ram_flags,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_init,
    host_memory_backend_mr_inited,
    host_memory_backend_post_init,
)
from .memfd import qemu_memfd_check, qemu_memfd_create
from .memory import memory_region_init_ram_from_fd
from .qom import Property, TypeInfo

if TYPE_CHECKING:
    from .qom import Visitor

C_FILE = "backends/hostmem-memfd.c"


@attrs.define(eq=False, repr=False)
class HostMemoryBackendMemfd(HostMemoryBackend):
    """A memfd backend; ``hugetlbsize`` in bytes, 0 for the system's default."""

    hugetlb: bool = False
    hugetlbsize: int = 0
    seal: bool = True


def memfd_backend_instance_init(qemu: Qemu) -> HostMemoryBackendMemfd:
    """Make a backend with its defaults: sealed, and, unlike file and ram, shared."""
    backend = HostMemoryBackendMemfd(TYPE_MEMORY_BACKEND_MEMFD)
    host_memory_backend_init(qemu, backend)
    backend.share = True
    host_memory_backend_post_init(qemu, backend)
    return backend


def memfd_backend_memory_alloc(qemu: Qemu, backend: HostMemoryBackendMemfd) -> None:
    """Make the memory file and map it, with the flags for share and reserve.

    Raises ``can't create backend with size 0`` and what ``qemu_memfd_create`` and
    ``system/physmem.c:qemu_ram_alloc_from_fd`` raise; after the latter the descriptor stays
    open, which is QEMU's leak.
    """
    if not backend.size:
        raise messages.SIZE_NEVER_SET.error()
    if not qemu.tree.hostmem.mem_prealloc_is_a_default:
        backend.force_prealloc = qemu.mem_prealloc
    fd = qemu_memfd_create(
        qemu,
        "memory-backend-memfd",
        backend.size,
        hugetlb=backend.hugetlb,
        hugetlbsize=backend.hugetlbsize,
        seals=F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL if backend.seal else 0,
    )
    backend.aligned = True
    name = host_memory_backend_get_name(qemu, backend)
    flags = _host_memory_backend_ram_flags(backend)
    memory_region_init_ram_from_fd(qemu, backend.mr, name, backend.size, flags, fd)


def memfd_backend_get_hugetlb(_qemu: Qemu, backend: HostMemoryBackendMemfd) -> bool:
    """Return whether huge pages are requested."""
    return backend.hugetlb


def memfd_backend_set_hugetlb(
    _qemu: Qemu, backend: HostMemoryBackendMemfd, v: Visitor, name: str
) -> None:
    """Ask for huge pages; accepted at any time, without effect once there is memory."""
    backend.hugetlb = v.type_bool(name)


def memfd_backend_get_hugetlbsize(_qemu: Qemu, backend: HostMemoryBackendMemfd) -> int:
    """Return the size of the huge pages in bytes."""
    return backend.hugetlbsize


def memfd_backend_set_hugetlbsize(
    _qemu: Qemu, backend: HostMemoryBackendMemfd, v: Visitor, name: str
) -> None:
    """Set the size of the huge pages.

    Raises ``cannot change property value`` and ``Property
    'memory-backend-memfd.hugetlbsize' doesn't take value '0'``, in every tree.
    """
    if host_memory_backend_mr_inited(backend):
        raise messages.CANNOT_CHANGE_VALUE.error()
    value = v.type_size(name)
    if value == 0:
        raise messages.SIZE_ZERO_BEFORE.error(property=name, type=backend.type.name)
    backend.hugetlbsize = value


def memfd_backend_get_seal(_qemu: Qemu, backend: HostMemoryBackendMemfd) -> bool:
    """Return whether the file's size is sealed."""
    return backend.seal


def memfd_backend_set_seal(
    _qemu: Qemu, backend: HostMemoryBackendMemfd, v: Visitor, name: str
) -> None:
    """Seal the file's size; accepted at any time, without effect once there is memory."""
    backend.seal = v.type_bool(name)


def _check(qemu: Qemu, flags: int) -> bool:
    """Return whether memfd_create worked with ``flags`` as QEMU registered its types.

    It tries them in a fixed order: for the type itself, then for its properties.
    """
    for tried in (MFD_ALLOW_SEALING if qemu.tree.hostmem_memfd.needs_sealing else 0, MFD_HUGETLB):
        qemu_memfd_check(qemu, tried)
    return qemu_memfd_check(qemu, flags)


def _has_hugetlb(qemu: Qemu) -> bool:
    """Return whether the kernel knew MFD_HUGETLB when QEMU started."""
    return _check(qemu, MFD_HUGETLB)


def _has_sealing(qemu: Qemu) -> bool:
    """Return whether the kernel knew MFD_ALLOW_SEALING when QEMU started."""
    return _check(qemu, MFD_ALLOW_SEALING)


def _has_memfd(qemu: Qemu) -> bool:
    """Return whether the type exists: the kernel knew memfd_create, since 4.0 with sealing."""
    return _check(qemu, MFD_ALLOW_SEALING if qemu.tree.hostmem_memfd.needs_sealing else 0)


TYPE_MEMORY_BACKEND_MEMFD: Final[TypeInfo] = backend_type(
    "memory-backend-memfd",
    memfd_backend_instance_init,
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
    alloc=memfd_backend_memory_alloc,
    exists=_has_memfd,
)
