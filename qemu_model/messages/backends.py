"""The texts of the files that map a backend: ``util/``, ``exec.c``, ``backends/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .only_in import from_patch_4, where_map_sync_warns

# util/mmap-alloc.c, util/oslib-posix.c, util/memfd.c

COULDNT_STATFS: Final = Message(
    {"3.1": "Couldn't statfs() memory path", "6.0": None},
    "util/mmap-alloc.c:qemu_mempath_getpagesize",
    ("statfs() on the memory path failed",),
    errno=True,
    stream="stderr",
)
SIGNAL_HANDLER: Final = Message(
    {"3.1": "os_mem_prealloc: failed to install signal handler", "6.0": None},
    "util/oslib-posix.c:os_mem_prealloc",
    (
        "preallocation was asked for",
        "sigaction() refused a handler for SIGBUS",
    ),
    errno=True,
)
INSUFFICIENT_PAGES: Final = Message(
    {
        "3.1": (
            "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM"
        ),
        "6.0": None,
    },
    "util/oslib-posix.c:os_mem_prealloc",
    (
        "preallocation was asked for",
        (
            "touching a page of the block raised SIGBUS: the file system, or the pool of "
            "huge pages, had no page left for it"
        ),
    ),
)
CREATE_MEMFD: Final = Message(
    {"3.1": "failed to create memfd", "4.0": "failed to create memfd with flags 0x{flags:x}"},
    "util/memfd.c:qemu_memfd_create",
    ("memfd_create(), or making it as large as the backend, or sealing it, failed",),
    errno=True,
)
HUGEPAGE_SIZE: Final = Message(
    "Hugepage size must be a power of 2",
    "util/memfd.c:qemu_memfd_create",
    ("'hugetlbsize' is not a power of two",),
)

NO_PERSISTENCE: Final = Message(
    (
        "Warning: requesting persistence across crashes for backend file {path} failed. "
        "Proceeding without persistence, data might become corrupted in case of host "
        "crash."
    ),
    {"3.1": "util/mmap-alloc.c:qemu_ram_mmap", "6.0": "util/mmap-alloc.c:mmap_activate"},
    (
        "'share' and 'pmem' are on, which asks for MAP_SYNC",
        "the kernel said ENOTSUP: the file's file system cannot do it",
    ),
    stream="stderr",
    only_in=where_map_sync_warns,
)

# exec.c

CANT_OPEN: Final = Message(
    "can't open backing store {path} for guest RAM",
    "system/physmem.c:file_ram_open",
    (
        (
            "open() of the path, of a new file there, or of a temporary file in that "
            "directory failed"
        ),
        "and neither with EEXIST nor with EINTR, after which QEMU tries again",
    ),
    errno=True,
)
MEM_PATH_XEN: Final = Message(
    "-mem-path not supported with Xen",
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the guest runs on Xen",
        "RAM is to come from a file, with -mem-path or a backend",
    ),
)
MEM_PATH_KVM: Final = Message(
    "host lacks kvm mmu notifiers, -mem-path unsupported",
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the guest runs on KVM, and the kernel's KVM has no MMU notifiers",
        "RAM is to come from a file, with -mem-path or a backend",
    ),
)
MEM_PATH_ACCELERATOR: Final = Message(
    {"3.1": "-mem-path not supported with this accelerator", "6.0": None},
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the accelerator allocates RAM in its own way, as KVM on old s390x does",
        "RAM is to come from a file, with -mem-path or a backend",
    ),
)
SIZE_MISMATCH: Final = Message(
    {
        "3.1": "backing store {path} size 0x{found:x} does not match 'size' option 0x{wanted:x}",
        "5.0": "backing store size 0x{found:x} does not match 'size' option 0x{wanted:x}",
    },
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the file is neither empty nor as large as the backend",
        (
            "the path in the message is that of -mem-path, '(null)' without one: QEMU prints "
            "the wrong variable"
        ),
    ),
)
ALIGN_PAGE_SIZE: Final = Message(
    "alignment 0x{align:x} must be multiples of page size 0x{page_size:x}",
    "system/physmem.c:file_ram_alloc",
    ("'align' is not a multiple of the page size of the file's file system",),
)
ALIGN_POWER_OF_TWO: Final = Message(
    "alignment 0x{align:x} must be a power of two",
    "system/physmem.c:file_ram_alloc",
    ("'align' is a multiple of the page size, but not a power of two",),
)
SIZE_BELOW_PAGE: Final = Message(
    ("memory size 0x{size:x} must be equal to or larger than page size 0x{page_size:x}"),
    "system/physmem.c:file_ram_alloc",
    ("the backend is smaller than one page of the file's file system",),
)
FTRUNCATE: Final = Message(
    "ftruncate",
    "system/physmem.c:file_ram_alloc",
    (
        "the file was empty and could not be given its size",
        "QEMU goes on all the same",
    ),
    errno=True,
    stream="stderr",
)
UNABLE_TO_MAP: Final = Message(
    "unable to map backing store for guest RAM",
    "system/physmem.c:file_ram_alloc",
    (
        "reserving address space, or mapping the file over it, failed",
        "where MAP_SYNC was asked for, mapping without it failed too",
    ),
    errno=True,
)
CANNOT_SET_UP: Final = Message(
    "cannot set up guest memory '{name}'",
    "system/physmem.c:ram_block_add",
    ("reserving or mapping anonymous memory failed",),
    errno=True,
)
ASSERT_SIZE: Final = Message(
    {
        "3.1": "qemu: exec.c:1892: find_ram_offset: Assertion `size != 0' failed.",
        "6.0": (
            "qemu: ../../softmmu/physmem.c:1616: find_ram_offset: Assertion `size != 0' failed."
        ),
    },
    "system/physmem.c:find_ram_offset",
    (
        "a size within a page of 2^64 became 0 when it was rounded up to whole pages",
        "the line is that of 3.1's exec.c; a patch of the series may move it by one",
    ),
    stream="abort",
)
NO_RAM_GAP: Final = Message(
    {"3.1": "Failed to find gap of requested size: {size}", "6.0": None},
    "system/physmem.c:find_ram_offset",
    ("no gap between the blocks there are is large enough for another one",),
    stream="abort",
)
DONTDUMP_FAILED: Final = Message(
    "qemu_madvise",
    "system/physmem.c:qemu_ram_setup_dump",
    (
        "the machine has dump-guest-core=off",
        "madvise(MADV_DONTDUMP) failed",
    ),
    errno=True,
    stream="stderr",
)
DONTDUMP_UNSUPPORTED: Final = Message(
    "madvise doesn't support MADV_DONTDUMP, but dump_guest_core=off specified",
    "system/physmem.c:qemu_ram_setup_dump",
    (
        "the machine has dump-guest-core=off",
        "madvise(MADV_DONTDUMP) failed",
    ),
    stream="stderr",
)

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
SIZE_ZERO_BEFORE: Final = Message(
    "Property '{type}.{property}' doesn't take value '0'",
    {
        "3.1": "backends/hostmem.c:host_memory_backend_set_size",
        "6.0": "backends/hostmem-memfd.c:memfd_backend_set_hugetlbsize",
    },
    ("'size' (before patch 4), or 'hugetlbsize' of a memfd, is 0",),
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
    {"3.1": "remove -mem-prealloc to use the prealloc property", "6.0": None},
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
        "ENOSYS is let pass with policy default",
    ),
    errno=True,
)

# backends/hostmem-file.c, hostmem-ram.c, hostmem-memfd.c

SIZE_NEVER_SET: Final = Message(
    {"3.1": "can't create backend with size 0", "6.0": None},
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'size' was not given",),
)
NO_MEM_PATH: Final = Message(
    {"3.1": "mem-path property not set", "6.0": None},
    "backends/hostmem-file.c:file_backend_memory_alloc",
    ("'mem-path' was not given",),
)
NOT_POSIX: Final = Message(
    "-mem-path not supported on this host",
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
CANNOT_CHANGE_PMEM: Final = Message(
    {"3.1": "cannot change property 'pmem' of {type}.", "6.0": None},
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    ("the backend already has its memory",),
)
NO_LIBPMEM: Final = Message(
    (
        "Lack of libpmem support while setting the 'pmem=on' of {type}. We can't ensure "
        "data persistence."
    ),
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    (
        "'pmem' is on",
        "and QEMU was built without libpmem",
    ),
)

# since 6.0

ASSERT_GUARD: Final = Message(
    {
        "6.1": (
            "qemu: ../../util/mmap-alloc.c:242: qemu_ram_mmap: Assertion `align >= "
            "guard_pagesize' failed."
        )
    },
    "util/mmap-alloc.c:qemu_ram_mmap",
    (
        (
            "on ppc64 the file's page size could not be asked when the block was made, and "
            "could when it was mapped"
        ),
    ),
    stream="abort",
)
NON_DAX: Final = Message(
    {"6.1": "Using non DAX backing file with 'pmem=on' option is deprecated"},
    "util/mmap-alloc.c:mmap_activate",
    ("the persistence warning was printed just before",),
    stream="stderr",
)
OVERCOMMIT_NEVER: Final = Message(
    {
        "6.1": (
            "Skipping reservation of swap space is not supported:  "
            '"/proc/sys/vm/overcommit_memory" is "2"'
        )
    },
    "util/mmap-alloc.c:map_noreserve_effective",
    (
        "'reserve' is off",
        "the mapping is anonymous or private, and not of huge pages",
        "/proc/sys/vm/overcommit_memory says 2: the kernel reserves all the same",
    ),
    stream="stderr",
)
OVERCOMMIT_UNKNOWN: Final = Message(
    {
        "6.1": (
            "Skipping reservation of swap space is not supported:  Could not read: "
            '"/proc/sys/vm/overcommit_memory"'
        )
    },
    "util/mmap-alloc.c:map_noreserve_effective",
    (
        "'reserve' is off",
        "/proc/sys/vm/overcommit_memory cannot be read",
    ),
    stream="stderr",
)
PREALLOC_SIGNAL_HANDLER: Final = Message(
    {"6.0": "qemu_prealloc_mem: failed to install signal handler"},
    "util/oslib-posix.c:qemu_prealloc_mem",
    (
        "preallocation was asked for",
        "sigaction() refused a handler for SIGBUS",
    ),
    errno=True,
)
PREALLOC_FAILED: Final = Message(
    {"7.0": "qemu_prealloc_mem: preallocating memory failed"},
    "util/oslib-posix.c:qemu_prealloc_mem",
    (
        "preallocation was asked for",
        (
            "populating a page failed: the file system, or the pool of huge pages, had no "
            "page left for it (Bad address)"
        ),
    ),
    errno=True,
)
RESIZE_MEMFD: Final = Message(
    {"3.1": "failed to create memfd", "4.0": "failed to resize memfd to {size}"},
    "util/memfd.c:qemu_memfd_create",
    ("the memory file could not be made as large as the backend",),
    errno=True,
)
ADD_SEALS: Final = Message(
    {"3.1": "failed to create memfd", "4.0": "failed to add seals 0x{seals:x}"},
    "util/memfd.c:qemu_memfd_create",
    ("the memory file could not be sealed",),
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
CANNOT_CHANGE_STOP: Final = Message(
    {"6.0": "cannot change property '{property}' of {type}."},
    "backends/hostmem-file.c:file_memory_backend_set_pmem",
    (
        "the backend already has its memory",
        "'pmem' or 'readonly' is set",
    ),
)
