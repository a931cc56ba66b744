"""``hw/mem/pc-dimm.c``: a backend as a module of memory in the guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import attrs

from . import messages
from .error import Killed
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    host_memory_backend_get_memory,
    host_memory_backend_is_mapped,
    host_memory_backend_set_mapped,
)
from .memory_device import memory_device_plug, memory_device_pre_plug
from .qobject_input import _invalid_type
from .qom import (
    object_get_canonical_path_component,
    object_resolve_path,
    object_resolve_path_type,
)
from .ram_addr import MemoryRegion
from .records import Record
from .revisions.release import Release

C_FILE = "hw/mem/pc-dimm.c"

UNASSIGNED_SLOT: Final = -1
SIGSEGV: Final = 11
UINT64_MAX: Final = (1 << 64) - 1


class Visitor(Protocol):
    """Reads the value of one property of a device."""

    def type_bool(self, name: str) -> bool:
        """Read a boolean."""
        ...

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``."""
        ...

    def type_int32(self, name: str) -> int:
        """Read a number of 32 bits with a sign."""
        ...

    def type_size(self, name: str) -> int:
        """Read a size in bytes."""
        ...

    def type_str(self, name: str) -> str:
        """Read a string."""
        ...

    def type_uint32(self, name: str) -> int:
        """Read a number of 32 bits."""
        ...

    def type_uint64(self, name: str) -> int:
        """Read a number of 64 bits."""
        ...


Setter = Callable[[Qemu, Any, Visitor, str], None]


@attrs.frozen(eq=False, repr=False)
class PCDIMMDeviceClass(Record):
    """A type of memory device, since a release; a property without a setter can only be read.

    ``later`` has the properties that came with a later release.  ``needs_pci``: it goes on a
    PCI bus, and its properties that the model does not know are accepted.  ``reset`` is its
    part of a reset of the machine.
    """

    name: str
    properties: Mapping[str, Setter | None]
    instance_init: Callable[[str | None], PCDIMMDevice]
    get_memory_region: Callable[[Qemu, Any], MemoryRegion]
    realize: Callable[[Qemu, Any], object]
    reset: Callable[[Qemu, Any], None] | None = None
    is_nvdimm: bool = False
    needs_pci: bool = False
    since: Release = ()
    later: Mapping[str, Release] = MappingProxyType({})


@attrs.define(eq=False, repr=False)
class PCDIMMDevice(Record):
    """A module of memory: ``addr`` in the guest, 0 if not given; alignment in bytes.

    ``bus`` is as -device names it.
    """

    type: PCDIMMDeviceClass
    id: str | None = None
    addr: int = 0
    node: int = 0
    slot: int = UNASSIGNED_SLOT
    hostmem: HostMemoryBackend | None = None
    min_alignment: int = 1
    bus: str | None = None


def set_addr(_qemu: Qemu, dimm: PCDIMMDevice, v: Visitor, name: str) -> None:
    """Set the guest address; 0 is any."""
    dimm.addr = v.type_uint64(name)


def _set_node(_qemu: Qemu, dimm: PCDIMMDevice, v: Visitor, name: str) -> None:
    """Put the module into a node of the guest."""
    dimm.node = v.type_uint32(name)


def _set_slot(_qemu: Qemu, dimm: PCDIMMDevice, v: Visitor, name: str) -> None:
    """Set the slot; -1 is any."""
    dimm.slot = v.type_int32(name)


def _set_memdev(qemu: Qemu, dimm: PCDIMMDevice, v: Visitor, name: str) -> None:
    """Take a backend, by its id or path; an empty text takes none.

    Raises ``Invalid parameter type for 'memdev', expected: memory-backend`` and ``Device
    '<path>' not found``.  ``Path '<path>' does not uniquely identify an object`` cannot
    occur: all objects are in one container and have different names.
    """
    path = v.type_str(name)
    if not path:
        dimm.hostmem = None
        return
    backend = object_resolve_path_type(qemu, path, HostMemoryBackend)
    if backend is None:
        if object_resolve_path(qemu, path) is not None:
            raise _invalid_type(name, "memory-backend")
        raise messages.DEVICE_NOT_FOUND.error(path=path)
    dimm.hostmem = backend


def _set_realized(_qemu: Qemu, _dimm: PCDIMMDevice, v: Visitor, name: str) -> None:
    """Read the property ``realized``: the device is realized in any case."""
    v.type_bool(name)


