"""The texts about the guest's nodes: ``hw/core/numa.c``, and ``hw/core/machine.c`` on CPUs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

NUMA_MAX_NODES: Final = Message(
    "Max number of NUMA nodes reached: {node}",
    "hw/core/numa.c:parse_numa_node",
    ("the node's number is 128 or more",),
)
NUMA_DUPLICATE_NODE: Final = Message(
    "Duplicate NUMA nodeid: {node}",
    "hw/core/numa.c:parse_numa_node",
    (
        "two -numa node have the same number",
        "a node without 'nodeid' takes the count of nodes before it as its number",
    ),
)
NUMA_NOT_SUPPORTED: Final = Message(
    "NUMA is not supported by this machine-type",
    {
        "3.1": "hw/core/numa.c:parse_numa_node",
        "4.2": "hw/core/numa.c:set_numa_options",
    },
    ("-numa is given, before 4.2 with a node", "and the machine, 'none' for one, knows no NUMA"),
)
NUMA_CPU_INDEX: Final = Message(
    "CPU index ({cpu}) should be smaller than maxcpus ({max_cpus})",
    "hw/core/numa.c:parse_numa_node",
    ("'cpus' names a CPU that -smp does not provide for",),
)
NUMA_MEM_AND_MEMDEV: Final = Message(
    {"3.1": "cannot specify both mem= and memdev=", "4.1": None},
    "hw/core/numa.c:parse_numa_node",
    ("one -numa node has both 'mem' and 'memdev'",),
)
NUMA_MEMDEV_ALL_OR_NONE: Final = Message(
    {"3.1": "memdev option must be specified for either all or no nodes", "4.1": None},
    "hw/core/numa.c:parse_numa_node",
    ("one -numa node has 'memdev' and another has not",),
)
NUMA_MIXED: Final = Message(
    {"4.1": "numa configuration should use either mem= or memdev=,mixing both is not allowed"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' and 'memdev' both occur, in one node or in two",),
)
NUMA_MEM: Final = Message(
    {"5.1": "Parameter -numa node,mem is not supported by this machine type"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is of 5.1 or later",),
)
NUMA_MEM_DEPRECATED: Final = Message(
    {"4.1": "Parameter -numa node,mem is deprecated, use -numa node,memdev instead"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is older than 5.1",),
    stream="stderr",
)
NUMA_MEM_SIZE: Final = Message(
    {"8.1": "could not parse memory size '{text}'"},
    "hw/core/numa.c:parse_numa",
    ("'mem' of -numa, in MiB if it has no unit, is 2^64 or more",),
    errno=True,
)
NUMA_MEMDEV_AMBIGUOUS: Final = Message(
    "memdev={memdev} is ambiguous",
    "hw/core/numa.c:parse_numa_node",
    ("no memory backend has that id or path, or several end in it",),
)
NUMA_INVALID_NODE: Final = Message(
    "Parameter '{name}' expects an integer between 0 and {most}",
    "hw/core/numa.c:parse_numa_distance",
    ("'src' or 'dst' of a distance is 128 or more",),
)
NUMA_NODE_MISSING: Final = Message(
    "Source/Destination NUMA node is missing. Please use '-numa node' option to declare it first.",
    "hw/core/numa.c:parse_numa_distance",
    ("-numa dist names a node that no -numa node before it made",),
)
NUMA_DISTANCE_LOW: Final = Message(
    "NUMA distance ({val}) is invalid, it shouldn't be less than {least}.",
    "hw/core/numa.c:parse_numa_distance",
    ("'val' of a distance is below 10",),
)
NUMA_DISTANCE_LOCAL: Final = Message(
    "Local distance of node {node} should be {least}.",
    "hw/core/numa.c:parse_numa_distance",
    ("the distance of a node to itself is given, and is not 10",),
)
NUMA_NODE_ID_MANDATORY: Final = Message(
    "Missing mandatory node-id property",
    "hw/core/numa.c:set_numa_options",
    ("-numa cpu has no 'node-id'",),
)
NUMA_NODE_ID_INVALID: Final = Message(
    (
        "Invalid node-id={node}, NUMA node must be defined with -numa node,nodeid=ID before "
        "it's used with -numa cpu,node-id=ID"
    ),
    "hw/core/numa.c:set_numa_options",
    ("-numa cpu names a node that no -numa node before it made",),
)
NUMA_DISTANCE_MISSING: Final = Message(
    (
        "The distance between node {src} and {dst} is missing, at least one distance value "
        "between each nodes should be provided."
    ),
    "hw/core/numa.c:validate_numa_distance",
    ("some distances are given", "but none between these two nodes, in either direction"),
)
NUMA_DISTANCE_ASYMMETRICAL: Final = Message(
    (
        "At least one asymmetrical pair of distances is given, please provide distances for "
        "both directions of all node pairs."
    ),
    "hw/core/numa.c:validate_numa_distance",
    (
        "two nodes have different distances there and back",
        "and some other distance is given in one direction only",
    ),
)
NUMA_NODE_GAP: Final = Message(
    "numa: Node ID missing: {node}",
    "hw/core/numa.c:numa_complete_configuration",
    ("a node has a higher number than one that is not there",),
)
NUMA_TOTAL: Final = Message(
    "total memory for NUMA nodes (0x{total:x}) should equal RAM size (0x{ram_size:x})",
    "hw/core/numa.c:numa_complete_configuration",
    ("the memory of all nodes, or of their backends, does not sum up to -m",),
)
NUMA_SPLIT_DEPRECATED: Final = Message(
    {
        "4.1": (
            "Default splitting of RAM between nodes is deprecated, Use '-numa node,memdev' to "
            "explictly define RAM allocation per node"
        ),
        "5.2": None,
    },
    "hw/core/numa.c:numa_complete_configuration",
    ("no -numa node says how much memory it has",),
    stream="warning",
)
FALLING_BACK: Final = Message(
    {
        "3.1": "falling back to regular RAM allocation.",
        "4.1": "falling back to regular RAM allocation",
        "5.0": None,
    },
    "hw/core/numa.c:allocate_system_memory_nonnuma",
    (
        "the guest's RAM could not be taken from -mem-path: the line before says why",
        "and -mem-prealloc, which forbids this, is not given",
    ),
    stream="stderr",
)
FALLING_BACK_DEPRECATED: Final = Message(
    {
        "4.1": (
            "This is deprecated. Make sure that -mem-path  specified path has sufficient "
            "resources to allocate -m specified RAM amount"
        ),
        "5.0": None,
    },
    "hw/core/numa.c:allocate_system_memory_nonnuma",
    ("follows the warning that QEMU falls back",),
    stream="stderr",
)
MEMDEV_USED_TWICE: Final = Message(
    {
        "3.1": (
            "memory backend {id} is used multiple times. Each -numa option must use a "
            "different memdev value."
        ),
        "5.0": "memory backend {id} can't be used multiple times.",
    },
    {
        "3.1": "hw/core/numa.c:memory_region_allocate_system_memory",
        "5.0": "hw/core/machine.c:machine_consume_memdev",
    },
    (
        "two -numa node, or a node and the machine, name the same backend",
        "base leaks the string with the backend's id here, patch 1 frees it",
    ),
)
MEMDEV_EXCLUSIVE: Final = Message(
    {"5.1": "'-machine memory-backend' and '-numa memdev' properties are mutually exclusive"},
    "hw/core/numa.c:numa_complete_configuration",
    ("the machine has a backend, and so has a node",),
)

# hw/core/machine.c: CPUs in nodes

CPU_ASSIGNED: Final = Message(
    "CPU is already assigned to node-id: {node}",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("two -numa options put the same CPU into different nodes",),
)
CPU_NO_MATCH: Final = Message(
    "no match found",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu names a socket, core or thread that -smp does not make",),
)
NUMA_CPU_PROPERTY: Final = Message(
    {"4.1": "{name} is not supported"},
    "hw/core/machine.c:machine_set_cpu_numa_node",
    (
        "-numa cpu names a die, a cluster or a module",
        "and the machine's CPUs are not divided into such",
    ),
)
CPUS_WITHOUT_NODE: Final = Message(
    "CPU(s) not present in any NUMA nodes: {cpus}",
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    ("some CPUs are put into nodes with -numa, and others are not: QEMU takes node 0 for them",),
    stream="warning",
)
CPUS_PARTIAL: Final = Message(
    (
        "All CPU(s) up to maxcpus should be described in NUMA config, ability to start up with "
        "partial NUMA mappings is obsoleted and will be removed in future"
    ),
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    ("follows the warning that names the CPUs",),
    stream="warning",
)

#: What QEMU prints below :data:`NUMA_MEM`.
NUMA_MEM_HINT: Final = "Use -numa node,memdev instead"
