"""The object types of each release: memory backends, and types that are only accepted."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from .globals import Qemu
from .hostmem import OBJECT_PROPERTIES, TYPE_MEMORY_BACKEND
from .hostmem_file import TYPE_MEMORY_BACKEND_FILE
from .hostmem_memfd import TYPE_MEMORY_BACKEND_MEMFD
from .hostmem_ram import TYPE_MEMORY_BACKEND_RAM
from .hostmem_shm import TYPE_MEMORY_BACKEND_SHM
from .machines.versions import X86_NAMES
from .qom import Object, TypeInfo, _can_always_be_deleted, nothing, properties
from .revisions.release import Release, is_between, parse_release

#: Types that have nothing to do with memory, with ``:SINCE``: Debian's builds have them.
_OTHER_TYPES: Final = """
    acpi-generic-initiator:9.0 acpi-generic-port:9.2 authz-list:4.0 authz-list-file:4.0
    authz-simple:4.0 can-bus can-host-socketcan colo-compare cryptodev-backend
    cryptodev-backend-builtin cryptodev-vhost-user dbus-vmstate:5.0 filter-buffer filter-dump
    filter-mirror filter-redirector filter-replay filter-rewriter input-barrier:4.2 input-linux
    iommufd:9.0 iothread main-loop:7.1 monitor-hmp:11.1 monitor-qmp:11.1 pr-manager-helper
    qtest:6.1 rng-builtin:4.2 rng-egd rng-random secret secret_keyring:5.1 sev-guest
    sev-snp-guest:9.1 tdx-guest:10.1 thread-context:7.2 throttle-group tls-cipher-suites:5.1
    tls-creds-anon tls-creds-psk tls-creds-x509 x-remote-object:6.0
"""
#: Types of other builds, or of the same build on a host that has what they need.
_OTHER_BUILDS: Final = """
    authz-listfile:6.0 authz-pam:4.0 cryptodev-backend-lkcf:7.2 igvm-cfg:10.1
    memory-backend-epc:6.2 x-vfio-user-server:7.1
"""
#: The type that exists if QEMU can open /dev/sgx_vepc.
_EPC: Final = "memory-backend-epc"
#: Types that ``qom-type`` takes and a QEMU for x86 does not have.
_OTHER_TARGETS: Final = "pef-guest:6.0 s390-pv-guest:6.0"
#: The name of a type that ``qom-type`` does not take since 6.0.
_NOT_IN_SCHEMA: Final = frozenset({"authz-list-file"})
_ABSTRACT_TYPES: Final = ("netfilter", "pr-manager", "rng-backend")
_PROPERTIES: Final = properties(OBJECT_PROPERTIES)
#: Types that users may take for types of -object.
_NOT_CREATABLE: Final = (
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
    *(f"{name}-machine" for name in X86_NAMES),
)


def _names(table: str, release: Release) -> Iterator[str]:
    """Yield the names of a table that a release has."""
    for word in table.split():
        name, _, since = word.partition(":")
        if is_between(release, parse_release(since) if since else (), None):
            yield name


def _other_type(name: str, *, abstract: bool = False, creatable: bool = True) -> TypeInfo:
    """Return a type whose objects do nothing here."""

    def instance_init(_qemu: Qemu) -> Object:
        return Object(info)

    info = TypeInfo(
        name,
        _PROPERTIES,
        instance_init,
        nothing,
        _can_always_be_deleted,
        nothing,
        nothing,
        abstract=abstract,
        modelled=False,
        creatable=creatable,
        exists=_has_sgx if name == _EPC else None,
    )
    return info


def _has_sgx(qemu: Qemu) -> bool:
    return qemu.has_sgx


@functools.cache
def other_types(release: Release) -> Mapping[str, TypeInfo]:
    """Return the types of a release that are not memory backends, by name."""
    names = (*_names(_OTHER_TYPES, release), *_names(_OTHER_BUILDS, release))
    return MappingProxyType(
        {
            info.name: info
            for info in (
                *map(_other_type, names),
                *(_other_type(name, abstract=True) for name in _ABSTRACT_TYPES),
                *(_other_type(name, creatable=False) for name in _NOT_CREATABLE),
            )
        }
    )


@functools.cache
def object_types(release: Release, backends: tuple[str, ...]) -> tuple[str, ...]:
    """Return ObjectType of ``qapi/qom.json``: what ``qom-type`` may be since 6.0."""
    others = {
        name
        for table in (_OTHER_TYPES, _OTHER_BUILDS, _OTHER_TARGETS)
        for name in _names(table, release)
    }
    return tuple(sorted({*others, *backends} - _NOT_IN_SCHEMA))


def user_creatable_print_types(qemu: Qemu) -> list[str]:
    """Return what ``-object help`` prints: the types of a Debian build."""
    elsewhere = set(_names(_OTHER_BUILDS, qemu.tree.release))
    names = sorted(
        info.name
        for info in qemu.types.values()
        if info.creatable and not info.abstract and info.is_in(qemu) and info.name not in elsewhere
    )
    return ["List of user creatable objects:", *(f"  {name}" for name in names)]


def object_property_help(name: str, type: str, description: str) -> str:
    """Return the line that ``-object TYPE,help`` shows for a property."""
    head = f"{name}=<{type}>"
    return f"  {head:<22} - {description}" if description else f"  {head}"


def user_creatable_print_type_properites(qemu: Qemu, info: TypeInfo) -> list[str]:
    """Return what ``-object TYPE,help`` prints: the properties that can be set, sorted.

    Nothing for a type whose properties the model does not know.
    """
    # imported here: few lines ask for it
    from .user_creatable_options import _options_of_other_type

    known: list[tuple[str, str, str]] | None = [
        (prop.name, prop.type, prop.description)
        for prop in info.properties.values()
        if prop.set is not None and prop.is_in(qemu)
    ]
    if not info.modelled:
        known = _options_of_other_type(info.name, qemu.tree.release)
    if known is None:
        return []
    if not known:
        return [f"There are no options for {info.name}."]
    lines = sorted(object_property_help(*one) for one in known)
    return [f"{info.name} options:", *lines]


@functools.cache
def user_creatable_types(release: Release) -> Mapping[str, TypeInfo]:
    """Return the object types of a release, by name."""
    backends = (
        TYPE_MEMORY_BACKEND,
        TYPE_MEMORY_BACKEND_RAM,
        TYPE_MEMORY_BACKEND_FILE,
        TYPE_MEMORY_BACKEND_MEMFD,
        TYPE_MEMORY_BACKEND_SHM,
    )
    return MappingProxyType({info.name: info for info in backends} | dict(other_types(release)))
