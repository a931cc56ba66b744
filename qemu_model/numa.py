"""``numa.c``: the guest's NUMA nodes, and where the guest's RAM comes from."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from . import messages
from .boards import CpuInstanceProperties, MachineClass, machine_get_class
from .cutils import qemu_strtosz_MiB
from .error import Error, Exit
from .glib import GHashTable
from .globals import Qemu
from .hostmem import (
    HostMemoryBackend,
    host_memory_backend_get_dump,
    host_memory_backend_get_memory,
    host_memory_backend_get_merge,
    host_memory_backend_get_policy,
    host_memory_backend_get_prealloc,
    host_memory_backend_get_size,
    host_memory_backend_set_mapped,
)
from .machine import machine_set_cpu_numa_node
from .memory import (
    MemoryRegion,
    memory_region_add_subregion,
    memory_region_init,
    memory_region_init_ram_from_file,
    memory_region_init_ram_nomigrate,
    memory_region_is_mapped,
)
from .numa_info import MAX_NODES, NUMA_DISTANCE_MIN, NodeInfo
from .opts_visitor import OptsVisitor
from .qemu_option import QemuOpts
from .qom import (
    object_get_canonical_path_component,
    object_get_objects_root,
    object_resolve_path_type,
)
from .ram_addr import NO_FLAGS

C_FILE = "numa.c"

#: What a process of 64 bits can count.
UINT64_MASK: Final = (1 << 64) - 1

NODE_MEMBERS: Final = ("type", "nodeid", "cpus", "mem", "memdev")
DIST_MEMBERS: Final = ("type", "src", "dst", "val")
CPU_MEMBERS: Final = ("type", "node-id", "socket-id", "core-id", "thread-id")


@attrs.frozen
class NumaNodeOptions:
    """``-numa node``: ``mem`` in bytes; None is what is not given."""

    nodeid: int | None = None
    cpus: tuple[int, ...] = ()
    mem: int | None = None
    memdev: str | None = None


@attrs.frozen
class NumaDistOptions:
    """``-numa dist``: the distance ``val`` from node ``src`` to node ``dst``."""

    src: int
    dst: int
    val: int


#: What -numa says: a node, a distance, or (``-numa cpu``) a node for some CPUs.
NumaOptions = NumaNodeOptions | NumaDistOptions | CpuInstanceProperties


def parse_numa_node(qemu: Qemu, node: NumaNodeOptions) -> None:
    """Make one node.

    Raises ``Max number of NUMA nodes reached: <n>``, ``Duplicate NUMA nodeid: <n>``,
    ``NUMA is not supported by this machine-type``, ``CPU index (<n>) should be
    smaller than maxcpus (<n>)``, ``CPU is already assigned to node-id: <n>``,
    ``cannot specify both mem= and memdev=``, ``memdev option must be specified for
    either all or no nodes`` and ``memdev=<text> is ambiguous``.
    """
    numa = qemu.numa
    nodenr = numa.nb_numa_nodes if node.nodeid is None else node.nodeid
    if nodenr >= MAX_NODES:
        raise messages.NUMA_MAX_NODES.error(node=nodenr)
    info = numa.info(nodenr)
    if info.present:
        raise messages.NUMA_DUPLICATE_NODE.error(node=nodenr)
    if machine_get_class(qemu).possible_cpu_arch_ids is None:
        raise messages.NUMA_NOT_SUPPORTED.error()

    for cpu in node.cpus:
        if cpu >= qemu.max_cpus:
            raise messages.NUMA_CPU_INDEX.error(cpu=cpu, max_cpus=qemu.max_cpus)
        slot = qemu.machine.possible_cpus[cpu]
        machine_set_cpu_numa_node(
            qemu, CpuInstanceProperties(nodenr, slot.socket_id, slot.core_id, slot.thread_id)
        )

    has_memdev = node.memdev is not None
    if node.mem is not None and has_memdev:
        raise messages.NUMA_MEM_AND_MEMDEV.error()
    if numa.have_memdevs == -1:
        numa.have_memdevs = int(has_memdev)
    if int(has_memdev) != numa.have_memdevs:
        raise messages.NUMA_MEMDEV_ALL_OR_NONE.error()

    if node.mem is not None:
        info.node_mem = node.mem
    if node.memdev is not None:
        backend = object_resolve_path_type(qemu, node.memdev, HostMemoryBackend)
        if backend is None:
            raise messages.NUMA_MEMDEV_AMBIGUOUS.error(memdev=node.memdev)
        info.node_mem = host_memory_backend_get_size(qemu, backend)
        info.node_memdev = backend
    info.present = True
    numa.max_numa_nodeid = max(numa.max_numa_nodeid, nodenr + 1)
    numa.nb_numa_nodes += 1


def parse_numa_distance(qemu: Qemu, dist: NumaDistOptions) -> None:
    """Note one distance.

    Raises ``Parameter '<name>' expects an integer between 0 and 127``,
    ``Source/Destination NUMA node is missing. ...``, ``NUMA distance (<n>) is invalid,
    ...`` and ``Local distance of node <n> should be 10.``
    """
    numa = qemu.numa
    if dist.src >= MAX_NODES or dist.dst >= MAX_NODES:
        name = "src" if dist.src >= MAX_NODES else "dst"
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

    Raises what ``parse_numa_node``, ``parse_numa_distance`` and
    ``machine_set_cpu_numa_node`` raise, ``Missing mandatory node-id property`` and
    ``Invalid node-id=<n>, ...``.  Of a node-id that is negative or 128 and more QEMU
    looks outside its array, and may find anything; the model takes it for absent.
    """
    if isinstance(options, NumaNodeOptions):
        parse_numa_node(qemu, options)
    elif isinstance(options, NumaDistOptions):
        parse_numa_distance(qemu, options)
    else:
        if options.node_id is None:
            raise messages.NUMA_NODE_ID_MANDATORY.error()
        info = qemu.numa.numa_info.get(options.node_id)
        if info is None or not info.present:
            raise messages.NUMA_NODE_ID_INVALID.error(node=options.node_id)
        machine_set_cpu_numa_node(qemu, options)


