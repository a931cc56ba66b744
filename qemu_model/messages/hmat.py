"""The texts about latencies, bandwidths and caches of the guest's nodes (HMAT), since 5.0."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

_NODE: Final = "hw/core/numa.c:parse_numa_node"
_LB: Final = "hw/core/numa.c:parse_numa_hmat_lb"
_CACHE: Final = "hw/core/numa.c:parse_numa_hmat_cache"
_INITIATOR: Final = "hw/core/machine.c:numa_validate_initiator"

NUMA_HMAT: Final = Message(
    {
        "5.0": (
            "ACPI Heterogeneous Memory Attribute Table (HMAT) is disabled, enable it with "
            "-machine hmat=on before using any of hmat specific options"
        )
    },
    {"5.0": _NODE},
    ("'initiator' of -numa, hmat-lb or hmat-cache is given without hmat=on",),
)
INITIATOR_RANGE: Final = Message(
    {"5.0": "The initiator id {node} expects an integer between 0 and {most}"},
    _NODE,
    ("'initiator' of -numa is 128 or more; QEMU continues without the node",),
    stream="stderr",
)
INITIATOR_NOT_ITSELF: Final = Message(
    {
        "5.0": "The initiator of CPU NUMA node {node} should be itself",
        "6.1": "The initiator of CPU NUMA node {node} should be itself (got {initiator})",
    },
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("a node with CPUs has another node as its 'initiator'",),
)
INITIATOR_MISSING: Final = Message(
    {
        "5.0": (
            "The initiator of NUMA node {node} is missing, use '-numa node,initiator' option "
            "to declare it"
        ),
        "7.2": None,
    },
    _INITIATOR,
    ("hmat=on is given", "and a node without CPUs has no 'initiator'"),
)
INITIATOR_NODE_MISSING: Final = Message(
    {"5.0": "NUMA node {node} is missing, use '-numa node' option to declare it first"},
    _INITIATOR,
    ("'initiator' of a node names a node that is not there",),
)
INITIATOR_INVALID: Final = Message(
    {"5.0": "The initiator of NUMA node {node} is invalid"},
    _INITIATOR,
    ("'initiator' of a node names a node without CPUs",),
)
HMAT_INVALID_NODE: Final = Message(
    {"5.0": "Invalid {name}={node}, it should be less than {nodes}"},
    _LB,
    ("'initiator' or 'target' of hmat-lb is above the number of nodes",),
)
HMAT_NO_INITIATOR: Final = Message(
    {"5.0": "Invalid initiator={node}, it isn't an initiator proximity domain"},
    _LB,
    ("'initiator' of hmat-lb names a node without CPUs",),
)
HMAT_NO_TARGET: Final = Message(
    {"5.0": "The target={node} should point to an existing node"},
    _LB,
    ("'target' of hmat-lb names a node that is not there",),
)
HMAT_MISSING: Final = Message(
    {"5.0": "Missing '{name}' option"},
    _LB,
    ("hmat-lb has neither the latency nor the bandwidth that 'data-type' asks for",),
)
HMAT_WRONG_KIND: Final = Message(
    {"5.0": "Invalid option '{name}' since the data type is {kind}"},
    _LB,
    ("hmat-lb has both a latency and a bandwidth",),
)
HMAT_BANDWIDTH_ALIGNMENT: Final = Message(
    {
        "5.0": (
            "Bandwidth {bandwidth} between initiator={initiator} and target={target} should "
            "be 1MB aligned"
        )
    },
    _LB,
    ("'bandwidth' of hmat-lb is not a multiple of 1 MiB",),
)
HMAT_DUPLICATE: Final = Message(
    {
        "5.0": (
            "Duplicate configuration of the {kind} for initiator={initiator} and target={target}"
        )
    },
    _LB,
    ("two hmat-lb give the same value for the same two nodes",),
)
HMAT_LATENCY_RANGE: Final = Message(
    {
        "5.0": (
            "Latency {latency} between initiator={initiator} and target={target} should not "
            "differ from previously entered min or max values on more than {most}"
        )
    },
    _LB,
    ("the latencies of hmat-lb differ by a factor that 16 bits cannot hold",),
)
HMAT_BANDWIDTH_RANGE: Final = Message(
    {
        "5.0": (
            "Bandwidth {bandwidth} between initiator={initiator} and target={target} should "
            "not differ from previously entered values on more than {most}"
        )
    },
    _LB,
    ("the bandwidths of hmat-lb differ by a factor that 16 bits cannot hold",),
)
HMAT_CACHE_NODE: Final = Message(
    {"5.0": "Invalid node-id={node}, it should be less than {nodes}"},
    _CACHE,
    ("'node-id' of hmat-cache names a node that is not there",),
)
HMAT_CACHE_TOO_EARLY: Final = Message(
    {
        "5.0": (
            "The latency and bandwidth information of node-id={node} should be provided before "
            "memory side cache attributes"
        )
    },
    _CACHE,
    ("hmat-cache comes before both kinds of hmat-lb for its node",),
)
HMAT_CACHE_LEVEL: Final = Message(
    {"5.0": ("Invalid level={level}, it should be larger than 0 and less than or equal to {most}")},
    _CACHE,
    ("'level' of hmat-cache is 0, or more than 3",),
)
HMAT_CACHE_DUPLICATE: Final = Message(
    {"5.0": ("Duplicate configuration of the side cache for node-id={node} and level={level}")},
    _CACHE,
    ("two hmat-cache describe the same level of the same node",),
)
HMAT_CACHE_ORDER: Final = Message(
    {"5.2": "Cache level={level} shall be defined first"},
    _CACHE,
    ("hmat-cache leaves out the level before",),
)
HMAT_CACHE_SIZE: Final = Message(
    {
        "5.0": (
            "Invalid size={size}, the size of level={level} should be {relation} than the "
            "size({other_size}) of level={other_level}"
        )
    },
    _CACHE,
    ("the caches of a node do not grow with their level; before 5.2: shrink",),
)