def pc_dimm_get_free_slot(qemu: Qemu, hint: int) -> int:
    """Return a free slot, or the requested one.

    Raises ``no slots where allocated, please specify the 'slots' option``,
    ``invalid slot# <n>, should be less than <n>``, ``slot <n> is busy`` and ``no
    free slots available``.
    """
    slots = qemu.machine.ram_slots
    if not slots:
        raise messages.NO_SLOTS.error()
    taken = {device.slot for device in qemu.machine.memory_devices}
    if hint != UNASSIGNED_SLOT:
        if hint >= slots:
            raise messages.INVALID_SLOT.error(slot=hint, slots=slots)
        if hint in taken:
            raise messages.SLOT_BUSY.error(slot=hint)
        return hint
    free = next((slot for slot in range(slots) if slot not in taken), None)
    if free is None:
        raise messages.NO_FREE_SLOTS.error()
    return free


def pc_dimm_pre_plug(qemu: Qemu, dimm: PCDIMMDevice, legacy_align: int | None) -> None:
    """Find a slot and a guest address for a module.

    Raises ``invalid slot number <n>, valid range is [0-<n>]``, and what
    ``pc_dimm_get_free_slot``, the type's ``get_memory_region`` and
    ``memory_device_get_free_addr`` raise.
    """
    slots = qemu.machine.ram_slots
    if (
        qemu.tree.pc_dimm.names_the_valid_slots
        and dimm.slot != UNASSIGNED_SLOT
        and not 0 <= dimm.slot < slots
    ):
        raise messages.SLOT_OUT_OF_RANGE.error(slot=dimm.slot, last=(slots - 1) & UINT64_MAX)
    dimm.slot = pc_dimm_get_free_slot(qemu, dimm.slot)
    memory_device_pre_plug(qemu, dimm, legacy_align)


def pc_dimm_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Map a module into the guest."""
    memory_device_plug(qemu, dimm)


def _check_node(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Refuse a node that the guest does not have.

    Raises ``'DIMM property node has value ...`` and ``machine doesn't support NUMA``.  From
    4.2 to 6.1 QEMU reads the nodes of a machine that has none, which ends it: SIGSEGV.
    """
    nodes = qemu.numa.nb_numa_nodes or 1
    without_numa = not qemu.machine.has_numa
    if qemu.tree.pc_dimm.reads_missing_nodes and without_numa:
        raise Killed(SIGSEGV)
    if qemu.tree.pc_dimm.looks_at_the_node_first and without_numa and dimm.node:
        raise messages.DIMM_WITHOUT_NUMA.error()
    if dimm.node >= nodes:
        raise messages.DIMM_NODE.error(node=dimm.node, nodes=nodes)


def pc_dimm_realize(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Take the backend: from then on no other device can have it, and it cannot be deleted.

    Raises ``'memdev' property is not set``, ``can't use already busy memdev: <id>``,
    and what ``_check_node`` and the type's ``realize`` raise.
    """
    if qemu.tree.pc_dimm.looks_at_the_node_first:
        _check_node(qemu, dimm)
    backend = dimm.hostmem
    if backend is None:
        raise messages.MEMDEV_NOT_SET.error()
    if host_memory_backend_is_mapped(backend):
        path = object_get_canonical_path_component(qemu, backend)
        error = messages.MEMDEV_BUSY.error(id=path)
        qemu.heap.g_free(path)
        raise error
    if not qemu.tree.pc_dimm.looks_at_the_node_first:
        _check_node(qemu, dimm)
    dimm.type.realize(qemu, dimm)
    host_memory_backend_set_mapped(backend, True)


def pc_dimm_get_memory_region(_qemu: Qemu, dimm: PCDIMMDevice) -> MemoryRegion:
    """Return the backend's memory.  Raises ``'memdev' property must be set``."""
    if dimm.hostmem is None:
        raise messages.MEMDEV_MUST_BE_SET.error()
    return host_memory_backend_get_memory(dimm.hostmem)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_PC_DIMM, id)


PROPERTIES: Final[Mapping[str, Setter | None]] = MappingProxyType(
    {
        "addr": set_addr,
        "hotpluggable": None,
        "hotplugged": None,
        "memdev": _set_memdev,
        "node": _set_node,
        "parent_bus": None,
        "realized": _set_realized,
        "size": None,
        "slot": _set_slot,
        "type": None,
    }
)
TYPE_PC_DIMM: Final = PCDIMMDeviceClass(
    "pc-dimm", PROPERTIES, _instance_init, pc_dimm_get_memory_region, pc_dimm_get_memory_region
)
