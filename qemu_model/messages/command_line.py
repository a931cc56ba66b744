"""The texts about -machine, -m and -smp: ``vl.c``, ``util/qemu-option.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

# -machine, -m and -smp: vl.c, util/qemu-option.c

UNSUPPORTED_MACHINE: Final = Message(
    "unsupported machine type",
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
RAM_SIZE_TOO_LARGE: Final = Message(
    {"3.1": "too large 'size' option value", "6.0": None},
    "system/vl.c:set_memory_options",
    ("the size of -m has no unit, and so many MiB are 2^64 bytes or more",),
)
MAXMEM_BELOW_SIZE: Final = Message(
    {
        "3.1": (
            "invalid value of -m option maxmem: maximum memory size (0x{maxmem:x}) must be "
            "at least the initial memory size (0x{ram_size:x})"
        ),
        "6.0": (
            "invalid value of maxmem: maximum memory size (0x{maxmem:x}) must be at least "
            "the initial memory size (0x{ram_size:x})"
        ),
    },
    {"3.1": "system/vl.c:set_memory_options", "6.0": "hw/core/machine.c:machine_set_mem"},
    ("'maxmem' of -m is below its size",),
)
SLOTS_WITHOUT_ROOM: Final = Message(
    {
        "3.1": (
            "invalid value of -m option maxmem: memory slots were specified but maximum "
            "memory size (0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})"
        ),
        "6.0": (
            "invalid value of maxmem: memory slots were specified but maximum memory size "
            "(0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})"
        ),
    },
    {"3.1": "system/vl.c:set_memory_options", "6.0": "hw/core/machine.c:machine_set_mem"},
    (
        "-m has 'slots'",
        "and its 'maxmem' is its size",
    ),
)
SLOTS_WITHOUT_MAXMEM: Final = Message(
    {
        "3.1": "invalid -m option value: missing 'maxmem' option",
        "6.0": "slots specified but no max-size",
    },
    {"3.1": "system/vl.c:set_memory_options", "6.0": "hw/core/machine.c:machine_set_mem"},
    ("-m has 'slots' and no 'maxmem'",),
)
TOPOLOGY_TOO_SMALL: Final = Message(
    {
        "3.1": (
            "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) < "
            "smp_cpus ({cpus})"
        ),
        "6.0": None,
    },
    "system/vl.c:smp_parse",
    (
        "-smp gives sockets, cores and threads",
        "and more CPUs than they make",
    ),
)
MAXCPUS_BELOW_CPUS: Final = Message(
    {"3.1": "maxcpus must be equal to or greater than smp", "6.0": None},
    "system/vl.c:smp_parse",
    ("'maxcpus' of -smp is below the number of CPUs",),
)
TOPOLOGY_TOO_LARGE: Final = Message(
    {
        "3.1": (
            "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) > "
            "maxcpus ({max_cpus})"
        ),
        "6.0": None,
    },
    "system/vl.c:smp_parse",
    ("sockets, cores and threads of -smp make more than 'maxcpus'",),
)
TOPOLOGY_DEPRECATED: Final = Message(
    {
        "3.1": (
            "Invalid CPU topology deprecated: sockets ({sockets}) * cores ({cores}) * "
            "threads ({threads}) != maxcpus ({max_cpus})"
        ),
        "6.0": None,
    },
    "system/vl.c:smp_parse",
    ("sockets, cores and threads of -smp make less than 'maxcpus'",),
    stream="warning",
)
TOO_FEW_CPUS: Final = Message(
    ("Invalid SMP CPUs {cpus}. The min CPUs supported by machine '{machine}' is {least}"),
    {"3.1": "system/vl.c:main", "6.0": "hw/core/machine-smp.c:machine_parse_smp_config"},
    ("-smp asks for no CPU, or for more than 2^31",),
)
TOO_MANY_CPUS: Final = Message(
    ("Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{machine}' is {most}"),
    {"3.1": "system/vl.c:main", "6.0": "hw/core/machine-smp.c:machine_parse_smp_config"},
    (
        (
            "-smp asks for more CPUs than the machine can have: none and isapc have one, pc "
            "255, q35 288"
        ),
    ),
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
MEMDEV_NOT_FOUND: Final = Message(
    {"5.0": "Memory backend '{id}' not found"},
    "system/vl.c:qemu_resolve_machine_memdev",
    ("'memory-backend' of -machine names no backend",),
)
MEM_PATH_AND_MEMDEV: Final = Message(
    {"6.0": "'-mem-path' can't be used together with'-machine memory-backend'"},
    "system/vl.c:qemu_resolve_machine_memdev",
    ("both -mem-path and 'memory-backend' of -machine are given",),
)
