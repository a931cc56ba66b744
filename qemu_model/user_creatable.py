"""The object types that users can create, of the 3.1 tree, and some that they cannot."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .globals import Qemu
from .hostmem import OBJECT_PROPERTIES, TYPE_MEMORY_BACKEND
from .hostmem_file import TYPE_MEMORY_BACKEND_FILE
from .hostmem_memfd import TYPE_MEMORY_BACKEND_MEMFD
from .hostmem_ram import TYPE_MEMORY_BACKEND_RAM
from .machines import MACHINES
from .qom import Object, TypeInfo, can_always_be_deleted, nothing, properties

#: Types that have nothing to do with memory: objects of them are made, and nothing more.
OTHER_TYPES: Final = (
    "can-bus",
    "can-host-socketcan",
    "colo-compare",
    "cryptodev-backend",
    "cryptodev-backend-builtin",
    "cryptodev-vhost-user",
    "filter-buffer",
    "filter-dump",
    "filter-mirror",
    "filter-redirector",
    "filter-replay",
    "filter-rewriter",
    "input-linux",
    "iothread",
    "pr-manager-helper",
    "rng-egd",
    "rng-random",
    "secret",
    "sev-guest",
    "throttle-group",
    "tls-creds-anon",
    "tls-creds-psk",
    "tls-creds-x509",
)
OTHER_ABSTRACT_TYPES: Final = ("netfilter", "pr-manager", "rng-backend")

#: Types that there are, and that users might take for objects of their own.
NOT_CREATABLE: Final = (
    "accel",
    "bus",
    "chardev",
    "container",
    "cpu",
    "device",
    "irq",
    "machine",
    "nvdimm",
    "object",
    "pc-dimm",
    "qemu:iommu-memory-region",
    "qemu:memory-region",
    *(f"{name}-machine" for name in MACHINES),
)


def other_type(name: str, *, abstract: bool = False, creatable: bool = True) -> TypeInfo:
    """Return a type whose objects do nothing here."""

    def instance_init(_qemu: Qemu) -> Object:
        return Object(info)

    info = TypeInfo(
        name,
        properties(OBJECT_PROPERTIES),
        instance_init,
        nothing,
        can_always_be_deleted,
        nothing,
        nothing,
        abstract=abstract,
        modelled=False,
        creatable=creatable,
    )
    return info


USER_CREATABLE: Final[Mapping[str, TypeInfo]] = MappingProxyType(
    {
        info.name: info
        for info in (
            TYPE_MEMORY_BACKEND,
            TYPE_MEMORY_BACKEND_RAM,
            TYPE_MEMORY_BACKEND_FILE,
            TYPE_MEMORY_BACKEND_MEMFD,
            *(other_type(name) for name in OTHER_TYPES),
            *(other_type(name, abstract=True) for name in OTHER_ABSTRACT_TYPES),
            *(other_type(name, creatable=False) for name in NOT_CREATABLE),
        )
    }
)
