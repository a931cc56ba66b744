"""The texts of QEMU 7.2, those it shares with the 2018 tree among them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

from .. import messages as before
from ..error import Message

V7_2: Final = ("v7.2",)


def _still(message: Message, function: str = "") -> Message:
    """Return a message of 2018 that 7.2 has as well, there said by ``function``."""
    return attrs.evolve(message, function=function or message.function, revisions=V7_2)


# util/mmap-alloc.c, util/oslib-posix.c, util/memfd.c

ASSERT_GUARD: Final = Message(
    "qemu: ../../util/mmap-alloc.c:242: qemu_ram_mmap: Assertion `align >= guard_pagesize' failed.",
    "util/mmap-alloc.c:qemu_ram_mmap",
    (
        "on ppc64 the file's page size could not be asked when the block was made, and could "
        "when it was mapped",
    ),
    V7_2,
    stream="abort",
)
PERSISTENCE: Final = Message(
    "Warning: requesting persistence across crashes for backend file {path} failed. Proceeding "
    "without persistence, data might become corrupted in case of host crash.",
    "util/mmap-alloc.c:mmap_activate",
    (
        "'share' and 'pmem' are on",
        "mmap() with MAP_SYNC answered EOPNOTSUPP: the file, or what it is on, cannot do it",
    ),
    V7_2,
    stream="stderr",
)
NON_DAX: Final = Message(
    "Using non DAX backing file with 'pmem=on' option is deprecated",
    "util/mmap-alloc.c:mmap_activate",
    ("the persistence warning was printed just before",),
    V7_2,
    stream="stderr",
)
OVERCOMMIT_NEVER: Final = Message(
    'Skipping reservation of swap space is not supported:  "/proc/sys/vm/overcommit_memory" is "2"',
    "util/mmap-alloc.c:map_noreserve_effective",
    (
        "'reserve' is off",
        "the mapping is anonymous or private, and not of huge pages",
        "/proc/sys/vm/overcommit_memory says 2: the kernel reserves all the same",
    ),
    V7_2,
    stream="stderr",
)
OVERCOMMIT_UNKNOWN: Final = Message(
    "Skipping reservation of swap space is not supported:  Could not read: "
    '"/proc/sys/vm/overcommit_memory"',
    "util/mmap-alloc.c:map_noreserve_effective",
    ("'reserve' is off", "/proc/sys/vm/overcommit_memory cannot be read"),
    V7_2,
    stream="stderr",
)
PREALLOC_SIGNAL_HANDLER: Final = Message(
    "qemu_prealloc_mem: failed to install signal handler",
    "util/oslib-posix.c:qemu_prealloc_mem",
    ("preallocation was asked for", "sigaction() refused a handler for SIGBUS"),
    V7_2,
    errno=True,
)
PREALLOC_FAILED: Final = Message(
    "qemu_prealloc_mem: preallocating memory failed",
    "util/oslib-posix.c:qemu_prealloc_mem",
    (
        "preallocation was asked for",
        "populating a page failed: the file system, or the pool of huge pages, had no page "
        "left for it (Bad address)",
    ),
    V7_2,
    errno=True,
)
CREATE_MEMFD: Final = Message(
    "failed to create memfd with flags 0x{flags:x}",
    "util/memfd.c:qemu_memfd_create",
    ("memfd_create() failed",),
    V7_2,
    errno=True,
)
RESIZE_MEMFD: Final = Message(
    "failed to resize memfd to {size}",
    "util/memfd.c:qemu_memfd_create",
    ("the memory file could not be made as large as the backend",),
    V7_2,
    errno=True,
)
ADD_SEALS: Final = Message(
    "failed to add seals 0x{seals:x}",
    "util/memfd.c:qemu_memfd_create",
    ("the memory file could not be sealed",),
    V7_2,
    errno=True,
)
HUGEPAGE_SIZE: Final = _still(before.HUGEPAGE_SIZE)

# softmmu/physmem.c

CANT_OPEN: Final = _still(before.CANT_OPEN, "softmmu/physmem.c:file_ram_open")
MEM_PATH_XEN: Final = _still(before.MEM_PATH_XEN, "softmmu/physmem.c:qemu_ram_alloc_from_fd")
MEM_PATH_KVM: Final = _still(before.MEM_PATH_KVM, "softmmu/physmem.c:qemu_ram_alloc_from_fd")
SIZE_MISMATCH: Final = Message(
    "backing store size 0x{found:x} does not match 'size' option 0x{wanted:x}",
    "softmmu/physmem.c:qemu_ram_alloc_from_fd",
    ("the file is neither empty nor as large as the backend",),
    V7_2,
)
ALIGN_PAGE_SIZE: Final = _still(before.ALIGN_PAGE_SIZE, "softmmu/physmem.c:file_ram_alloc")
ALIGN_POWER_OF_TWO: Final = _still(before.ALIGN_POWER_OF_TWO, "softmmu/physmem.c:file_ram_alloc")
SIZE_BELOW_PAGE: Final = _still(before.SIZE_BELOW_PAGE, "softmmu/physmem.c:file_ram_alloc")
FTRUNCATE: Final = _still(before.FTRUNCATE, "softmmu/physmem.c:file_ram_alloc")
UNABLE_TO_MAP: Final = _still(before.UNABLE_TO_MAP, "softmmu/physmem.c:file_ram_alloc")
CANNOT_SET_UP: Final = _still(before.CANNOT_SET_UP, "softmmu/physmem.c:ram_block_add")
ASSERT_SIZE: Final = Message(
    "qemu: ../../softmmu/physmem.c:1616: find_ram_offset: Assertion `size != 0' failed.",
    "softmmu/physmem.c:find_ram_offset",
    ("a size within a page of 2^64 became 0 when it was rounded up to whole pages",),
    V7_2,
    stream="abort",
)
DONTDUMP_FAILED: Final = _still(before.DONTDUMP_FAILED, "softmmu/physmem.c:qemu_ram_setup_dump")
DONTDUMP_UNSUPPORTED: Final = _still(
    before.DONTDUMP_UNSUPPORTED, "softmmu/physmem.c:qemu_ram_setup_dump"
)

# backends/hostmem*.c

CANNOT_CHANGE_VALUE: Final = _still(before.CANNOT_CHANGE_VALUE)
CANNOT_CHANGE_SIZE: Final = _still(before.CANNOT_CHANGE_SIZE)
SIZE_ZERO: Final = _still(before.SIZE_ZERO)
HUGETLBSIZE_ZERO: Final = _still(
    before.SIZE_ZERO_BEFORE, "backends/hostmem-memfd.c:memfd_backend_set_hugetlbsize"
)
INVALID_NODE: Final = _still(before.INVALID_NODE)
INCOMPATIBLE: Final = Message(
    "'prealloc=on' and 'reserve=off' are incompatible",
    "backends/hostmem.c:host_memory_backend_set_prealloc",
    ("'prealloc' is on and 'reserve' is off",),
    V7_2,
)
THREADS_ZERO: Final = Message(
    "property '{property}' of {type} doesn't take value '0'",
    "backends/hostmem.c:host_memory_backend_set_prealloc_threads",
    ("'prealloc-threads' is 0",),
    V7_2,
)
NODES_WITHOUT_POLICY: Final = _still(before.NODES_WITHOUT_POLICY)
POLICY_WITHOUT_NODES: Final = _still(before.POLICY_WITHOUT_NODES)
CANNOT_BIND: Final = _still(before.CANNOT_BIND)
NOT_POSIX: Final = _still(before.NOT_POSIX)
CANNOT_CHANGE_QUOTED: Final = _still(before.CANNOT_CHANGE_QUOTED)
CANNOT_CHANGE_STOP: Final = Message(
    "cannot change property '{property}' of {type}.",
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("the backend already has its memory", "'pmem' or 'readonly' is set"),
    V7_2,
)
NO_LIBPMEM: Final = _still(before.NO_LIBPMEM)

# qom/, qapi/, qobject/, util/, softmmu/vl.c, monitor/

PROPERTY_NOT_FOUND: Final = Message(
    "Property '{type}.{property}' not found",
    "qom/object.c:object_property_find_err",
    ("the object has no property of that name, in this build",),
    V7_2,
)
NOT_WRITABLE: Final = Message(
    "Property '{type}.{property}' is not writable",
    "qom/object.c:object_property_set",
    ("the property can only be read",),
    V7_2,
)
DUPLICATE_PROPERTY: Final = _still(
    before.DUPLICATE_PROPERTY, "qom/object.c:object_property_try_add"
)
INVALID_OBJECT_TYPE: Final = _still(before.INVALID_OBJECT_TYPE)
LINK_TYPE: Final = _still(before.INVALID_TYPE, "qom/object.c:object_resolve_link")
LINK_NOT_FOUND: Final = _still(before.DEVICE_NOT_FOUND, "qom/object.c:object_resolve_link")
AMBIGUOUS_PATH: Final = _still(before.AMBIGUOUS_PATH, "qom/object.c:object_resolve_link")
OBJECT_NOT_FOUND: Final = _still(before.OBJECT_NOT_FOUND)
OBJECT_IN_USE: Final = _still(before.OBJECT_IN_USE)
DEVICE_NOT_FOUND: Final = _still(before.DEVICE_NOT_FOUND, "qom/qom-qmp-cmds.c:qmp_qom_get")
MISSING_PARAMETER: Final = _still(before.MISSING_PARAMETER, "qapi/opts-visitor.c:lookup_distinct")
VALUE_NOT_ACCEPTED: Final = Message(
    "Parameter '{name}' does not accept value '{value}'",
    "qapi/qapi-visit-core.c:input_type_enum",
    ("the value is none of those that the parameter takes",),
    V7_2,
)
INVALID_TYPE: Final = _still(before.INVALID_TYPE)
EXPECTS: Final = _still(before.EXPECTS)
INVALID_KEY: Final = Message(
    "Invalid parameter '{name}'",
    "qapi/opts-visitor.c:opts_check_struct",
    ("the object takes no property of that name",),
    V7_2,
)
UNEXPECTED: Final = _still(before.UNEXPECTED)
DUPLICATE_ID: Final = _still(before.DUPLICATE_ID)
SHORT_FORM: Final = Message(
    "short-form boolean option '{given}' deprecated",
    "util/qemu-option.c:get_opt_name_value",
    ("a parameter has no '=': it is taken as a boolean",),
    V7_2,
    stream="stderr",
)
SHORT_FORM_HINT: Final = Message(
    "Please use {name}={value} instead",
    "util/qemu-option.c:get_opt_name_value",
    ("the warning before it was printed",),
    V7_2,
    stream="stderr",
)
HEX_SUFFIX: Final = Message(
    "Using a multiplier suffix on hex numbers is deprecated: {text}",
    "util/cutils.c:do_strtosz",
    ("a size in hexadecimal has a unit behind it",),
    V7_2,
    stream="stderr",
)
JSON_PARSE: Final = Message(
    "JSON parse error, {what}",
    "qobject/json-parser.c:parse_error",
    ("-object or -device begins with a brace, and what follows is no JSON",),
    V7_2,
)
JSON_NESTING: Final = Message(
    "JSON nesting depth limit exceeded",
    "qobject/json-streamer.c:json_message_process_token",
    ("more than 1024 brackets and braces are open at once in the JSON of -object or -device",),
    V7_2,
)
JSON_ONE_VALUE: Final = Message(
    "Expecting at most one JSON value",
    "qobject/qjson.c:consume_json",
    ("something stands behind the JSON of -object or -device",),
    V7_2,
)
INVALID_OPTION: Final = _still(before.INVALID_OPTION, "softmmu/vl.c:lookup_opt")
REQUIRES_ARGUMENT: Final = _still(before.REQUIRES_ARGUMENT, "softmmu/vl.c:lookup_opt")
COMMAND_NOT_FOUND: Final = _still(before.COMMAND_NOT_FOUND)
EXPECTING_NEGOTIATION: Final = _still(
    before.EXPECTING_NEGOTIATION, "qapi/qmp-dispatch.c:qmp_dispatch"
)
NEGOTIATION_COMPLETE: Final = _still(
    before.NEGOTIATION_COMPLETE, "monitor/qmp-cmds-control.c:qmp_qmp_capabilities"
)
INPUT_MEMBER_MISSING: Final = _still(before.INPUT_MEMBER_MISSING)
INPUT_MEMBER_UNEXPECTED: Final = _still(before.INPUT_MEMBER_UNEXPECTED)
INPUT_MEMBER_TYPE: Final = _still(before.INPUT_MEMBER_TYPE)
INPUT_NOT_OBJECT: Final = _still(before.INPUT_NOT_OBJECT)

# hw/core/machine.c, hw/core/numa.c, hw/core/machine-smp.c

UNSUPPORTED_MACHINE: Final = _still(before.UNSUPPORTED_MACHINE, "softmmu/vl.c:select_machine")
MACHINE_BARE: Final = Message(
    "Expected '=' after parameter '{name}'",
    "util/keyval.c:keyval_parse_one",
    ("a parameter of -machine or -smp has no '='",),
    V7_2,
)
MACHINE_INVALID_KEY: Final = Message(
    "Invalid parameter '{name}'",
    "util/keyval.c:keyval_parse_one",
    ("a name in -machine or -smp is no name",),
    V7_2,
)
MACHINE_CONFLICT: Final = Message(
    "Conflict between '{name}' and '{other}'",
    "softmmu/vl.c:keyval_dashify",
    ("a property of -machine is given both with '_' and with '-'",),
    V7_2,
)
MEMDEV_NOT_FOUND: Final = Message(
    "Memory backend '{id}' not found",
    "softmmu/vl.c:qemu_resolve_machine_memdev",
    ("'memory-backend' of -machine names no backend",),
    V7_2,
)
MEM_PATH_AND_MEMDEV: Final = Message(
    "'-mem-path' can't be used together with'-machine memory-backend'",
    "softmmu/vl.c:qemu_resolve_machine_memdev",
    ("both -mem-path and 'memory-backend' of -machine are given",),
    V7_2,
)
MEMDEV_SIZE: Final = Message(
    "Machine memory size does not match the size of the memory backend",
    "hw/core/machine.c:machine_run_board_init",
    ("-m and the backend that -machine names differ in size",),
    V7_2,
)
MEMDEV_RESERVED: Final = Message(
    "object name '{id}' is reserved for the default RAM backend, it can't be used for any other "
    "purposes. Change the object's 'id' to something else",
    "hw/core/machine.c:machine_run_board_init",
    ("an object has the id that the machine's own RAM backend has",),
    V7_2,
)
MEMDEV_USED: Final = Message(
    "memory backend {id} can't be used multiple times.",
    "hw/core/machine.c:machine_consume_memdev",
    ("the same backend is given to two nodes, or to a node and the machine",),
    V7_2,
)
MEMDEV_EXCLUSIVE: Final = Message(
    "'-machine memory-backend' and '-numa memdev' properties are mutually exclusive",
    "hw/core/numa.c:numa_complete_configuration",
    ("the machine has a backend, and so has a node",),
    V7_2,
)
SLOTS_WITHOUT_MAXMEM: Final = Message(
    "slots specified but no max-size",
    "hw/core/machine.c:machine_set_mem",
    ("-m has 'slots' and no 'maxmem'",),
    V7_2,
)
MAXMEM_BELOW_SIZE: Final = Message(
    "invalid value of maxmem: maximum memory size (0x{maxmem:x}) must be at least the initial "
    "memory size (0x{ram_size:x})",
    "hw/core/machine.c:machine_set_mem",
    ("'maxmem' of -m is below the size",),
    V7_2,
)
SLOTS_WITHOUT_ROOM: Final = Message(
    "invalid value of maxmem: memory slots were specified but maximum memory size "
    "(0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})",
    "hw/core/machine.c:machine_set_mem",
    ("'slots' are asked for, and 'maxmem' leaves no room for them",),
    V7_2,
)
VALUE_OUT_OF_RANGE: Final = _still(before.VALUE_OUT_OF_RANGE)
MACHINE_DEPRECATED: Final = Message(
    "Machine type '{name}' is deprecated: old and unattended - use a newer version instead",
    "hw/core/machine.c:machine_run_board_init",
    ("the machine is a PC of 1.7 or older",),
    V7_2,
    stream="stderr",
)

# softmmu/qdev-monitor.c, hw/mem/pc-dimm.c, hw/mem/nvdimm.c

DRIVER_MISSING: Final = _still(
    before.MISSING_PARAMETER, "softmmu/qdev-monitor.c:qdev_device_add_from_qdict"
)
NO_PCI_BUS: Final = Message(
    "No 'PCI' bus found for device '{driver}'",
    "softmmu/qdev-monitor.c:qdev_device_add_from_qdict",
    ("the device belongs on a PCI bus, and the machine has none",),
    V7_2,
)
DUPLICATE_DEVICE: Final = Message(
    "Duplicate device ID '{id}'",
    "softmmu/qdev-monitor.c:qdev_set_id",
    ("a -device in JSON has the id of another device",),
    V7_2,
)
INVALID_SLOT: Final = Message(
    "invalid slot number {slot}, valid range is [0-{last}]",
    "hw/mem/pc-dimm.c:pc_dimm_pre_plug",
    ("'slot' of the device is not below 'slots' of -m",),
    V7_2,
)
DIMM_NODE: Final = before.DIMM_NODE
DIMM_WITHOUT_NUMA: Final = Message(
    "machine doesn't support NUMA",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is given, and the machine has no nodes",),
    V7_2,
)
NVDIMM_UUID: Final = Message(
    "Property 'nvdimm.uuid' has invalid value",
    "hw/mem/nvdimm.c:nvdimm_set_uuid",
    ("'uuid' of the device is no UUID",),
    V7_2,
)
NVDIMM_READONLY: Final = Message(
    "'unarmed' property must be 'on' since memdev {id} is read-only",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("the backend has 'readonly' on, and the device has not 'unarmed' on",),
    V7_2,
)
VIRTIO_MEM_BUSY: Final = Message(
    "'memdev' property specifies a busy memdev: {id}",
    "hw/virtio/virtio-mem.c:virtio_mem_device_realize",
    ("the backend of a virtio-mem-pci is mapped already, by -numa or by another -device",),
    V7_2,
)
SMP_EXPECTS: Final = _still(before.EXPECTS, "qapi/qobject-input-visitor.c")
SMP_ZERO: Final = Message(
    "Deprecated CPU topology (considered invalid): CPU topology parameters must be greater than "
    "zero",
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("a number of -smp is 0",),
    V7_2,
    stream="stderr",
)
SMP_TOPOLOGY: Final = Message(
    "Invalid CPU topology: {what}: {hierarchy}",
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("the numbers of -smp do not fit together",),
    V7_2,
)
SMP_NOT_SUPPORTED: Final = Message(
    "{what} not supported by this machine's CPU topology",
    "hw/core/machine-smp.c:machine_parse_smp_config",
    ("-smp asks for dies on a machine that is no PC, or for clusters",),
    V7_2,
)
HYPERTHREADING: Final = Message(
    "This family of AMD CPU doesn't support hyperthreading({threads})",
    "target/i386/cpu.c:x86_cpu_realizefn",
    ("-smp asks for threads, and the CPU, which no -cpu names, is AMD's",),
    V7_2,
)
HYPERTHREADING_HINT: Final = (
    "Please configure -smp options properly or try enabling topoext feature."
)
TOO_MANY_CPUS: Final = _still(
    before.TOO_MANY_CPUS, "hw/core/machine-smp.c:machine_parse_smp_config"
)
TOO_FEW_CPUS: Final = _still(before.TOO_FEW_CPUS, "hw/core/machine-smp.c:machine_parse_smp_config")
NUMA_NOT_SUPPORTED: Final = _still(before.NUMA_NOT_SUPPORTED, "hw/core/numa.c:set_numa_options")
NUMA_MAX_NODES: Final = _still(before.NUMA_MAX_NODES, "hw/core/numa.c:parse_numa_node")
NUMA_DUPLICATE_NODE: Final = _still(before.NUMA_DUPLICATE_NODE, "hw/core/numa.c:parse_numa_node")
NUMA_CPU_INDEX: Final = _still(before.NUMA_CPU_INDEX, "hw/core/numa.c:parse_numa_node")
NUMA_MIXED: Final = Message(
    "numa configuration should use either mem= or memdev=,mixing both is not allowed",
    "hw/core/numa.c:parse_numa_node",
    ("'mem' and 'memdev' both occur, in one node or in two",),
    V7_2,
)
NUMA_MEM: Final = Message(
    "Parameter -numa node,mem is not supported by this machine type",
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is of 5.1 or later",),
    V7_2,
)
NUMA_MEM_HINT: Final = "Use -numa node,memdev instead"
NUMA_MEM_DEPRECATED: Final = Message(
    "Parameter -numa node,mem is deprecated, use -numa node,memdev instead",
    "hw/core/numa.c:parse_numa_node",
    ("'mem' of -numa is given, and the machine is older than 5.1",),
    V7_2,
    stream="stderr",
)
NUMA_HMAT: Final = Message(
    "ACPI Heterogeneous Memory Attribute Table (HMAT) is disabled, enable it with -machine "
    "hmat=on before using any of hmat specific options",
    "hw/core/numa.c:parse_numa_node",
    ("'initiator' of -numa is given without hmat=on",),
    V7_2,
)
NUMA_MEMDEV_AMBIGUOUS: Final = _still(
    before.NUMA_MEMDEV_AMBIGUOUS, "hw/core/numa.c:parse_numa_node"
)
NUMA_CPU_PROPERTY: Final = Message(
    "{name} is not supported",
    "hw/core/machine.c:machine_set_cpu_numa_node",
    ("-numa cpu names dies or clusters, which the machine's CPUs are not divided into",),
    V7_2,
)
NUMA_INVALID_NODE: Final = _still(before.NUMA_INVALID_NODE, "hw/core/numa.c:parse_numa_distance")
NUMA_NODE_MISSING: Final = _still(before.NUMA_NODE_MISSING, "hw/core/numa.c:parse_numa_distance")
NUMA_DISTANCE_LOW: Final = _still(before.NUMA_DISTANCE_LOW, "hw/core/numa.c:parse_numa_distance")
NUMA_DISTANCE_LOCAL: Final = _still(
    before.NUMA_DISTANCE_LOCAL, "hw/core/numa.c:parse_numa_distance"
)
NUMA_NODE_ID_MANDATORY: Final = _still(
    before.NUMA_NODE_ID_MANDATORY, "hw/core/numa.c:set_numa_options"
)
NUMA_NODE_ID_INVALID: Final = _still(before.NUMA_NODE_ID_INVALID, "hw/core/numa.c:set_numa_options")
NUMA_NODE_GAP: Final = _still(before.NUMA_NODE_GAP, "hw/core/numa.c:numa_complete_configuration")
NUMA_TOTAL: Final = _still(before.NUMA_TOTAL, "hw/core/numa.c:numa_complete_configuration")

SIZE_HINT: Final = before.SIZE_HINT
MACHINE_HINT: Final = before.MACHINE_HINT
IDENTIFIERS: Final = _still(before.IDENTIFIERS)
IDENTIFIER_HINT: Final = IDENTIFIERS.template


def catalogue() -> dict[str, Message]:
    """Return every message by the name the mirror uses for it."""
    return {name: value for name, value in globals().items() if isinstance(value, Message)}
