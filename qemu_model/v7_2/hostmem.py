"""``backends/hostmem.c``: what all memory backends have in common."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import attrs

from .. import hostmem as before
from .. import messages
from ..globals import Qemu
from ..host import linux
from ..hostmem import (
    POLICIES,
    host_memory_backend_can_be_deleted,
    host_memory_backend_finalize,
    host_memory_backend_get_dump,
    host_memory_backend_get_merge,
    host_memory_backend_get_policy,
    host_memory_backend_get_prealloc,
    host_memory_backend_get_share,
    host_memory_backend_get_size,
    host_memory_backend_init,
    host_memory_backend_mr_inited,
    host_memory_backend_set_host_nodes,
    host_memory_backend_set_share,
    host_memory_backend_set_size,
    host_memory_backend_unparent,
)
from ..memory import memory_region_get_fd, memory_region_get_ram_ptr, memory_region_size
from ..osdep import qemu_madvise
from ..qom import (
    Object,
    Property,
    TypeInfo,
    always,
    object_get_canonical_path,
    object_get_canonical_path_component,
    object_get_link,
    object_resolve_link,
    properties,
)
from ..ram_addr import NO_FLAGS, RAM_NORESERVE, RAM_SHARED, RamFlags
from .oslib_posix import Protection, qemu_prealloc_mem
from .physmem import RAMBlock72

if TYPE_CHECKING:
    from ..qom import Visitor

C_FILE = "backends/hostmem.c"
ENOSYS: Final = linux.ERRNO_NUMBERS["ENOSYS"]


@attrs.define(eq=False)
class HostMemoryBackend(before.HostMemoryBackend):
    """A memory backend of 7.2; ``prealloc_context`` is a link to an object or None."""

    reserve: bool = True
    prealloc_threads: int = 1
    prealloc_context: Object | None = None
    use_canonical_path: bool = False


def host_memory_backend_post_init(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give a new backend its defaults; -mem-prealloc is a default of ``prealloc`` now."""
    host_memory_backend_init(qemu, backend)
    backend.prealloc_threads = qemu.smp_cpus


