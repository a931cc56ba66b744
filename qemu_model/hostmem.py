"""``backends/hostmem.c``: what all memory backends have in common."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from . import messages
from .cutils import size_to_str
from .error import Abort
from .globals import Qemu
from .host import linux
from .host.caller import makes_calls
from .memory import (
    memory_region_finalize,
    memory_region_get_fd,
    memory_region_get_ram_ptr,
    memory_region_size,
)
from .osdep import qemu_madvise
from .oslib_posix import Preallocation, qemu_prealloc_mem
from .qom import (
    Object,
    Property,
    TypeInfo,
    object_get_canonical_path,
    object_get_canonical_path_component,
    object_get_link_property,
    object_resolve_link,
    properties,
)
from .ram_addr import (
    RAM_NORESERVE,
    RAM_PRIVATE,
    RAM_SHARED,
    MemoryRegion,
)
from .records.ram_flags import RamFlags

if TYPE_CHECKING:
    from .qom import Visitor

C_FILE = "backends/hostmem.c"

MAX_NODES: Final = 128
ENOSYS: Final = linux.ERRNO_NUMBERS["ENOSYS"]

#: HostMemPolicy, with the kernel's numbers.
POLICIES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "default": linux.MPOL_DEFAULT,
        "preferred": linux.MPOL_PREFERRED,
        "bind": linux.MPOL_BIND,
        "interleave": linux.MPOL_INTERLEAVE,
    }
)


@attrs.frozen(eq=False, repr=False)
class HostMemoryBackendClass(TypeInfo):
    """A type of memory backend; ``alloc`` takes the memory, None in the abstract type."""

    alloc: Callable[[Qemu, Any], None] | None = None


@attrs.define(eq=False, repr=False)
class HostMemoryBackend(Object):
    """A memory backend; ``size`` in bytes.

    ``force_prealloc`` is -mem-prealloc before 5.0, as the backend found it when it took its
    memory.  ``prealloc_context`` is a link to a thread-context or None.  ``aligned``: the
    size must be whole pages of the memory.
    """

    size: int = 0
    merge: bool = True
    dump: bool = True
    prealloc: bool = False
    force_prealloc: bool = False
    prealloc_threads: int = 1
    prealloc_context: Object | None = None
    share: bool = False
    reserve: bool = True
    use_canonical_path: bool = False
    aligned: bool = False
    host_nodes: set[int] = attrs.field(factory=set)
    policy: str = "default"
    mr: MemoryRegion = attrs.field(factory=MemoryRegion)
    mapped: bool = False


def host_memory_backend_init(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give a new backend the defaults that come from the machine and from -mem-prealloc."""
    backend.merge = qemu.machine.mem_merge
    backend.dump = qemu.machine.dump_guest_core
    backend.prealloc = qemu.mem_prealloc
    if qemu.mem_prealloc or qemu.tree.hostmem.preallocates_with_all_cpus:
        backend.prealloc_threads = qemu.smp_cpus


