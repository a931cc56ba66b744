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
    "qemu: exec.c:{line}: find_ram_offset: Assertion `size != 0' failed.",
    "exec.c:find_ram_offset",
    ("a size within a page of 2^64 became 0 when it was rounded up to whole pages",),
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

IDENTIFIER_HINT: Final = (
    "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."
)


def catalogue() -> dict[str, Message]:
    """Return every message by the name the mirror uses for it."""
    return {name: value for name, value in globals().items() if isinstance(value, Message)}
