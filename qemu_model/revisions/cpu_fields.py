"""What releases do differently about the guest's CPUs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .fields import Group, Shown, difference


class X86Cpu(Group):
    """``target/i386/cpu.c``."""

    warns_of_threads_first: bool = difference(
        "the warning of threads comes before phys-bits of -cpu is looked at",
        "10.0",
        "target/i386/cpu.c:x86_cpu_realizefn",
        shown=Shown(
            ("-M", "pc", "-m", "96M", "-smp", "2,threads=2", "-cpu", "athlon,phys-bits=36")
        ),
    )
    phys_bits_have_no_limit: bool = difference(
        "phys-bits of -cpu may be above 52",
        "11.1",
        "target/i386/cpu.c:x86_cpu_realizefn",
        shown=Shown(("-M", "pc", "-m", "96M", "-cpu", "qemu64,phys-bits=53")),
    )
