"""The texts about the machine and its nodes: ``numa.c``, ``hw/core/``, ``hw/i386/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

# numa.c

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
    {"3.1": "hw/core/numa.c:parse_numa_node", "6.0": "hw/core/numa.c:set_numa_options"},
    (
        "-numa node is given",
        "and the machine, 'none' for one, knows no NUMA",
    ),
)
NUMA_CPU_INDEX: Final = Message(
    "CPU index ({cpu}) should be smaller than maxcpus ({max_cpus})",
    "hw/core/numa.c:parse_numa_node",
    ("'cpus' names a CPU that -smp does not provide for",),
)
NUMA_MEM_AND_MEMDEV: Final = Message(
    {"3.1": "cannot specify both mem= and memdev=", "6.0": None},
    "hw/core/numa.c:parse_numa_node",
    ("one -numa node has both 'mem' and 'memdev'",),
)
NUMA_MEMDEV_ALL_OR_NONE: Final = Message(
    {"3.1": "memdev option must be specified for either all or no nodes", "6.0": None},
    "hw/core/numa.c:parse_numa_node",
    ("one -numa node has 'memdev' and another has not",),
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
    (
        "Source/Destination NUMA node is missing. Please use '-numa node' option to "
        "declare it first."
    ),
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
        "Invalid node-id={node}, NUMA node must be defined with -numa node,nodeid=ID "
        "before it's used with -numa cpu,node-id=ID"
    ),
    "hw/core/numa.c:set_numa_options",
    ("-numa cpu names a node that no -numa node before it made",),
)
NUMA_DISTANCE_MISSING: Final = Message(
    {
        "3.1": (
            "The distance between node {src} and {dst} is missing, at least one distance "
            "value between each nodes should be provided."
        ),
        "6.0": None,
    },
    "hw/core/numa.c:validate_numa_distance",
    (
        "some distances are given",
        "but none between these two nodes, in either direction",
    ),
)
NUMA_DISTANCE_ASYMMETRICAL: Final = Message(
    {
        "3.1": (
            "At least one asymmetrical pair of distances is given, please provide distances "
            "for both directions of all node pairs."
        ),
        "6.0": None,
    },
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
    ("total memory for NUMA nodes (0x{total:x}) should equal RAM size (0x{ram_size:x})"),
    "hw/core/numa.c:numa_complete_configuration",
    ("the memory of all nodes, or of their backends, does not sum up to -m",),
)
FALLING_BACK: Final = Message(
    {"3.1": "falling back to regular RAM allocation.", "6.0": None},
    "hw/core/numa.c:allocate_system_memory_nonnuma",
    (
        "the guest's RAM could not be taken from -mem-path: the line before says why",
        "and -mem-prealloc, which forbids this, is not given",
    ),
    stream="stderr",
)
MEMDEV_USED_TWICE: Final = Message(
    {
        "3.1": (
            "memory backend {id} is used multiple times. Each -numa option must use a "
            "different memdev value."
        ),
        "6.0": None,
    },
    "hw/core/numa.c:memory_region_allocate_system_memory",
    (
        "two -numa node name the same backend",
        "base leaks the string with the backend's id here, patch 1 frees it",
    ),
)

# hw/core/machine.c, hw/core/null-machine.c, hw/i386/pc.c

THREAD_ID: Final = Message(
    {"3.1": "thread-id is not supported", "6.0": None},
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu has 'thread-id' on a machine whose CPUs have none",),
)
CPU_ASSIGNED: Final = Message(
    {"3.1": "CPU is already assigned to node-id: {node}", "6.0": None},
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("two -numa options put the same CPU into different nodes",),
)
CPU_NO_MATCH: Final = Message(
    {"3.1": "no match found", "6.0": None},
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu names a socket, core or thread that -smp does not make",),
)
CPUS_WITHOUT_NODE: Final = Message(
    {"3.1": "CPU(s) not present in any NUMA nodes: {cpus}", "6.0": None},
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    (("some CPUs are put into nodes with -numa, and others are not: QEMU takes node 0 for them"),),
    stream="warning",
)
CPUS_PARTIAL: Final = Message(
    {
        "3.1": (
            "All CPU(s) up to maxcpus should be described in NUMA config, ability to start "
            "up with partial NUMA mappings is obsoleted and will be removed in future"
        ),
        "6.0": None,
    },
    "hw/core/machine.c:machine_numa_finish_cpu_init",
    ("follows the warning that names the CPUs",),
    stream="warning",
)
SLOTS_NOT_SUPPORTED: Final = Message(
    {"3.1": "\"-memory 'slots|maxmem'\" is not supported by: {machine}", "6.0": None},
    "hw/i386/pc.c:pc_memory_init",
    (
        "-m has 'slots' or 'maxmem'",
        "and the machine, isapc or older than 2.1, has no range for it",
    ),
)
SLOTS_AMOUNT: Final = Message(
    {"3.1": "unsupported amount of memory slots: {slots}", "6.0": None},
    "hw/i386/pc.c:pc_memory_init",
    ("'slots' of -m is above 256",),
)
MAXMEM_ALIGNMENT: Final = Message(
    {"3.1": "maximum memory size must by aligned to multiple of {page_size} bytes", "6.0": None},
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m does not end at a whole page",),
)
MAXMEM_AMOUNT: Final = Message(
    {"3.1": "unsupported amount of maximum memory: {maxram_size:x}", "6.0": None},
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m ends beyond 2^64",),
)
BELOW_4G_TOO_LARGE: Final = Message(
    {
        "3.1": "Machine option 'max-ram-below-4g={size}' expects size less than or equal to 4G",
        "6.0": None,
    },
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is more than 4 GiB",),
)
BELOW_4G_SMALL: Final = Message(
    {
        "3.1": (
            "Only {size} bytes of RAM below the 4GiB boundary,BIOS may not work with less than 1MiB"
        ),
        "6.0": None,
    },
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is less than 1 MiB",),
    stream="warning",
)
BELOW_4G_PIIX: Final = Message(
    {
        "3.1": (
            "Large machine and max_ram_below_4g ({size}) not a multiple of 1G; possible bad "
            "performance."
        ),
        "6.0": None,
    },
    "hw/i386/pc_piix.c:pc_init1",
    (
        "'max-ram-below-4g' is not a multiple of 1 GiB",
        "and the guest has at least as much RAM",
    ),
    stream="warning",
)
BELOW_4G_Q35: Final = Message(
    {
        "3.1": (
            "There is possibly poor performance as the ram size  (0x{ram_size:x}) is more "
            "then twice the size of max-ram-below-4g ({size}) and max-ram-below-4g is not a "
            "multiple of 1G."
        ),
        "6.0": None,
    },
    "hw/i386/pc_q35.c:pc_q35_init",
    (
        "'max-ram-below-4g' is not a multiple of 1 GiB",
        "and the guest has more than twice as much RAM",
    ),
    stream="warning",
)
HOTPLUG_WITHOUT_ACPI: Final = Message(
    {"3.1": "memory hotplug is not enabled: missing acpi device or acpi disabled", "6.0": None},
    "hw/i386/pc.c:pc_memory_pre_plug",
    (
        "-device nvdimm or pc-dimm is given",
        "with -no-acpi, or on isapc",
    ),
)
NVDIMM_NOT_ENABLED: Final = Message(
    {"3.1": "nvdimm is not enabled: missing 'nvdimm' in '-M'", "6.0": None},
    "hw/i386/pc.c:pc_memory_pre_plug",
    (
        "-device nvdimm is given",
        "and -machine has no nvdimm=on",
    ),
)

# since 6.0

MEMDEV_SIZE: Final = Message(
    {"6.0": "Machine memory size does not match the size of the memory backend"},
    "hw/core/machine.c:machine_run_board_init",
    ("-m and the backend that -machine names differ in size",),
)
MEMDEV_RESERVED: Final = Message(
    {
        "6.0": (
            "object name '{id}' is reserved for the default RAM backend, it can't be used "
            "for any other purposes. Change the object's 'id' to something else"
        )
    },
    "hw/core/machine.c:machine_run_board_init",
    ("an object has the id that the machine's own RAM backend has",),
)
MEMDEV_USED: Final = Message(
    {"6.0": "memory backend {id} can't be used multiple times."},
    "hw/core/machine.c:machine_consume_memdev",
    ("the same backend is given to two nodes, or to a node and the machine",),
)
MEMDEV_EXCLUSIVE: Final = Message(
    {"6.0": "'-machine memory-backend' and '-numa memdev' properties are mutually exclusive"},
    "hw/core/numa.c:numa_complete_configuration",
    ("the machine has a backend, and so has a node",),
)
MACHINE_DEPRECATED: Final = Message(
    {
        "6.0": (
            "Machine type '{name}' is deprecated: old and unattended - use a newer version instead"
        )
    },
    "hw/core/machine.c:machine_run_board_init",
    ("the machine is a PC of 1.7 or older",),
    stream="stderr",
)
SMP_ZERO: Final = Message(
    {
        "6.0": (
            "Deprecated CPU topology (considered invalid): CPU topology parameters must be "
            "greater than zero"
        )
    },
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("a number of -smp is 0",),
    stream="stderr",
)
SMP_TOPOLOGY: Final = Message(
    {"6.0": "Invalid CPU topology: {what}: {hierarchy}"},
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("the numbers of -smp do not fit together",),
)
SMP_NOT_SUPPORTED: Final = Message(
    {"6.0": "{what} not supported by this machine's CPU topology"},
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("-smp asks for dies on a machine that is no PC, or for clusters",),
)
HYPERTHREADING: Final = Message(
    {"6.0": "This family of AMD CPU doesn't support hyperthreading({threads})"},
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-smp asks for threads, and the CPU, which no -cpu names, is AMD's",),
)
NUMA_MIXED: Final = Message(
    {"6.0": "numa configuration should use either mem= or memdev=,mixing both is not allowed"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' and 'memdev' both occur, in one node or in two",),
)
NUMA_MEM: Final = Message(
    {"6.0": "Parameter -numa node,mem is not supported by this machine type"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is of 5.1 or later",),
)
NUMA_MEM_DEPRECATED: Final = Message(
    {"6.0": "Parameter -numa node,mem is deprecated, use -numa node,memdev instead"},
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is older than 5.1",),
    stream="stderr",
)
NUMA_HMAT: Final = Message(
    {
        "6.0": (
            "ACPI Heterogeneous Memory Attribute Table (HMAT) is disabled, enable it with "
            "-machine hmat=on before using any of hmat specific options"
        )
    },
    "hw/core/numa.c:parse_numa_node",
    ("'initiator' of -numa is given without hmat=on",),
)
NUMA_CPU_PROPERTY: Final = Message(
    {"6.0": "{name} is not supported"},
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu names dies or clusters, which the machine's CPUs are not divided into",),
)

#: What 6.0 and later print below a message.
NUMA_MEM_HINT: Final = "Use -numa node,memdev instead"
HYPERTHREADING_HINT: Final = (
    "Please configure -smp options properly or try enabling topoext feature."
)
