"""The texts about objects, their properties, and how they are written: ``qom/``, ``qapi/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .trees import SERIES

# qom/, qapi/, util/qemu-option.c, util/keyval.c, vl.c, qmp.c

PROPERTY_NOT_FOUND: Final = Message(
    "Property '.{property}' not found",
    "qom/object.c:object_property_find",
    ("the object has no property of that name, in this tree and build",),
    SERIES,
)
DUPLICATE_PROPERTY: Final = Message(
    "attempt to add duplicate property '{id}' to object (type 'container')",
    "qom/object.c:object_property_add",
    ("there is an object with that id already",),
    SERIES,
)
INVALID_OBJECT_TYPE: Final = Message(
    "invalid object type: {type}",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("QEMU has no object type of that name",),
    SERIES,
)
NOT_CREATABLE: Final = Message(
    "object type '{type}' isn't supported by object-add",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type exists, but is not for users to create",),
    SERIES,
)
ABSTRACT_TYPE: Final = Message(
    "object type '{type}' is abstract",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type is only a base of others",),
    SERIES,
)
MISSING_PARAMETER: Final = Message(
    "Parameter '{name}' is missing",
    "qom/object_interfaces.c:user_creatable_add_opts",
    ("a parameter that must be there is not",),
    SERIES,
)
OBJECT_NOT_FOUND: Final = Message(
    "object '{id}' not found",
    "qom/object_interfaces.c:user_creatable_del",
    ("no object has that id",),
    SERIES,
)
OBJECT_IN_USE: Final = Message(
    "object '{id}' is in use, can not be deleted",
    "qom/object_interfaces.c:user_creatable_del",
    ("the backend is mapped into the guest",),
    SERIES,
)
DEVICE_NOT_FOUND: Final = Message(
    "Device '{path}' not found",
    "qmp.c:qmp_qom_get",
    ("no object has that path",),
    SERIES,
)
AMBIGUOUS_PATH: Final = Message(
    "Path '{path}' does not uniquely identify an object",
    "qmp.c:qmp_qom_list",
    ("several objects end in that path",),
    SERIES,
)
INSUFFICIENT_PERMISSION: Final = Message(
    "Insufficient permission to perform this operation",
    "qom/object.c:object_property_set",
    ("the property can only be read",),
    SERIES,
)
INVALID_PARAMETER: Final = Message(
    "Invalid parameter '{value}'",
    "qapi/qapi-visit-core.c:input_type_enum",
    ("the value is none of the property's",),
    SERIES,
)
INVALID_TYPE: Final = Message(
    "Invalid parameter type for '{name}', expected: {type}",
    "qapi/qobject-input-visitor.c:qobject_input_get_object",
    ("the JSON value is of another type",),
    SERIES,
)
EXPECTS: Final = Message(
    "Parameter '{name}' expects {what}",
    "qapi/opts-visitor.c:opts_type_size",
    ("the value cannot be read as what the parameter takes",),
    SERIES,
)
UNEXPECTED: Final = Message(
    "Parameter '{name}' is unexpected",
    "qapi/qobject-input-visitor.c:qobject_input_check_struct",
    ("the command takes no argument of that name",),
    SERIES,
)
DUPLICATE_ID: Final = Message(
    "Duplicate ID '{id}' for {group}",
    "util/qemu-option.c:qemu_opts_create",
    ("two options of the same kind have the same id",),
    SERIES,
)
INVALID_OPTION: Final = Message(
    "invalid option",
    "vl.c:lookup_opt",
    ("QEMU has no option of that name",),
    SERIES,
)
REQUIRES_ARGUMENT: Final = Message(
    "requires an argument",
    "vl.c:lookup_opt",
    ("the option is the last word of the command line, and takes a value",),
    SERIES,
)
ASSERT_OUTPUT: Final = Message(
    "qemu: qapi/qobject-output-visitor.c:210: qobject_output_complete: Assertion "
    "`qov->root && QSLIST_EMPTY(&qov->stack)' failed.",
    "qapi/qobject-output-visitor.c:qobject_output_complete",
    ("'host-nodes' is read while no node is in it: nothing is put out, and QEMU asserts",),
    SERIES,
    stream="abort",
)
COMMAND_NOT_FOUND: Final = Message(
    "The command {name} has not been found",
    "qapi/qmp-dispatch.c:do_qmp_dispatch",
    ("QMP has no command of that name",),
    SERIES,
)
EXPECTING_NEGOTIATION: Final = Message(
    "Expecting capabilities negotiation with 'qmp_capabilities'",
    "monitor.c:monitor_qmp_dispatch",
    ("another command was sent before 'qmp_capabilities'",),
    SERIES,
)
NEGOTIATION_COMPLETE: Final = Message(
    "Capabilities negotiation is already complete, command ignored",
    "monitor.c:qmp_qmp_capabilities",
    ("'qmp_capabilities' was sent twice",),
    SERIES,
)
INPUT_MEMBER_MISSING: Final = Message(
    "QMP input lacks member '{name}'",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has no 'execute'",),
    SERIES,
)
INPUT_MEMBER_UNEXPECTED: Final = Message(
    "QMP input member '{name}' is unexpected",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has a member that QMP does not know",),
    SERIES,
)
INPUT_MEMBER_TYPE: Final = Message(
    "QMP input member '{name}' must be {what}",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("a member of the QMP command is of another type",),
    SERIES,
)
INPUT_NOT_OBJECT: Final = Message(
    "QMP input must be a JSON object",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("what was sent is not a JSON object",),
    SERIES,
)
