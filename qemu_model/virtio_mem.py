"""``hw/virtio/virtio-mem.c``: a backend that the guest gets in blocks, since 5.1."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from . import messages
from .boards import MIB, machine_get_class
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    host_memory_backend_is_mapped,
    host_memory_backend_set_mapped,
)
from .memory import memory_region_size
from .memory_device import memory_device_plug, memory_device_pre_plug
from .pc_dimm import (
    PCDIMMDevice,
    PCDIMMDeviceClass,
    Visitor,
    _set_memdev,
    _set_node,
    pc_dimm_get_memory_region,
    set_addr,
)
from .physmem import ram_block_discard_range
from .ram_addr import RAM_SHARED, RAMBlock

C_FILE = "hw/virtio/virtio-mem.c"

#: The size of a transparent huge page; real QEMUs read it from /sys.
THP_SIZE: Final = 2 * MIB
_ON_OFF_AUTO: Final = ("auto", "on", "off")


@attrs.define(eq=False, repr=False)
class VirtIOMEM(PCDIMMDevice):
    """A device that offers a backend in blocks: sizes in bytes, 0 if not given."""

    block_size: int = 0
    requested_size: int = 0
    unplugged_inaccessible: str = ""


def _virtio_mem_set_unplugged_inaccessible(
    _qemu: Qemu, device: VirtIOMEM, v: Visitor, name: str
) -> None:
    """Say whether the guest may read memory that it has not plugged, which is then zero.

    Raises what ``input_type_enum`` raises.
    """
    device.unplugged_inaccessible = v.type_enum(name, _ON_OFF_AUTO)


def _set_flag(_qemu: Qemu, _device: VirtIOMEM, v: Visitor, name: str) -> None:
    """Read a property that changes nothing before the guest plugs memory."""
    v.type_bool(name)


def virtio_mem_set_block_size(qemu: Qemu, device: VirtIOMEM, v: Visitor, name: str) -> None:
    """Set the size of a block.

    Raises ``'block-size' property has to be at least 0x<n>`` and ``'block-size' property has
    to be a power of two``.
    """
    value = v.type_size(name)
    least = MIB if qemu.tree.virtio_mem.blocks_can_be_of_one_mib else THP_SIZE
    if value < least:
        raise messages.BLOCK_SIZE_LEAST.error(name=name, least=least)
    if value & (value - 1):
        raise messages.BLOCK_SIZE_POWER.error(name=name)
    device.block_size = value


def virtio_mem_set_requested_size(_qemu: Qemu, device: VirtIOMEM, v: Visitor, name: str) -> None:
    """Set how many bytes the guest is asked to use."""
    device.requested_size = v.type_size(name)


def virtio_mem_default_block_size(page_size: int) -> int:
    """Return the size of a block on memory in pages of ``page_size`` bytes."""
    return max(page_size, THP_SIZE if page_size == 4096 else MIB)


def _ram_block(backend: HostMemoryBackend) -> RAMBlock:
    assert backend.mr.ram_block is not None, "since 4.2 each backend has memory"
    return backend.mr.ram_block


def _discard(qemu: Qemu, backend: HostMemoryBackend) -> int:
    block = _ram_block(backend)
    return ram_block_discard_range(qemu, block, block.used_length)


def virtio_mem_device_realize(qemu: Qemu, device: VirtIOMEM) -> None:
    """Find a guest address, take the backend, and discard its content.

    Raises what ``memory_device_pre_plug`` and ``_check`` raise, and ``Unexpected error
    discarding RAM: <reason>``.
    """
    backend = device.hostmem
    if backend is not None and not device.block_size:
        device.block_size = virtio_mem_default_block_size(_ram_block(backend).page_size)
    if qemu.tree.virtio_mem.blocks_can_be_of_one_mib:
        device.min_alignment = device.block_size or 1
    memory_device_pre_plug(qemu, device, None)
    assert backend is not None, "without one there is no region to find a place for"
    _check(qemu, device, backend)
    result = _discard(qemu, backend)
    if result < 0:
        raise messages.VIRTIO_MEM_DISCARD.error(-result)
    host_memory_backend_set_mapped(backend, True)
    # vmstate_register_ram; the address on the PCI bus, which QEMU puts before it, is not known.
    _ram_block(backend).idstr = backend.mr.name
    memory_device_plug(qemu, device)


def virtio_mem_system_reset(qemu: Qemu, device: VirtIOMEM) -> None:
    """Take all blocks from the guest; it has none before it runs.

    Prints, until 6.0, ``Unexpected error discarding RAM: <reason>``.
    """
    assert device.hostmem is not None, "a device without one was not realized"
    if not qemu.tree.virtio_mem.resets_only_what_the_guest_has:
        result = _discard(qemu, device.hostmem)
        if result < 0 and messages.VIRTIO_MEM_RESET.is_said_in(qemu.tree):
            qemu.error_report_err(messages.VIRTIO_MEM_RESET.error(-result))


def _check(qemu: Qemu, device: VirtIOMEM, backend: HostMemoryBackend) -> None:
    """Refuse a backend in use, a node that is not there, and sizes that are not whole blocks.

    Raises ``'memdev' property specifies a busy memdev: <id>``, ``'memdev' property specifies
    a memdev with preallocation enabled: ...``, ``'node' property has value '<n>', ...`` and
    what ``_check_sizes`` raises.
    """
    if host_memory_backend_is_mapped(backend):
        raise messages.VIRTIO_MEM_BUSY.error(id=backend.id)
    if backend.prealloc and qemu.tree.virtio_mem.refuses_preallocation:
        raise messages.VIRTIO_MEM_PREALLOC.error(id=backend.id)
    nodes = qemu.numa.nb_numa_nodes or 1
    if device.node >= nodes:
        raise messages.VIRTIO_MEM_NODE.error(node=device.node, nodes=nodes)
    _warn_without_zeropage(qemu, device, backend)
    _check_sizes(qemu, device, backend)


def _warn_without_zeropage(qemu: Qemu, device: VirtIOMEM, backend: HostMemoryBackend) -> None:
    """Warn where reading memory that the guest has not plugged takes host memory; since 7.0."""
    block, warning = _ram_block(backend), messages.VIRTIO_MEM_ZEROPAGE
    of_the_machine = "off" if machine_get_class(qemu).version < (7, 0) else "auto"
    wanted = device.unplugged_inaccessible or of_the_machine
    if wanted != "off" or not warning.is_said_in(qemu.tree):
        return
    shared = bool(block.flags & RAM_SHARED)
    if shared or block.fd != -1 or block.page_size != qemu.platform.page_size:
        qemu.warn_report(warning)


def _check_sizes(qemu: Qemu, device: VirtIOMEM, backend: HostMemoryBackend) -> None:
    """Refuse sizes that are not whole blocks.

    Raises ``'block-size' property has to be at least the page size (0x<n>)`` and
    ``'<name>' property ... has to be multiples of 'block-size' (0x<n>)``.
    """
    page_size, block_size = _ram_block(backend).page_size, device.block_size
    if block_size < page_size:
        raise messages.BLOCK_SIZE_PAGE.error(page_size=page_size)
    least = virtio_mem_default_block_size(page_size)
    if block_size < least and qemu.tree.virtio_mem.blocks_can_be_of_one_mib:
        qemu.warn_report(messages.BLOCK_SIZE_SMALL, least=least // MIB)
        if not qemu.tree.virtio_mem.checks_sizes_of_small_blocks:
            return
    for name, value in (("requested-size", device.requested_size), ("memaddr", device.addr)):
        if value % block_size:
            raise messages.BLOCK_MULTIPLE.error(name=name, block_size=block_size)
    if memory_region_size(backend.mr) % block_size:
        raise messages.BLOCK_MULTIPLE_MEMDEV.error(block_size=block_size)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return VirtIOMEM(TYPE_VIRTIO_MEM, id)


def _ccw_instance_init(id: str | None) -> PCDIMMDevice:
    return VirtIOMEM(TYPE_VIRTIO_MEM_CCW, id)


TYPE_VIRTIO_MEM: Final = PCDIMMDeviceClass(
    "virtio-mem-pci",
    MappingProxyType(
        {
            "block-size": virtio_mem_set_block_size,
            "dynamic-memslots": _set_flag,
            "memaddr": set_addr,
            "memdev": _set_memdev,
            "node": _set_node,
            "prealloc": _set_flag,
            "requested-size": virtio_mem_set_requested_size,
            "unplugged-inaccessible": _virtio_mem_set_unplugged_inaccessible,
            "x-early-migration": _set_flag,
        }
    ),
    _instance_init,
    pc_dimm_get_memory_region,
    virtio_mem_device_realize,
    virtio_mem_system_reset,
    needs_pci=True,
    since=(5, 1),
    later=MappingProxyType(
        {
            "dynamic-memslots": (8, 2),
            "prealloc": (7, 0),
            "unplugged-inaccessible": (7, 0),
            "x-early-migration": (8, 0),
        }
    ),
)
#: The same on the channels of s390x, which every machine has: no PCI bus is needed.
TYPE_VIRTIO_MEM_CCW: Final = attrs.evolve(
    TYPE_VIRTIO_MEM, name="virtio-mem-ccw", instance_init=_ccw_instance_init, since=(10, 0)
)
