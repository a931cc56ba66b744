"""``hw/core/numa.c``: latencies, bandwidths and caches of the guest's nodes (HMAT), since 5.0."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any, Final

from . import messages
from .boards import MIB
from .error import Exit
from .globals import Qemu
from .numa_info import HMAT_LB_LEVELS, MAX_NODES, HmatLBInfo
from .qapi_machine import LATENCIES, NumaHmatCacheOptions, NumaHmatLBOptions

C_FILE = "hw/core/numa.c"

UINT16_MAX: Final = 0xFFFF
UINT64_MAX: Final = (1 << 64) - 1
_LATENCY_PROVIDED: Final = 1
_BANDWIDTH_PROVIDED: Final = 2


def parse_numa_hmat_lb(qemu: Qemu, node: NumaHmatLBOptions) -> None:
    """Note a latency or a bandwidth between two nodes.

    Raises ``Invalid initiator=<n>, ...``, ``Invalid target=<n>, ...``, ``The target=<n>
    should point to an existing node``, ``Missing '<name>' option``, ``Invalid option
    '<name>' since the data type is <what>``, ``Duplicate configuration of the <what> ...``,
    ``Bandwidth <n> ... should be 1MB aligned`` and ``... should not differ from previously
    entered ...``.
    """
    numa = qemu.numa
    for name, number in (("initiator", node.initiator), ("target", node.target)):
        if number > numa.nb_numa_nodes:
            raise messages.HMAT_INVALID_NODE.error(name=name, node=number, nodes=numa.nb_numa_nodes)
    if not numa.info(node.initiator).has_cpu:
        raise messages.HMAT_NO_INITIATOR.error(node=node.initiator)
    if not numa.info(node.target).present:
        raise messages.HMAT_NO_TARGET.error(node=node.target)
    table = numa.hmat_lb.setdefault((node.hierarchy, node.data_type), HmatLBInfo())
    if node.data_type in LATENCIES:
        _check_lb(node, table, "latency", node.latency, "bandwidth", node.bandwidth)
        _add_latency(qemu, node, table)
    else:
        _check_lb(node, table, "bandwidth", node.bandwidth, "latency", node.latency)
        _add_bandwidth(qemu, node, table)
    table.pairs.add((node.initiator, node.target))


def _check_lb(
    node: NumaHmatLBOptions,
    table: HmatLBInfo,
    name: str,
    value: int | None,
    other: str,
    other_value: int | None,
) -> None:
    """Refuse a missing value, one of the wrong kind, a bandwidth of odd size, a second one."""
    if value is None:
        raise messages.HMAT_MISSING.error(name=name)
    if other_value is not None:
        raise messages.HMAT_WRONG_KIND.error(name=other, kind=name)
    pair: dict[str, Any] = {"initiator": node.initiator, "target": node.target}
    if name == "bandwidth" and value % MIB:
        raise messages.HMAT_BANDWIDTH_ALIGNMENT.error(bandwidth=value, **pair)
    if (node.initiator, node.target) in table.pairs:
        raise messages.HMAT_DUPLICATE.error(kind=name, **pair)


def _add_latency(qemu: Qemu, node: NumaHmatLBOptions, table: HmatLBInfo) -> None:
    """Find the unit of the table's latencies: the largest power of ten that divides them."""
    latency = node.latency or 0
    table.base = table.base or UINT64_MAX
    if not latency:
        return
    unit, rest = 1, latency
    while rest % 10 == 0:
        unit, rest = unit * 10, rest // 10
    most = max(table.range_bitmap, latency // table.base)
    if most >= UINT16_MAX:
        raise messages.HMAT_LATENCY_RANGE.error(
            latency=latency, initiator=node.initiator, target=node.target, most=UINT16_MAX - 1
        )
    table.base, table.range_bitmap = min(table.base, unit), most
    qemu.numa.info(node.target).lb_info_provided |= _LATENCY_PROVIDED


def _add_bandwidth(qemu: Qemu, node: NumaHmatLBOptions, table: HmatLBInfo) -> None:
    """Find the unit of the table's bandwidths: the largest power of two that divides them."""
    bandwidth = node.bandwidth or 0
    table.base = table.base or 1
    if not bandwidth:
        return
    bits = table.range_bitmap | bandwidth
    unit = bits & -bits
    if bits.bit_length() - (unit.bit_length() - 1) > 16 or bandwidth // unit >= UINT16_MAX:
        raise messages.HMAT_BANDWIDTH_RANGE.error(
            bandwidth=bandwidth,
            initiator=node.initiator,
            target=node.target,
            most=UINT16_MAX - 1,
        )
    table.base, table.range_bitmap = unit, bits
    qemu.numa.info(node.target).lb_info_provided |= _BANDWIDTH_PROVIDED


def parse_numa_hmat_cache(qemu: Qemu, cache: NumaHmatCacheOptions) -> None:
    """Note a cache in front of a node's memory.

    Raises ``Invalid node-id=<n>, ...``, ``The latency and bandwidth information of
    node-id=<n> should be provided ...``, ``Invalid level=<n>, ...``, ``Duplicate
    configuration of the side cache ...``, ``Cache level=<n> shall be defined first`` and
    ``Invalid size=<n>, ...``.
    """
    numa = qemu.numa
    node, level, sizes = cache.node_id, cache.level, numa.hmat_cache
    if node >= numa.nb_numa_nodes:
        raise messages.HMAT_CACHE_NODE.error(node=node, nodes=numa.nb_numa_nodes)
    if numa.info(node).lb_info_provided != _LATENCY_PROVIDED | _BANDWIDTH_PROVIDED:
        raise messages.HMAT_CACHE_TOO_EARLY.error(node=node)
    if not 1 <= level < HMAT_LB_LEVELS:
        raise messages.HMAT_CACHE_LEVEL.error(level=level, most=HMAT_LB_LEVELS - 1)
    if (node, level) in sizes:
        raise messages.HMAT_CACHE_DUPLICATE.error(node=node, level=level)
    below, above = sizes.get((node, level - 1)), sizes.get((node, level + 1))
    larger_outside = qemu.tree.numa.hmat_caches_grow_with_their_level
    if level > 1 and below is None and larger_outside:
        raise messages.HMAT_CACHE_ORDER.error(level=level - 1)
    for other, size, is_below in ((level - 1, below, True), (level + 1, above, False)):
        if size is None:
            continue
        must_be_larger = is_below if larger_outside else not is_below
        if cache.size <= size if must_be_larger else cache.size >= size:
            raise messages.HMAT_CACHE_SIZE.error(
                size=cache.size,
                level=level,
                relation="larger" if must_be_larger else "less",
                other_size=size,
                other_level=other,
            )
    sizes[node, level] = cache.size


def numa_validate_initiator(qemu: Qemu) -> None:
    """Check which node's CPUs start accesses to each node (``hw/core/machine.c``).

    Prints ``The initiator of NUMA node <n> is missing, ...``, ``NUMA node <n> is missing,
    ...`` or ``The initiator of NUMA node <n> is invalid`` and exits with 1.
    """
    numa = qemu.numa
    for number in range(numa.nb_numa_nodes):
        initiator = numa.info(number).initiator
        if initiator == MAX_NODES:
            if qemu.tree.numa.initiator_may_be_missing:
                continue
            qemu.error_report(messages.INITIATOR_MISSING, node=number)
            raise Exit(1)
        if not numa.info(initiator).present:
            qemu.error_report(messages.INITIATOR_NODE_MISSING, node=initiator)
            raise Exit(1)
        if not numa.info(initiator).has_cpu:
            qemu.error_report(messages.INITIATOR_INVALID, node=number)
            raise Exit(1)
