"""Every text that QEMU can say here, once: the mirror raises them, ``why`` explains them.

An error can only be made from a message of this catalogue, so none is missing
from it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .error import Message

#: The trees in which a message is said.
SERIES: Final = (
    "base",
    "v8.1",
    "v8.2",
    "v8.3",
    "v8.4",
    "v8",
    "v2",
    "v6",
    "v7",
    "upstream",
)
#: The functions that 7.2 shares with the tree of the series say these.
EVERY_TREE: Final = (*SERIES, "v7.2")
BEFORE_PATCH_4: Final = ("base", "v8.1", "v8.2", "v8.3", "v2")
FROM_PATCH_4: Final = ("v8.4", "v8", "v6", "v7", "upstream")
FROM_PATCH_5: Final = ("v8", "v2", "v6", "v7")
UPSTREAM: Final = ("upstream",)

# util/mmap-alloc.c, util/oslib-posix.c, util/memfd.c

COULDNT_STATFS: Final = Message(
    "Couldn't statfs() memory path",
    "util/mmap-alloc.c:qemu_mempath_getpagesize",
    ("statfs() on the memory path failed",),
    SERIES,
    errno=True,
    stream="stderr",
)
SIGNAL_HANDLER: Final = Message(
    "os_mem_prealloc: failed to install signal handler",
    "util/oslib-posix.c:os_mem_prealloc",
    ("preallocation was asked for", "sigaction() refused a handler for SIGBUS"),
    SERIES,
    errno=True,
)
INSUFFICIENT_PAGES: Final = Message(
    "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
    "util/oslib-posix.c:os_mem_prealloc",
    (
        "preallocation was asked for",
        "touching a page of the block raised SIGBUS: the file system, or the pool of "
        "huge pages, had no page left for it",
    ),
    SERIES,
)
CREATE_MEMFD: Final = Message(
    "failed to create memfd",
    "util/memfd.c:qemu_memfd_create",
    ("memfd_create(), or making it as large as the backend, or sealing it, failed",),
    SERIES,
    errno=True,
)
HUGEPAGE_SIZE: Final = Message(
    "Hugepage size must be a power of 2",
    "util/memfd.c:qemu_memfd_create",
    ("'hugetlbsize' is not a power of two",),
    SERIES,
)

NO_PERSISTENCE: Final = Message(
    "Warning: requesting persistence across crashes for backend file {path} failed. Proceeding "
    "without persistence, data might become corrupted in case of host crash.",
    "util/mmap-alloc.c:qemu_ram_mmap",
    (
        "'share' and 'pmem' are on, which asks for MAP_SYNC",
        "the kernel said ENOTSUP: the file's file system cannot do it",
    ),
    UPSTREAM,
    stream="stderr",
)

# exec.c

CANT_OPEN: Final = Message(
    "can't open backing store {path} for guest RAM",
    "exec.c:file_ram_open",
    (
        "open() of the path, of a new file there, or of a temporary file in that directory failed",
        "and neither with EEXIST nor with EINTR, after which QEMU tries again",
    ),
    SERIES,
    errno=True,
)
SIZE_MISMATCH: Final = Message(
    "backing store {path} size 0x{found:x} does not match 'size' option 0x{wanted:x}",
    "exec.c:qemu_ram_alloc_from_fd",
    (
        "the file is neither empty nor as large as the backend",
        "the path in the message is that of -mem-path, '(null)' without one: QEMU prints "
        "the wrong variable",
    ),
    SERIES,
)
ALIGN_PAGE_SIZE: Final = Message(
    "alignment 0x{align:x} must be multiples of page size 0x{page_size:x}",
    "exec.c:file_ram_alloc",
    ("'align' is not a multiple of the page size of the file's file system",),
    SERIES,
)
ALIGN_POWER_OF_TWO: Final = Message(
    "alignment 0x{align:x} must be a power of two",
    "exec.c:file_ram_alloc",
    ("'align' is a multiple of the page size, but not a power of two",),
    SERIES,
)
SIZE_BELOW_PAGE: Final = Message(
    "memory size 0x{size:x} must be equal to or larger than page size 0x{page_size:x}",
    "exec.c:file_ram_alloc",
    ("the backend is smaller than one page of the file's file system",),
    SERIES,
)
FTRUNCATE: Final = Message(
    "ftruncate",
    "exec.c:file_ram_alloc",
    ("the file was empty and could not be given its size", "QEMU goes on all the same"),
    SERIES,
    errno=True,
    stream="stderr",
)
UNABLE_TO_MAP: Final = Message(
    "unable to map backing store for guest RAM",
    "exec.c:file_ram_alloc",
    (
        "reserving address space, or mapping the file over it, failed",
        "where MAP_SYNC was asked for, mapping without it failed too",
    ),
    SERIES,
    errno=True,
)
CANNOT_SET_UP: Final = Message(
    "cannot set up guest memory '{name}'",
    "exec.c:ram_block_add",
    ("reserving or mapping anonymous memory failed",),
    SERIES,
    errno=True,
)
ASSERT_SIZE: Final = Message(
    "qemu: exec.c:0: find_ram_offset: Assertion `size != 0' failed.",
    "exec.c:find_ram_offset",
    (
        "a size within a page of 2^64 became 0 when it was rounded up to whole pages",
        "the line in exec.c is not known: 0 stands for it",
    ),
    SERIES,
    stream="abort",
)
NO_RAM_GAP: Final = Message(
    "Failed to find gap of requested size: {size}",
    "exec.c:find_ram_offset",
    ("no gap between the blocks there are is large enough for another one",),
    SERIES,
    stream="abort",
)

# backends/hostmem.c

CANNOT_CHANGE_VALUE: Final = Message(
    "cannot change property value",
    "backends/hostmem.c:host_memory_backend_set_share",
    (
        "the backend already has its memory",
        "share, and hugetlbsize of a memfd, in every tree; size, mem-path and align before patch 4",
    ),
    SERIES,
)
CANNOT_CHANGE_SIZE: Final = Message(
    "cannot change property {property} of {type} ",
    "backends/hostmem.c:host_memory_backend_set_size",
    ("the backend already has its memory", "the text ends in a space"),
    FROM_PATCH_4,
)
SIZE_ZERO_BEFORE: Final = Message(
    "Property '{type}.{property}' doesn't take value '0'",
    "backends/hostmem.c:host_memory_backend_set_size",
    ("'size' (before patch 4), or 'hugetlbsize' of a memfd, is 0",),
    SERIES,
)
SIZE_ZERO: Final = Message(
    "property '{property}' of {type} doesn't take value '0'",
    "backends/hostmem.c:host_memory_backend_set_size",
    ("'size' is 0",),
    FROM_PATCH_4,
)
INVALID_NODE: Final = Message(
    "Invalid host-nodes value: {node}",
    "backends/hostmem.c:host_memory_backend_set_host_nodes",
    ("a node of 'host-nodes' is 128 or more",),
    SERIES,
)
REMOVE_MEM_PREALLOC: Final = Message(
    "remove -mem-prealloc to use the prealloc property",
    "backends/hostmem.c:host_memory_backend_set_prealloc",
    ("-mem-prealloc is on the command line", "and 'prealloc' is set to on afterwards"),
    SERIES,
)
NODES_WITHOUT_POLICY: Final = Message(
    "host-nodes must be empty for policy default, or you should explicitly specify a policy "
    "other than default",
    "backends/hostmem.c:host_memory_backend_memory_complete",
    ("'host-nodes' names nodes", "and 'policy' is default, or was not given"),
    SERIES,
)
POLICY_WITHOUT_NODES: Final = Message(
    "host-nodes must be set for policy {policy}",
    "backends/hostmem.c:host_memory_backend_memory_complete",
    ("'policy' is preferred, bind or interleave", "and 'host-nodes' was not given"),
    SERIES,
)
CANNOT_BIND: Final = Message(
    "cannot bind memory to host NUMA nodes",
    "backends/hostmem.c:host_memory_backend_memory_complete",
    ("mbind() failed", "ENOSYS is let pass with policy default"),
    SERIES,
    errno=True,
)

# backends/hostmem-file.c, hostmem-ram.c, hostmem-memfd.c

SIZE_NEVER_SET: Final = Message(
    "can't create backend with size 0",
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'size' was not given",),
    SERIES,
)
NO_MEM_PATH: Final = Message(
    "mem-path property not set",
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'mem-path' was not given",),
    SERIES,
)
NOT_POSIX: Final = Message(
    "-mem-path not supported on this host",
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("QEMU was built for a system that is not POSIX",),
    SERIES,
)
CANNOT_CHANGE_QUOTED: Final = Message(
    "cannot change property '{property}' of {type}",
    "backends/hostmem-file.c:set_mem_path",
    (
        "the backend already has its memory",
        "mem-path and align from patch 4, sync from patch 5",
    ),
    FROM_PATCH_4,
)
CANNOT_CHANGE_PMEM: Final = Message(
    "cannot change property 'pmem' of {type}.",
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("the backend already has its memory",),
    SERIES,
)
NO_LIBPMEM: Final = Message(
    "Lack of libpmem support while setting the 'pmem=on' of {type}. We can't ensure data "
    "persistence.",
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("'pmem' is on", "and QEMU was built without libpmem"),
    SERIES,
)

# qom/, qapi/, util/qemu-option.c, util/keyval.c, vl.c, qmp.c

PROPERTY_NOT_FOUND: Final = Message(
    "Property '.{property}' not found",
    "qom/object.c:object_property_find",
    ("the object has no property of that name, in this tree and build",),
    SERIES,
)
DUPLICATE_PROPERTY: Final = Message(
    "attempt to add duplicate property '{id}' to object (type 'container')",
    "qom/object.c:object_property_add",
    ("there is an object with that id already",),
    SERIES,
)
INVALID_OBJECT_TYPE: Final = Message(
    "invalid object type: {type}",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("QEMU has no object type of that name",),
    SERIES,
)
NOT_CREATABLE: Final = Message(
    "object type '{type}' isn't supported by object-add",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type exists, but is not for users to create",),
    SERIES,
)
ABSTRACT_TYPE: Final = Message(
    "object type '{type}' is abstract",
    "qom/object_interfaces.c:user_creatable_add_type",
    ("the type is only a base of others",),
    SERIES,
)
MISSING_PARAMETER: Final = Message(
    "Parameter '{name}' is missing",
    "qom/object_interfaces.c:user_creatable_add_opts",
    ("a parameter that must be there is not",),
    SERIES,
)
OBJECT_NOT_FOUND: Final = Message(
    "object '{id}' not found",
    "qom/object_interfaces.c:user_creatable_del",
    ("no object has that id",),
    SERIES,
)
OBJECT_IN_USE: Final = Message(
    "object '{id}' is in use, can not be deleted",
    "qom/object_interfaces.c:user_creatable_del",
    ("the backend is mapped into the guest",),
    SERIES,
)
DEVICE_NOT_FOUND: Final = Message(
    "Device '{path}' not found",
    "qmp.c:qmp_qom_get",
    ("no object has that path",),
    SERIES,
)
AMBIGUOUS_PATH: Final = Message(
    "Path '{path}' does not uniquely identify an object",
    "qmp.c:qmp_qom_list",
    ("several objects end in that path",),
    SERIES,
)
INSUFFICIENT_PERMISSION: Final = Message(
    "Insufficient permission to perform this operation",
    "qom/object.c:object_property_set",
    ("the property can only be read",),
    SERIES,
)
INVALID_PARAMETER: Final = Message(
    "Invalid parameter '{value}'",
    "qapi/qapi-visit-core.c:input_type_enum",
    ("the value is none of the property's",),
    SERIES,
)
INVALID_TYPE: Final = Message(
    "Invalid parameter type for '{name}', expected: {type}",
    "qapi/qobject-input-visitor.c:qobject_input_get_object",
    ("the JSON value is of another type",),
    SERIES,
)
EXPECTS: Final = Message(
    "Parameter '{name}' expects {what}",
    "qapi/opts-visitor.c:opts_type_size",
    ("the value cannot be read as what the parameter takes",),
    SERIES,
)
UNEXPECTED: Final = Message(
    "Parameter '{name}' is unexpected",
    "qapi/qobject-input-visitor.c:qobject_input_check_struct",
    ("the command takes no argument of that name",),
    SERIES,
)
DUPLICATE_ID: Final = Message(
    "Duplicate ID '{id}' for {group}",
    "util/qemu-option.c:qemu_opts_create",
    ("two options of the same kind have the same id",),
    SERIES,
)
INVALID_OPTION: Final = Message(
    "invalid option",
    "vl.c:lookup_opt",
    ("QEMU has no option of that name",),
    SERIES,
)
REQUIRES_ARGUMENT: Final = Message(
    "requires an argument",
    "vl.c:lookup_opt",
    ("the option is the last word of the command line, and takes a value",),
    SERIES,
)
ASSERT_OUTPUT: Final = Message(
    "qemu: qapi/qobject-output-visitor.c:210: qobject_output_complete: Assertion "
    "`qov->root && QSLIST_EMPTY(&qov->stack)' failed.",
    "qapi/qobject-output-visitor.c:qobject_output_complete",
    ("'host-nodes' is read while no node is in it: nothing is put out, and QEMU asserts",),
    SERIES,
    stream="abort",
)
COMMAND_NOT_FOUND: Final = Message(
    "The command {name} has not been found",
    "qapi/qmp-dispatch.c:do_qmp_dispatch",
    ("QMP has no command of that name",),
    SERIES,
)
EXPECTING_NEGOTIATION: Final = Message(
    "Expecting capabilities negotiation with 'qmp_capabilities'",
    "monitor.c:monitor_qmp_dispatch",
    ("another command was sent before 'qmp_capabilities'",),
    SERIES,
)
NEGOTIATION_COMPLETE: Final = Message(
    "Capabilities negotiation is already complete, command ignored",
    "monitor.c:qmp_qmp_capabilities",
    ("'qmp_capabilities' was sent twice",),
    SERIES,
)
INPUT_MEMBER_MISSING: Final = Message(
    "QMP input lacks member '{name}'",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has no 'execute'",),
    SERIES,
)
INPUT_MEMBER_UNEXPECTED: Final = Message(
    "QMP input member '{name}' is unexpected",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("the QMP command has a member that QMP does not know",),
    SERIES,
)
INPUT_MEMBER_TYPE: Final = Message(
    "QMP input member '{name}' must be {what}",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("a member of the QMP command is of another type",),
    SERIES,
)
INPUT_NOT_OBJECT: Final = Message(
    "QMP input must be a JSON object",
    "qapi/qmp-dispatch.c:qmp_dispatch_check_obj",
    ("what was sent is not a JSON object",),
    SERIES,
)

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
    "Invalid node {node}, max possible could be {max_nodes}",
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

# qdev-monitor.c, hw/mem/nvdimm.c, hw/mem/pc-dimm.c, hw/mem/memory-device.c

INVALID_DEVICE: Final = Message(
    "'{name}' is not a valid device model name",
    "qdev-monitor.c:qdev_get_device_class",
    ("-device names no device; JSON is read from QEMU 6.2 on",),
    SERIES,
)

MEMDEV_NOT_SET: Final = Message(
    "'memdev' property is not set",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("-device nvdimm or pc-dimm has no 'memdev'", "and the machine has no range for it"),
    EVERY_TREE,
)
MEMDEV_MUST_BE_SET: Final = Message(
    "'memdev' property must be set",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("-device nvdimm or pc-dimm has no 'memdev'",),
    EVERY_TREE,
)
MEMDEV_BUSY: Final = Message(
    "can't use already busy memdev: {id}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("the backend is mapped already, by -numa or by another -device",),
    EVERY_TREE,
)
DIMM_NODE: Final = Message(
    "'DIMM property node has value {node}' which exceeds the number of numa nodes: {nodes}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is no node of the guest",),
    EVERY_TREE,
)
NO_SLOTS: Final = Message(
    "no slots where allocated, please specify the 'slots' option",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("-device nvdimm or pc-dimm is given", "and -m has no 'slots'"),
    EVERY_TREE,
)
INVALID_SLOT: Final = Message(
    "invalid slot# {slot}, should be less than {slots}",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("'slot' of the device is not below 'slots' of -m",),
    SERIES,
)
SLOT_BUSY: Final = Message(
    "slot {slot} is busy",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("another device is in that slot",),
    EVERY_TREE,
)
NO_FREE_SLOTS: Final = Message(
    "no free slots available",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("there are more devices than 'slots' of -m",),
    EVERY_TREE,
)
LABEL_SIZE: Final = Message(
    "Property 'nvdimm.label-size' (0x{size:x}) is required at least 0x{least:x}",
    "hw/mem/nvdimm.c:nvdimm_set_label_size",
    ("'label-size' is below 128 KiB",),
    EVERY_TREE,
)
LABEL_DOES_NOT_FIT: Final = Message(
    "the size of memdev {id} (0x{size:x}) is too small to contain nvdimm label "
    "(0x{label_size:x}) and aligned PMEM (0x{align:x})",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    (
        "without its label the backend has no whole 'align' bytes left: 2 MiB for "
        "memory-backend-ram, the file's page size or 'align' for a file",
    ),
    EVERY_TREE,
)
NO_DEVICE_MEMORY: Final = Message(
    "memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("-device nvdimm or pc-dimm is given", "and 'maxmem' of -m leaves no room above the RAM"),
    EVERY_TREE,
)
DEVICE_ALIGNMENT: Final = Message(
    "the alignment (0x{align:x}) is not supported",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("the backend is aligned to more than the start of the range for memory devices, 1 GiB",),
    EVERY_TREE,
)
DEVICE_NO_SPACE: Final = Message(
    "not enough space, currently 0x{used:x} in use of total space for memory devices 0x{space:x}",
    "hw/mem/memory-device.c:memory_device_check_addable",
    ("the devices together are larger than 'maxmem' minus the size of -m",),
    EVERY_TREE,
)
DEVICE_ADDRESS_ALIGNMENT: Final = Message(
    "address must be aligned to 0x{align:x} bytes",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device is not a multiple of its backend's alignment",),
    EVERY_TREE,
)
DEVICE_SIZE: Final = Message(
    "backend memory size must be multiple of 0x{align:x}",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("the size of the backend of a pc-dimm is not a multiple of its alignment",),
    EVERY_TREE,
)
DEVICE_OUT_OF_RANGE: Final = Message(
    "can't add memory device [0x{addr:x}:0x{size:x}], usable range for memory devices "
    "[0x{base:x}:0x{length:x}]",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies outside the range for memory devices",),
    EVERY_TREE,
)
DEVICE_CONFLICT: Final = Message(
    "address range conflicts with memory device id='{id}'",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies in another one",),
    EVERY_TREE,
)
DEVICE_FRAGMENTED: Final = Message(
    "could not find position in guest address space for memory device - memory fragmented due "
    "to alignments",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("no gap between the devices is large enough",),
    EVERY_TREE,
)

# -machine, -m and -smp: vl.c, util/qemu-option.c

UNSUPPORTED_MACHINE: Final = Message(
    "unsupported machine type",
    "vl.c:machine_parse",
    ("-machine names a type that there is not; the model knows none, pc, q35 and isapc",),
    SERIES,
)
VALUE_OUT_OF_RANGE: Final = Message(
    "Value '{value}' is out of range for parameter '{name}'",
    "util/qemu-option.c:parse_option_size",
    ("a size is negative, or 2^64 bytes or more",),
    SERIES,
)
VALUE_TOO_LARGE: Final = Message(
    "Value '{value}' is too large for parameter '{name}'",
    "util/qemu-option.c:parse_option_number",
    ("a number is 2^64 or more",),
    SERIES,
)
RAM_SIZE_TOO_LARGE: Final = Message(
    "too large 'size' option value",
    "vl.c:set_memory_options",
    ("the size of -m has no unit, and so many MiB are 2^64 bytes or more",),
    SERIES,
)
MAXMEM_BELOW_SIZE: Final = Message(
    "invalid value of -m option maxmem: maximum memory size (0x{maxmem:x}) must be at least the "
    "initial memory size (0x{ram_size:x})",
    "vl.c:set_memory_options",
    ("'maxmem' of -m is below its size",),
    SERIES,
)
SLOTS_WITHOUT_ROOM: Final = Message(
    "invalid value of -m option maxmem: memory slots were specified but maximum memory size "
    "(0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})",
    "vl.c:set_memory_options",
    ("-m has 'slots'", "and its 'maxmem' is its size"),
    SERIES,
)
SLOTS_WITHOUT_MAXMEM: Final = Message(
    "invalid -m option value: missing 'maxmem' option",
    "vl.c:set_memory_options",
    ("-m has 'slots' and no 'maxmem'",),
    SERIES,
)
TOPOLOGY_TOO_SMALL: Final = Message(
    "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) < smp_cpus ({cpus})",
    "vl.c:smp_parse",
    ("-smp gives sockets, cores and threads", "and more CPUs than they make"),
    SERIES,
)
MAXCPUS_BELOW_CPUS: Final = Message(
    "maxcpus must be equal to or greater than smp",
    "vl.c:smp_parse",
    ("'maxcpus' of -smp is below the number of CPUs",),
    SERIES,
)
TOPOLOGY_TOO_LARGE: Final = Message(
    "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) > maxcpus "
    "({max_cpus})",
    "vl.c:smp_parse",
    ("sockets, cores and threads of -smp make more than 'maxcpus'",),
    SERIES,
)
TOPOLOGY_DEPRECATED: Final = Message(
    "Invalid CPU topology deprecated: sockets ({sockets}) * cores ({cores}) * threads "
    "({threads}) != maxcpus ({max_cpus})",
    "vl.c:smp_parse",
    ("sockets, cores and threads of -smp make less than 'maxcpus'",),
    SERIES,
    stream="warning",
)
TOO_FEW_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The min CPUs supported by machine '{machine}' is {least}",
    "vl.c:main",
    ("-smp asks for no CPU, or for more than 2^31",),
    SERIES,
)
TOO_MANY_CPUS: Final = Message(
    "Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{machine}' is {most}",
    "vl.c:main",
    (
        "-smp asks for more CPUs than the machine can have: none and isapc have one, pc 255, "
        "q35 288",
    ),
    SERIES,
)

#: What QEMU prints below a message.
MACHINE_HINT: Final = "Use -machine help to list supported machines"
SIZE_HINT: Final = (
    "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n"
    "and exabytes, respectively."
)
IDENTIFIERS: Final = Message(
    "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
    "util/qemu-option.c:qemu_opts_create",
    ("an id is not such an identifier", "it is a hint below the error"),
    SERIES,
    stream="stderr",
)
IDENTIFIER_HINT: Final = IDENTIFIERS.template


def catalogue() -> dict[str, Message]:
    """Return every message by the name the mirror uses for it."""
    return {name: value for name, value in globals().items() if isinstance(value, Message)}
