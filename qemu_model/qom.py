"""``qom/object.c`` and ``qom/object_interfaces.c``: types, objects, properties."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import attrs

from . import messages
from .error import Error
from .globals import Qemu
from .object_types.members import members_of_other_types
from .qdict import _qdict_order
from .qemu_option import id_wellformed
from .records import Record
from .revisions.release import Release, is_between, parse_release

C_FILE = "qom/object_interfaces.c"

Kind = TypeVar("Kind", bound="Object")


def _release(text: str) -> Release:
    return parse_release(text)


class Visitor(Protocol):
    """Reads one value, from an option's text or from JSON (``include/qapi/visitor.h``)."""

    def type_size(self, name: str) -> int:
        """Read a size in bytes."""
        ...

    def type_bool(self, name: str) -> bool:
        """Read a boolean."""
        ...

    def type_str(self, name: str) -> str:
        """Read a string."""
        ...

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``."""
        ...

    def type_uint32(self, name: str) -> int:
        """Read a number of 32 bits."""
        ...

    def uint16_list(self, name: str) -> list[int]:
        """Read a list of small numbers."""
        ...


class _Row(Record):
    """A property or a type: what some releases, builds and hosts lack.

    ``since`` is the release that it came with; ``exists`` tells whether the build and the
    host have it, None where all do.
    """

    __slots__ = ()

    exists: Callable[[Qemu], bool] | None
    since: Release

    def is_in(self, qemu: Qemu) -> bool:
        """Return whether the row is in the release, the build and on the host."""
        return is_between(qemu.tree.release, self.since, None) and (
            self.exists is None or self.exists(qemu)
        )


@attrs.frozen(eq=False, repr=False)
class Property(_Row):
    """A property of a type: how it is read and set, and in which processes it exists.

    ``type`` and ``description`` are as ``-object TYPE,help`` shows them.
    """

    name: str
    type: str
    get: Callable[[Qemu, Any], object]
    set: Callable[[Qemu, Any, Any, str], None] | None
    description: str = ""
    exists: Callable[[Qemu], bool] | None = None
    since: Release = attrs.field(default="3.1", converter=_release)


@attrs.frozen(eq=False, repr=False)
class TypeInfo(_Row):
    """A type of object: what it is made with, and what users may do with it.

    ``properties`` include those of its parents.  ``modelled`` is False for the
    types that have nothing to do with memory: their properties are not looked at.
    ``creatable`` is False for those that are not for users to make.
    """

    name: str
    properties: Mapping[str, Property]
    instance_init: Callable[[Qemu], Object]
    complete: Callable[[Qemu, Any], None]
    can_be_deleted: Callable[[Qemu, Any], bool]
    unparent: Callable[[Qemu, Any], None]
    finalize: Callable[[Qemu, Any], None]
    abstract: bool = False
    modelled: bool = True
    creatable: bool = True
    exists: Callable[[Qemu], bool] | None = None
    since: Release = attrs.field(default="3.1", converter=_release)


@attrs.define(eq=False, repr=False)
class Object(Record):
    """An object; ``id`` is the last part of its path once it is in ``/objects``."""

    type: TypeInfo
    id: str = ""


def properties(*groups: Iterable[Property]) -> Mapping[str, Property]:
    """Return the properties of several groups by name, read-only."""
    return MappingProxyType({prop.name: prop for group in groups for prop in group})


def object_get_canonical_path(obj: Object) -> str:
    """Return the object's path."""
    return f"/objects/{obj.id}"


def object_get_canonical_path_component(qemu: Qemu, obj: Object) -> str:
    """Return the last part of the object's path, which the caller must free."""
    return qemu.heap.give(obj.id)


def nothing(_qemu: Qemu, _obj: Object) -> None:
    """Do nothing, as a type without memory does when it is completed, taken out or freed."""


