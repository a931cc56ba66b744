"""``qapi/qmp-dispatch.c``, ``qmp.c`` and what the monitor adds: commands in JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from . import messages
from .error import Error
from .glib import GHashTable
from .globals import Qemu
from .numa import qmp_query_memdev
from .qobject_input import QObjectInputVisitor, invalid_type
from .qom import (
    Object,
    TypeInfo,
    object_property_get,
    object_property_set,
    object_resolve_path,
    qdict_order,
    user_creatable_add_type,
    user_creatable_del,
)

C_FILE = "qmp.c"

Command = Callable[[Qemu, Mapping[str, TypeInfo], dict[str, Any]], object]

#: What is an argument of a kind, as Python reads JSON.
KINDS: Final[Mapping[str, type]] = MappingProxyType({"string": str, "array": list, "any": object})


class NotModelled(Exception):
    """A part of QMP that QEMU has and the model has not; the text names it."""


def check_arguments(arguments: dict[str, Any], **kinds: tuple[str, bool]) -> dict[str, Any]:
    """Return the arguments a command takes, by name, in the order QEMU looks at them.

    Raises ``Parameter '<name>' is missing``, ``Invalid parameter type for '<name>',
    expected: <type>`` and ``Parameter '<name>' is unexpected``.
    """
    taken = {}
    unread = GHashTable(qdict_order(arguments))
    for keyword, (kind, required) in kinds.items():
        name = keyword.replace("_", "-")
        unread.remove(name)
        if name not in arguments:
            if required:
                raise messages.MISSING_PARAMETER.error(name=name)
            continue
        value = arguments[name]
        if not isinstance(value, KINDS[kind]):
            raise invalid_type(name, kind)
        taken[keyword] = value
    for name in unread:
        raise messages.UNEXPECTED.error(name=name)
    return taken


def qmp_object_add(qemu: Qemu, types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``object-add``: make an object; its properties are in the dictionary ``props``."""
    taken = check_arguments(
        arguments, qom_type=("string", True), id=("string", True), props=("any", False)
    )
    props = taken.get("props", {})
    if not isinstance(props, dict):
        raise invalid_type("props", "dict")
    user_creatable_add_type(
        qemu, types, taken["qom_type"], taken["id"], props, QObjectInputVisitor(props)
    )
    return {}


def qmp_object_del(qemu: Qemu, _types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``object-del``: delete an object."""
    user_creatable_del(qemu, check_arguments(arguments, id=("string", True))["id"])
    return {}


def object_at(qemu: Qemu, command: str, path: str, name: str) -> Object:
    """Return the object at ``path``, whose property ``name`` ``command`` is about.

    Raises ``Device '<path>' not found``, of class DeviceNotFound, and
    :class:`NotModelled` for what the machine keeps to itself.
    """
    obj = object_resolve_path(qemu, path)
    if obj is None:
        raise messages.DEVICE_NOT_FOUND.error(path=path).of_class("DeviceNotFound")
    if obj.type.name == qemu.machine.type_name and name != "type":
        raise NotModelled(f"{command} {path} {name}")
    return obj


def qmp_qom_get(qemu: Qemu, _types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``qom-get``: read a property."""
    taken = check_arguments(arguments, path=("string", True), property=("string", True))
    name = taken["property"]
    return object_property_get(qemu, object_at(qemu, "qom-get", taken["path"], name), name)


def qmp_qom_set(qemu: Qemu, _types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``qom-set``: set a property."""
    taken = check_arguments(
        arguments, path=("string", True), property=("string", True), value=("any", True)
    )
    name = taken["property"]
    obj = object_at(qemu, "qom-set", taken["path"], name)
    object_property_set(qemu, obj, QObjectInputVisitor({name: taken["value"]}), name)
    return {}


def query_memdev(qemu: Qemu, _types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``query-memdev``: list the backends."""
    check_arguments(arguments)
    return qmp_query_memdev(qemu)


def qmp_quit(_qemu: Qemu, _types: Mapping[str, TypeInfo], arguments: dict[str, Any]) -> object:
    """``quit``: end the process, once the reply is sent."""
    check_arguments(arguments)
    return {}


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "object-add": qmp_object_add,
        "object-del": qmp_object_del,
        "qom-get": qmp_qom_get,
        "qom-set": qmp_qom_set,
        "query-memdev": query_memdev,
        "quit": qmp_quit,
    }
)

