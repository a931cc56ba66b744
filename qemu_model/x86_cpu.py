"""``target/i386/cpu.c``: what the model of the guest's CPU means for its memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .error import Exit
from .globals import Qemu

C_FILE = "target/i386/cpu.c"

#: The number of physical address bits of a CPU unless the line gives another.
TCG_PHYS_ADDR_BITS: Final = 40
#: CPU models of 32 bits: their physical addresses are not modelled.
_OF_32_BITS: Final = frozenset(
    {"486", "athlon", "coreduo", "kvm32", "n270", "pentium", "pentium2", "pentium3", "qemu32"}
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


def _cpu_phys_bits(qemu: Qemu) -> int | None:
    """Return how many bits the guest's physical addresses have, None if the host decides."""
    name, _, features = (qemu.machine.cpu or "qemu64").partition(",")
    given = dict(feature.partition("=")[::2] for feature in features.split(","))
    bits = given.get("phys-bits", "")
    if bits.isdecimal() and int(bits):
        return int(bits)
    if name == "host" or name in _OF_32_BITS:
        return None
    if not _uses_tcg(qemu) and (name == "max" or given.get("host-phys-bits", "off") != "off"):
        return None
    return TCG_PHYS_ADDR_BITS


def x86_cpu_realizefn(qemu: Qemu) -> None:
    """Make the first CPU: warn of threads, which AMD's do not have.

    Before 6.0 prints ``TCG only supports phys-bits=40`` and exits with 1.
    """
    if _uses_tcg(qemu) and messages.TCG_PHYS_BITS.is_said_in(qemu.tree):
        if _cpu_phys_bits(qemu) not in (None, TCG_PHYS_ADDR_BITS):
            qemu.error_report(messages.TCG_PHYS_BITS, bits=TCG_PHYS_ADDR_BITS)
            raise Exit(1)
    if qemu.smp_threads > 1 and _cpu_is_amd(qemu):
        qemu.warn_report(messages.HYPERTHREADING, threads=qemu.smp_threads)
        if messages.HYPERTHREADING_HINT.is_said_in(qemu.tree):
            qemu.fprintf_stderr(messages.HYPERTHREADING_HINT)
