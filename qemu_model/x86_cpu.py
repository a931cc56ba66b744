"""``target/i386/cpu.c``: what the model of the guest's CPU means for its memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .cutils import qemu_strtou64
from .error import Exit, Killed
from .globals import Qemu

C_FILE = "target/i386/cpu.c"

SIGABRT: Final = 6

#: The number of physical address bits of a CPU unless the line gives another.
TCG_PHYS_ADDR_BITS: Final = 40
TARGET_PHYS_ADDR_SPACE_BITS: Final = 52
UINT32_MAX: Final = 0xFFFF_FFFF
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


def _has_feature(qemu: Qemu, name: str, *, otherwise: bool) -> bool:
    """Return whether the CPU has a feature that -cpu may give it, or take from it."""
    has = otherwise
    for feature in (qemu.machine.cpu or "").split(",")[1:]:
        if feature in (f"+{name}", name, f"{name}=on"):
            has = True
        elif feature in (f"-{name}", f"{name}=off"):
            has = False
    return has


def _cpu_has_32_bits(qemu: Qemu) -> bool:
    name = (qemu.machine.cpu or "qemu64").partition(",")[0]
    return not _has_feature(qemu, "lm", otherwise=name not in _OF_32_BITS)


def _given_phys_bits(qemu: Qemu) -> str:
    """Return what -cpu says of phys-bits, empty for nothing."""
    given = ""
    for feature in (qemu.machine.cpu or "").split(",")[1:]:
        name, separator, value = feature.partition("=")
        if name == "phys-bits":
            given = value if separator else "on"
    return given


def _phys_bits(qemu: Qemu) -> int:
    """Return the number of phys-bits that -cpu gives, 0 if it gives none, or another text."""
    return qemu_strtou64(_given_phys_bits(qemu)) or 0


def _apply_globals(qemu: Qemu) -> None:
    """Set the properties that -cpu gives, of which only phys-bits is read here.

    Prints ``can't apply global <type>.phys-bits=<text>: Parameter 'phys-bits' expects uint64``,
    or ``uint32_t``, and exits with 1.
    """
    name, *features = (qemu.machine.cpu or "").split(",")
    if not any(feature.startswith("phys-bits") for feature in features):
        return
    text = _given_phys_bits(qemu)
    number = qemu_strtou64(text)
    if number is None or number > UINT32_MAX:
        kind, type = "uint64" if number is None else "uint32_t", f"{name}-x86_64-cpu"
        qemu.error_report(messages.PHYS_BITS_GLOBAL, type=type, text=text, kind=kind)
        raise Exit(1)


def _check_phys_bits_given(qemu: Qemu) -> None:
    """Refuse phys-bits that a CPU cannot have."""
    bits = _phys_bits(qemu)
    if _cpu_has_32_bits(qemu):
        if bits:
            qemu.error_report(messages.PHYS_BITS_OF_32_BITS)
            raise Exit(1)
        return
    fixed = _uses_tcg(qemu) and messages.TCG_PHYS_BITS.is_said_in(qemu.tree)
    if fixed and _cpu_phys_bits(qemu) != TCG_PHYS_ADDR_BITS:
        qemu.error_report(messages.TCG_PHYS_BITS, bits=TCG_PHYS_ADDR_BITS)
        raise Exit(1)
    largest = bits if qemu.tree.x86_cpu.phys_bits_have_no_limit else TARGET_PHYS_ADDR_SPACE_BITS
    if bits and not 32 <= bits <= largest:
        qemu.error_report(messages.PHYS_BITS_RANGE, bits=bits)
        raise Exit(1)


def _warn_of_threads(qemu: Qemu) -> None:
    """Warn of threads, which AMD's CPUs do not have."""
    if 1 < qemu.smp_threads < 1 << 31 and _cpu_is_amd(qemu):
        qemu.warn_report(messages.HYPERTHREADING, threads=qemu.smp_threads)
        if messages.HYPERTHREADING_HINT.is_said_in(qemu.tree):
            qemu.fprintf_stderr(messages.HYPERTHREADING_HINT)


def _cpu_phys_bits(qemu: Qemu) -> int | None:
    """Return how many bits the guest's physical addresses have, None if the host decides."""
    name = (qemu.machine.cpu or "qemu64").partition(",")[0]
    if _cpu_has_32_bits(qemu):
        pae = qemu.tree.pc.checks_memory_for_cpus_of_32_bits and name in _WITH_PAE
        pse36 = name in _WITH_PSE36 or name not in _OF_32_BITS
        return 36 if pae or _has_feature(qemu, "pse36", otherwise=pse36) else 32
    bits = _phys_bits(qemu)
    if bits:
        return bits
    of_the_host = _has_feature(qemu, "host-phys-bits", otherwise=name in ("host", "max"))
    return None if of_the_host and not _uses_tcg(qemu) else TCG_PHYS_ADDR_BITS


def x86_cpu_realizefn(qemu: Qemu) -> None:
    """Make the first CPU; warn of threads, which AMD's do not have.

    Prints ``can't apply global ...``, ``phys-bits is not user-configurable in 32 bit``,
    ``phys-bits should be between 32 and 52  (but is <n>)``, before 6.0 ``TCG only supports
    phys-bits=40``, and exits with 1.
    """
    _apply_globals(qemu)
    warns_first = qemu.tree.x86_cpu.warns_of_threads_first
    if warns_first:
        _warn_of_threads(qemu)
    _check_phys_bits_given(qemu)
    if not warns_first:
        _warn_of_threads(qemu)


def cpu_has_x2apic_feature(qemu: Qemu) -> bool:
    """Return whether the CPU has x2APIC, as TCG emulates it since 9.0."""
    name = (qemu.machine.cpu or "qemu64").partition(",")[0]
    return _has_feature(qemu, "x2apic", otherwise=not name.startswith(_WITHOUT_X2APIC))


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
