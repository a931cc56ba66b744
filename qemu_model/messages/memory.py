"""The texts of what maps memory: ``util/``, ``system/physmem.c``, ``system/memory.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .assertions import GUARD_ASSERTIONS, RAM_BLOCK_ASSERTIONS, SIZE_ASSERTIONS
from .only_in import where_map_sync_warns

# util/mmap-alloc.c

COULDNT_STATFS: Final = Message(
    {"3.1": "Couldn't statfs() memory path", "7.2": None},
    "util/mmap-alloc.c:qemu_mempath_getpagesize",
    ("statfs() on the memory path failed",),
    errno=True,
    stream="stderr",
)
NO_PERSISTENCE: Final = Message(
    (
        "Warning: requesting persistence across crashes for backend file {path} failed. "
        "Proceeding without persistence, data might become corrupted in case of host "
        "crash."
    ),
    "util/mmap-alloc.c:mmap_activate",
    (
        "'share' and 'pmem' are on, which asks for MAP_SYNC",
        "the kernel said ENOTSUP: the file's file system cannot do it",
    ),
    stream="stderr",
    only_in=where_map_sync_warns,
)
ASSERT_GUARD: Final = Message(
    {
        since: f"qemu: {place}: qemu_ram_mmap: Assertion `align >= {name}' failed."
        for since, (place, name) in GUARD_ASSERTIONS.items()
    },
    "util/mmap-alloc.c:qemu_ram_mmap",
    (
        "on ppc64 the file's page size could not be asked when the block was made, and could "
        "when it was mapped",
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
        "/proc/sys/vm/overcommit_memory says 2: the kernel reserves nevertheless",
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

# util/memfd.c

CREATE_MEMFD: Final = Message(
    {"3.1": "failed to create memfd", "4.0": "failed to create memfd with flags 0x{flags:x}"},
    "util/memfd.c:qemu_memfd_create",
    ("memfd_create() failed; before 4.0, sizing or sealing the memory file as well",),
    errno=True,
)
HUGEPAGE_SIZE: Final = Message(
    "Hugepage size must be a power of 2",
    "util/memfd.c:qemu_memfd_create",
    ("'hugetlbsize' is not a power of two",),
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

# util/oslib-posix.c

SIGNAL_HANDLER: Final = Message(
    {
        "3.1": "os_mem_prealloc: failed to install signal handler",
        "7.2": "qemu_prealloc_mem: failed to install signal handler",
    },
    "util/oslib-posix.c:qemu_prealloc_mem",
    ("preallocation was requested", "sigaction() refused a handler for SIGBUS"),
    errno=True,
)
INSUFFICIENT_PAGES: Final = Message(
    {
        "3.1": (
            "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM"
        ),
        "7.0": None,
    },
    "util/oslib-posix.c:qemu_prealloc_mem",
    (
        "preallocation was requested",
        (
            "touching a page of the block raised SIGBUS: the file system, or the pool of "
            "huge pages, had no page left for it"
        ),
    ),
)
THREADS_OVERFLOW: Final = Message(
    {
        "5.0": "GLib: ../../../glib/gmem.c:365: overflow allocating {count}*232 bytes",
        "7.0": None,
    },
    "util/oslib-posix.c:touch_all_pages",
    (
        "prealloc-threads= is 2147483648 or more, which C's int makes negative",
        "GLib prints it and ends QEMU with SIGTRAP; file and line are those of Debian 11's GLib",
    ),
    stream="abort",
)
PREALLOC_FAILED: Final = Message(
    {
        "7.0": "os_mem_prealloc: preallocating memory failed",
        "7.2": "qemu_prealloc_mem: preallocating memory failed",
    },
    "util/oslib-posix.c:qemu_prealloc_mem",
    (
        "preallocation was requested",
        "populating a page failed: the file system, or the pool of huge pages, had no page "
        "left for it (Bad address)",
    ),
    errno=True,
)
CREATE_SHM: Final = Message(
    {"9.1": "failed to create POSIX shared memory"},
    "util/oslib-posix.c:qemu_shm_alloc",
    ("shm_open() failed: of memory-backend-shm, or of shared memory without memfd_create()",),
    errno=True,
)
RESIZE_SHM: Final = Message(
    {"9.1": "failed to resize POSIX shared memory to {size}"},
    "util/oslib-posix.c:qemu_shm_alloc",
    ("the shared memory object could not be made as large as the backend",),
    errno=True,
)
STAT_PMEM: Final = Message(
    {"4.0": 'unable to stat pmem file "{path}"', "4.2": None},
    "util/oslib-posix.c:qemu_get_pmem_size",
    ("'pmem' is on", "stat() of the path failed: the file must exist"),
)

# system/physmem.c

CANT_OPEN: Final = Message(
    "can't open backing store {path} for guest RAM",
    {"3.1": "system/physmem.c:file_ram_open", "8.2": "system/physmem.c:qemu_ram_alloc_from_file"},
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
        "10.0": (
            "{region} backing store size 0x{found:x} is too small for 'size' option "
            "0x{wanted:x} plus 'offset' option 0x{offset:x}"
        ),
    },
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the file is not empty, and ends before 'size' behind 'offset'",
        "before 5.0 the path in the message is that of -mem-path, '(null)' without one: QEMU "
        "prints the wrong variable",
    ),
)
DEVICE_ALIGN: Final = Message(
    {"5.1": "backing store align 0x{found:x} is larger than 'align' option 0x{align:x}"},
    "system/physmem.c:qemu_ram_alloc_from_fd",
    (
        "the file is a device DAX, and QEMU was built with libdaxctl",
        "the device is mapped in larger units than 'align' says; without 'align' that is 0",
    ),
)
OFFSET_PAGE_SIZE: Final = Message(
    {"8.1": "offset 0x{offset:x} must be multiples of page size 0x{page_size:x}"},
    "system/physmem.c:file_ram_alloc",
    ("'offset' is not a multiple of the page size of the file's file system",),
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
        "QEMU continues nevertheless",
    ),
    errno=True,
    stream="stderr",
)
UNABLE_TO_MAP: Final = Message(
    "unable to map backing store for guest RAM",
    "system/physmem.c:file_ram_alloc",
    (
        "reserving address space, or mapping the file over it, failed",
        "and, if MAP_SYNC was requested, mapping without it failed too",
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
        since: f"qemu: {place}: find_ram_offset: Assertion `size != 0' failed."
        for since, place in SIZE_ASSERTIONS.items()
    },
    "system/physmem.c:find_ram_offset",
    (
        "a size within a page of 2^64 became 0 when it was rounded up to whole pages",
        "file and line are those of a build of the release, or of Debian's",
    ),
    stream="abort",
)
READ_ONLY_HINT: Final = (
    "Consider opening the backing store read-only but still creating writable RAM using "
    "'-object memory-backend-file,readonly=on,rom=off...' (see \"VM templating\" documentation)"
)
NO_RAM_GAP: Final = Message(
    "Failed to find gap of requested size: {size}",
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
    {
        "3.1": "madvise doesn't support MADV_DONTDUMP, but dump_guest_core=off specified",
        "9.1": "madvise doesn't support MADV_DONTDUMP, but dump-guest-core=off specified",
    },
    "system/physmem.c:qemu_ram_setup_dump",
    ("the machine has dump-guest-core=off", "madvise(MADV_DONTDUMP) failed"),
    stream="stderr",
)

# system/memory.c

ASSERT_RAM_BLOCK: Final = Message(
    {
        since: f"qemu: {place}: memory_region_get_ram_ptr: Assertion `mr->ram_block' failed."
        for since, place in RAM_BLOCK_ASSERTIONS.items()
    },
    "system/memory.c:memory_region_get_ram_ptr",
    (
        "the address of a backend that has no memory is requested",
        "4.0 and 4.1: 'pmem' is on, and the file is empty; 9.1: 'merge' changes before there "
        "is memory",
    ),
    stream="abort",
)
