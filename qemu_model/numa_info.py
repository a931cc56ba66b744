"""``include/sysemu/numa.h``: what is known of the guest's NUMA nodes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from .hostmem import HostMemoryBackend

MAX_NODES: Final = 128
#: The distance of a node to itself, and the least there is.
NUMA_DISTANCE_MIN: Final = 10


@attrs.define(eq=False)
class NodeInfo:
    """One NUMA node of the guest: ``node_mem`` in bytes, ``distance`` by node, 0 if not given."""

    node_mem: int = 0
    node_memdev: HostMemoryBackend | None = None
    present: bool = False
    distance: dict[int, int] = attrs.field(factory=dict)


@attrs.define(eq=False)
class NumaGlobals:
    """The variables of ``numa.c``: nodes by number, made as they are first looked at.

    ``have_memdevs`` is -1 until the first node says whether nodes have backends;
    ``max_numa_nodeid`` is the highest node's number plus one.
    """

    numa_info: dict[int, NodeInfo] = attrs.field(factory=dict)
    nb_numa_nodes: int = 0
    max_numa_nodeid: int = 0
    have_memdevs: int = -1
    have_numa_distance: bool = False

    def info(self, node: int) -> NodeInfo:
        """Return what is known of a node (``numa_info[node]``)."""
        found = self.numa_info.get(node)
        if found is None:
            found = self.numa_info[node] = NodeInfo()
        return found
