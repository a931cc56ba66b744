"""``hw/core/numa.c``: the guest's NUMA nodes, and where the guest's RAM comes from."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import messages
from .boards import MachineClass, machine_get_class
from .cutils import qemu_strtosz_MiB
from .error import Error, Exit
from .globals import Qemu
from .hostmem import HostMemoryBackend, host_memory_backend_get_size
from .machine import machine_set_cpu_numa_node
from .memory import memory_region_init
from .numa_hmat import parse_numa_hmat_cache, parse_numa_hmat_lb
from .numa_info import MAX_NODES, NUMA_DISTANCE_MIN, NodeInfo
from .opts_visitor import OptsVisitor
from .qapi_machine import (
    CpuInstanceProperties,
    NumaDistOptions,
    NumaHmatLBOptions,
    NumaNodeOptions,
    NumaOptions,
    visit_type_NumaOptions,
)
from .qemu_option import QemuOpts
from .qom import object_resolve_path_type
from .ram_addr import MemoryRegion

C_FILE = "hw/core/numa.c"

#: The largest 64-bit number.
UINT64_MASK: Final = (1 << 64) - 1
_ERANGE: Final = 34


def numa_uses_legacy_mem(qemu: Qemu) -> bool:
    """Return whether no node has a backend, so that the guest's RAM is one block."""
    return qemu.numa.have_memdevs != 1


def parse_numa_node(qemu: Qemu, node: NumaNodeOptions) -> None:
    """Make one node.

    Raises ``Max number of NUMA nodes reached: <n>``, ``Duplicate NUMA nodeid: <n>``,
    ``CPU index (<n>) should be smaller than maxcpus (<n>)``, ``CPU is already assigned to
    node-id: <n>``, ``memdev=<text> is ambiguous``, ``Parameter -numa node,mem is not
    supported by this machine type`` and what ``_check_mem_and_memdev`` raises.
    """
    numa = qemu.numa
    nodenr = numa.nb_numa_nodes if node.nodeid is None else node.nodeid
    if nodenr >= MAX_NODES:
        raise messages.NUMA_MAX_NODES.error(node=nodenr)
    info = numa.info(nodenr)
    if info.present:
        raise messages.NUMA_DUPLICATE_NODE.error(node=nodenr)
    if not qemu.machine.has_numa:
        raise messages.NUMA_NOT_SUPPORTED.error()
    if qemu.tree.numa.initiator_is_read_before_cpus and not _set_initiator(qemu, node, info):
        return
    for cpu in node.cpus:
        if cpu >= qemu.max_cpus:
            raise messages.NUMA_CPU_INDEX.error(cpu=cpu, max_cpus=qemu.max_cpus)
        slot = qemu.machine.possible_cpus[cpu]
        machine_set_cpu_numa_node(
            qemu,
            CpuInstanceProperties(
                nodenr,
                slot.socket_id,
                slot.core_id,
                slot.thread_id,
                slot.die_id,
                slot.cluster_id,
                slot.module_id,
            ),
        )
    _check_mem_and_memdev(qemu, node)
    if node.mem is not None:
        mc = machine_get_class(qemu)
        unversioned = qemu.tree.numa.mem_is_of_old_versions and not mc.version
        if not mc.numa_mem_supported or unversioned:
            raise messages.NUMA_MEM.error(hint=messages.NUMA_MEM_HINT)
        info.node_mem = node.mem
        if qemu.tree.numa.warns_of_mem:
            qemu.warn_report(messages.NUMA_MEM_DEPRECATED)
    if node.memdev is not None:
        backend = object_resolve_path_type(qemu, node.memdev, HostMemoryBackend)
        if backend is None:
            raise messages.NUMA_MEMDEV_AMBIGUOUS.error(memdev=node.memdev)
        info.node_mem = host_memory_backend_get_size(qemu, backend)
        info.node_memdev = backend
    if not qemu.tree.numa.initiator_is_read_before_cpus and not _set_initiator(qemu, node, info):
        return
    info.present = True
    numa.max_numa_nodeid = max(numa.max_numa_nodeid, nodenr + 1)
    numa.nb_numa_nodes += 1


