"""``hw/mem/pc-dimm.c``: a backend as a module of memory in the guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from .. import messages
from .. import pc_dimm as before
from ..globals import Qemu
from ..memory_device import memory_device_pre_plug
from ..pc_dimm import (
    UNASSIGNED_SLOT,
    PCDIMMDevice,
    PropertyVisitor,
    Setter,
    pc_dimm_get_free_slot,
)

C_FILE = "hw/mem/pc-dimm.c"

UINT64_MAX: Final = (1 << 64) - 1


def set_realized(_qemu: Qemu, _dimm: PCDIMMDevice, v: PropertyVisitor, name: str) -> None:
    """Read whether the device is to be real, which it will be in any case."""
    v.type_bool(name)


def pc_dimm_pre_plug(qemu: Qemu, dimm: PCDIMMDevice, legacy_align: int | None) -> None:
    """Find a slot and a guest address for a module.

    Raises ``invalid slot number <n>, valid range is [0-<n>]`` and what
    ``pc_dimm_get_free_slot`` and ``memory_device_pre_plug`` raise.
    """
    slots = qemu.machine.ram_slots
    if dimm.slot != UNASSIGNED_SLOT and not 0 <= dimm.slot < slots:
        raise messages.INVALID_SLOT.error(slot=dimm.slot, last=(slots - 1) & UINT64_MAX)
    dimm.slot = pc_dimm_get_free_slot(qemu, dimm.slot)
    memory_device_pre_plug(qemu, dimm, legacy_align)


def pc_dimm_realize(qemu: Qemu, dimm: PCDIMMDevice, *, numa: bool) -> None:
    """Take the backend: from then on nobody else can have it, and nobody deletes it.

    Raises ``machine doesn't support NUMA``, ``'DIMM property node has value ...`` and
    what ``pc_dimm_realize`` of 2018 raises, which looked at the node last.
    """
    nodes = qemu.numa.nb_numa_nodes or 1
    if not numa and dimm.node:
        raise messages.DIMM_WITHOUT_NUMA.error()
    if dimm.node >= nodes:
        raise messages.DIMM_NODE.error(node=dimm.node, nodes=nodes)
    before.pc_dimm_realize(qemu, dimm)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return PCDIMMDevice(TYPE_PC_DIMM, id)


PROPERTIES: Final[Mapping[str, Setter | None]] = MappingProxyType(
    {**before.PROPERTIES, "realized": set_realized}
)
TYPE_PC_DIMM: Final = attrs.evolve(
    before.TYPE_PC_DIMM, properties=PROPERTIES, instance_init=_instance_init
)
