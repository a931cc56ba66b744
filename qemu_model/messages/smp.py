"""The texts about -smp and the guest's CPUs: ``hw/core/machine-smp.c``, ``target/i386/cpu.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..error import Message
from .assertions import APIC_ID_ERRORS, SOCKET_ASSERTIONS

_BEFORE: Final = MappingProxyType(
    {"3.1": "system/vl.c:smp_parse", "4.1": "hw/i386/pc.c:pc_smp_parse"}
)
_PARSE: Final = "hw/core/machine-smp.c:machine_parse_smp_config"
_CHECK: Final = MappingProxyType({"3.1": "system/vl.c:main", "6.0": _PARSE})

TOPOLOGY_TOO_SMALL: Final = Message(
    {"3.1": "cpu topology: {hierarchy} < smp_cpus ({cpus})", "6.2": None},
    _BEFORE,
    ("sockets, cores and threads of -smp are all given, and make fewer CPUs than it asks for",),
)
TOPOLOGY_TOO_LARGE: Final = Message(
    {"3.1": "cpu topology: {hierarchy} > maxcpus ({max_cpus})", "5.2": None},
    _BEFORE,
    ("sockets, cores and threads of -smp make more CPUs than 'maxcpus'",),
)
TOPOLOGY_DEPRECATED: Final = Message(
    {
        "3.1": "Invalid CPU topology deprecated: {hierarchy} != maxcpus ({max_cpus})",
        "5.2": None,
    },
    _BEFORE,
    ("sockets, cores and threads of -smp make fewer CPUs than 'maxcpus'",),
    stream="warning",
)
TOPOLOGY_INVALID: Final = Message(
    {
        "5.2": "Invalid CPU topology{deprecated}: {hierarchy} != maxcpus ({max_cpus})",
        "6.2": None,
    },
    _BEFORE,
    ("sockets, cores and threads of -smp make another number of CPUs than 'maxcpus'",),
)
MAXCPUS_BELOW_CPUS: Final = Message(
    {"3.1": "maxcpus must be equal to or greater than smp", "6.2": None},
    _BEFORE,
    ("'maxcpus' of -smp is less than the number of CPUs",),
)
SMP_ZERO: Final = Message(
    {
        "6.2": (
            "Deprecated CPU topology (considered invalid): CPU topology parameters must be "
            "greater than zero"
        ),
        "9.0": None,
    },
    _PARSE,
    ("a number of -smp is 0",),
    stream="warning",
)
SMP_ZERO_REFUSED: Final = Message(
    {"9.0": "Invalid CPU topology: CPU topology parameters must be greater than zero"},
    _PARSE,
    ("a number of -smp is 0",),
)
SMP_ONE: Final = Message(
    {
        "9.0": (
            "Deprecated CPU topology (considered invalid): Unsupported {what} parameter mustn't "
            "be specified as 1"
        ),
        "9.1": None,
    },
    _PARSE,
    ("-smp names a level, with the number 1, that the machine's CPUs are not divided into",),
    stream="warning",
)
SMP_NOT_SUPPORTED: Final = Message(
    {
        "6.1": "{what} not supported by this machine's CPU topology",
        "9.1": "{what} > 1 not supported by this machine's CPU topology",
    },
    _PARSE,
    ("-smp asks for more than one of something that the machine's CPUs are not divided into",),
)
SMP_TOPOLOGY: Final = Message(
    {"6.2": "Invalid CPU topology: {what}: {hierarchy}"},
    _PARSE,
    ("the numbers of -smp do not fit together",),
)
TOO_FEW_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The min CPUs supported by machine '{machine}' is {least}",
    _CHECK,
    ("-smp asks for no CPU, or for 2^31 and more",),
)
TOO_MANY_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{machine}' is {most}",
    _CHECK,
    ("-smp asks for more CPUs than the machine can have",),
)
TCG_PHYS_BITS: Final = Message(
    {"3.1": "TCG only supports phys-bits={bits}", "6.0": None},
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-cpu has phys-bits with another number than 40, and the accelerator is TCG",),
)
PHYS_BITS_RANGE: Final = Message(
    {
        "3.1": "phys-bits should be between 32 and 52  (but is {bits})",
        "11.1": "phys-bits should be at least 32 (but is {bits})",
    },
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("phys-bits of -cpu is below 32, or until 11.0 above 52",),
)
PHYS_BITS_OF_32_BITS: Final = Message(
    "phys-bits is not user-configurable in 32 bit",
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-cpu gives phys-bits to a model of 32 bits, or to one without lm",),
)
PHYS_BITS_GLOBAL: Final = Message(
    "can't apply global {type}.phys-bits={text}: Parameter 'phys-bits' expects {kind}",
    "hw/core/qdev-properties.c:qdev_prop_set_globals",
    ("phys-bits of -cpu is not a number, or does not fit into 32 bits",),
)
APIC_ID_MISSING: Final = Message(
    "apic-id property was not initialized properly",
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-cpu is given with -machine none",),
)
HYPERTHREADING: Final = Message(
    {
        "3.1": "This family of AMD CPU doesn't support hyperthreading({threads})",
        "9.1": (
            "This family of AMD CPU doesn't support hyperthreading({threads}). Please configure "
            "-smp options properly or try enabling topoext feature."
        ),
    },
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-smp asks for threads", "and the CPU, which no -cpu names, is AMD's"),
    stream="warning",
)
HYPERTHREADING_HINT: Final = Message(
    {
        "3.1": "Please configure -smp options properly or try enabling topoext feature.",
        "9.1": None,
    },
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("follows the warning that the CPU has no threads",),
    stream="stderr",
)
_APIC_ID: Final = "hw/intc/apic_common.c:apic_common_set_id"
APIC_ID_INVALID: Final = Message(
    {
        "3.1": "apic initialization failed. APIC ID {id} is invalid",
        "7.1": None,
        "8.2": "apic initialization failed. APIC ID {id} is invalid",
        "9.0": None,
    },
    "hw/intc/apic.c:apic_realize",
    ("-smp asks for 256 CPUs or more, and TCG runs the guest",),
)
APIC_ID_PLACE: Final = Message(
    {
        since: place and f"Unexpected error in apic_common_set_id() at {place}:"
        for since, place in APIC_ID_ERRORS.items()
    },
    _APIC_ID,
    (
        "comes before the text with which QEMU aborts",
        "file and line are those of a build of the release, or of Debian's",
    ),
    stream="stderr",
)
APIC_ID_NEEDS_X2APIC: Final = Message(
    {"9.0": "APIC ID {id} requires x2APIC feature in CPU"},
    _APIC_ID,
    ("-smp asks for 256 CPUs or more", "the model of CPU has no x2APIC"),
)
APIC_ID_HINT: Final = Message(
    {"9.1": "Try x2apic=on in -cpu."},
    _APIC_ID,
    ("follows the error that a CPU needs x2APIC",),
    stream="stderr",
)
SMP_NEEDS_IRQCHIP: Final = Message(
    {
        "7.1": "current -smp configuration requires kernel irqchip and X2APIC API support.",
        "8.2": None,
    },
    "hw/i386/x86.c:x86_cpus_init",
    ("the last CPU of -smp has an APIC ID of 255 or more, and TCG runs the guest",),
)
SMP_NEEDS_INTERRUPT_MODE: Final = Message(
    {
        "3.1": (
            "current -smp configuration requires Extended Interrupt Mode enabled. You can add an "
            "IOMMU using: -device intel-iommu,intremap=on,eim=on"
        ),
        "6.0": "current -smp configuration requires kernel irqchip support.",
        "7.1": None,
    },
    "hw/i386/pc.c:pc_machine_done",
    ("the last CPU of -smp has an APIC ID of 255 or more, and TCG runs the guest",),
)
ASSERT_SOCKETS: Final = Message(
    {
        since: place
        and f"qemu: {place}: smbios_get_tables: Assertion `smbios_smp_sockets >= 1' failed."
        for since, place in SOCKET_ASSERTIONS.items()
    },
    "hw/smbios/smbios.c:smbios_get_tables",
    ("cores or threads of -smp are so many that the number of sockets wraps to 0",),
    stream="abort",
)