def _check_mem_and_memdev(qemu: Qemu, node: NumaNodeOptions) -> None:
    """Refuse a mixture of ``mem`` and ``memdev``.

    Raises ``numa configuration should use either mem= or memdev=,mixing both is not
    allowed``; before 4.1 ``cannot specify both mem= and memdev=`` and ``memdev option must
    be specified for either all or no nodes``.
    """
    numa = qemu.numa
    has_mem, has_memdev = node.mem is not None, node.memdev is not None
    if qemu.tree.numa.a_node_may_have_no_memory:
        numa.have_memdevs = int(numa.have_memdevs == 1 or has_memdev)
        numa.have_mem = numa.have_mem or has_mem
        if (has_mem and numa.have_memdevs) or (has_memdev and numa.have_mem):
            raise messages.NUMA_MIXED.error()
        return
    if has_mem and has_memdev:
        raise messages.NUMA_MEM_AND_MEMDEV.error()
    if numa.have_memdevs == -1:
        numa.have_memdevs = int(has_memdev)
    if int(has_memdev) != numa.have_memdevs:
        raise messages.NUMA_MEMDEV_ALL_OR_NONE.error()


def _set_initiator(qemu: Qemu, node: NumaNodeOptions, info: NodeInfo) -> bool:
    """Note the node whose CPUs start accesses to this one; return False where QEMU skips the rest.

    Raises ``ACPI Heterogeneous Memory Attribute Table (HMAT) is disabled, ...``; prints
    ``The initiator id <n> expects an integer between 0 and 127`` and continues without the
    node.
    """
    if node.initiator is None:
        return True
    if not qemu.machine.hmat:
        raise messages.NUMA_HMAT.error()
    if node.initiator >= MAX_NODES:
        qemu.error_report(messages.INITIATOR_RANGE, node=node.initiator, most=MAX_NODES - 1)
        return False
    info.initiator = node.initiator
    return True


def parse_numa_distance(qemu: Qemu, dist: NumaDistOptions) -> None:
    """Note one distance.

    Raises ``Parameter '<name>' expects an integer between 0 and 127``,
    ``Source/Destination NUMA node is missing. ...``, ``NUMA distance (<n>) is invalid,
    ...`` and ``Local distance of node <n> should be 10.``
    """
    numa = qemu.numa
    for name, node in (("src", dist.src), ("dst", dist.dst)):
        if node >= MAX_NODES:
            raise messages.NUMA_INVALID_NODE.error(name=name, most=MAX_NODES - 1)
    if not numa.info(dist.src).present or not numa.info(dist.dst).present:
        raise messages.NUMA_NODE_MISSING.error()
    if dist.val < NUMA_DISTANCE_MIN:
        raise messages.NUMA_DISTANCE_LOW.error(val=dist.val, least=NUMA_DISTANCE_MIN)
    if dist.src == dist.dst and dist.val != NUMA_DISTANCE_MIN:
        raise messages.NUMA_DISTANCE_LOCAL.error(node=dist.src, least=NUMA_DISTANCE_MIN)
    numa.info(dist.src).distance[dist.dst] = dist.val
    numa.have_numa_distance = True


def set_numa_options(qemu: Qemu, options: NumaOptions) -> None:
    """Do what one -numa says.

    Raises ``NUMA is not supported by this machine-type``, ``Missing mandatory node-id
    property``, ``Invalid node-id=<n>, ...``, ``ACPI Heterogeneous Memory Attribute Table
    (HMAT) is disabled, ...`` and what the functions for each kind raise.  For a node-id below
    0 or above 127 QEMU reads outside its array; the model treats the node as absent.
    """
    if qemu.tree.numa.asks_the_machine_first and not qemu.machine.has_numa:
        raise messages.NUMA_NOT_SUPPORTED.error()
    match options:
        case NumaNodeOptions():
            parse_numa_node(qemu, options)
        case NumaDistOptions():
            parse_numa_distance(qemu, options)
        case CpuInstanceProperties():
            if options.node_id is None:
                raise messages.NUMA_NODE_ID_MANDATORY.error()
            info = qemu.numa.numa_info.get(options.node_id)
            if info is None or not info.present:
                raise messages.NUMA_NODE_ID_INVALID.error(node=options.node_id)
            machine_set_cpu_numa_node(qemu, options)
        case _ if not qemu.machine.hmat:
            raise messages.NUMA_HMAT.error()
        case NumaHmatLBOptions():
            parse_numa_hmat_lb(qemu, options)
        case _:
            parse_numa_hmat_cache(qemu, options)


