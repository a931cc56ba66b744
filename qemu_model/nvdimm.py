"""``hw/mem/nvdimm.c``: a backend as a module of persistent memory in the guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import attrs

from . import messages
from .globals import Qemu
from .hostmem import host_memory_backend_get_memory
from .memory import (
    memory_region_get_alignment,
    memory_region_is_rom,
    memory_region_size,
)
from .pc_dimm import PROPERTIES as PC_DIMM_PROPERTIES
from .pc_dimm import PCDIMMDevice, PCDIMMDeviceClass, Visitor
from .qom import object_get_canonical_path_component
from .ram_addr import MemoryRegion

C_FILE = "hw/mem/nvdimm.c"

MIN_NAMESPACE_LABEL_SIZE: Final = 128 * 1024
_UUID: Final = "-".join(f"[0-9a-fA-F]{{{digits}}}" for digits in (8, 4, 4, 4, 12))


@attrs.define(eq=False, repr=False)
class NVDIMMDevice(PCDIMMDevice):
    """A module of persistent memory; ``label_size`` in bytes, at the end of the backend.

    ``has_uuid``: the label has one that is not all zeros.

    ``nvdimm_mr`` is the part of the backend that the guest has, once it is prepared.
    """

    label_size: int = 0
    unarmed: bool = False
    has_uuid: bool = False
    nvdimm_mr: MemoryRegion | None = None


def nvdimm_set_label_size(_qemu: Qemu, nvdimm: NVDIMMDevice, v: Visitor, name: str) -> None:
    """Set the size of the label.

    Raises ``Property 'nvdimm.label-size' (...) is required at least 0x20000``.
    """
    size = v.type_size(name)
    if size < MIN_NAMESPACE_LABEL_SIZE:
        raise messages.LABEL_SIZE.error(size=size, least=MIN_NAMESPACE_LABEL_SIZE)
    nvdimm.label_size = size


def nvdimm_set_uuid(_qemu: Qemu, nvdimm: NVDIMMDevice, v: Visitor, name: str) -> None:
    """Set the label's UUID, a property since 5.0.

    Raises ``Property 'nvdimm.uuid' has invalid value``.
    """
    text = v.type_str(name)
    if not re.fullmatch(_UUID, text):
        raise messages.NVDIMM_UUID.error()
    nvdimm.has_uuid = bool(text.strip("0-"))


def _nvdimm_set_unarmed(_qemu: Qemu, nvdimm: NVDIMMDevice, v: Visitor, name: str) -> None:
    """Tell the guest that writes are not safe, or that they are."""
    nvdimm.unarmed = v.type_bool(name)


def nvdimm_prepare_memory_region(qemu: Qemu, nvdimm: NVDIMMDevice) -> MemoryRegion:
    """Cut the label off the backend's memory, and round the rest down to the alignment.

    Raises ``'memdev' property must be set`` and ``the size of memdev <id> (...) is too
    small to contain nvdimm label (...) and aligned PMEM (...)``; since 6.0 also
    ``'unarmed' property must be 'on' since memdev <id> is read-only``.
    """
    if nvdimm.hostmem is None:
        raise messages.MEMDEV_MUST_BE_SET.error()
    mr = host_memory_backend_get_memory(nvdimm.hostmem)
    align = memory_region_get_alignment(mr)
    size = memory_region_size(mr)
    pmem_size = (size - nvdimm.label_size) // align * align
    if size <= nvdimm.label_size or not pmem_size:
        path = object_get_canonical_path_component(qemu, nvdimm.hostmem)
        error = messages.LABEL_DOES_NOT_FIT.error(
            id=path, size=size, label_size=nvdimm.label_size, align=align
        )
        qemu.heap.g_free(path)
        raise error
    if qemu.tree.nvdimm.read_only_needs_unarmed and not nvdimm.unarmed and memory_region_is_rom(mr):
        raise messages.NVDIMM_READONLY.error(id=nvdimm.hostmem.id)
    nvdimm.nvdimm_mr = MemoryRegion("nvdimm-memory", pmem_size, align)
    return nvdimm.nvdimm_mr


def nvdimm_md_get_memory_region(qemu: Qemu, nvdimm: NVDIMMDevice) -> MemoryRegion:
    """Return the part of the backend that the guest has.

    Raises what ``nvdimm_prepare_memory_region`` raises.
    """
    return nvdimm.nvdimm_mr or nvdimm_prepare_memory_region(qemu, nvdimm)


def nvdimm_realize(qemu: Qemu, nvdimm: NVDIMMDevice) -> None:
    """Prepare the memory, on a machine that did not ask for it before.

    Raises what ``nvdimm_prepare_memory_region`` raises.
    """
    if nvdimm.nvdimm_mr is None:
        nvdimm_prepare_memory_region(qemu, nvdimm)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return NVDIMMDevice(TYPE_NVDIMM, id)


TYPE_NVDIMM: Final = PCDIMMDeviceClass(
    "nvdimm",
    MappingProxyType(
        {
            **PC_DIMM_PROPERTIES,
            "label-size": nvdimm_set_label_size,
            "unarmed": _nvdimm_set_unarmed,
            "uuid": nvdimm_set_uuid,
        }
    ),
    _instance_init,
    nvdimm_md_get_memory_region,
    nvdimm_realize,
    is_nvdimm=True,
    later=MappingProxyType({"uuid": (5, 0)}),
)