def host_memory_backend_get_name(qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the name of the backend's region: its id, or its path for old machines."""
    if backend.use_canonical_path:
        return object_get_canonical_path(backend)
    name = object_get_canonical_path_component(qemu, backend)
    qemu.heap.g_free(name)
    return name


def host_memory_backend_ram_flags(backend: HostMemoryBackend) -> RamFlags:
    """Return the flags that ``share`` and ``reserve`` stand for."""
    flags = RAM_SHARED if backend.share else NO_FLAGS
    if not backend.reserve:
        flags |= RAM_NORESERVE
    return flags


def host_memory_backend_get_host_nodes(_qemu: Qemu, backend: HostMemoryBackend) -> object:
    """Return the nodes, sorted, also where there are none."""
    return sorted(backend.host_nodes)


def host_memory_backend_set_policy(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set the policy.  Raises ``Parameter 'policy' does not accept value '<value>'``."""
    backend.policy = v.type_enum(name, tuple(POLICIES))


def host_memory_backend_set_merge(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Let KSM merge pages of the backend or not, at any time."""
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend) and value != backend.merge:
        qemu_madvise(
            qemu, *region(backend), linux.MADV_MERGEABLE if value else linux.MADV_UNMERGEABLE
        )
    backend.merge = value


def host_memory_backend_set_dump(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Put the backend into core dumps or not, at any time."""
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend) and value != backend.dump:
        qemu_madvise(qemu, *region(backend), linux.MADV_DODUMP if value else linux.MADV_DONTDUMP)
    backend.dump = value


def host_memory_backend_set_prealloc(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Preallocate, at once if the backend has its memory; taking it back does nothing then.

    Raises ``'prealloc=on' and 'reserve=off' are incompatible`` and what
    ``qemu_prealloc_mem`` raises.
    """
    value = v.type_bool(name)
    if value and not backend.reserve:
        raise messages.INCOMPATIBLE.error()
    if not host_memory_backend_mr_inited(backend):
        backend.prealloc = value
    elif value and not backend.prealloc:
        qemu_prealloc_mem(qemu, *preallocation(backend))
        backend.prealloc = True


def host_memory_backend_get_prealloc_threads(_qemu: Qemu, backend: HostMemoryBackend) -> int:
    """Return how many threads may preallocate."""
    return backend.prealloc_threads


def host_memory_backend_set_prealloc_threads(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set how many threads may preallocate, at any time.

    Raises ``property 'prealloc-threads' of <type> doesn't take value '0'``.
    """
    value = v.type_uint32(name)
    if not value:
        raise messages.THREADS_ZERO.error(property=name, type=backend.type.name)
    backend.prealloc_threads = value


def get_prealloc_context(qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the path of the linked thread context, empty without one."""
    return object_get_link(qemu, backend.prealloc_context)


def set_prealloc_context(qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str) -> None:
    """Link to a thread context, or to none by the empty path."""
    path = v.type_str(name)
    backend.prealloc_context = (
        object_resolve_link(qemu, name, "thread-context", path) if path else None
    )


def host_memory_backend_get_reserve(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether memory is set aside for the mapping."""
    return backend.reserve


def host_memory_backend_set_reserve(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set memory aside for the mapping or not.

    Raises ``cannot change property value`` and ``'prealloc=on' and 'reserve=off' are
    incompatible``.
    """
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend):
        raise messages.CANNOT_CHANGE_VALUE.error()
    if backend.prealloc and not value:
        raise messages.INCOMPATIBLE.error()
    backend.reserve = value


def host_memory_backend_get_use_canonical_path(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the region is named by the object's path."""
    return backend.use_canonical_path


def host_memory_backend_set_use_canonical_path(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Name the region by the object's path, as before 4.0; accepted at any time."""
    backend.use_canonical_path = v.type_bool(name)


def host_memory_backend_memory_complete(
    qemu: Qemu, backend: HostMemoryBackend, alloc: Callable[[], None]
) -> None:
    """Take the memory with ``alloc``, and apply merge, dump, the NUMA policy and prealloc to it.

    All of it goes over the size as given.  Without nodes nothing is bound.  Raises
    what ``alloc`` raises, ``host-nodes must be empty for policy default, ...``,
    ``host-nodes must be set for policy <policy>``, ``cannot bind memory to host
    NUMA nodes: <strerror>``, and what ``qemu_prealloc_mem`` raises.
    """
    alloc()
    ptr, size = region(backend)

    if backend.merge:
        qemu_madvise(qemu, ptr, size, linux.MADV_MERGEABLE)
    if not backend.dump:
        qemu_madvise(qemu, ptr, size, linux.MADV_DONTDUMP)

    if qemu.platform.libnuma:
        nodes = backend.host_nodes
        policy = POLICIES[backend.policy]
        if nodes and policy == linux.MPOL_DEFAULT:
            raise messages.NODES_WITHOUT_POLICY.error()
        if not nodes and policy != linux.MPOL_DEFAULT:
            raise messages.POLICY_WITHOUT_NODES.error(policy=backend.policy)
        if nodes:
            # The kernel reads one node less than it is told, hence the 2.
            bound = qemu.host.mbind(
                ptr,
                size,
                policy,
                tuple(sorted(nodes)),
                max(nodes) + 2,
                linux.MPOL_MF_STRICT | linux.MPOL_MF_MOVE,
            )
            if bound:
                raise messages.CANNOT_BIND.error(-bound)

    if backend.prealloc:
        qemu_prealloc_mem(qemu, *preallocation(backend))


def region(backend: HostMemoryBackend) -> tuple[int, int]:
    """Return address and size in bytes of the backend's memory."""
    return memory_region_get_ram_ptr(backend.mr), memory_region_size(backend.mr)


def preallocation(backend: HostMemoryBackend) -> tuple[int, int, int, int, Protection]:
    """Return what ``qemu_prealloc_mem`` is told of the backend."""
    block = backend.mr.ram_block
    protection = Protection.WRITABLE
    if isinstance(block, RAMBlock72) and block.readonly:
        protection = Protection.BEHIND_END if block.behind_end else Protection.READ_ONLY
    fd = memory_region_get_fd(backend.mr)
    return fd, *region(backend), backend.prealloc_threads, protection


PROPERTIES: Final = (
    *before.OBJECT_PROPERTIES,
    Property(
        "merge",
        "bool",
        host_memory_backend_get_merge,
        host_memory_backend_set_merge,
        "Mark memory as mergeable",
    ),
    Property(
        "dump",
        "bool",
        host_memory_backend_get_dump,
        host_memory_backend_set_dump,
        "Set to 'off' to exclude from core dump",
    ),
    Property(
        "prealloc",
        "bool",
        host_memory_backend_get_prealloc,
        host_memory_backend_set_prealloc,
        "Preallocate memory",
    ),
    Property(
        "prealloc-threads",
        "int",
        host_memory_backend_get_prealloc_threads,
        host_memory_backend_set_prealloc_threads,
        "Number of CPU threads to use for prealloc",
    ),
    Property(
        "prealloc-context",
        "link<thread-context>",
        get_prealloc_context,
        set_prealloc_context,
        "Context to use for creating CPU threads for preallocation",
    ),
    Property(
        "size",
        "int",
        host_memory_backend_get_size,
        host_memory_backend_set_size,
        "Size of the memory region (ex: 500M)",
    ),
    Property(
        "host-nodes",
        "int",
        host_memory_backend_get_host_nodes,
        host_memory_backend_set_host_nodes,
        "Binds memory to the list of NUMA host nodes",
    ),
    Property(
        "policy",
        "HostMemPolicy",
        host_memory_backend_get_policy,
        host_memory_backend_set_policy,
        "Set the NUMA policy",
    ),
    Property(
        "share",
        "bool",
        host_memory_backend_get_share,
        host_memory_backend_set_share,
        "Mark the memory as private to QEMU or shared",
    ),
    Property(
        "reserve",
        "bool",
        host_memory_backend_get_reserve,
        host_memory_backend_set_reserve,
        "Reserve swap space (or huge pages) if applicable",
    ),
    Property(
        "x-use-canonical-path-for-ramblock-id",
        "bool",
        host_memory_backend_get_use_canonical_path,
        host_memory_backend_set_use_canonical_path,
    ),
)


def backend_type(
    name: str,
    instance_init: Callable[[Qemu], Object],
    complete: Callable[[Qemu, Any], None],
    *own: Property,
    unparent: Callable[[Qemu, Any], None] = host_memory_backend_unparent,
    abstract: bool = False,
    exists: Callable[[Qemu], bool] = always,
) -> TypeInfo:
    """Return a type that inherits from ``memory-backend``."""
    return TypeInfo(
        name,
        properties(PROPERTIES, own),
        instance_init,
        complete,
        host_memory_backend_can_be_deleted,
        unparent,
        host_memory_backend_finalize,
        abstract=abstract,
        exists=exists,
    )


TYPE_MEMORY_BACKEND: Final = backend_type(
    "memory-backend", before.abstract_init, before.abstract_complete, abstract=True
)