def parse_numa(qemu: Qemu, opts: QemuOpts) -> None:
    """Read one -numa and do what it says; a ``mem`` without a unit is in MiB.

    Raises what ``visit_type_NumaOptions`` and ``set_numa_options`` raise, and since 8.1
    ``could not parse memory size '<text>': <strerror>``.
    """
    options = visit_type_NumaOptions(OptsVisitor(qemu, opts), qemu.tree.release)
    if isinstance(options, NumaNodeOptions) and options.mem is not None:
        text = opts.get("mem")
        assert text is not None
        size = qemu_strtosz_MiB(qemu, text)
        if size is not None:
            options = options._replace(mem=size)
        elif qemu.tree.numa.refuses_mem_beyond_64_bits:
            raise messages.NUMA_MEM_SIZE.error(_ERANGE, text=text)
    set_numa_options(qemu, options)


def parse_numa_opts(qemu: Qemu, numa: Sequence[QemuOpts]) -> None:
    """Do what every -numa says; an error is printed with its option, and exits with 1."""
    for opts in numa:
        qemu.location = opts.location
        try:
            parse_numa(qemu, opts)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
    qemu.location = ""


def validate_numa_distance(qemu: Qemu) -> None:
    """Refuse distances that cannot be completed.

    One direction is enough for each pair, unless some pair has two distances that
    differ: then all must be there.  Prints ``The distance between node <n> and <n>
    is missing, ...`` or ``At least one asymmetrical pair of distances is given,
    ...`` and exits with 1.
    """
    numa = qemu.numa
    nodes = range(numa.nb_numa_nodes)
    is_asymmetrical = False
    for src in nodes:
        for dst in range(src, numa.nb_numa_nodes):
            there = numa.info(src).distance.get(dst, 0)
            back = numa.info(dst).distance.get(src, 0)
            if not there and not back and src != dst:
                qemu.error_report(messages.NUMA_DISTANCE_MISSING, src=src, dst=dst)
                raise Exit(1)
            if there and back and there != back:
                is_asymmetrical = True
    if is_asymmetrical:
        for src in nodes:
            for dst in nodes:
                if src != dst and not numa.info(src).distance.get(dst, 0):
                    qemu.error_report(messages.NUMA_DISTANCE_ASYMMETRICAL)
                    raise Exit(1)


def complete_init_numa_distance(qemu: Qemu) -> None:
    """Fill in the distances that are not given: 10 to a node itself, else as the way back."""
    numa = qemu.numa
    for src in range(numa.nb_numa_nodes):
        for dst in range(numa.nb_numa_nodes):
            distance = numa.info(src).distance
            if not distance.get(dst, 0):
                distance[dst] = (
                    NUMA_DISTANCE_MIN if src == dst else numa.info(dst).distance.get(src, 0)
                )


def numa_legacy_auto_assign_ram(mc: MachineClass, nodes: list[NodeInfo], size: int) -> None:
    """Split ``size`` bytes among the nodes: equal parts, rounded down, the rest to the last.

    Machines up to 2.9 do this.
    """
    usedmem = 0
    for node in nodes[:-1]:
        node.node_mem = size // len(nodes) >> mc.numa_mem_align_shift << mc.numa_mem_align_shift
        usedmem += node.node_mem
    nodes[-1].node_mem = size - usedmem


