"""``qapi/qmp-dispatch.c`` and the commands about objects and memory backends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from . import messages
from .error import Error
from .front_end import NotModelled
from .glib import GHashTable
from .globals import Qemu
from .hostmem import HostMemoryBackend, host_memory_backend_get_prealloc
from .qapi_qom import visit_type_ObjectOptions
from .qdict import _qdict_order
from .qmp_commands import _commands_not_modelled
from .qobject_input import QObjectInputVisitor, _invalid_type
from .qom import (
    Object,
    object_get_objects_root,
    object_property_get,
    object_property_set,
    object_resolve_path,
    user_creatable_add_type,
    user_creatable_del,
)

C_FILE = "qapi/qmp-dispatch.c"

Command = Callable[[Qemu, QObjectInputVisitor], object]


def qmp_object_add(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``object-add``: make an object (``qom/qom-qmp-cmds.c``).

    Its properties are in the dictionary ``props``; since 5.0 also beside its type and id, since
    6.0 only there.
    """
    if qemu.tree.vl.reads_options_with_qapi:
        options = visit_type_ObjectOptions(qemu, v)
        _add(qemu, options.qom_type, options.id, options.values)
    elif qemu.tree.qmp.object_add_takes_properties:
        user_creatable_add_dict(qemu, _joined(dict(v.values)))
    else:
        qom_type, id = v.type_str("qom-type"), v.type_str("id")
        props = v.type_any("props") if v.has("props") else {}
        v.check_struct()
        _add(qemu, qom_type, id, _props(props))
    return {}


def _add(qemu: Qemu, qom_type: str, id: str, values: Mapping[str, Any]) -> None:
    user_creatable_add_type(qemu, qom_type, id, values, QObjectInputVisitor(values))


def _props(value: Any) -> dict[str, Any]:
    """Return the value of ``props``.  Raises ``... expected: dict``."""
    if not isinstance(value, dict):
        raise _invalid_type("props", "dict")
    return value


