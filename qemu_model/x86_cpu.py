"""``target/i386/cpu.c``: what the model of the guest's CPU means for its memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .error import Exit, Killed
from .globals import Qemu

C_FILE = "target/i386/cpu.c"

SIGABRT: Final = 6

#: The number of physical address bits of a CPU unless the line gives another.
TCG_PHYS_ADDR_BITS: Final = 40
#: CPU models of 32 bits: those with PSE36, those with PAE alone, and all.
_WITH_PSE36: Final = frozenset({"athlon", "kvm32", "pentium2", "pentium3"})
_WITH_PAE: Final = frozenset({"coreduo", "n270", "qemu32"})
_OF_32_BITS: Final = _WITH_PSE36 | _WITH_PAE | {"486", "pentium"}
#: What the names of CPU models without x2APIC begin with.
_WITHOUT_X2APIC: Final = (
    *("486", "Conroe", "Dhyana", "EPYC", "Nehalem", "Opteron", "Penryn", "Westmere", "athlon"),
    *("base", "core2duo", "coreduo", "kvm32", "kvm64", "n270", "pentium", "phenom", "qemu"),
)
#: What the names of AMD's CPU models begin with; ``max`` is AMD's under TCG.
_OF_AMD: Final = ("qemu64", "max", "EPYC", "Opteron_G", "phenom", "athlon")


def _uses_tcg(qemu: Qemu) -> bool:
    return qemu.platform.accelerator == "tcg"


def _cpu_is_amd(qemu: Qemu) -> bool:
    """Return whether the CPU is known to be AMD's, as TCG emulates it.

    Under KVM and its like it has the vendor of the host's, which is not known here.
    """
    if not _uses_tcg(qemu):
        return False
    name, _, features = (qemu.machine.cpu or "qemu64").partition(",")
    given = dict(feature.partition("=")[::2] for feature in features.split(","))
    if "vendor" in given:
        return given["vendor"] == "AuthenticAMD"
    return name.startswith(_OF_AMD)


def _cpu_has_32_bits(qemu: Qemu) -> bool:
    return (qemu.machine.cpu or "qemu64").partition(",")[0] in _OF_32_BITS


def _cpu_phys_bits(qemu: Qemu) -> int | None:
    """Return how many bits the guest's physical addresses have, None if the host decides."""
    name, _, features = (qemu.machine.cpu or "qemu64").partition(",")
    given = dict(feature.partition("=")[::2] for feature in features.split(","))
    if _cpu_has_32_bits(qemu):
        pae = qemu.tree.pc.checks_memory_for_cpus_of_32_bits and name in _WITH_PAE
        return 36 if pae or name in _WITH_PSE36 else 32
    bits = given.get("phys-bits", "")
    if bits.isdecimal() and int(bits):
        return int(bits)
    of_the_host = name in ("host", "max") or given.get("host-phys-bits", "off") != "off"
    return None if of_the_host and not _uses_tcg(qemu) else TCG_PHYS_ADDR_BITS


def x86_cpu_realizefn(qemu: Qemu) -> None:
    """Make the first CPU: warn of threads, which AMD's do not have.

    Before 6.0 prints ``TCG only supports phys-bits=40`` and exits with 1.
    """
    fixed = _uses_tcg(qemu) and messages.TCG_PHYS_BITS.is_said_in(qemu.tree)
    if fixed and not _cpu_has_32_bits(qemu) and _cpu_phys_bits(qemu) != TCG_PHYS_ADDR_BITS:
        qemu.error_report(messages.TCG_PHYS_BITS, bits=TCG_PHYS_ADDR_BITS)
        raise Exit(1)
    if 1 < qemu.smp_threads < 1 << 31 and _cpu_is_amd(qemu):
        qemu.warn_report(messages.HYPERTHREADING, threads=qemu.smp_threads)
        if messages.HYPERTHREADING_HINT.is_said_in(qemu.tree):
            qemu.fprintf_stderr(messages.HYPERTHREADING_HINT)


def cpu_has_x2apic_feature(qemu: Qemu) -> bool:
    """Return whether the CPU has x2APIC, as TCG emulates it since 9.0."""
    name, *features = (qemu.machine.cpu or "qemu64").split(",")
    has = not name.startswith(_WITHOUT_X2APIC)
    for feature in features:
        if feature in {"+x2apic", "x2apic", "x2apic=on"}:
            has = True
        elif feature in {"-x2apic", "x2apic=off"}:
            has = False
    return has


def apic_common_set_id(qemu: Qemu, value: int) -> None:
    """Give a CPU the ID that its interrupts have.

    Prints ``apic initialization failed. APIC ID 255 is invalid``, since 9.0 ``APIC ID <n>
    requires x2APIC feature in CPU``, and exits with 1 or, from 9.0 to 10.2, aborts.
    """
    if messages.APIC_ID_INVALID.is_said_in(qemu.tree):
        if value & 0xFF == 0xFF:
            qemu.error_report(messages.APIC_ID_INVALID, id=value & 0xFF)
            raise Exit(1)
        return
    if value < 0xFF or cpu_has_x2apic_feature(qemu):
        return
    aborts = messages.APIC_ID_PLACE.is_said_in(qemu.tree)
    if aborts:
        qemu.fprintf_stderr(messages.APIC_ID_PLACE)
    qemu.error_report(messages.APIC_ID_NEEDS_X2APIC, id=value)
    if messages.APIC_ID_HINT.is_said_in(qemu.tree):
        qemu.fprintf_stderr(messages.APIC_ID_HINT)
    if aborts:
        raise Killed(SIGABRT)
    raise Exit(1)
