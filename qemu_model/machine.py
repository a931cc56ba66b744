"""``hw/core/machine.c``: properties of machines, CPUs in nodes, and making the machine."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import messages
from .boards import CPUArchId, CpuInstanceProperties, MachineProperty, machine_get_class
from .globals import Qemu
from .string_input import StringInputVisitor

C_FILE = "hw/core/machine.c"


def machine_set_dump_guest_core(qemu: Qemu, value: bool) -> None:
    """Put the guest's RAM into core dumps or not."""
    qemu.machine.dump_guest_core = value


def machine_set_mem_merge(qemu: Qemu, value: bool) -> None:
    """Let KSM merge the guest's RAM or not."""
    qemu.machine.mem_merge = value


#: Properties of every machine.
PROPERTIES: Final[Mapping[str, MachineProperty]] = MappingProxyType(
    {
        "accel": MachineProperty("string"),
        "append": MachineProperty("string"),
        "dt-compatible": MachineProperty("string"),
        "dtb": MachineProperty("string"),
        "dump-guest-core": MachineProperty("bool", machine_set_dump_guest_core),
        "dumpdtb": MachineProperty("string"),
        "enforce-config-section": MachineProperty("bool"),
        "firmware": MachineProperty("string"),
        "graphics": MachineProperty("bool"),
        "igd-passthru": MachineProperty("bool"),
        "initrd": MachineProperty("string"),
        "kernel": MachineProperty("string"),
        "kernel-irqchip": MachineProperty("on|off|split"),
        "kvm-shadow-mem": MachineProperty("int"),
        "mem-merge": MachineProperty("bool", machine_set_mem_merge),
        "memory-encryption": MachineProperty("string"),
        "phandle-start": MachineProperty("int"),
        "suppress-vmdesc": MachineProperty("bool"),
        "usb": MachineProperty("bool"),
    }
)


def set_property(qemu: Qemu, name: str, text: str) -> None:
    """Set a property of the machine to what ``text`` says.

    Raises ``Property '.<name>' not found``, ``Insufficient permission to perform
    this operation``, what a value of the wrong kind raises and what the setter
    raises.
    """
    prop = machine_get_class(qemu).properties.get(name)
    if prop is None:
        raise messages.PROPERTY_NOT_FOUND.error(type=qemu.machine.type_name, property=name)
    if prop.kind == "read-only":
        raise messages.NOT_WRITABLE.error(type=qemu.machine.type_name, property=name)
    v = StringInputVisitor(qemu, text)
    value: object
    match prop.kind:
        case "bool":
            value = v.type_bool(name)
        case "size":
            value = v.type_size(name)
        case "int":
            value = v.type_int64(name)
        case "string":
            value = text
        case values:
            value = v.type_enum(name, values.split("|"))
    if prop.set is not None:
        prop.set(qemu, value)


def machine_set_cpu_numa_node(qemu: Qemu, props: CpuInstanceProperties) -> None:
    """Put all CPUs that fit ``props`` into its node.

    Raises ``CPU is already assigned to node-id: <n>`` and ``no match found``.
    """
    match = False
    for slot in qemu.machine.possible_cpus:
        if props.thread_id not in (None, slot.thread_id):
            continue
        if props.core_id not in (None, slot.core_id):
            continue
        if props.die_id not in (None, slot.die_id):
            continue
        if props.socket_id not in (None, slot.socket_id):
            continue
        if slot.node_id not in (None, props.node_id):
            raise messages.CPU_ASSIGNED.error(node=slot.node_id)
        match = True
        slot.node_id = props.node_id
    if not match:
        raise messages.CPU_NO_MATCH.error()


def cpu_slot_to_string(cpu: CPUArchId) -> str:
    """Return the place of a CPU in words."""
    die = "" if cpu.die_id is None else f"die-id: {cpu.die_id}, "
    return f"socket-id: {cpu.socket_id}, {die}core-id: {cpu.core_id}, thread-id: {cpu.thread_id}"


def machine_numa_finish_cpu_init(qemu: Qemu) -> None:
    """Put the CPUs that no -numa names into nodes.

    If none is named sockets go round the nodes; else the rest goes to node 0, with
    two warnings.
    """
    nodes = qemu.numa.nb_numa_nodes
    cpus = qemu.machine.possible_cpus
    if all(slot.node_id is None for slot in cpus):
        for slot in cpus:
            slot.node_id = slot.socket_id % nodes
        return
    left = [(index, slot) for index, slot in enumerate(cpus) if slot.node_id is None]
    for _, slot in left:
        slot.node_id = 0
    if left:
        names = ", ".join(f"CPU {index} [{cpu_slot_to_string(slot)}]" for index, slot in left)
        qemu.warn_report(messages.CPUS_WITHOUT_NODE, cpus=names)
        qemu.warn_report(messages.CPUS_PARTIAL)


def machine_run_board_init(qemu: Qemu) -> None:
    """Complete NUMA, and make the machine.

    Prints what goes wrong, and exits with 1.
    """
    from .numa import numa_complete_configuration

    numa_complete_configuration(qemu)
    if qemu.numa.nb_numa_nodes:
        machine_numa_finish_cpu_init(qemu)
    machine_get_class(qemu).init(qemu)