def host_memory_backend_post_init(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give a file or memfd backend the properties that keep its machine as it was.

    Its memory is named by the object's path before 4.0, and on a machine of 3.1 or older
    (``hw_compat_3_1``).
    """
    machine_class = qemu.machine.machine_class
    version = () if machine_class is None else machine_class.version
    by_id = qemu.tree.hostmem.names_regions_by_id
    backend.use_canonical_path = not by_id or bool(version and version <= (3, 1))


def host_memory_backend_get_name(qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the name of the backend's region: its id, or its path for old machines."""
    if backend.use_canonical_path:
        return object_get_canonical_path(backend)
    name = object_get_canonical_path_component(qemu, backend)
    qemu.heap.g_free(name)
    return name


def _host_memory_backend_ram_flags(backend: HostMemoryBackend) -> RamFlags:
    """Return the flags for the backend's ``share`` and ``reserve``."""
    flags = RAM_SHARED if backend.share else RAM_PRIVATE
    if not backend.reserve:
        flags |= RAM_NORESERVE
    return flags


def host_memory_backend_mr_inited(backend: HostMemoryBackend) -> bool:
    """Return whether the backend has its memory: a region without size has not."""
    return backend.mr.size != 0


def host_memory_backend_get_memory(backend: HostMemoryBackend) -> MemoryRegion:
    """Return the backend's memory."""
    return backend.mr


def host_memory_backend_set_mapped(backend: HostMemoryBackend, mapped: bool) -> None:
    """Note that the guest has the backend's memory, so that it cannot be deleted."""
    backend.mapped = mapped


def host_memory_backend_is_mapped(backend: HostMemoryBackend) -> bool:
    """Return whether the guest has the backend's memory."""
    return backend.mapped


def host_memory_backend_get_size(_qemu: Qemu, backend: HostMemoryBackend) -> int:
    """Return the size in bytes, as it was given."""
    return backend.size


def host_memory_backend_set_size(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set the size, before the backend has its memory.

    Raises ``cannot change property value`` or ``Property '<type>.size' doesn't take
    value '0'``, from patch 4 on ``cannot change property size of <type> `` or
    ``property 'size' of <type> doesn't take value '0'``.
    """
    detailed = qemu.tree.hostmem.errors_name_the_property
    type_name = backend.type.name
    if host_memory_backend_mr_inited(backend):
        if detailed:
            raise messages.CANNOT_CHANGE_SIZE.error(property=name, type=type_name)
        raise messages.CANNOT_CHANGE_VALUE.error()
    value = v.type_size(name)
    if not value:
        if detailed:
            raise messages.SIZE_ZERO.error(property=name, type=type_name)
        raise messages.SIZE_ZERO_BEFORE.error(property=name, type=type_name)
    backend.size = value


def host_memory_backend_get_host_nodes(qemu: Qemu, backend: HostMemoryBackend) -> object:
    """Return the nodes, sorted; before 4.0 QEMU aborts where there are none."""
    if not backend.host_nodes and not qemu.tree.hostmem.lists_no_nodes:
        raise Abort(messages.ASSERT_OUTPUT)
    return sorted(backend.host_nodes)


def host_memory_backend_set_host_nodes(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Add nodes: setting the property never takes one away.

    Raises ``Invalid host-nodes value: <n>`` from 128 on.  3.1 does not check: it sets bits
    that it never reads.
    """
    nodes = v.uint16_list(name)
    for node in nodes:
        if node >= MAX_NODES and qemu.tree.hostmem.checks_host_nodes:
            raise messages.INVALID_NODE.error(node=node)
    backend.host_nodes.update(node for node in nodes if node < MAX_NODES)


def host_memory_backend_get_policy(_qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the policy's name."""
    return backend.policy


def host_memory_backend_set_policy(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set the policy; memory that the backend has is not bound again.

    Raises ``Parameter 'policy' does not accept value '<value>'``, before 6.2 ``Invalid
    parameter '<value>'``.
    """
    backend.policy = v.type_enum(name, tuple(POLICIES))


def host_memory_backend_get_merge(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether KSM may merge pages of the backend."""
    return backend.merge


@makes_calls
def host_memory_backend_set_merge(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Let KSM merge pages of the backend or not, at any time.

    9.1 has the condition the wrong way round: it advises the kernel only while there is no
    memory, where an assertion fails and QEMU aborts.
    """
    value = v.type_bool(name)
    inited = host_memory_backend_mr_inited(backend)
    advises = not inited if qemu.tree.hostmem.merges_without_memory else inited
    if advises and value != backend.merge:
        _advise(qemu, backend, linux.MADV_MERGEABLE if value else linux.MADV_UNMERGEABLE)
    backend.merge = value


def host_memory_backend_get_dump(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether core dumps contain the backend's memory."""
    return backend.dump


@makes_calls
def host_memory_backend_set_dump(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Include the backend's memory in core dumps or not; accepted at any time."""
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend) and value != backend.dump:
        _advise(qemu, backend, linux.MADV_DODUMP if value else linux.MADV_DONTDUMP)
    backend.dump = value


def host_memory_backend_get_prealloc(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the backend is preallocated, by itself or by -mem-prealloc."""
    return backend.prealloc or backend.force_prealloc


def host_memory_backend_set_prealloc(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Preallocate: at once if the backend has its memory, and then setting false has no effect.

    Raises ``remove -mem-prealloc to use the prealloc property`` (before 5.0),
    ``'prealloc=on' and 'reserve=off' are incompatible`` and what ``qemu_prealloc_mem``
    raises.
    """
    value = v.type_bool(name)
    if backend.force_prealloc and value:
        raise messages.REMOVE_MEM_PREALLOC.error()
    if value and not backend.reserve:
        raise messages.INCOMPATIBLE.error()
    if not host_memory_backend_mr_inited(backend):
        backend.prealloc = value
    elif value and not backend.prealloc:
        _preallocate(qemu, backend)
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


def _get_prealloc_context(qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the path of the linked thread context, empty without one."""
    return object_get_link_property(qemu, backend.prealloc_context)


def _set_prealloc_context(qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str) -> None:
    """Link to a thread context, or to none by the empty path."""
    path = v.type_str(name)
    backend.prealloc_context = (
        object_resolve_link(qemu, name, "thread-context", path) if path else None
    )


def host_memory_backend_get_reserve(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the kernel reserves memory for the mapping."""
    return backend.reserve


def host_memory_backend_set_reserve(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Let the kernel reserve memory for the mapping or not.

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


def host_memory_backend_get_share(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the memory is mapped shared."""
    return backend.share


def host_memory_backend_set_share(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Map the memory shared or private.

    Raises ``cannot change property value`` once the backend has it: patch 4 leaves
    this one message as it was.
    """
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend):
        raise messages.CANNOT_CHANGE_VALUE.error()
    backend.share = value


@makes_calls
def host_memory_backend_memory_complete(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Take the memory, and apply merge, dump, the NUMA policy and prealloc to it.

    All of it goes over the size as given, which may end within a page.  Raises what
    the class's ``alloc`` raises, ``backend '<type>' memory size must be multiple of <page size>``
    (since 9.1), ``host-nodes must be empty for policy default, ...``, ``host-nodes must be
    set for policy <policy>``, ``cannot bind memory to host NUMA nodes: <strerror>``, and
    what ``qemu_prealloc_mem`` raises.
    """
    bc = backend.type
    assert isinstance(bc, HostMemoryBackendClass)
    if bc.alloc is None:
        return
    bc.alloc(qemu, backend)
    ptr, size = _address_and_size(backend)
    _check_whole_pages(qemu, backend)

    if backend.merge:
        qemu_madvise(qemu, ptr, size, linux.MADV_MERGEABLE)
    if not backend.dump:
        qemu_madvise(qemu, ptr, size, linux.MADV_DONTDUMP)
    if qemu.platform.libnuma:
        _bind(qemu, backend, ptr, size)
    if backend.prealloc:
        _preallocate(qemu, backend)


def _check_whole_pages(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Raise the error for a size that ends within a page of the memory."""
    block = backend.mr.ram_block
    if not (qemu.tree.hostmem.wants_whole_pages and backend.aligned and block is not None):
        return
    if memory_region_size(backend.mr) % block.page_size:
        raise messages.NOT_WHOLE_PAGES.error(
            type=backend.type.name, page_size=size_to_str(block.page_size)
        )


def _bind(qemu: Qemu, backend: HostMemoryBackend, ptr: int, size: int) -> None:
    """Bind ``size`` bytes of memory to the nodes; before 5.1 also where there are none."""
    nodes = backend.host_nodes
    policy = POLICIES[backend.policy]
    maxnode = max(nodes) + 1 if nodes else 0
    if maxnode and policy == linux.MPOL_DEFAULT:
        raise messages.NODES_WITHOUT_POLICY.error()
    if not maxnode and policy != linux.MPOL_DEFAULT:
        raise messages.POLICY_WITHOUT_NODES.error(policy=backend.policy)
    if not maxnode and qemu.tree.hostmem.binds_only_to_nodes:
        return
    mode = policy
    if policy == linux.MPOL_PREFERRED and qemu.tree.hostmem.prefers_many_nodes:
        mode = linux.MPOL_PREFERRED_MANY
    # Without MPOL_MF_STRICT and MPOL_MF_MOVE the policy would not reach pages
    # that -mem-prealloc has already touched.  The kernel reads one node less
    # than maxnode says, so 1 is added.
    bound = qemu.host.mbind(
        ptr,
        size,
        mode,
        tuple(sorted(nodes)) if nodes else None,
        maxnode + 1,
        linux.MPOL_MF_STRICT | linux.MPOL_MF_MOVE,
    )
    if bound < 0 and (policy != linux.MPOL_DEFAULT or bound != -ENOSYS):
        raise messages.CANNOT_BIND.error(-bound)


def host_memory_backend_can_be_deleted(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the backend may go: not while it is mapped into the guest."""
    return not host_memory_backend_is_mapped(backend)


def _host_memory_backend_finalize(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Free the backend's memory, through the RCU thread."""
    memory_region_finalize(qemu, backend.mr)


def _host_memory_backend_unparent(_qemu: Qemu, _backend: HostMemoryBackend) -> None:
    """Leave ``/objects``: most backends have nothing to do then."""


def _address_and_size(backend: HostMemoryBackend) -> tuple[int, int]:
    """Return address and size in bytes of the backend's memory."""
    return memory_region_get_ram_ptr(backend.mr), memory_region_size(backend.mr)


def _advise(qemu: Qemu, backend: HostMemoryBackend, advice: int) -> None:
    """Advise the kernel on the backend's whole memory."""
    qemu_madvise(qemu, *_address_and_size(backend), advice)


def _preallocate(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Preallocate the backend's memory; since 9.0, while QEMU starts, in the background."""
    how = Preallocation(
        backend.prealloc_threads,
        context=backend.prealloc_context is not None,
        asynchronous=not qemu.late_backends_created,
    )
    qemu_prealloc_mem(qemu, memory_region_get_fd(backend.mr), *_address_and_size(backend), how)


def _abstract_init(_qemu: Qemu) -> Object:
    """Refuse: an abstract type has no instances."""
    raise AssertionError("an abstract type has no instances")


def _get_type(_qemu: Qemu, obj: Object) -> str:
    """Return the name of the object's type."""
    return obj.type.name


def _on_linux(qemu: Qemu) -> bool:
    """Return whether QEMU was built for Linux."""
    return qemu.platform.system == "linux"


#: Properties of every object.
OBJECT_PROPERTIES: Final = (Property("type", "string", _get_type, None),)

PROPERTIES: Final = (
    *OBJECT_PROPERTIES,
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
        since="5.0",
    ),
    Property(
        "prealloc-context",
        "link<thread-context>",
        _get_prealloc_context,
        _set_prealloc_context,
        "Context to use for creating CPU threads for preallocation",
        since="7.2",
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
        _on_linux,
        since="6.1",
    ),
    Property(
        "x-use-canonical-path-for-ramblock-id",
        "bool",
        host_memory_backend_get_use_canonical_path,
        host_memory_backend_set_use_canonical_path,
        since="4.0",
    ),
)


def backend_type(
    name: str,
    instance_init: Callable[[Qemu], Object],
    *own: Property,
    alloc: Callable[[Qemu, Any], None] | None = None,
    unparent: Callable[[Qemu, Any], None] = _host_memory_backend_unparent,
    abstract: bool = False,
    exists: Callable[[Qemu], bool] | None = None,
    since: str = "3.1",
) -> HostMemoryBackendClass:
    """Return a type that inherits from ``memory-backend`` and takes memory with ``alloc``."""
    return HostMemoryBackendClass(
        name,
        properties(PROPERTIES, own),
        instance_init,
        host_memory_backend_memory_complete,
        host_memory_backend_can_be_deleted,
        unparent,
        _host_memory_backend_finalize,
        abstract=abstract,
        exists=exists,
        since=since,
        alloc=alloc,
    )


TYPE_MEMORY_BACKEND: Final = backend_type("memory-backend", _abstract_init, abstract=True)
