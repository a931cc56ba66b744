"""The texts about options that are accepted and no more, about keyval and JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..error import Message

# system/vl.c

NOT_FOR_TARGET: Final = Message(
    "Option not supported for this target",
    "system/vl.c:qemu_init",
    ("the option is one of other machines than PCs: -g, -prom-env, -semihosting, -old-param",),
)
MEM_LOCK: Final = Message(
    {"10.0": "parameter 'mem-lock' expects one of 'on', 'off', 'on-fault'"},
    "system/vl.c:overcommit_parse",
    ("'mem-lock' of -overcommit is another word",),
)
FIPS_DEPRECATED: Final = Message(
    {
        "6.0": (
            "-enable-fips is deprecated, please build QEMU with the `libgcrypt` library as the "
            "cryptography provider to enable FIPS compliance"
        ),
        "7.1": None,
    },
    "os-posix.c:os_parse_cmd_args",
    ("-enable-fips is on the line",),
    stream="warning",
)
MON_DEPRECATED: Final = Message(
    {
        "11.1": (
            "'-mon' is deprecated, use '-object' with 'monitor-hmp' or 'monitor-qmp' types instead"
        )
    },
    "system/vl.c:qemu_init",
    ("-mon is on the line",),
    stream="warning",
)
NO_ACPI_DEPRECATED: Final = Message(
    {"8.0": "-no-acpi is deprecated, use '-machine acpi=off' instead", "9.0": None},
    "system/vl.c:qemu_init",
    ("-no-acpi is on the line",),
    stream="warning",
)
NO_HPET_DEPRECATED: Final = Message(
    {"8.0": "-no-hpet is deprecated, use '-machine hpet=off' instead", "9.0": None},
    "system/vl.c:qemu_init",
    ("-no-hpet is on the line",),
    stream="warning",
)
REALTIME_DEPRECATED: Final = Message(
    {
        "4.1": (
            "'-realtime mlock=...' is deprecated, please use '-overcommit mem-lock=...' instead"
        ),
        "6.0": None,
    },
    "system/vl.c:qemu_init",
    ("-realtime is on the line",),
    stream="warning",
)
RUNAS_DEPRECATED: Final = Message(
    {"9.1": "-runas is deprecated, use '-run-with user=...' instead", "10.0": None},
    "system/vl.c:qemu_init",
    ("-runas is on the line",),
    stream="warning",
)
TB_SIZE_DEPRECATED: Final = Message(
    {"5.0": "The -tb-size option is deprecated, use -accel tcg,tb-size instead", "6.0": None},
    "system/vl.c:qemu_init",
    ("-tb-size is on the line",),
    stream="warning",
)
WATCHDOG_DEPRECATED: Final = Message(
    {"6.2": "-watchdog is deprecated; use -device instead.", "7.2": None},
    "system/vl.c:qemu_init",
    ("-watchdog is on the line",),
    stream="warning",
)
WRITECONFIG_DEPRECATED: Final = Message(
    {"6.0": "-writeconfig is deprecated and will go away without a replacement", "7.1": None},
    "system/vl.c:qemu_init",
    ("-writeconfig is on the line",),
    stream="warning",
)

# util/keyval.c

EXPECTED_EQUALS: Final = Message(
    {"6.1": "Expected '=' after parameter '{name}'"},
    "util/keyval.c:keyval_parse_one",
    ("a parameter of -machine or -smp has no '='",),
)
KEY_TOO_LONG: Final = Message(
    {"6.1": "Parameter{fragment} '{name}' is too long"},
    "util/keyval.c:keyval_parse_one",
    ("a name in -machine or -smp has 128 characters or more",),
)
USED_INCONSISTENTLY: Final = Message(
    {"6.1": "Parameters '{key}*' used inconsistently"},
    "util/keyval.c:keyval_parse_put",
    ("a name of -machine is given a value, and has names below it as well",),
)
MERGED_INCONSISTENTLY: Final = Message(
    {"6.1": "Parameter '{key}' used inconsistently"},
    "util/keyval.c:keyval_do_merge",
    ("two options give a name of -machine a value and names below it",),
)
ELEMENT_MISSING: Final = Message(
    {"6.1": "Parameter '{key}' missing"},
    "util/keyval.c:keyval_listify",
    ("the elements of a list of -machine are not counted from 0",),
)

# qom/qom-qmp-cmds.c

PROPS_CONFLICT: Final = Message(
    {"5.0": "Option in 'props' conflicts with top level", "6.0": None},
    "qom/qom-qmp-cmds.c:qmp_object_add",
    ("object-add names a property both in 'props' and beside it",),
)

# qapi/string-input-visitor.c

STRING_EXPECTS_NUMBER: Final = Message(
    {
        "3.1": "Parameter '{name}' expects an int64 value or range",
        "3.1.50": "Parameter '{name}' expects {type}",
    },
    "qapi/string-input-visitor.c:parse_type_int64",
    ("the value of a property is not a number",),
)

# qobject/json-parser.c, json-streamer.c, qjson.c

JSON_PARSE: Final = Message(
    {"6.0": "JSON parse error, {what}", "11.1": "{line}:{column}: JSON parse error, {what}"},
    "qobject/json-parser.c:parse_error",
    ("-object or -device begins with a brace, and what follows is not JSON",),
)
JSON_NESTING: Final = Message(
    {"6.0": "JSON nesting depth limit exceeded"},
    "qobject/json-streamer.c:json_message_process_token",
    ("more than 1024 brackets and braces are open at once in the JSON of -object or -device",),
)
JSON_ONE_VALUE: Final = Message(
    {"6.0": "Expecting at most one JSON value"},
    "qobject/qjson.c:consume_json",
    ("something follows the JSON of -object or -device",),
)


def _json(text: str, since_11_1: str | None, condition: str) -> Message:
    """Return what follows ``JSON parse error, ``."""
    texts: dict[str, str | None] = {"6.0": text}
    if since_11_1 != text:
        texts["11.1"] = since_11_1
    return Message(texts, "qobject/json-parser.c:parse_error", (condition,), stream="part")


JSON_PREMATURE: Final = _json(
    "premature EOI", "premature end of input", "the JSON ends before its last brace"
)
JSON_STRAY: Final = _json("stray '{text}'", "stray '{text}'", "characters form no JSON token")
JSON_EXPECTING_VALUE: Final = _json("expecting value", "expecting value", "a value is missing")
JSON_EXPECTING_KEY: Final = Message(
    {"11.1": "expecting key"},
    "qobject/json-parser.c:parse_error",
    ("a key of an object is not a string",),
    stream="part",
)
JSON_KEY_NO_STRING: Final = _json(
    "key is not a string in object", None, "a key of an object is not a string"
)
JSON_MISSING_COLON: Final = _json(
    "missing : in object pair", "expecting ':'", "no colon follows a key"
)
JSON_SEPARATOR: Final = _json(
    "expected separator in {what}",
    "expected ',' or '{bracket}'",
    "elements are not separated by a comma",
)
JSON_DUPLICATE_KEY: Final = _json("duplicate key", "duplicate key", "an object has a key twice")
JSON_ESCAPE: Final = _json(
    "invalid escape sequence in string",
    "invalid escape sequence in string",
    "a string has a backslash before another character than JSON knows",
)
JSON_UTF8: Final = _json(
    "invalid UTF-8 sequence in string",
    "invalid UTF-8 sequence in string",
    "a string is not UTF-8",
)
JSON_CHARACTER: Final = _json(
    "{text} is not a valid Unicode character",
    "{text} is not a valid Unicode character",
    "a string names a character that does not exist",
)
JSON_KEYWORD: Final = _json(
    "invalid keyword '{text}'",
    "invalid keyword '{text}'",
    "a word is neither true, false nor null",
)

# -set

_SET: Final = MappingProxyType(
    {"3.1": "util/qemu-config.c:qemu_set_option", "6.1": "system/vl.c:qemu_set_option"}
)
SET_PARSE: Final = Message(
    'can\'t parse: "{text}"',
    _SET,
    ("-set is not GROUP.ID.NAME=VALUE",),
)
SET_NO_GROUP: Final = Message(
    "There is no option group '{group}'",
    "util/qemu-config.c:find_list",
    ("-set names no kind of option",),
)
SET_UNSUPPORTED: Final = Message(
    {"6.1": "-set is not supported with {group}"},
    _SET,
    ("-set names a kind of option that is read by keyval or as JSON",),
)
SET_NO_ID: Final = Message(
    'there is no {group} "{id}" defined',
    _SET,
    ("-set names no option of that kind before it",),
)
