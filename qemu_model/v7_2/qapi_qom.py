"""``qapi/qom.json``: what an object's description may hold, checked before the object is made."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import attrs

from ..hostmem import POLICIES
from .qom import Visitor72

C_FILE = "qapi/qom.json"


class StructVisitor(Visitor72, Protocol):
    """Reads the members of one description."""

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        ...

    def check_struct(self) -> None:
        """Raise an error for a member that nobody read."""
        ...


@attrs.frozen
class ObjectOptions:
    """A checked description: type, id, and the values of the properties that it gives.

    ``text`` is the argument of -object that it was made from, empty for QMP.
    """

    qom_type: str
    id: str
    values: Mapping[str, Any]
    text: str = ""


@attrs.frozen
class Member:
    """A member of a struct; ``kind`` is the method of a visitor that reads it."""

    name: str
    kind: str
    optional: bool = True


#: MemoryBackendProperties, in the order of the schema.
MEMORY_BACKEND: Final = (
    Member("dump", "bool"),
    Member("host-nodes", "uint16_list"),
    Member("merge", "bool"),
    Member("policy", "policy"),
    Member("prealloc", "bool"),
    Member("prealloc-threads", "uint32"),
    Member("prealloc-context", "str"),
    Member("share", "bool"),
    Member("reserve", "bool"),
    Member("size", "size", optional=False),
    Member("x-use-canonical-path-for-ramblock-id", "bool"),
)

#: The members of each type that has to do with memory.
STRUCTS: Final[Mapping[str, tuple[Member, ...]]] = MappingProxyType(
    {
        "memory-backend-ram": MEMORY_BACKEND,
        "memory-backend-file": (
            *MEMORY_BACKEND,
            Member("align", "size"),
            Member("discard-data", "bool"),
            Member("mem-path", "str", optional=False),
            Member("pmem", "bool"),
            Member("readonly", "bool"),
        ),
        "memory-backend-memfd": (
            *MEMORY_BACKEND,
            Member("hugetlb", "bool"),
            Member("hugetlbsize", "size"),
            Member("seal", "bool"),
        ),
        "memory-backend-epc": MEMORY_BACKEND,
    }
)

#: ObjectType: what ``qom-type`` may say, whether or not this build has the type.
OBJECT_TYPES: Final = tuple(
    """
    authz-list authz-list-file authz-pam authz-simple can-bus can-host-socketcan colo-compare
    cryptodev-backend cryptodev-backend-builtin cryptodev-backend-lkcf cryptodev-vhost-user
    dbus-vmstate filter-buffer filter-dump filter-mirror filter-redirector filter-replay
    filter-rewriter input-barrier input-linux iothread main-loop memory-backend-epc
    memory-backend-file memory-backend-memfd memory-backend-ram pef-guest pr-manager-helper qtest
    rng-builtin rng-egd rng-random secret secret_keyring sev-guest thread-context s390-pv-guest
    throttle-group tls-creds-anon tls-creds-psk tls-creds-x509 tls-cipher-suites x-remote-object
    x-vfio-user-server
    """.split()  # noqa: SIM905 - a table of words is read as words
)


def visit_member(v: StructVisitor, member: Member) -> Any:
    """Read one member, as its kind says."""
    if member.kind == "policy":
        return v.type_enum(member.name, tuple(POLICIES))
    if member.kind == "uint16_list":
        return v.uint16_list(member.name)
    return getattr(v, f"type_{member.kind}")(member.name)


def visit_type_ObjectOptions(v: StructVisitor, text: str = "") -> ObjectOptions:
    """Read a description: type and id first, then the members in the schema's order.

    Raises what the visitor raises for a value, ``Parameter '<name>' is missing``, and
    for a member that the type does not have ``Invalid parameter '<name>'`` (text) or
    ``Parameter '<name>' is unexpected`` (JSON).
    """
    qom_type = v.type_enum("qom-type", OBJECT_TYPES)
    id = v.type_str("id")
    members = STRUCTS.get(qom_type)
    if members is None:
        return ObjectOptions(qom_type, id, {}, text)
    values = {
        member.name: visit_member(v, member)
        for member in members
        if not member.optional or v.has(member.name)
    }
    v.check_struct()
    return ObjectOptions(qom_type, id, values, text)
