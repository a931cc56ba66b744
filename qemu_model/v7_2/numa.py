"""``hw/core/numa.c``: the guest's NUMA nodes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .. import messages
from ..boards import CpuInstanceProperties
from ..cutils import qemu_strtosz_MiB
from ..error import Error, Exit
from ..globals import Qemu
from ..machine import machine_set_cpu_numa_node
from ..numa import complete_init_numa_distance, validate_numa_distance
from ..numa_info import MAX_NODES, NUMA_DISTANCE_MIN
from ..opts_visitor import OptsVisitor
from ..qemu_option import QemuOpts
from ..qom import object_resolve_path_type
from .hostmem import HostMemoryBackend

if TYPE_CHECKING:
    from .boards import Machine72

C_FILE = "hw/core/numa.c"
UINT64_MASK: Final = (1 << 64) - 1
KINDS: Final = ("node", "dist", "cpu", "hmat-lb", "hmat-cache")
HIERARCHIES: Final = ("memory", "first-level", "second-level", "third-level")
DATA_TYPES: Final = (
    *("access-latency", "read-latency", "write-latency"),
    *("access-bandwidth", "read-bandwidth", "write-bandwidth"),
)


def numa_uses_legacy_mem(qemu: Qemu) -> bool:
    """Whether no node has a backend, so that the RAM is one."""
    return qemu.numa.have_memdevs != 1


def parse_numa_opts(qemu: Qemu, machine: Machine72, numa: Sequence[QemuOpts]) -> None:
    """Do what every -numa says; an error is printed with its option, and exits with 1."""
    have_mem = False
    for opts in numa:
        qemu.location = opts.location
        visitor = OptsVisitor(qemu, opts)
        try:
            have_mem = set_numa_options(qemu, machine, opts, visitor, have_mem)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error
    qemu.location = ""


def set_numa_options(
    qemu: Qemu, machine: Machine72, opts: QemuOpts, v: OptsVisitor, have_mem: bool
) -> bool:
    """Read one -numa and do what it says; return whether a node has ``mem`` so far.

    Raises what reading raises, ``NUMA is not supported by this machine-type`` and
    what the kinds raise.
    """
    match v.type_enum("type", KINDS):
        case "node":
            nodeid = v.type_uint16("nodeid") if v.has("nodeid") else None
            cpus = v.uint16_list("cpus") if v.has("cpus") else []
            mem = v.type_size("mem") if v.has("mem") else None
            memdev = v.type_str("memdev") if v.has("memdev") else None
            initiator = v.type_uint16("initiator") if v.has("initiator") else None
            v.check_struct()
            if mem is not None:
                mem = legacy_suffix(qemu, opts.get("mem") or "") or mem
            supported(machine)
            has_initiator = initiator is not None
            return parse_numa_node(
                qemu, machine, nodeid, cpus, mem, memdev, has_initiator, have_mem
            )
        case "dist":
            src, dst, val = v.type_uint16("src"), v.type_uint16("dst"), v.type_uint8("val")
            v.check_struct()
            supported(machine)
            parse_numa_distance(qemu, src, dst, val)
        case "cpu":
            names = ("node-id", "socket-id", "die-id", "cluster-id", "core-id", "thread-id")
            given = {name: v.type_int64(name) for name in names if v.has(name)}
            v.check_struct()
            supported(machine)
            set_cpu(qemu, given)
        case "hmat-lb":
            visit_type_NumaHmatLBOptions(v)
            supported(machine)
            raise messages.NUMA_HMAT.error()
        case _:
            visit_type_NumaHmatCacheOptions(v)
            supported(machine)
            raise messages.NUMA_HMAT.error()
    return have_mem


def visit_type_NumaHmatLBOptions(v: OptsVisitor) -> None:
    """Read a latency or bandwidth (``qapi/machine.json``), which the model makes nothing of.

    Raises what reading raises.
    """
    v.type_uint16("initiator")
    v.type_uint16("target")
    v.type_enum("hierarchy", HIERARCHIES)
    v.type_enum("data-type", DATA_TYPES)
    if v.has("latency"):
        v.type_uint64("latency")
    if v.has("bandwidth"):
        v.type_size("bandwidth")
    v.check_struct()


def visit_type_NumaHmatCacheOptions(v: OptsVisitor) -> None:
    """Read a cache (``qapi/machine.json``), which the model makes nothing of.

    Raises what reading raises.
    """
    v.type_uint32("node-id")
    v.type_size("size")
    v.type_uint8("level")
    v.type_enum("associativity", ("none", "direct", "complex"))
    v.type_enum("policy", ("none", "write-back", "write-through"))
    v.type_uint16("line")
    v.check_struct()


def legacy_suffix(qemu: Qemu, text: str) -> int | None:
    """Read the size of ``mem`` once more, now in MiB if it has no unit; None beyond 2^64."""
    return qemu_strtosz_MiB(qemu, text)


def supported(machine: Machine72) -> None:
    """Raise ``NUMA is not supported by this machine-type`` where it is not."""
    if not machine.numa:
        raise messages.NUMA_NOT_SUPPORTED.error()


def parse_numa_node(
    qemu: Qemu,
    machine: Machine72,
    nodeid: int | None,
    cpus: Sequence[int],
    mem: int | None,
    memdev: str | None,
    has_initiator: bool,
    have_mem: bool,
) -> bool:
    """Make one node; return whether a node has ``mem`` so far.

    Raises ``Max number of NUMA nodes reached: <n>``, ``Duplicate NUMA nodeid: <n>``,
    ``CPU index ...``, ``CPU is already assigned ...``, ``numa configuration should use
    either mem= or memdev=,mixing both is not allowed``, ``Parameter -numa node,mem is
    not supported by this machine type`` and ``memdev=<text> is ambiguous``.
    """
    numa = qemu.numa
    nodenr = numa.nb_numa_nodes if nodeid is None else nodeid
    if nodenr >= MAX_NODES:
        raise messages.NUMA_MAX_NODES.error(node=nodenr)
    info = numa.info(nodenr)
    if info.present:
        raise messages.NUMA_DUPLICATE_NODE.error(node=nodenr)
    if has_initiator:
        raise messages.NUMA_HMAT.error()
    for cpu in cpus:
        if cpu >= qemu.max_cpus:
            raise messages.NUMA_CPU_INDEX.error(cpu=cpu, max_cpus=qemu.max_cpus)
        slot = qemu.machine.possible_cpus[cpu]
        machine_set_cpu_numa_node(
            qemu,
            CpuInstanceProperties(
                nodenr, slot.socket_id, slot.core_id, slot.thread_id, slot.die_id
            ),
        )
    if memdev is not None:
        numa.have_memdevs = 1
    have_mem = have_mem or mem is not None
    have_memdevs = not numa_uses_legacy_mem(qemu)
    if (mem is not None and have_memdevs) or (memdev is not None and have_mem):
        raise messages.NUMA_MIXED.error()
    if mem is not None:
        if not machine.numa_mem:
            raise messages.NUMA_MEM.error(hint=messages.NUMA_MEM_HINT)
        info.node_mem = mem
        qemu.warn_report(messages.NUMA_MEM_DEPRECATED)
    if memdev is not None:
        backend = object_resolve_path_type(qemu, memdev, HostMemoryBackend)
        if backend is None:
            raise messages.NUMA_MEMDEV_AMBIGUOUS.error(memdev=memdev)
        info.node_mem, info.node_memdev = backend.size, backend
    info.present = True
    numa.nb_numa_nodes += 1
    return have_mem


def parse_numa_distance(qemu: Qemu, src: int, dst: int, val: int) -> None:
    """Note one distance.

    Raises ``Parameter '<name>' expects an integer between 0 and 127``,
    ``Source/Destination NUMA node is missing. ...``, ``NUMA distance (<n>) is invalid,
    ...`` and ``Local distance of node <n> should be 10.``
    """
    numa = qemu.numa
    for name, node in (("src", src), ("dst", dst)):
        if node >= MAX_NODES:
            raise messages.NUMA_INVALID_NODE.error(name=name, most=MAX_NODES - 1)
    if not numa.info(src).present or not numa.info(dst).present:
        raise messages.NUMA_NODE_MISSING.error()
    if val < NUMA_DISTANCE_MIN:
        raise messages.NUMA_DISTANCE_LOW.error(val=val, least=NUMA_DISTANCE_MIN)
    if src == dst and val != NUMA_DISTANCE_MIN:
        raise messages.NUMA_DISTANCE_LOCAL.error(node=src, least=NUMA_DISTANCE_MIN)
    numa.info(src).distance[dst] = val
    numa.have_numa_distance = True


def set_cpu(qemu: Qemu, given: dict[str, int]) -> None:
    """Put CPUs into a node.

    Raises ``Missing mandatory node-id property``, ``Invalid node-id=<n>, ...``,
    ``<name>-id is not supported`` and what ``machine_set_cpu_numa_node`` raises.  Of a
    node-id that is negative or 128 and more QEMU looks outside its array, and may find
    anything; the model takes it for absent.
    """
    node = given.get("node-id")
    if node is None:
        raise messages.NUMA_NODE_ID_MANDATORY.error()
    info = qemu.numa.numa_info.get(node)
    if info is None or not info.present:
        raise messages.NUMA_NODE_ID_INVALID.error(node=node)
    absent = ("cluster-id", "die-id") if qemu.smp_dies == 1 else ("cluster-id",)
    for name in absent:
        if name in given:
            raise messages.NUMA_CPU_PROPERTY.error(name=name)
    machine_set_cpu_numa_node(
        qemu,
        CpuInstanceProperties(
            node,
            given.get("socket-id"),
            given.get("core-id"),
            given.get("thread-id"),
            given.get("die-id"),
        ),
    )


def numa_complete_configuration(
    qemu: Qemu, machine: Machine72, has_memdev: bool
) -> list[HostMemoryBackend]:
    """Check what was given of the nodes, and complete it; return the nodes' backends.

    Where memory can be plugged in, a guest without NUMA gets one node.  Prints
    ``numa: Node ID missing: <n>``, ``total memory for NUMA nodes (...) should equal
    RAM size (...)``, ``'-machine memory-backend' and '-numa memdev' properties are
    mutually exclusive`` or what ``validate_numa_distance`` prints, and exits with 1.
    """
    numa = qemu.numa
    ram = qemu.machine
    by_slots = machine.auto_enable_numa_with_memhp and ram.ram_slots
    by_room = machine.auto_enable_numa_with_memdev and ram.maxram_size > ram.ram_size
    if not numa.nb_numa_nodes and (by_slots or by_room):
        info = numa.info(0)
        info.present, info.node_mem = True, ram.ram_size
        numa.nb_numa_nodes = 1
    present = {node for node, info in numa.numa_info.items() if info.present}
    if not present:
        return []
    gaps = set(range(max(present))) - present
    if gaps:
        qemu.error_report(messages.NUMA_NODE_GAP, node=max(gaps))
        raise Exit(1)
    nodes = [numa.info(node) for node in range(numa.nb_numa_nodes)]
    total = sum(node.node_mem for node in nodes) & UINT64_MASK
    if total != qemu.machine.ram_size:
        qemu.error_report(messages.NUMA_TOTAL, total=total, ram_size=qemu.machine.ram_size)
        raise Exit(1)
    backends = []
    if not numa_uses_legacy_mem(qemu):
        if has_memdev:
            qemu.error_report(messages.MEMDEV_EXCLUSIVE)
            raise Exit(1)
        for info in nodes:
            if isinstance(info.node_memdev, HostMemoryBackend):
                backends.append(info.node_memdev)
    if numa.have_numa_distance:
        validate_numa_distance(qemu)
        complete_init_numa_distance(qemu)
    return backends