def numa_default_auto_assign_ram(mc: MachineClass, nodes: list[NodeInfo], size: int) -> None:
    """Split ``size`` bytes among the nodes: the rounded-off part goes to the next node."""
    usedmem = propagate = 0
    granularity = size // len(nodes)
    for node in nodes[:-1]:
        share = granularity + propagate
        node.node_mem = share >> mc.numa_mem_align_shift << mc.numa_mem_align_shift
        propagate = share - node.node_mem
        usedmem += node.node_mem
    nodes[-1].node_mem = size - usedmem


def numa_init_memdev_container(qemu: Qemu, ram: MemoryRegion) -> None:
    """Put the backends of the nodes into the guest's RAM, one after the other.

    Prints what ``machine_consume_memdev`` prints, and exits with 1.
    """
    from .machine import machine_consume_memdev

    numa = qemu.numa
    for node in range(numa.nb_numa_nodes):
        backend = numa.info(node).node_memdev
        if backend is not None:
            machine_consume_memdev(qemu, ram, backend)


def _add_implicit_node(qemu: Qemu) -> None:
    """Give a guest without NUMA one node, where memory can be plugged in."""
    numa, machine, mc = qemu.numa, qemu.machine, machine_get_class(qemu)
    by_slots = mc.auto_enable_numa_with_memhp and machine.ram_slots
    by_room = mc.auto_enable_numa_with_memdev and machine.maxram_size > machine.ram_size
    if not numa.nb_numa_nodes and (by_slots or by_room or mc.auto_enable_numa):
        parse_numa_node(qemu, NumaNodeOptions())
        if qemu.tree.numa.implicit_node_has_all_ram:
            numa.info(0).node_mem = machine.ram_size


def _assign_ram(qemu: Qemu, nodes: list[NodeInfo]) -> None:
    """Split the RAM among the nodes if none was given any; from 4.1 on with a warning."""
    mc = machine_get_class(qemu)
    if any(node.node_mem for node in nodes):
        return
    assert mc.numa_auto_assign_ram is not None
    mc.numa_auto_assign_ram(mc, nodes, qemu.machine.ram_size)
    if qemu.tree.numa.warns_of_mem:
        qemu.warn_report(messages.NUMA_SPLIT_DEPRECATED)


def numa_complete_configuration(qemu: Qemu) -> None:
    """Check what was given of the nodes, and complete it.

    Where memory can be plugged in, a guest without NUMA gets one node.  Before 5.2 RAM is
    split among nodes if none was given any.  Prints ``numa: Node ID missing: <n>``, ``total
    memory for NUMA nodes (...) should equal RAM size (...)``, ``'-machine memory-backend'
    and '-numa memdev' properties are mutually exclusive`` or what
    ``validate_numa_distance`` and ``numa_init_memdev_container`` print, and exits with 1.
    """
    numa, machine, tree = qemu.numa, qemu.machine, qemu.tree
    _add_implicit_node(qemu)
    for node in reversed(range(numa.max_numa_nodeid)):
        if not numa.info(node).present:
            qemu.error_report(messages.NUMA_NODE_GAP, node=node)
            raise Exit(1)
    assert numa.nb_numa_nodes == numa.max_numa_nodeid
    if not numa.nb_numa_nodes:
        return

    nodes = [numa.info(node) for node in range(numa.nb_numa_nodes)]
    if not tree.numa.never_splits_ram:
        _assign_ram(qemu, nodes)
    total = sum(node.node_mem for node in nodes) & UINT64_MASK
    if total != machine.ram_size:
        qemu.error_report(messages.NUMA_TOTAL, total=total, ram_size=machine.ram_size)
        raise Exit(1)

    if tree.machine.ram_is_a_backend and not numa_uses_legacy_mem(qemu):
        if tree.numa.refuses_memdev_beside_memory_backend and machine.memdev is not None:
            qemu.error_report(messages.MEMDEV_EXCLUSIVE)
            raise Exit(1)
        machine.ram = MemoryRegion()
        memory_region_init(machine.ram, machine_get_class(qemu).default_ram_id, machine.ram_size)
        numa_init_memdev_container(qemu, machine.ram)

    if numa.have_numa_distance:
        validate_numa_distance(qemu)
        complete_init_numa_distance(qemu)
