"""``include/system/numa.h``: what is known of the guest's NUMA nodes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from .records import Record

if TYPE_CHECKING:
    from .hostmem import HostMemoryBackend

MAX_NODES: Final = 128
#: The distance of a node to itself, and the least there is.
NUMA_DISTANCE_MIN: Final = 10
#: How many levels of memory side caches there are: the memory itself, and three caches.
HMAT_LB_LEVELS: Final = 4


@attrs.define(eq=False, repr=False)
class NodeInfo(Record):
    """One NUMA node of the guest: ``node_mem`` in bytes, ``distance`` by node, 0 if not given.

    ``initiator`` is the node whose CPUs start accesses to this one, ``MAX_NODES`` if it is
    not given; ``lb_info_provided`` what is known of it: bit 0 latency, bit 1 bandwidth.
    """

    node_mem: int = 0
    node_memdev: HostMemoryBackend | None = None
    present: bool = False
    has_cpu: bool = False
    initiator: int = MAX_NODES
    lb_info_provided: int = 0
    distance: dict[int, int] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False)
class HmatLBInfo(Record):
    """One table of the HMAT: ``pairs`` of initiator and target, and the unit of its entries.

    ``range_bitmap`` is the largest compressed latency, or the bits of all bandwidths.
    """

    base: int = 0
    range_bitmap: int = 0
    pairs: set[tuple[int, int]] = attrs.field(factory=set)


@attrs.define(eq=False, repr=False)
class NumaState(Record):
    """The variables of ``numa.c``: nodes by number, made as they are first looked at.

    ``have_memdevs`` is -1 until the first node says whether nodes have backends;
    ``have_mem`` whether a node was given memory as a number; ``max_numa_nodeid`` is the
    highest node's number plus one.  ``hmat_lb`` are tables by hierarchy and type of data,
    ``hmat_cache`` sizes of caches in bytes by node and level.
    """

    numa_info: dict[int, NodeInfo] = attrs.field(factory=dict)
    nb_numa_nodes: int = 0
    max_numa_nodeid: int = 0
    have_memdevs: int = -1
    have_mem: bool = False
    have_numa_distance: bool = False
    hmat_lb: dict[tuple[str, str], HmatLBInfo] = attrs.field(factory=dict)
    hmat_cache: dict[tuple[int, int], int] = attrs.field(factory=dict)

    def info(self, node: int) -> NodeInfo:
        """Return the data of a node (``numa_info[node]``)."""
        found = self.numa_info.get(node)
        if found is None:
            found = self.numa_info[node] = NodeInfo()
        return found
