"""The texts about the machine and its nodes: ``numa.c``, ``hw/core/``, ``hw/i386/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .trees import EVERY_TREE, SERIES

# numa.c

NUMA_MAX_NODES: Final = Message(
    "Max number of NUMA nodes reached: {node}",
    "numa.c:parse_numa_node",
    ("the node's number is 128 or more",),
    SERIES,
)
NUMA_DUPLICATE_NODE: Final = Message(
    "Duplicate NUMA nodeid: {node}",
    "numa.c:parse_numa_node",
    (
        "two -numa node have the same number",
        "a node without 'nodeid' takes the count of nodes before it as its number",
    ),
    SERIES,
)
NUMA_NOT_SUPPORTED: Final = Message(
    "NUMA is not supported by this machine-type",
    "numa.c:parse_numa_node",
    ("-numa node is given", "and the machine, 'none' for one, knows no NUMA"),
    SERIES,
)
NUMA_CPU_INDEX: Final = Message(
    "CPU index ({cpu}) should be smaller than maxcpus ({max_cpus})",
    "numa.c:parse_numa_node",
    ("'cpus' names a CPU that -smp does not provide for",),
    SERIES,
)
NUMA_MEM_AND_MEMDEV: Final = Message(
    "cannot specify both mem= and memdev=",
    "numa.c:parse_numa_node",
    ("one -numa node has both 'mem' and 'memdev'",),
    SERIES,
)
NUMA_MEMDEV_ALL_OR_NONE: Final = Message(
    "memdev option must be specified for either all or no nodes",
    "numa.c:parse_numa_node",
    ("one -numa node has 'memdev' and another has not",),
    SERIES,
)
NUMA_MEMDEV_AMBIGUOUS: Final = Message(
    "memdev={memdev} is ambiguous",
    "numa.c:parse_numa_node",
    ("no memory backend has that id or path, or several end in it",),
    SERIES,
)
NUMA_INVALID_NODE: Final = Message(
    "Parameter '{name}' expects an integer between 0 and {most}",
    "numa.c:parse_numa_distance",
    ("'src' or 'dst' of a distance is 128 or more",),
    SERIES,
)
NUMA_NODE_MISSING: Final = Message(
    "Source/Destination NUMA node is missing. Please use '-numa node' option to declare it first.",
    "numa.c:parse_numa_distance",
    ("-numa dist names a node that no -numa node before it made",),
    SERIES,
)
NUMA_DISTANCE_LOW: Final = Message(
    "NUMA distance ({val}) is invalid, it shouldn't be less than {least}.",
    "numa.c:parse_numa_distance",
    ("'val' of a distance is below 10",),
    SERIES,
)
NUMA_DISTANCE_LOCAL: Final = Message(
    "Local distance of node {node} should be {least}.",
    "numa.c:parse_numa_distance",
    ("the distance of a node to itself is given, and is not 10",),
    SERIES,
)
NUMA_NODE_ID_MANDATORY: Final = Message(
    "Missing mandatory node-id property",
    "numa.c:set_numa_options",
    ("-numa cpu has no 'node-id'",),
    SERIES,
)
NUMA_NODE_ID_INVALID: Final = Message(
    "Invalid node-id={node}, NUMA node must be defined with -numa node,nodeid=ID before it's "
    "used with -numa cpu,node-id=ID",
    "numa.c:set_numa_options",
    ("-numa cpu names a node that no -numa node before it made",),
    SERIES,
)
NUMA_DISTANCE_MISSING: Final = Message(
    "The distance between node {src} and {dst} is missing, at least one distance value between "
    "each nodes should be provided.",
    "numa.c:validate_numa_distance",
    ("some distances are given", "but none between these two nodes, in either direction"),
    SERIES,
)
NUMA_DISTANCE_ASYMMETRICAL: Final = Message(
    "At least one asymmetrical pair of distances is given, please provide distances for both "
    "directions of all node pairs.",
    "numa.c:validate_numa_distance",
    (
        "two nodes have different distances there and back",
        "and some other distance is given in one direction only",
    ),
    SERIES,
)
NUMA_NODE_GAP: Final = Message(
    "numa: Node ID missing: {node}",
    "numa.c:numa_complete_configuration",
    ("a node has a higher number than one that is not there",),
    SERIES,
)
NUMA_TOTAL: Final = Message(
    "total memory for NUMA nodes (0x{total:x}) should equal RAM size (0x{ram_size:x})",
    "numa.c:numa_complete_configuration",
    ("the memory of all nodes, or of their backends, does not sum up to -m",),
    SERIES,
)
FALLING_BACK: Final = Message(
    "falling back to regular RAM allocation.",
    "numa.c:allocate_system_memory_nonnuma",
    (
        "the guest's RAM could not be taken from -mem-path: the line before says why",
        "and -mem-prealloc, which forbids this, is not given",
    ),
    SERIES,
    stream="stderr",
)
MEMDEV_USED_TWICE: Final = Message(
    "memory backend {id} is used multiple times. Each -numa option must use a different memdev "
    "value.",
    "numa.c:memory_region_allocate_system_memory",
    (
        "two -numa node name the same backend",
        "base leaks the string with the backend's id here, patch 1 frees it",
    ),
    SERIES,
)

# hw/core/machine.c, hw/core/null-machine.c, hw/i386/pc.c

THREAD_ID: Final = Message(
    "thread-id is not supported",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu has 'thread-id' on a machine whose CPUs have none",),
    SERIES,
)
CPU_ASSIGNED: Final = Message(
    "CPU is already assigned to node-id: {node}",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("two -numa options put the same CPU into different nodes",),
    EVERY_TREE,
)
CPU_NO_MATCH: Final = Message(
    "no match found",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu names a socket, core or thread that -smp does not make",),
    EVERY_TREE,
)
CPUS_WITHOUT_NODE: Final = Message(
    "CPU(s) not present in any NUMA nodes: {cpus}",
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    ("some CPUs are put into nodes with -numa, and others are not: QEMU takes node 0 for them",),
    EVERY_TREE,
    stream="warning",
)
CPUS_PARTIAL: Final = Message(
    "All CPU(s) up to maxcpus should be described in NUMA config, ability to start up with "
    "partial NUMA mappings is obsoleted and will be removed in future",
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    ("follows the warning that names the CPUs",),
    EVERY_TREE,
    stream="warning",
)
SLOTS_NOT_SUPPORTED: Final = Message(
    "\"-memory 'slots|maxmem'\" is not supported by: {machine}",
    "hw/i386/pc.c:pc_memory_init",
    ("-m has 'slots' or 'maxmem'", "and the machine, isapc or older than 2.1, has no range for it"),
    EVERY_TREE,
)
SLOTS_AMOUNT: Final = Message(
    "unsupported amount of memory slots: {slots}",
    "hw/i386/pc.c:pc_memory_init",
    ("'slots' of -m is above 256",),
    EVERY_TREE,
)
MAXMEM_ALIGNMENT: Final = Message(
    "maximum memory size must by aligned to multiple of {page_size} bytes",
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m does not end at a whole page",),
    EVERY_TREE,
)
MAXMEM_AMOUNT: Final = Message(
    "unsupported amount of maximum memory: {maxram_size:x}",
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m ends beyond 2^64",),
    EVERY_TREE,
)
BELOW_4G_TOO_LARGE: Final = Message(
    "Machine option 'max-ram-below-4g={size}' expects size less than or equal to 4G",
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is more than 4 GiB",),
    EVERY_TREE,
)
BELOW_4G_SMALL: Final = Message(
    "Only {size} bytes of RAM below the 4GiB boundary,BIOS may not work with less than 1MiB",
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is less than 1 MiB",),
    EVERY_TREE,
    stream="warning",
)
BELOW_4G_PIIX: Final = Message(
    "Large machine and max_ram_below_4g ({size}) not a multiple of 1G; possible bad performance.",
    "hw/i386/pc_piix.c:pc_init1",
    ("'max-ram-below-4g' is not a multiple of 1 GiB", "and the guest has at least as much RAM"),
    EVERY_TREE,
    stream="warning",
)
BELOW_4G_Q35: Final = Message(
    "There is possibly poor performance as the ram size  (0x{ram_size:x}) is more then twice the "
    "size of max-ram-below-4g ({size}) and max-ram-below-4g is not a multiple of 1G.",
    "hw/i386/pc_q35.c:pc_q35_init",
    (
        "'max-ram-below-4g' is not a multiple of 1 GiB",
        "and the guest has more than twice as much RAM",
    ),
    EVERY_TREE,
    stream="warning",
)
HOTPLUG_WITHOUT_ACPI: Final = Message(
    "memory hotplug is not enabled: missing acpi device or acpi disabled",
    "hw/i386/pc.c:pc_memory_pre_plug",
    ("-device nvdimm or pc-dimm is given", "with -no-acpi, or on isapc"),
    EVERY_TREE,
)
NVDIMM_NOT_ENABLED: Final = Message(
    "nvdimm is not enabled: missing 'nvdimm' in '-M'",
    "hw/i386/pc.c:pc_memory_pre_plug",
    ("-device nvdimm is given", "and -machine has no nvdimm=on"),
    EVERY_TREE,
)
