"""The texts about -machine, -m and -smp: ``vl.c``, ``util/qemu-option.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

# -machine, -m and -smp: vl.c, util/qemu-option.c

UNSUPPORTED_MACHINE: Final = Message(
    {"3.1": "unsupported machine type", "9.1": 'unsupported machine type: "{name}"'},
    {"3.1": "system/vl.c:machine_parse", "6.0": "system/vl.c:select_machine"},
    (("-machine names a type that there is not; the model knows none, pc, q35 and isapc"),),
)
VALUE_OUT_OF_RANGE: Final = Message(
    "Value '{value}' is out of range for parameter '{name}'",
    "util/qemu-option.c:parse_option_size",
    ("a size is negative, or 2^64 bytes or more",),
)
VALUE_TOO_LARGE: Final = Message(
    "Value '{value}' is too large for parameter '{name}'",
    "util/qemu-option.c:parse_option_number",
    ("a number is 2^64 or more",),
)

#: What QEMU prints below a message.
MACHINE_HINT: Final = "Use -machine help to list supported machines"
SIZE_HINT: Final = (
    "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n"
    "and exabytes, respectively."
)
IDENTIFIERS: Final = Message(
    "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
    "util/qemu-option.c:qemu_opts_create",
    (
        "an id is not such an identifier",
        "it is a hint below the error",
    ),
    stream="stderr",
)
IDENTIFIER_HINT: Final = IDENTIFIERS.template

# since 6.0

SHORT_FORM: Final = Message(
    {"6.0": "short-form boolean option '{given}' deprecated"},
    "util/qemu-option.c:get_opt_name_value",
    ("a parameter has no '=': it is taken as a boolean",),
    stream="stderr",
)
SHORT_FORM_HINT: Final = Message(
    {"6.0": "Please use {name}={value} instead"},
    "util/qemu-option.c:get_opt_name_value",
    ("the warning before it was printed",),
    stream="stderr",
)
HEX_SUFFIX: Final = Message(
    {"6.0": "Using a multiplier suffix on hex numbers is deprecated: {text}", "8.0": None},
    "util/cutils.c:do_strtosz",
    ("a size in hexadecimal has a unit behind it",),
    stream="stderr",
)
MACHINE_CONFLICT: Final = Message(
    {"6.0": "Conflict between '{name}' and '{other}'"},
    "system/vl.c:keyval_dashify",
    ("a property of -machine is given both with '_' and with '-'",),
)
