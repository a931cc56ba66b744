"""The texts of the files that map a backend: ``util/``, ``exec.c``, ``backends/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .trees import FROM_PATCH_4, SERIES, UPSTREAM

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
MEM_PATH_XEN: Final = Message(
    "-mem-path not supported with Xen",
    "exec.c:qemu_ram_alloc_from_fd",
    ("the guest runs on Xen", "RAM is to come from a file, with -mem-path or a backend"),
    SERIES,
)
MEM_PATH_KVM: Final = Message(
    "host lacks kvm mmu notifiers, -mem-path unsupported",
    "exec.c:qemu_ram_alloc_from_fd",
    (
        "the guest runs on KVM, and the kernel's KVM has no MMU notifiers",
        "RAM is to come from a file, with -mem-path or a backend",
    ),
    SERIES,
)
MEM_PATH_ACCELERATOR: Final = Message(
    "-mem-path not supported with this accelerator",
    "exec.c:qemu_ram_alloc_from_fd",
    (
        "the accelerator allocates RAM in its own way, as KVM on old s390x does",
        "RAM is to come from a file, with -mem-path or a backend",
    ),
    SERIES,
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
    "qemu: exec.c:1892: find_ram_offset: Assertion `size != 0' failed.",
    "exec.c:find_ram_offset",
    (
        "a size within a page of 2^64 became 0 when it was rounded up to whole pages",
        "the line is that of 3.1's exec.c; a patch of the series may move it by one",
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
DONTDUMP_FAILED: Final = Message(
    "qemu_madvise",
    "exec.c:qemu_ram_setup_dump",
    ("the machine has dump-guest-core=off", "madvise(MADV_DONTDUMP) failed"),
    SERIES,
    errno=True,
    stream="stderr",
)
DONTDUMP_UNSUPPORTED: Final = Message(
    "madvise doesn't support MADV_DONTDUMP, but dump_guest_core=off specified",
    "exec.c:qemu_ram_setup_dump",
    ("the machine has dump-guest-core=off", "madvise(MADV_DONTDUMP) failed"),
    SERIES,
    stream="stderr",
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
