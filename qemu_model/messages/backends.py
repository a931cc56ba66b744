"""The texts of the memory backends: ``backends/hostmem*.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .only_in import from_patch_4

# backends/hostmem.c

CANNOT_CHANGE_VALUE: Final = Message(
    "cannot change property value",
    "backends/hostmem.c:host_memory_backend_set_share",
    (
        "the backend already has its memory",
        (
            "share, and hugetlbsize of a memfd, in every tree; size, mem-path and align "
            "before patch 4"
        ),
    ),
)
CANNOT_CHANGE_SIZE: Final = Message(
    "cannot change property {property} of {type} ",
    "backends/hostmem.c:host_memory_backend_set_size",
    (
        "the backend already has its memory",
        "the text ends in a space",
    ),
    only_in=from_patch_4,
)
SIZE_ZERO: Final = Message(
    "property '{property}' of {type} doesn't take value '0'",
    "backends/hostmem.c:host_memory_backend_set_size",
    ("'size' is 0",),
    only_in=from_patch_4,
)
INVALID_NODE: Final = Message(
    "Invalid host-nodes value: {node}",
    "backends/hostmem.c:host_memory_backend_set_host_nodes",
    ("a node of 'host-nodes' is 128 or more",),
)
REMOVE_MEM_PREALLOC: Final = Message(
    {"3.1": "remove -mem-prealloc to use the prealloc property", "5.0": None},
    "backends/hostmem.c:host_memory_backend_set_prealloc",
    (
        "-mem-prealloc is on the command line",
        "and 'prealloc' is set to on afterwards",
    ),
)
NODES_WITHOUT_POLICY: Final = Message(
    (
        "host-nodes must be empty for policy default, or you should explicitly specify a "
        "policy other than default"
    ),
    "backends/hostmem.c:host_memory_backend_memory_complete",
    (
        "'host-nodes' names nodes",
        "and 'policy' is default, or was not given",
    ),
)
POLICY_WITHOUT_NODES: Final = Message(
    "host-nodes must be set for policy {policy}",
    "backends/hostmem.c:host_memory_backend_memory_complete",
    (
        "'policy' is preferred, bind or interleave",
        "and 'host-nodes' was not given",
    ),
)
CANNOT_BIND: Final = Message(
    "cannot bind memory to host NUMA nodes",
    "backends/hostmem.c:host_memory_backend_memory_complete",
    (
        "mbind() failed",
        "and not: the error is ENOSYS and 'policy' is default",
    ),
    errno=True,
)
INCOMPATIBLE: Final = Message(
    {"6.1": "'prealloc=on' and 'reserve=off' are incompatible"},
    "backends/hostmem.c:host_memory_backend_set_prealloc",
    ("'prealloc' is on and 'reserve' is off",),
)
THREADS_ZERO: Final = Message(
    {"5.0": "property '{property}' of {type} doesn't take value '0'"},
    "backends/hostmem.c:host_memory_backend_set_prealloc_threads",
    ("'prealloc-threads' is 0",),
)
NOT_WHOLE_PAGES: Final = Message(
    {"9.1": "backend '{type}' memory size must be multiple of {page_size}"},
    "backends/hostmem.c:host_memory_backend_memory_complete",
    (
        "the backend is a file or a memfd",
        "'size' is not a multiple of the page size of its memory, which is that of huge "
        "pages on hugetlbfs",
    ),
)

# backends/hostmem-file.c

SIZE_NEVER_SET: Final = Message(
    "can't create backend with size 0",
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'size' was not given",),
)
NO_MEM_PATH: Final = Message(
    "mem-path property not set",
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'mem-path' was not given",),
)
NOT_POSIX: Final = Message(
    {
        "3.1": "-mem-path not supported on this host",
        "4.0": "backend '{type}' not supported on this host",
    },
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("QEMU was built for a system that is not POSIX",),
)
CANNOT_CHANGE_QUOTED: Final = Message(
    "cannot change property '{property}' of {type}",
    "backends/hostmem-file.c:set_mem_path",
    (
        "the backend already has its memory",
        "mem-path and align from patch 4, sync from patch 5",
    ),
    only_in=from_patch_4,
)
NO_LIBPMEM: Final = Message(
    {
        "3.1": (
            "Lack of libpmem support while setting the 'pmem=on' of {type} '{id}'. We can't "
            "ensure data persistence."
        ),
        "3.1.50": (
            "Lack of libpmem support while setting the 'pmem=on' of {type}. We can't ensure "
            "data persistence."
        ),
        "6.0": None,
    },
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("'pmem' is on", "and QEMU was built without libpmem"),
)
PMEM_TOO_SMALL: Final = Message(
    {
        "4.0": 'size property {wanted} is larger than pmem file "{path}" size {found}',
        "4.2": None,
    },
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'pmem' is on", "the file is smaller than the backend"),
)
CANNOT_CHANGE_STOP: Final = Message(
    {
        "3.1": "cannot change property '{property}' of {type} '{id}'",
        "3.1.50": "cannot change property '{property}' of {type}.",
    },
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("the backend already has its memory", "'pmem', 'readonly' or 'rom' is set"),
)
ROM_WRITABLE: Final = Message(
    {"8.2": "property 'rom' = 'on' is not supported with 'readonly' = 'off'"},
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'rom' is on, and 'readonly' is not",),
)
ROM_OFF_SHARED: Final = Message(
    {"8.2": "property 'rom' = 'off' is incompatible with 'readonly' = 'on' and 'share' = 'on'"},
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'rom' is off", "'readonly' and 'share' are on: the file could not be written to"),
)

# backends/hostmem-memfd.c

SIZE_ZERO_BEFORE: Final = Message(
    "Property '{type}.{property}' doesn't take value '0'",
    {
        "3.1": "backends/hostmem.c:host_memory_backend_set_size",
        "6.0": "backends/hostmem-memfd.c:memfd_backend_set_hugetlbsize",
    },
    ("'size' (before patch 4), or 'hugetlbsize' of a memfd, is 0",),
)

# backends/hostmem-shm.c

SHM_NOT_SHARED: Final = Message(
    {"9.1": "can't create shm backend with `share=off`"},
    "backends/hostmem-shm.c:shm_backend_memory_alloc",
    ("'share' of a memory-backend-shm is off",),
)