def _joined(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments, with the members of ``props`` added to them.

    Raises ``Option in 'props' conflicts with top level``.
    """
    props = _props(arguments.pop("props", {}))
    if props.keys() & arguments.keys():
        raise messages.PROPS_CONFLICT.error()
    return {**arguments, **props}


def user_creatable_add_dict(qemu: Qemu, values: dict[str, Any]) -> None:
    """Make an object whose type and id are among its properties (``qom/object_interfaces.c``).

    Raises ``Parameter 'qom-type' is missing`` and ``Parameter 'id' is missing``, also where
    they are not strings.
    """
    named = []
    for name in ("qom-type", "id"):
        value = values.pop(name, None)
        if not isinstance(value, str):
            raise messages.MISSING_PARAMETER.error(name=name)
        named.append(value)
    _add(qemu, named[0], named[1], values)


def qmp_object_del(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``object-del``: delete an object."""
    id = v.type_str("id")
    v.check_struct()
    user_creatable_del(qemu, id)
    return {}


def _object_at(qemu: Qemu, command: str, path: str, name: str) -> Object:
    """Return the object at ``path``, whose property ``name`` ``command`` is about.

    Raises ``Device '<path>' not found``, of class DeviceNotFound, and
    :class:`NotModelled` for the machine's own properties.
    """
    obj = object_resolve_path(qemu, path)
    if obj is None:
        raise messages.DEVICE_NOT_FOUND.error(path=path).of_class("DeviceNotFound")
    if obj.type.name == qemu.machine.type_name and name != "type":
        raise NotModelled(f"{command} {path} {name}")
    return obj


def qmp_qom_get(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``qom-get``: read a property."""
    path, name = v.type_str("path"), v.type_str("property")
    v.check_struct()
    return object_property_get(qemu, _object_at(qemu, "qom-get", path, name), name)


def qmp_qom_set(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``qom-set``: set a property."""
    path, name = v.type_str("path"), v.type_str("property")
    value = v.type_any("value")
    v.check_struct()
    values = QObjectInputVisitor({name: value})
    object_property_set(qemu, _object_at(qemu, "qom-set", path, name), values, name)
    return {}


def _memdev(qemu: Qemu, backend: HostMemoryBackend) -> dict[str, object]:
    """Return one entry of ``query-memdev`` (``hw/core/machine-qmp-cmds.c:query_memdev``)."""
    memdev: dict[str, object] = {
        "id": backend.id,
        "size": backend.size,
        "merge": backend.merge,
        "dump": backend.dump,
        "prealloc": host_memory_backend_get_prealloc(qemu, backend),
        "host-nodes": sorted(backend.host_nodes),
        "policy": backend.policy,
    }
    if qemu.tree.qmp.query_memdev_tells_share:
        memdev["share"] = backend.share
        if qemu.platform.system == "linux":
            memdev["reserve"] = getattr(backend, "reserve")  # noqa: B009 - since 6.1
    return memdev


def qmp_query_memdev(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``query-memdev``: list the backends, in the order of a hash table, backwards."""
    v.check_struct()
    object_get_objects_root(qemu)
    found = [qemu.objects[id] for id in GHashTable(qemu.objects)]
    return [
        _memdev(qemu, backend)
        for backend in reversed(found)
        if isinstance(backend, HostMemoryBackend)
    ]


def qmp_quit(_qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``quit``: end the process, once the reply is sent."""
    v.check_struct()
    return {}


def qmp_dispatch_check_obj(request: object) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of a command.  Raises ``QMP input ...``."""
    if not isinstance(request, dict):
        raise messages.INPUT_NOT_OBJECT.error()
    name = None
    arguments: dict[str, Any] = {}
    for member in _qdict_order(request):
        value = request[member]
        if member == "execute":
            if not isinstance(value, str):
                raise messages.INPUT_MEMBER_TYPE.error(name="execute", what="a string")
            name = value
        elif member == "arguments":
            if not isinstance(value, dict):
                raise messages.INPUT_MEMBER_TYPE.error(name="arguments", what="an object")
            arguments = value
        elif member != "id":
            raise messages.INPUT_MEMBER_UNEXPECTED.error(name=member)
    if name is None:
        raise messages.INPUT_MEMBER_MISSING.error(name="execute")
    return name, arguments


def qmp_qmp_capabilities(qemu: Qemu, v: QObjectInputVisitor) -> object:
    """``qmp_capabilities``: end the negotiation (``monitor/qmp-cmds-control.c``).

    Raises ``Capabilities negotiation is already complete, command ignored``.
    """
    if v.has("enable"):
        v.enum_list("enable", ("oob",))
    v.check_struct()
    if qemu.has_negotiated:
        raise messages.NEGOTIATION_COMPLETE.error().of_class("CommandNotFound")
    qemu.has_negotiated = True
    return {}


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "object-add": qmp_object_add,
        "object-del": qmp_object_del,
        "qom-get": qmp_qom_get,
        "qom-set": qmp_qom_set,
        "query-memdev": qmp_query_memdev,
        "quit": qmp_quit,
        "qmp_capabilities": qmp_qmp_capabilities,
    }
)


def _reply_to(qemu: Qemu, request: object, result: object) -> dict[str, Any]:
    """Return the reply that says ``result``, with the id of the request if it has one."""
    reply: dict[str, Any] = {"return": result}
    if isinstance(result, Error):
        reply = {"error": {"class": result.error_class, "desc": result.text_in(qemu.tree)}}
    if isinstance(request, dict) and "id" in request:
        reply["id"] = request["id"]
    return reply


def qmp_dispatch(qemu: Qemu, request: object) -> dict[str, Any]:
    """Run one command and return its reply.

    Raises :class:`NotModelled` for a command that the model leaves out.
    """
    qemu.in_monitor = True
    try:
        name, arguments = qmp_dispatch_check_obj(request)
        if qemu.must_negotiate and not qemu.has_negotiated and name != "qmp_capabilities":
            raise messages.EXPECTING_NEGOTIATION.error().of_class("CommandNotFound")
        command = COMMANDS.get(name)
        if command is None:
            if name in _commands_not_modelled(qemu.tree.release):
                raise NotModelled(name)
            raise messages.COMMAND_NOT_FOUND.error(name=name).of_class("CommandNotFound")
        return _reply_to(qemu, request, command(qemu, QObjectInputVisitor(arguments)))
    except Error as error:
        return _reply_to(qemu, request, error)
    finally:
        qemu.in_monitor = False
