"""``hw/i386/x86.c``: the CPUs of an x86 machine, and their places."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .boards import CPUArchId
from .error import Exit, Message
from .globals import Qemu
from .x86_cpu import _uses_tcg, apic_common_set_id, x86_cpu_realizefn

C_FILE = "hw/i386/x86.c"

#: The largest APIC ID without x2APIC, where TCG runs the guest, is one less.
LARGEST_APIC_ID: Final = 255


def x86_possible_cpu_arch_ids(qemu: Qemu) -> list[CPUArchId]:
    """Return the places for CPUs: threads of a core, cores of a module, modules of a die, ...

    A socket that is one die has none that could be named, except in 4.1; the same goes for
    modules.
    """
    names_every_die = qemu.tree.machine.every_cpu_has_a_die
    places = []
    for index in range(qemu.max_cpus):
        core, thread_id = divmod(index, qemu.smp_threads)
        module, core_id = divmod(core, qemu.smp_cores)
        die, module_id = divmod(module, qemu.smp_modules)
        socket_id, die_id = divmod(die, qemu.smp_dies)
        place = CPUArchId(socket_id, core_id, thread_id)
        if qemu.smp_dies > 1 or names_every_die:
            place.die_id = die_id
        if qemu.smp_modules > 1:
            place.module_id = module_id
        places.append(place)
    return places


def x86_get_default_cpu_node_id(qemu: Qemu, index: int) -> int:
    """Return the node of a CPU that no -numa names: sockets go round the nodes."""
    socket_id = qemu.machine.possible_cpus[index].socket_id
    assert socket_id is not None
    return socket_id % qemu.numa.nb_numa_nodes


def x86_cpu_apic_id_from_index(qemu: Qemu, index: int) -> int:
    """Return the APIC ID of a CPU: each level of -smp has as many bits as it needs."""
    apic_id, shift = 0, 0
    for count in (qemu.smp_threads, qemu.smp_cores, qemu.smp_modules, qemu.smp_dies):
        index, number = divmod(index, count)
        apic_id |= number << shift
        shift += (count - 1).bit_length()
    return apic_id | index << shift


def x86_cpus_init(qemu: Qemu) -> None:
    """Make the CPUs.

    Prints what ``x86_cpu_realizefn`` prints and ``current -smp configuration requires
    ...``, and exits with 1.
    """
    if messages.SMP_NEEDS_IRQCHIP.is_said_in(qemu.tree):
        _check_apic_id_limit(qemu, messages.SMP_NEEDS_IRQCHIP)
    x86_cpu_realizefn(qemu)
    if _uses_tcg(qemu) and _apic_id_limit(qemu) > LARGEST_APIC_ID:
        for index in range(qemu.smp_cpus):
            apic_common_set_id(qemu, x86_cpu_apic_id_from_index(qemu, index))


def _apic_id_limit(qemu: Qemu) -> int:
    """Return the number after the APIC ID of the last CPU that there may be."""
    return x86_cpu_apic_id_from_index(qemu, qemu.max_cpus - 1) + 1


def _check_apic_id_limit(qemu: Qemu, message: Message) -> None:
    """Print a message and exit with 1 if TCG cannot have the last CPU that there may be."""
    if _uses_tcg(qemu) and _apic_id_limit(qemu) > LARGEST_APIC_ID:
        qemu.error_report(message)
        raise Exit(1)
