"""The texts about objects, their properties, and how they are written: ``qom/``, ``qapi/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

# qom/, qapi/, util/qemu-option.c, util/keyval.c, vl.c, qmp.c

PROPERTY_NOT_FOUND: Final = Message(
    {"3.1": "Property '.{property}' not found", "5.2": "Property '{type}.{property}' not found"},
    {"3.1": "qom/object.c:object_property_find", "5.2": "qom/object.c:object_property_find_err"},
    ("the object has no property of that name, in this tree and build",),
)
DUPLICATE_PROPERTY: Final = Message(
    "attempt to add duplicate property '{id}' to object (type 'container')",
    {"3.1": "qom/object.c:object_property_add", "6.0": "qom/object.c:object_property_try_add"},
    ("there is an object with that id already",),
)
INVALID_OBJECT_TYPE: Final = Message(
    "invalid object type: {type}",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("QEMU has no object type of that name",),
)
NOT_CREATABLE: Final = Message(
    {"3.1": "object type '{type}' isn't supported by object-add", "6.0": None},
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type exists, but is not for users to create",),
)
ABSTRACT_TYPE: Final = Message(
    {"3.1": "object type '{type}' is abstract", "6.0": None},
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type is only a base of others",),
)
MISSING_PARAMETER: Final = Message(
    "Parameter '{name}' is missing",
    {
        "3.1": "qom/object_interfaces.c:user_creatable_add_opts",
        "6.0": "qapi/opts-visitor.c:lookup_distinct",
    },
    ("a parameter that must be there is not",),
)
OBJECT_NOT_FOUND: Final = Message(
    "object '{id}' not found",
    "qom/object_interfaces.c:user_creatable_del",
    ("no object has that id",),
)
OBJECT_IN_USE: Final = Message(
    {
        "3.1": "object '{id}' is in use, can not be deleted",
        "11.1": "Cannot delete host memory backend '{id}' which is mapped",
    },
    "qom/object_interfaces.c:user_creatable_del",
    ("the backend is mapped into the guest",),
)
DEVICE_NOT_FOUND: Final = Message(
    "Device '{path}' not found",
    {"3.1": "qmp.c:qmp_qom_get", "6.0": "qom/qom-qmp-cmds.c:qmp_qom_get"},
    ("no object has that path",),
)
AMBIGUOUS_PATH: Final = Message(
    "Path '{path}' does not uniquely identify an object",
    {"3.1": "qmp.c:qmp_qom_list", "6.0": "qom/object.c:object_resolve_link"},
    ("several objects end in that path",),
)
INVALID_TYPE: Final = Message(
    "Invalid parameter type for '{name}', expected: {type}",
    "qapi/qobject-input-visitor.c:qobject_input_get_object",
    ("the JSON value is of another type",),
)
EXPECTS: Final = Message(
    "Parameter '{name}' expects {what}",
    "qapi/opts-visitor.c:opts_type_size",
    ("the value cannot be read as what the parameter takes",),
)
UNEXPECTED: Final = Message(
    "Parameter '{name}' is unexpected",
    "qapi/qobject-input-visitor.c:qobject_input_check_struct",
    ("the command takes no argument of that name",),
)
UNEXPECTED_BELOW: Final = Message(
    {"6.1": "Parameters '{name}.*' are unexpected"},
    "qapi/qobject-input-visitor.c:qobject_input_get_keyval",
    ("a parameter of -machine, -smp or -boot has names below it, and takes one value",),
)
DUPLICATE_ID: Final = Message(
    "Duplicate ID '{id}' for {group}",
    "util/qemu-option.c:qemu_opts_create",
    ("two options of the same kind have the same id",),
)
INVALID_OPTION: Final = Message(
    "invalid option",
    "system/vl.c:lookup_opt",
    ("QEMU has no option of that name",),
)
REQUIRES_ARGUMENT: Final = Message(
    "requires an argument",
    "system/vl.c:lookup_opt",
    ("the option is the last word of the command line, and takes a value",),
)
ASSERT_OUTPUT: Final = Message(
    {
        "3.1": (
            "qemu: qapi/qobject-output-visitor.c:210: qobject_output_complete: Assertion "
            "`qov->root && QSLIST_EMPTY(&qov->stack)' failed."
        ),
        "6.0": None,
    },
    "qapi/qobject-output-visitor.c:qobject_output_complete",
    (("'host-nodes' is read while no node is in it: nothing is put out, and QEMU asserts"),),
    stream="abort",
)
COMMAND_NOT_FOUND: Final = Message(
    "The command {name} has not been found",
    "qapi/qmp-dispatch.c:do_qmp_dispatch",
    ("QMP has no command of that name",),
)
EXPECTING_NEGOTIATION: Final = Message(
    "Expecting capabilities negotiation with 'qmp_capabilities'",
    {"3.1": "monitor.c:monitor_qmp_dispatch", "6.0": "qapi/qmp-dispatch.c:qmp_dispatch"},
    ("another command was sent before 'qmp_capabilities'",),
)
NEGOTIATION_COMPLETE: Final = Message(
    "Capabilities negotiation is already complete, command ignored",
    {
        "3.1": "monitor.c:qmp_qmp_capabilities",
        "6.0": "monitor/qmp-cmds-control.c:qmp_qmp_capabilities",
    },
    ("'qmp_capabilities' was sent twice",),
)
INPUT_MEMBER_MISSING: Final = Message(
    "QMP input lacks member '{name}'",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has no 'execute'",),
)
INPUT_MEMBER_UNEXPECTED: Final = Message(
    "QMP input member '{name}' is unexpected",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has a member that QMP does not know",),
)
INPUT_MEMBER_TYPE: Final = Message(
    "QMP input member '{name}' must be {what}",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("a member of the QMP command is of another type",),
)
INPUT_NOT_OBJECT: Final = Message(
    "QMP input must be a JSON object",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("what was sent is not a JSON object",),
)

# since 6.0

NOT_WRITABLE: Final = Message(
    {
        "3.1": "Insufficient permission to perform this operation",
        "7.2": "Property '{type}.{property}' is not writable",
    },
    "qom/object.c:object_property_set",
    ("the property can only be read",),
)
LINK_TYPE: Final = Message(
    {"6.0": "Invalid parameter type for '{name}', expected: {type}"},
    "qom/object.c:object_resolve_link",
    ("the JSON value is of another type",),
)
LINK_NOT_FOUND: Final = Message(
    {"6.0": "Device '{path}' not found"},
    "qom/object.c:object_resolve_link",
    ("no object has that path",),
)
VALUE_NOT_ACCEPTED: Final = Message(
    {
        "3.1": "Invalid parameter '{value}'",
        "6.2": "Parameter '{name}' does not accept value '{value}'",
    },
    "qapi/qapi-visit-core.c:input_type_enum",
    ("the value is none of those that the parameter takes",),
)
INVALID_KEY: Final = Message(
    "Invalid parameter '{name}'",
    "qapi/opts-visitor.c:opts_check_struct",
    ("the object takes no property of that name",),
)
SMP_EXPECTS: Final = Message(
    {"6.0": "Parameter '{name}' expects {what}"},
    "qapi/qobject-input-visitor.c",
    ("the value cannot be read as what the parameter takes",),
)
