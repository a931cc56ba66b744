"""``backends/hostmem.c``: what all memory backends have in common."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from . import messages
from .error import Abort
from .globals import Qemu
from .host import linux
from .memory import (
    MemoryRegion,
    memory_region_finalize,
    memory_region_get_fd,
    memory_region_get_ram_ptr,
    memory_region_size,
)
from .osdep import qemu_madvise
from .oslib_posix import os_mem_prealloc
from .qom import Object, Property, TypeInfo, always, properties

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


@attrs.define(eq=False)
class HostMemoryBackend(Object):
    """A memory backend; ``size`` in bytes.

    ``force_prealloc`` is -mem-prealloc, as the backend found it when it took its
    memory.
    """

    size: int = 0
    merge: bool = True
    dump: bool = True
    prealloc: bool = False
    force_prealloc: bool = False
    share: bool = False
    host_nodes: set[int] = attrs.field(factory=set)
    policy: str = "default"
    mr: MemoryRegion = attrs.field(factory=MemoryRegion)
    mapped: bool = False


def host_memory_backend_init(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give a new backend the defaults that come from the machine and from -mem-prealloc."""
    backend.merge = qemu.machine.mem_merge
    backend.dump = qemu.machine.dump_guest_core
    backend.prealloc = qemu.mem_prealloc


def host_memory_backend_mr_inited(backend: HostMemoryBackend) -> bool:
    """Return whether the backend has its memory: a region without size has not."""
    return bool(memory_region_size(backend.mr))


def host_memory_backend_get_memory(backend: HostMemoryBackend) -> MemoryRegion:
    """Return the backend's memory."""
    return backend.mr


def host_memory_backend_set_mapped(backend: HostMemoryBackend, mapped: bool) -> None:
    """Note that the guest has the backend's memory: from then on nobody deletes the backend."""
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


def host_memory_backend_get_host_nodes(_qemu: Qemu, backend: HostMemoryBackend) -> object:
    """Return the nodes, sorted; with none QEMU puts nothing out, and aborts."""
    if not backend.host_nodes:
        raise Abort(messages.ASSERT_OUTPUT)
    return sorted(backend.host_nodes)