#: Commands of QEMU that have nothing to do with memory backends.
NOT_MODELLED: Final = frozenset(
    {
        "balloon",
        "block-commit",
        "block-job-cancel",
        "block-stream",
        "blockdev-add",
        "blockdev-backup",
        "blockdev-del",
        "blockdev-mirror",
        "chardev-add",
        "chardev-remove",
        "client_migrate_info",
        "cont",
        "cpu-add",
        "device_add",
        "device-list-properties",
        "device_del",
        "dump-guest-memory",
        "eject",
        "expire_password",
        "getfd",
        "human-monitor-command",
        "inject-nmi",
        "memsave",
        "migrate",
        "migrate-set-capabilities",
        "migrate-set-parameters",
        "migrate_cancel",
        "migrate_set_downtime",
        "migrate_set_speed",
        "nbd-server-add",
        "nbd-server-start",
        "nbd-server-stop",
        "netdev_add",
        "netdev_del",
        "pmemsave",
        "qom-list",
        "qom-list-properties",
        "qom-list-types",
        "query-balloon",
        "query-block",
        "query-block-jobs",
        "query-blockstats",
        "query-chardev",
        "query-chardev-backends",
        "query-command-line-options",
        "query-commands",
        "query-cpu-definitions",
        "query-cpu-model-expansion",
        "query-cpus",
        "query-cpus-fast",
        "query-dump",
        "query-events",
        "query-fdsets",
        "query-hotpluggable-cpus",
        "query-iothreads",
        "query-kvm",
        "query-machines",
        "query-memory-devices",
        "query-memory-size-summary",
        "query-mice",
        "query-migrate",
        "query-migrate-capabilities",
        "query-migrate-parameters",
        "query-name",
        "query-named-block-nodes",
        "query-pci",
        "query-qmp-schema",
        "query-rx-filter",
        "query-sev",
        "query-spice",
        "query-status",
        "query-target",
        "query-tpm",
        "query-tpm-models",
        "query-tpm-types",
        "query-uuid",
        "query-version",
        "query-vnc",
        "query-vnc-servers",
        "ringbuf-read",
        "ringbuf-write",
        "rtc-reset-reinjection",
        "screendump",
        "send-key",
        "set_link",
        "set_password",
        "snapshot-load",
        "snapshot-save",
        "stop",
        "system_powerdown",
        "system_reset",
        "system_wakeup",
        "trace-event-get-state",
        "trace-event-set-state",
        "transaction",
        "watchdog-set-action",
        "x-exit-preconfig",
        "xen-save-devices-state",
    }
)


def qmp_dispatch_check_obj(request: object) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of a command.

    Raises ``QMP input ...``.
    """
    if not isinstance(request, dict):
        raise messages.INPUT_NOT_OBJECT.error()
    name = None
    arguments: dict[str, Any] = {}
    for member in qdict_order(request):
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


def reply_to(qemu: Qemu, request: object, result: object) -> dict[str, Any]:
    """Return the reply that says ``result``, with the id of the request if it has one."""
    reply: dict[str, Any] = {"return": result}
    if isinstance(result, Error):
        reply = {"error": {"class": result.error_class, "desc": result.text_in(qemu.tree)}}
    if isinstance(request, dict) and "id" in request:
        reply["id"] = request["id"]
    return reply


def qmp_dispatch(qemu: Qemu, types: Mapping[str, TypeInfo], request: object) -> dict[str, Any]:
    """Run one command and return its reply.

    Raises :class:`NotModelled` for a command that the model leaves out.
    """
    try:
        name, arguments = qmp_dispatch_check_obj(request)
        command = COMMANDS.get(name)
        if command is None:
            if name in NOT_MODELLED:
                raise NotModelled(name)
            raise messages.COMMAND_NOT_FOUND.error(name=name).of_class("CommandNotFound")
        return reply_to(qemu, request, command(qemu, types, arguments))
    except Error as error:
        return reply_to(qemu, request, error)
