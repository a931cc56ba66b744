"""``hw/i386/x86.c``: the CPUs of an x86 machine, and their places."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .boards import CPUArchId
from .globals import Qemu
from .x86_cpu import x86_cpu_realizefn

C_FILE = "hw/i386/x86.c"


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


def x86_cpus_init(qemu: Qemu) -> None:
    """Make the CPUs."""
    x86_cpu_realizefn(qemu)