def host_memory_backend_set_host_nodes(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Add nodes: setting the property never takes one away.

    Raises ``Invalid host-nodes value: <n>`` from 128 on.
    """
    nodes = v.uint16_list(name)
    for node in nodes:
        if node >= MAX_NODES:
            raise messages.INVALID_NODE.error(node=node)
    backend.host_nodes.update(nodes)


def host_memory_backend_get_policy(_qemu: Qemu, backend: HostMemoryBackend) -> str:
    """Return the policy's name."""
    return backend.policy


def host_memory_backend_set_policy(
    _qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Set the policy; nothing that has its memory is bound again.

    Raises ``Parameter '<name>' does not accept value '<value>'``, ``Invalid parameter
    '<value>'`` until 6.1.
    """
    backend.policy = v.type_enum(name, tuple(POLICIES))


def host_memory_backend_get_merge(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether KSM may merge pages of the backend."""
    return backend.merge


def host_memory_backend_set_merge(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Let KSM merge pages of the backend or not, at any time."""
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(backend) and value != backend.merge:
        _advise(qemu, backend, linux.MADV_MERGEABLE if value else linux.MADV_UNMERGEABLE)
    backend.merge = value


def host_memory_backend_get_dump(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the backend goes into core dumps."""
    return backend.dump


def host_memory_backend_set_dump(
    qemu: Qemu, backend: HostMemoryBackend, v: Visitor, name: str
) -> None:
    """Put the backend into core dumps or not, at any time."""
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
    """Preallocate, at once if the backend has its memory; taking it back does nothing then.

    Raises ``remove -mem-prealloc to use the prealloc property`` and what
    ``os_mem_prealloc`` raises.
    """
    value = v.type_bool(name)
    if backend.force_prealloc and value:
        raise messages.REMOVE_MEM_PREALLOC.error()
    if not host_memory_backend_mr_inited(backend):
        backend.prealloc = value
    elif value and not backend.prealloc:
        _preallocate(qemu, backend)
        backend.prealloc = True


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


def host_memory_backend_memory_complete(
    qemu: Qemu, backend: HostMemoryBackend, alloc: Callable[[], None]
) -> None:
    """Take the memory with ``alloc``, and apply merge, dump, the NUMA policy and prealloc to it.

    All of it goes over the size as given, which may end within a page.  Raises
    what ``alloc`` raises, ``host-nodes must be empty for policy default, ...``,
    ``host-nodes must be set for policy <policy>``, ``cannot bind memory to host
    NUMA nodes: <strerror>``, and what ``os_mem_prealloc`` raises.
    """
    alloc()

    if backend.merge:
        _advise(qemu, backend, linux.MADV_MERGEABLE)
    if not backend.dump:
        _advise(qemu, backend, linux.MADV_DONTDUMP)

    if qemu.platform.libnuma:
        nodes = backend.host_nodes
        policy = POLICIES[backend.policy]
        maxnode = max(nodes) + 1 if nodes else 0
        if maxnode and policy == linux.MPOL_DEFAULT:
            raise messages.NODES_WITHOUT_POLICY.error()
        if not maxnode and policy != linux.MPOL_DEFAULT:
            raise messages.POLICY_WITHOUT_NODES.error(policy=backend.policy)
        # Without MPOL_MF_STRICT and MPOL_MF_MOVE the policy would not reach pages
        # that -mem-prealloc has already touched.  The kernel reads one node less
        # than it is told, hence the 1.
        bound = qemu.host.mbind(
            memory_region_get_ram_ptr(backend.mr),
            memory_region_size(backend.mr),
            policy,
            tuple(sorted(nodes)) if nodes else None,
            maxnode + 1,
            linux.MPOL_MF_STRICT | linux.MPOL_MF_MOVE,
        )
        if bound < 0 and (policy != linux.MPOL_DEFAULT or bound != -ENOSYS):
            raise messages.CANNOT_BIND.error(-bound)

    if backend.prealloc:
        _preallocate(qemu, backend)


def host_memory_backend_can_be_deleted(_qemu: Qemu, backend: HostMemoryBackend) -> bool:
    """Return whether the backend may go: not while it is mapped into the guest."""
    return not host_memory_backend_is_mapped(backend)


def host_memory_backend_finalize(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Give the backend's memory back, through the RCU thread."""
    memory_region_finalize(qemu, backend.mr)


def host_memory_backend_unparent(_qemu: Qemu, _backend: HostMemoryBackend) -> None:
    """Leave ``/objects``: most backends have nothing to do then."""


def _advise(qemu: Qemu, backend: HostMemoryBackend, advice: int) -> None:
    """Advise the kernel on the backend's whole memory."""
    qemu_madvise(
        qemu, memory_region_get_ram_ptr(backend.mr), memory_region_size(backend.mr), advice
    )


def _preallocate(qemu: Qemu, backend: HostMemoryBackend) -> None:
    """Touch the backend's whole memory."""
    os_mem_prealloc(
        qemu,
        memory_region_get_fd(backend.mr),
        memory_region_get_ram_ptr(backend.mr),
        memory_region_size(backend.mr),
    )


def abstract_init(_qemu: Qemu) -> Object:
    """Refuse: nobody makes an object of an abstract type."""
    raise AssertionError("an abstract type has no instances")


def get_type(_qemu: Qemu, obj: Object) -> str:
    """Return the name of the object's type."""
    return obj.type.name


#: Properties of every object.
OBJECT_PROPERTIES: Final = (Property("type", "string", get_type, None),)

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


def abstract_complete(_qemu: Qemu, _backend: HostMemoryBackend) -> None:
    """Do nothing: there is no such object."""


TYPE_MEMORY_BACKEND: Final = backend_type(
    "memory-backend", abstract_init, abstract_complete, abstract=True
)
