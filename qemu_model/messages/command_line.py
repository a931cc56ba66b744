"""The texts about -machine, -m and -smp: ``vl.c``, ``util/qemu-option.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .trees import SERIES

# -machine, -m and -smp: vl.c, util/qemu-option.c

UNSUPPORTED_MACHINE: Final = Message(
    "unsupported machine type",
    "vl.c:machine_parse",
    ("-machine names a type that there is not; the model knows none, pc, q35 and isapc",),
    SERIES,
)
VALUE_OUT_OF_RANGE: Final = Message(
    "Value '{value}' is out of range for parameter '{name}'",
    "util/qemu-option.c:parse_option_size",
    ("a size is negative, or 2^64 bytes or more",),
    SERIES,
)
VALUE_TOO_LARGE: Final = Message(
    "Value '{value}' is too large for parameter '{name}'",
    "util/qemu-option.c:parse_option_number",
    ("a number is 2^64 or more",),
    SERIES,
)
RAM_SIZE_TOO_LARGE: Final = Message(
    "too large 'size' option value",
    "vl.c:set_memory_options",
    ("the size of -m has no unit, and so many MiB are 2^64 bytes or more",),
    SERIES,
)
MAXMEM_BELOW_SIZE: Final = Message(
    "invalid value of -m option maxmem: maximum memory size (0x{maxmem:x}) must be at least the "
    "initial memory size (0x{ram_size:x})",
    "vl.c:set_memory_options",
    ("'maxmem' of -m is below its size",),
    SERIES,
)
SLOTS_WITHOUT_ROOM: Final = Message(
    "invalid value of -m option maxmem: memory slots were specified but maximum memory size "
    "(0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})",
    "vl.c:set_memory_options",
    ("-m has 'slots'", "and its 'maxmem' is its size"),
    SERIES,
)
SLOTS_WITHOUT_MAXMEM: Final = Message(
    "invalid -m option value: missing 'maxmem' option",
    "vl.c:set_memory_options",
    ("-m has 'slots' and no 'maxmem'",),
    SERIES,
)
TOPOLOGY_TOO_SMALL: Final = Message(
    "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) < smp_cpus ({cpus})",
    "vl.c:smp_parse",
    ("-smp gives sockets, cores and threads", "and more CPUs than they make"),
    SERIES,
)
MAXCPUS_BELOW_CPUS: Final = Message(
    "maxcpus must be equal to or greater than smp",
    "vl.c:smp_parse",
    ("'maxcpus' of -smp is below the number of CPUs",),
    SERIES,
)
TOPOLOGY_TOO_LARGE: Final = Message(
    "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) > maxcpus "
    "({max_cpus})",
    "vl.c:smp_parse",
    ("sockets, cores and threads of -smp make more than 'maxcpus'",),
    SERIES,
)
TOPOLOGY_DEPRECATED: Final = Message(
    "Invalid CPU topology deprecated: sockets ({sockets}) * cores ({cores}) * threads "
    "({threads}) != maxcpus ({max_cpus})",
    "vl.c:smp_parse",
    ("sockets, cores and threads of -smp make less than 'maxcpus'",),
    SERIES,
    stream="warning",
)
TOO_FEW_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The min CPUs supported by machine '{machine}' is {least}",
    "vl.c:main",
    ("-smp asks for no CPU, or for more than 2^31",),
    SERIES,
)
TOO_MANY_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{machine}' is {most}",
    "vl.c:main",
    (
        "-smp asks for more CPUs than the machine can have: none and isapc have one, pc 255, "
        "q35 288",
    ),
    SERIES,
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
    ("an id is not such an identifier", "it is a hint below the error"),
    SERIES,
    stream="stderr",
)
IDENTIFIER_HINT: Final = IDENTIFIERS.template
