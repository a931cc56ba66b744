"""``hw/mem/nvdimm.c``: a backend as a module of persistent memory in the guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import attrs

from .. import messages
from .. import nvdimm as before
from ..globals import Qemu
from ..memory import MemoryRegion
from ..nvdimm import NVDIMMDevice
from ..pc_dimm import PCDIMMDevice, PropertyVisitor
from .hostmem_file import HostMemoryBackendFile
from .pc_dimm import set_realized

C_FILE = "hw/mem/nvdimm.c"

_UUID: Final = re.compile("-".join(f"[0-9a-fA-F]{{{digits}}}" for digits in (8, 4, 4, 4, 12)))


def nvdimm_set_uuid(_qemu: Qemu, _nvdimm: NVDIMMDevice, v: PropertyVisitor, name: str) -> None:
    """Set the label's UUID.  Raises ``Property 'nvdimm.uuid' has invalid value``."""
    if not _UUID.fullmatch(v.type_str(name)):
        raise messages.NVDIMM_UUID.error()


def nvdimm_prepare_memory_region(qemu: Qemu, nvdimm: NVDIMMDevice) -> MemoryRegion:
    """Cut the label off the backend's memory, and what is left to the alignment.

    Raises what ``nvdimm_prepare_memory_region`` of 2018 raises, and ``'unarmed' property
    must be 'on' since memdev <id> is read-only``.
    """
    region = before.nvdimm_prepare_memory_region(qemu, nvdimm)
    backend = nvdimm.hostmem
    if isinstance(backend, HostMemoryBackendFile) and backend.readonly and not nvdimm.unarmed:
        raise messages.NVDIMM_READONLY.error(id=backend.id)
    return region


def nvdimm_get_memory_region(qemu: Qemu, nvdimm: NVDIMMDevice) -> MemoryRegion:
    """Return what of the backend the guest has.

    Raises what ``nvdimm_prepare_memory_region`` raises.
    """
    return nvdimm.nvdimm_mr or nvdimm_prepare_memory_region(qemu, nvdimm)


def _instance_init(id: str | None) -> PCDIMMDevice:
    return NVDIMMDevice(TYPE_NVDIMM, id)


TYPE_NVDIMM: Final = attrs.evolve(
    before.TYPE_NVDIMM,
    properties=MappingProxyType(
        {**before.TYPE_NVDIMM.properties, "realized": set_realized, "uuid": nvdimm_set_uuid}
    ),
    instance_init=_instance_init,
    get_memory_region=nvdimm_get_memory_region,
    realize=nvdimm_get_memory_region,
)
