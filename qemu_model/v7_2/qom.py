"""``qom/object.c`` and ``qom/object_interfaces.c``: objects, properties, links."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .. import messages
from ..error import Error
from ..globals import Qemu
from ..qemu_option import id_wellformed
from ..qom import (
    Object,
    Property,
    TypeInfo,
    Visitor,
    object_get_canonical_path,
    object_property_add_child,
    object_resolve_path,
    object_unparent,
    qdict_order,
)

C_FILE = "qom/object_interfaces.c"


class Visitor72(Visitor, Protocol):
    """Reads one value, by the rules of 7.2."""

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``."""
        ...

    def type_uint32(self, name: str) -> int:
        """Read a number of 32 bits."""
        ...


def object_property_find_err(qemu: Qemu, obj: Object, name: str) -> Property:
    """Return a property of the object.  Raises ``Property '<type>.<name>' not found``."""
    prop = obj.type.properties.get(name)
    if prop is None or not prop.exists(qemu):
        raise messages.PROPERTY_NOT_FOUND.error(type=obj.type.name, property=name)
    return prop


def object_property_set(qemu: Qemu, obj: Object, v: Visitor72, name: str) -> None:
    """Set a property to what the visitor reads.

    Raises ``Property '<type>.<name>' not found``, ``... is not writable`` and what
    its setter raises.
    """
    prop = object_property_find_err(qemu, obj, name)
    if prop.set is None:
        raise messages.NOT_WRITABLE.error(type=obj.type.name, property=name)
    prop.set(qemu, obj, v, name)


def object_property_get(qemu: Qemu, obj: Object, name: str) -> object:
    """Return a property's value.  Raises ``Property '<type>.<name>' not found``."""
    return object_property_find_err(qemu, obj, name).get(qemu, obj)


def object_resolve_link(qemu: Qemu, name: str, target_type: str, path: str) -> Object:
    """Return the object of ``target_type`` that ``path`` leads to.

    Raises ``Invalid parameter type for '<name>', expected: <type>`` for one of
    another type and ``Device '<path>' not found``, of class DeviceNotFound.
    """
    target = object_resolve_path(qemu, path)
    if target is None:
        raise messages.LINK_NOT_FOUND.error(path=path).of_class("DeviceNotFound")
    if target.type.name != target_type:
        raise messages.LINK_TYPE.error(name=name, type=target_type)
    return target


def object_get_link(qemu: Qemu, target: Object | None) -> str:
    """Return the path of what a link leads to, empty for nothing and for what was deleted."""
    if target is None or qemu.objects.get(target.id) is not target:
        return ""
    return object_get_canonical_path(target)


def user_creatable_add_type(
    qemu: Qemu,
    types: Mapping[str, TypeInfo],
    type_name: str,
    id: str,
    values: Mapping[str, Any],
    v: Visitor72,
) -> Object:
    """Make an object, set its properties, put it into ``/objects`` and complete it.

    Raises ``Parameter 'id' expects an identifier``, ``invalid object type: <type>``,
    what a setter raises, ``attempt to add duplicate property '<id>' ...`` and what
    completing the object raises; then no object is left.
    """
    if not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)
    info = types.get(type_name)
    if info is None or not info.exists(qemu):
        raise messages.INVALID_OBJECT_TYPE.error(type=type_name)
    obj = info.instance_init(qemu)
    try:
        if info.modelled:
            for name in qdict_order(values):
                object_property_set(qemu, obj, v, name)
        object_property_add_child(qemu, obj, id)
        try:
            info.complete(qemu, obj)
        except Error:
            object_unparent(qemu, obj)
            raise
    except Error:
        info.finalize(qemu, obj)
        raise
    return obj