def visit_type_numa_options(qemu: Qemu, opts: QemuOpts) -> NumaOptions:
    """Read one -numa, its parameters in the order of their declaration.

    Raises ``Parameter 'type' is missing``, ``Invalid parameter '<type>'``,
    ``Parameter '<name>' expects ...`` and ``Invalid parameter '<name>'``.
    """
    v = OptsVisitor(qemu, opts)
    options: NumaOptions
    kind = v.type_enum("type", ("node", "dist", "cpu"))
    if kind == "node":
        options = NumaNodeOptions(
            v.type_uint16("nodeid") if v.has("nodeid") else None,
            tuple(v.uint16_list("cpus")),
            v.type_size("mem") if v.has("mem") else None,
            v.type_str("memdev") if v.has("memdev") else None,
        )
        v.check_struct()
    elif kind == "dist":
        options = NumaDistOptions(v.type_uint16("src"), v.type_uint16("dst"), v.type_uint8("val"))
        v.check_struct()
    else:
        options = CpuInstanceProperties(
            *(v.type_int64(name) if v.has(name) else None for name in CPU_MEMBERS[1:])
        )
        v.check_struct()
    return options


def parse_numa(qemu: Qemu, opts: QemuOpts) -> None:
    """Read one -numa and do what it says; a ``mem`` without a unit is in MiB.

    Raises what ``visit_type_numa_options`` and ``set_numa_options`` raise.
    """
    options = visit_type_numa_options(qemu, opts)
    if isinstance(options, NumaNodeOptions) and options.mem is not None:
        text = opts.get("mem")
        assert text is not None
        size = qemu_strtosz_MiB(qemu, text)
        if size is not None:
            options = attrs.evolve(options, mem=size)
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

    Machines up to 2.9 do it so.
    """
    usedmem = 0
    for node in nodes[:-1]:
        node.node_mem = size // len(nodes) >> mc.numa_mem_align_shift << mc.numa_mem_align_shift
        usedmem += node.node_mem
    nodes[-1].node_mem = size - usedmem


def numa_default_auto_assign_ram(mc: MachineClass, nodes: list[NodeInfo], size: int) -> None:
    """Split ``size`` bytes among the nodes: what rounding leaves goes to the next node."""
    usedmem = propagate = 0
    granularity = size // len(nodes)
    for node in nodes[:-1]:
        share = granularity + propagate
        node.node_mem = share >> mc.numa_mem_align_shift << mc.numa_mem_align_shift
        propagate = share - node.node_mem
        usedmem += node.node_mem
    nodes[-1].node_mem = size - usedmem


def numa_complete_configuration(qemu: Qemu) -> None:
    """Give memory and distances to nodes that have none, and check what was given.

    Where memory can be plugged in, a guest without NUMA gets one node.  Prints
    ``numa: Node ID missing: <n>``, ``total memory for NUMA nodes (...) should equal
    RAM size (...)`` or what ``validate_numa_distance`` prints, and exits with 1.
    """
    numa = qemu.numa
    mc = machine_get_class(qemu)
    if qemu.machine.ram_slots and not numa.nb_numa_nodes and mc.auto_enable_numa_with_memhp:
        parse_numa_node(qemu, NumaNodeOptions())

    for node in reversed(range(numa.max_numa_nodeid)):
        if not numa.info(node).present:
            qemu.error_report(messages.NUMA_NODE_GAP, node=node)
            raise Exit(1)
    assert numa.nb_numa_nodes == numa.max_numa_nodeid
    if not numa.nb_numa_nodes:
        return

    nodes = [numa.info(node) for node in range(numa.nb_numa_nodes)]
    if not any(node.node_mem for node in nodes):
        assert mc.numa_auto_assign_ram is not None
        mc.numa_auto_assign_ram(mc, nodes, qemu.machine.ram_size)

    total = sum(node.node_mem for node in nodes) & UINT64_MASK
    if total != qemu.machine.ram_size:
        qemu.error_report(messages.NUMA_TOTAL, total=total, ram_size=qemu.machine.ram_size)
        raise Exit(1)

    if numa.have_numa_distance:
        validate_numa_distance(qemu)
        complete_init_numa_distance(qemu)


def allocate_system_memory_nonnuma(qemu: Qemu, mr: MemoryRegion, name: str, ram_size: int) -> None:
    """Take the guest's RAM, ``ram_size`` bytes, from -mem-path, or anonymous memory.

    If -mem-path fails its error is printed; under -mem-prealloc QEMU then exits
    with 1, else it prints ``falling back to regular RAM allocation.`` and takes
    anonymous memory.  Without that either, it prints ``cannot set up guest memory
    '<name>': <strerror>`` and exits with 1.
    """
    if qemu.mem_path is not None:
        try:
            memory_region_init_ram_from_file(qemu, mr, name, ram_size, 0, NO_FLAGS, qemu.mem_path)
        except Error as error:
            qemu.error_report_err(error)
            if qemu.mem_prealloc:
                raise Exit(1) from error
            qemu.error_report(messages.FALLING_BACK)
        else:
            return
    try:
        memory_region_init_ram_nomigrate(qemu, mr, name, ram_size)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def memory_region_allocate_system_memory(
    qemu: Qemu, mr: MemoryRegion, name: str, ram_size: int
) -> None:
    """Take the guest's RAM: the backends of the nodes, one after the other, or RAM of its own.

    Prints what ``allocate_system_memory_nonnuma`` prints, or ``memory backend <id>
    is used multiple times. ...`` and exits with 1.
    """
    numa = qemu.numa
    if not numa.nb_numa_nodes or not numa.have_memdevs:
        allocate_system_memory_nonnuma(qemu, mr, name, ram_size)
        return

    memory_region_init(mr, name, ram_size)
    for node in range(numa.nb_numa_nodes):
        backend = numa.info(node).node_memdev
        if backend is None:
            continue
        seg = host_memory_backend_get_memory(backend)
        if memory_region_is_mapped(seg):
            path = object_get_canonical_path_component(qemu, backend)
            qemu.error_report(messages.MEMDEV_USED_TWICE, id=path)
            # Patch 1: the string belongs to the caller, who frees it.
            if qemu.tree.numa.frees_the_memdev_name:
                qemu.heap.g_free(path)
            raise Exit(1)
        host_memory_backend_set_mapped(backend, True)
        memory_region_add_subregion(mr, seg)


def query_memdev(qemu: Qemu, backend: HostMemoryBackend) -> dict[str, object]:
    """Return what ``query-memdev`` says of one backend; no nodes are an empty list here."""
    return {
        "id": backend.id,
        "size": host_memory_backend_get_size(qemu, backend),
        "merge": host_memory_backend_get_merge(qemu, backend),
        "dump": host_memory_backend_get_dump(qemu, backend),
        "prealloc": host_memory_backend_get_prealloc(qemu, backend),
        "host-nodes": sorted(backend.host_nodes),
        "policy": host_memory_backend_get_policy(qemu, backend),
    }


def qmp_query_memdev(qemu: Qemu) -> list[dict[str, object]]:
    """List the backends, in the order of the hash table they are in, backwards."""
    object_get_objects_root(qemu)
    children = GHashTable(("type", *qemu.objects))
    backends = [qemu.objects.get(name) for name in children]
    return [
        query_memdev(qemu, backend)
        for backend in reversed(backends)
        if isinstance(backend, HostMemoryBackend)
    ]
