"""``qapi/qom.json``: what an object's description may hold, checked before the object is made.

Since 6.0.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from .globals import Qemu
from .hostmem import POLICIES
from .object_types.members import Member, members_of_other_types
from .qom import Visitor
from .revisions.release import Release, is_between
from .user_creatable import object_types

C_FILE = "qapi/qom.json"

_ON_OFF_AUTO: Final = ("auto", "on", "off")


class _StructVisitor(Visitor, Protocol):
    """Reads the members of one description."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What is to be read, by the name of the member; the id may be apart."""
        ...

    def check_struct(self) -> None:
        """Raise an error for a member that was not read."""
        ...


class ObjectOptions(NamedTuple):
    """A checked description: type, id, and the values of the properties that it gives.

    ``text`` is the argument of -object that it was made from, empty for QMP.
    """

    qom_type: str
    id: str
    values: Mapping[str, Any]
    text: str = ""


#: MemoryBackendProperties, in the order of the schema.
_MEMORY_BACKEND: Final = (
    Member("dump", "bool"),
    Member("host-nodes", "uint16_list"),
    Member("merge", "bool"),
    Member("policy", "enum", words=tuple(POLICIES)),
    Member("prealloc", "bool"),
    Member("prealloc-threads", "uint32"),
    Member("prealloc-context", "str", since=(7, 2)),
    Member("share", "bool"),
    Member("reserve", "bool", since=(6, 1)),
    Member("size", "size", optional=False),
    Member("x-use-canonical-path-for-ramblock-id", "bool"),
)

#: The members of each type that has to do with memory.
_STRUCTS: Final[Mapping[str, tuple[Member, ...]]] = MappingProxyType(
    {
        "memory-backend-ram": _MEMORY_BACKEND,
        "memory-backend-file": (
            *_MEMORY_BACKEND,
            Member("align", "size"),
            Member("offset", "size", since=(8, 1)),
            Member("discard-data", "bool"),
            Member("mem-path", "str", optional=False),
            Member("pmem", "bool", needs_libpmem=True),
            Member("readonly", "bool"),
            Member("rom", "enum", since=(8, 2), words=_ON_OFF_AUTO),
        ),
        "memory-backend-memfd": (
            *_MEMORY_BACKEND,
            Member("hugetlb", "bool"),
            Member("hugetlbsize", "size"),
            Member("seal", "bool"),
        ),
        "memory-backend-epc": _MEMORY_BACKEND,
        "memory-backend-shm": _MEMORY_BACKEND,
    }
)
#: The types of memory backends, with the release that each came with, and what it needs.
_BACKENDS: Final[Mapping[str, tuple[Release, str]]] = MappingProxyType(
    {
        "memory-backend-ram": ((), "any"),
        "memory-backend-file": ((), "any"),
        "memory-backend-memfd": ((), "linux"),
        "memory-backend-epc": ((6, 2), "linux"),
        "memory-backend-shm": ((9, 1), "posix"),
    }
)


@functools.cache
def _types(release: Release, system: str) -> tuple[str, ...]:
    """Return ObjectType: what ``qom-type`` may say, whether or not the build has the type."""
    kinds = {"any", system if system == "linux" else "", "" if system == "windows" else "posix"}
    backends = tuple(
        name
        for name, (since, needs) in _BACKENDS.items()
        if is_between(release, since, None) and needs in kinds
    )
    return object_types(release, backends)


@functools.cache
def _members(release: Release, qom_type: str, libpmem: bool) -> tuple[Member, ...]:
    """Return the members of a type that a release and a build have."""
    members = _STRUCTS.get(qom_type) or members_of_other_types().get(qom_type, ())
    return tuple(
        member
        for member in members
        if member.is_in(release) and (libpmem or not member.needs_libpmem)
    )


def _visit_member(v: _StructVisitor, member: Member) -> Any:
    """Read one member, as its kind says."""
    match member.kind:
        case "enum":
            return v.type_enum(member.name, member.words)
        case "uint16_list":
            return v.uint16_list(member.name)
        case "bool":
            return v.type_bool(member.name)
        case "str":
            return v.type_str(member.name)
        case "size":
            return v.type_size(member.name)
    return getattr(v, f"type_{member.kind}")(member.name)


def visit_type_ObjectOptions(qemu: Qemu, v: _StructVisitor, text: str = "") -> ObjectOptions:
    """Read a description: type and id first, then the members in the schema's order.

    Raises what the visitor raises for a value, ``Parameter '<name>' is missing``, and
    for a member that the type does not have ``Invalid parameter '<name>'`` (text) or
    ``Parameter '<name>' is unexpected`` (JSON).
    """
    release, platform = qemu.tree.release, qemu.platform
    qom_type = v.type_enum("qom-type", _types(release, platform.system))
    id = v.type_str("id")
    given = v.values
    values = {
        member.name: _visit_member(v, member)
        for member in _members(release, qom_type, platform.libpmem)
        if not member.optional or member.name in given
    }
    v.check_struct()
    return ObjectOptions(qom_type, id, values, text)