def _can_always_be_deleted(_qemu: Qemu, _obj: Object) -> bool:
    """Return True: no other object uses this one."""
    return True


def _place(qemu: Qemu, type_name: str, children: Mapping[str, str]) -> Object:
    """Return an object that every process has, with its ``children``: their paths by name."""

    def path_of_child(path: str) -> Callable[[Qemu, Any], object]:
        return lambda _qemu, _obj: path

    def instance_init(_qemu: Qemu) -> Object:
        return Object(info)

    info = TypeInfo(
        type_name,
        properties(
            (Property("type", "string", lambda _qemu, obj: obj.type.name, None),),
            (Property(name, "child", path_of_child(path), None) for name, path in children.items()),
        ),
        instance_init,
        nothing,
        _can_always_be_deleted,
        nothing,
        nothing,
    )
    return info.instance_init(qemu)


def _place_above(qemu: Qemu, parts: tuple[str, ...]) -> Object | None:
    """Return the parents of the objects that users made; of the machine only its type."""
    if not parts:
        objects = {"objects": "/objects"} if qemu.has_objects_root else {}
        return _place(qemu, "container", {"machine": "/machine", **objects})
    if parts == ("machine",):
        return _place(qemu, qemu.machine.type_name, {})
    if parts == ("objects",) and qemu.has_objects_root:
        return _place(qemu, "container", {id: f"/objects/{id}" for id in qemu.objects})
    return None


def object_resolve_path_type(qemu: Qemu, path: str, kind: type[Kind]) -> Kind | None:
    """Return the object of that class at a path, or None if no object, or more than one, fits.

    A path that begins with a slash is absolute; another one is the end of a path,
    and an empty one fits every object.
    """
    parts = tuple(part for part in path.split("/") if part)
    absolute = path.startswith("/")
    found: list[Object | None] = []
    if len(parts) == 2 and parts[0] == "objects":
        found = [qemu.objects.get(parts[1])]
    elif absolute:
        found = [_place_above(qemu, parts)]
    elif parts:
        found = [_place_above(qemu, parts), qemu.objects.get(parts[0]) if len(parts) == 1 else None]
    else:
        found = [_place_above(qemu, ()), _place_above(qemu, ("machine",)), *qemu.objects.values()]
    fitting = [obj for obj in found if isinstance(obj, kind)]
    return fitting.pop() if len(fitting) == 1 else None


def object_resolve_path(qemu: Qemu, path: str) -> Object | None:
    """Return the object at an absolute path, or the only one a partial path fits."""
    return object_resolve_path_type(qemu, path, Object)


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


def object_get_link_property(qemu: Qemu, target: Object | None) -> str:
    """Return the path of the object a link leads to, empty for none and for a deleted one."""
    if target is None or qemu.objects.get(target.id) is not target:
        return ""
    return object_get_canonical_path(target)


@functools.lru_cache(maxsize=256)
def _properties_in(info: TypeInfo, release: Release) -> Mapping[str, Property]:
    """Return the properties of a type that a release has, by name."""
    return MappingProxyType(
        {
            name: prop
            for name, prop in info.properties.items()
            if is_between(release, prop.since, None)
        }
    )


def object_property_find(qemu: Qemu, obj: Object, name: str) -> Property:
    """Return a property of the object.  Raises ``Property '<type>.<name>' not found``.

    Until 5.1 the message does not name the type.
    """
    prop = _properties_in(obj.type, qemu.tree.release).get(name)
    if prop is None or (prop.exists is not None and not prop.exists(qemu)):
        raise messages.PROPERTY_NOT_FOUND.error(type=obj.type.name, property=name)
    return prop


def object_property_set(qemu: Qemu, obj: Object, v: Visitor, name: str) -> None:
    """Set a property to what the visitor reads.

    Raises ``Property '<type>.<name>' not found``, for one that can only be read ``Property
    '<type>.<name>' is not writable`` (until 7.1 ``Insufficient permission to perform this
    operation``), and what its setter raises.
    """
    prop = object_property_find(qemu, obj, name)
    if prop.set is None:
        raise messages.NOT_WRITABLE.error(type=obj.type.name, property=name)
    prop.set(qemu, obj, v, name)


