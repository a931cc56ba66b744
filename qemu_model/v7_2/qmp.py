"""``qapi/qmp-dispatch.c``, ``qom/qom-qmp-cmds.c``, ``hw/core/machine-qmp-cmds.c``: commands."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from .. import messages
from ..error import Error
from ..glib import GHashTable
from ..globals import Qemu
from ..hostmem import host_memory_backend_get_prealloc
from ..qmp import NOT_MODELLED, NotModelled, object_at, qmp_dispatch_check_obj, reply_to
from ..qom import TypeInfo, object_get_objects_root, user_creatable_del
from .hostmem import HostMemoryBackend
from .qapi_qom import visit_type_ObjectOptions
from .qobject_input import QObjectInputVisitor72
from .qom import (
    object_property_get,
    object_property_set,
    user_creatable_add_type,
)

C_FILE = "qapi/qmp-dispatch.c"

Command = Callable[[Qemu, Mapping[str, TypeInfo], QObjectInputVisitor72], object]


def qmp_object_add(qemu: Qemu, types: Mapping[str, TypeInfo], v: QObjectInputVisitor72) -> object:
    """``object-add``: make an object; its properties stand beside its type and id."""
    options = visit_type_ObjectOptions(v)
    values = QObjectInputVisitor72(options.values)
    user_creatable_add_type(qemu, types, options.qom_type, options.id, options.values, values)
    return {}


def qmp_object_del(qemu: Qemu, _types: Mapping[str, TypeInfo], v: QObjectInputVisitor72) -> object:
    """``object-del``: delete an object."""
    id = v.type_str("id")
    v.check_struct()
    user_creatable_del(qemu, id)
    return {}


def qmp_qom_get(qemu: Qemu, _types: Mapping[str, TypeInfo], v: QObjectInputVisitor72) -> object:
    """``qom-get``: read a property."""
    path, name = v.type_str("path"), v.type_str("property")
    v.check_struct()
    return object_property_get(qemu, object_at(qemu, "qom-get", path, name), name)


def qmp_qom_set(qemu: Qemu, _types: Mapping[str, TypeInfo], v: QObjectInputVisitor72) -> object:
    """``qom-set``: set a property."""
    path, name = v.type_str("path"), v.type_str("property")
    value = v.type_any("value")
    v.check_struct()
    values = QObjectInputVisitor72({name: value})
    object_property_set(qemu, object_at(qemu, "qom-set", path, name), values, name)
    return {}


def qmp_query_memdev(
    qemu: Qemu, _types: Mapping[str, TypeInfo], v: QObjectInputVisitor72
) -> object:
    """``query-memdev``: list the backends, in the order of a hash table, backwards."""
    v.check_struct()
    object_get_objects_root(qemu)
    found = [qemu.objects[id] for id in GHashTable(qemu.objects)]
    return [
        {
            "id": backend.id,
            "size": backend.size,
            "merge": backend.merge,
            "dump": backend.dump,
            "prealloc": host_memory_backend_get_prealloc(qemu, backend),
            "share": backend.share,
            "reserve": backend.reserve,
            "host-nodes": sorted(backend.host_nodes),
            "policy": backend.policy,
        }
        for backend in reversed(found)
        if isinstance(backend, HostMemoryBackend)
    ]


def no_arguments(_qemu: Qemu, _types: Mapping[str, TypeInfo], v: QObjectInputVisitor72) -> object:
    """``quit``: take no argument; the process does the rest."""
    v.check_struct()
    return {}


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "object-add": qmp_object_add,
        "object-del": qmp_object_del,
        "qom-get": qmp_qom_get,
        "qom-set": qmp_qom_set,
        "query-memdev": qmp_query_memdev,
        "quit": no_arguments,
    }
)


def qmp_dispatch(qemu: Qemu, types: Mapping[str, TypeInfo], request: object) -> dict[str, Any]:
    """Run one command and return its reply.

    Raises :class:`NotModelled` for a command that the model leaves out.
    """
    qemu.in_monitor = True
    try:
        name, arguments = qmp_dispatch_check_obj(request)
        command = COMMANDS.get(name)
        if command is None:
            if name in NOT_MODELLED:
                raise NotModelled(name)
            raise messages.COMMAND_NOT_FOUND.error(name=name).of_class("CommandNotFound")
        return reply_to(qemu, request, command(qemu, types, QObjectInputVisitor72(arguments)))
    except Error as error:
        return reply_to(qemu, request, error)
    finally:
        qemu.in_monitor = False