def object_property_get(qemu: Qemu, obj: Object, name: str) -> object:
    """Return a property's value.  Raises ``Property '<type>.<name>' not found``."""
    return object_property_find(qemu, obj, name).get(qemu, obj)


def user_creatable_add_type(
    qemu: Qemu,
    type_name: str,
    id: str,
    names: Iterable[str],
    v: Visitor,
) -> Object:
    """Make an object, set its properties, put it into ``/objects`` and complete it.

    ``names`` are the properties in the order they were given.  Raises ``Parameter 'id'
    expects an identifier`` (since 6.0), ``invalid object type: <type>``, ``object type
    '<type>' isn't supported by object-add``, ``object type '<type>' is abstract``, what a
    setter raises, ``attempt to add duplicate property '<id>' ...`` and what completing the
    object raises; then no object is left.
    """
    if qemu.tree.object_interfaces.checks_the_id and not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)
    info = qemu.types.get(type_name)
    if info is None or not info.is_in(qemu):
        raise messages.INVALID_OBJECT_TYPE.error(type=type_name)
    if not info.creatable:
        raise messages.NOT_CREATABLE.error(type=type_name)
    if info.abstract:
        raise messages.ABSTRACT_TYPE.error(type=type_name)
    obj = info.instance_init(qemu)
    try:
        if info.modelled:
            for name in _qdict_order(names):
                object_property_set(qemu, obj, v, name)
        elif not qemu.tree.vl.reads_options_with_qapi:
            _check_names(info, names)
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


def _check_names(info: TypeInfo, names: Iterable[str]) -> None:
    """Refuse properties that a type without memory does not have; since 6.0 the schema does.

    Raises ``Property '<type>.<name>' not found``.
    """
    members = members_of_other_types().get(info.name.replace("list-file", "listfile"))
    known = {"type", *(member.name for member in members or ())}
    for name in _qdict_order(names):
        if members is not None and name not in known:
            raise messages.PROPERTY_NOT_FOUND.error(type=info.name, property=name)


def object_get_objects_root(qemu: Qemu) -> None:
    """Make ``/objects`` where it does not exist yet: the first object or list makes it."""
    qemu.has_objects_root = True


def object_property_add_child(qemu: Qemu, obj: Object, id: str) -> None:
    """Put the object into ``/objects``.

    Raises ``attempt to add duplicate property '<id>' ...``: ``type`` is there as well,
    which every object has.
    """
    object_get_objects_root(qemu)
    if id in qemu.objects or id == "type":
        raise messages.DUPLICATE_PROPERTY.error(id=id)
    obj.id = id
    qemu.objects[id] = obj


def object_unparent(qemu: Qemu, obj: Object) -> None:
    """Take the object out of ``/objects``."""
    obj.type.unparent(qemu, obj)
    del qemu.objects[obj.id]


def user_creatable_del(qemu: Qemu, id: str) -> None:
    """Delete an object.

    Raises ``object '<id>' not found`` and ``object '<id>' is in use, can not be
    deleted``.
    """
    object_get_objects_root(qemu)
    obj = qemu.objects.get(id)
    if obj is None:
        raise messages.OBJECT_NOT_FOUND.error(id=id)
    if not obj.type.can_be_deleted(qemu, obj):
        raise messages.OBJECT_IN_USE.error(id=id)
    object_unparent(qemu, obj)
    obj.type.finalize(qemu, obj)


def user_creatable_cleanup(qemu: Qemu) -> None:
    """Take all objects out of ``/objects``, as QEMU does when it exits."""
    for obj in list(qemu.objects.values()):
        object_unparent(qemu, obj)
