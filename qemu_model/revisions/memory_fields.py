"""What releases do differently about memory: how it is opened, mapped, bound, preallocated."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..ram_addr import RAM_SHARED
from ..records.ram_flags import RamFlags
from .fields import Group, Shown, difference

_RAM = "memory-backend-ram,id=mem0,size=16M"
_FILE = "memory-backend-file,id=mem0,size=16M,mem-path=/mnt/guest.img"


class MmapAlloc(Group):
    """``util/mmap-alloc.c``."""

    takes_flags: bool = difference(
        "qemu_ram_mmap is given the block's RAM flags, not only whether it is shared",
        "V8/2",
        "util/mmap-alloc.c:qemu_ram_mmap",
        shown=Shown(
            (
                "-object",
                "memory-backend-file,id=mem0,size=16M,mem-path=/dev/dax0.0,align=2M,share=on,"
                "pmem=on",
            ),
            host="device-dax",
        ),
    )
    passes_map_sync: bool = difference(
        "a shared block of persistent memory is mapped with MAP_SYNC",
        "V8/3",
        "util/mmap-alloc.c:qemu_ram_mmap",
        shown=Shown(
            (
                "-object",
                "memory-backend-file,id=mem0,size=16M,mem-path=/dev/dax0.0,align=2M,share=on,"
                "pmem=on",
            ),
            host="device-dax",
        ),
    )
    guards_with_the_files_pages: bool = difference(
        "on ppc64 the guard behind a block is one page of its file, not of the system",
        "4.0",
        "util/mmap-alloc.c:mmap_guard_pagesize",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-file,id=ram0,size=16M,mem-path=/f.img"),
            host="ppc64-hugetlbfs",
        ),
    )


class Memfd(Group):
    """``util/memfd.c``."""

    reports_before_it_closes: bool = difference(
        "a memfd that failed is reported with the errno of that failure, not with that of "
        "the close() after it",
        "4.0",
        "util/memfd.c:qemu_memfd_create",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-memfd,id=ram0,size=4M"),
            faults=("ftruncate:error=ENOSPC", "close:error=EIO"),
        ),
    )


class OslibPosix(Group):
    """``util/oslib-posix.c``."""

    anonymous_shared_flag: RamFlags = difference(
        "shared anonymous memory is requested with RAM_SHARED; V7 passed another constant",
        "V7",
        "util/oslib-posix.c:qemu_anon_ram_alloc",
        "assumed",
        default=RAM_SHARED,
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0,size=4M,share=on")),
    )
    populates_with_madvise: bool = difference(
        "memory is preallocated with MADV_POPULATE_WRITE where the kernel has it",
        "7.0",
        "util/oslib-posix.c:qemu_prealloc_mem",
        shown=Shown(("-object", f"{_RAM},prealloc=on")),
    )
    preallocates_in_background: bool = difference(
        "while QEMU starts, memory with a thread-context is preallocated beside the rest",
        "9.0",
        "util/oslib-posix.c:touch_all_pages",
        shown=Shown(
            (
                *("-object", "thread-context,id=t0"),
                *("-object", f"{_RAM},prealloc=on,prealloc-context=t0"),
                *("-object", "memory-backend-ram,id=mem1,size=16M"),
            )
        ),
    )
    numbers_shared_memory: bool = difference(
        "a POSIX shared memory object is named by a number, not by its backend",
        "10.0",
        "util/oslib-posix.c:qemu_shm_alloc",
        shown=Shown(("-object", "memory-backend-shm,id=mem0,size=16M")),
    )


class Physmem(Group):
    """``system/physmem.c``."""

    reads_the_size_of_device_dax: bool = difference(
        "the size of a device DAX is read from sysfs, not with lseek",
        "4.2",
        "system/physmem.c:get_file_size",
        shown=Shown(
            (
                "-M",
                "none",
                "-object",
                "memory-backend-file,id=ram0,size=4M,mem-path=/dev/dax0.0,share=on,align=2M",
            ),
            host="device-dax",
        ),
    )
    leaves_preallocation_to_the_backend: bool = difference(
        "-mem-prealloc does not preallocate a file before its backend does",
        "5.0",
        "system/physmem.c:file_ram_alloc",
        shown=Shown(("-mem-prealloc", "-M", "none", "-object", _FILE)),
    )
    checks_the_align_of_device_dax: bool = difference(
        "a device DAX is refused if 'align' is smaller than the device's own alignment",
        "5.1",
        "system/physmem.c:get_file_align",
        shown=Shown(
            (
                "-M",
                "none",
                "-object",
                "memory-backend-file,id=ram0,size=4M,mem-path=/dev/dax0.0,share=on",
            ),
            host="device-dax",
            build={"libdaxctl": True},
        ),
    )
    knows_no_other_allocator: bool = difference(
        "no accelerator allocates RAM in its own way",
        "6.0",
        "system/physmem.c:qemu_ram_alloc_from_fd",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-file,id=ram0,size=4M,mem-path=/f.img"),
            build={"accelerator": "own-allocator"},
        ),
    )
    readonly_makes_no_file: bool = difference(
        "with readonly=on no file is created, a directory is refused, and a file that only "
        "can be read gets a hint",
        "8.2",
        "system/physmem.c:file_ram_open",
        shown=Shown(("-object", f"{_FILE},readonly=on")),
    )
    refuses_an_offset_behind_the_end: bool = difference(
        "a file that ends before 'offset' is refused",
        "10.0",
        "system/physmem.c:qemu_ram_alloc_from_fd",
        shown=Shown(
            (
                "-M",
                "none",
                "-object",
                "memory-backend-file,id=ram0,size=4M,mem-path=/f.img",
                "-object",
                "memory-backend-file,id=ram1,size=4M,mem-path=/f.img,offset=8M",
            )
        ),
    )
    discards_at_the_offset: bool = difference(
        "the hole in a virtio-mem's file begins at 'offset', not at the file's beginning",
        "10.0",
        "system/physmem.c:ram_block_discard_range",
        "read",
        shown=Shown(
            (
                "-M",
                "pc",
                "-m",
                "64M,maxmem=2G",
                "-object",
                "memory-backend-file,id=ram0,size=64M,mem-path=/f.img,offset=2M,share=on",
                "-device",
                "virtio-mem-pci,memdev=ram0,id=vm0",
            )
        ),
    )
    shared_memory_has_a_file: bool = difference(
        "shared anonymous memory is a memfd, if it can be mapped",
        "10.0",
        "system/physmem.c:qemu_ram_alloc_internal",
        shown=Shown(("-object", f"{_RAM},share=on")),
    )


class Hostmem(Group):
    """``backends/hostmem.c``."""

    errors_name_the_property: bool = difference(
        "an error about size, mem-path or align names the property and the type",
        "V8/4",
        "backends/hostmem.c:host_memory_backend_set_size",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-ram,id=ram0,size=4M"),
            (
                {
                    "execute": "qom-set",
                    "arguments": {"path": "/objects/ram0", "property": "size", "value": 1048576},
                },
            ),
        ),
    )
    checks_host_nodes: bool = difference(
        "host-nodes of 128 and more are refused",
        "3.1.50",
        "backends/hostmem.c:host_memory_backend_set_host_nodes",
        shown=Shown(("-object", f"{_RAM},host-nodes=128,policy=bind")),
    )
    lists_no_nodes: bool = difference(
        "host-nodes without nodes is read as an empty list; before, QEMU aborts",
        "4.0",
        "backends/hostmem.c:host_memory_backend_get_host_nodes",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-ram,id=ram0,size=4M"),
            (
                {
                    "execute": "qom-get",
                    "arguments": {"path": "/objects/ram0", "property": "host-nodes"},
                },
            ),
        ),
    )
    names_regions_by_id: bool = difference(
        "the memory of a file or memfd backend is named by the object's id, not by its path",
        "4.0",
        "backends/hostmem.c:host_memory_backend_get_name",
        shown=Shown(("-M", "none", "-object", "memory-backend-file,id=ram0,size=4M,mem-path=/")),
    )
    mem_prealloc_is_a_default: bool = difference(
        "-mem-prealloc is the default of prealloc, which prealloc=off overrides",
        "5.0",
        "backends/hostmem.c:host_memory_backend_set_prealloc",
        shown=Shown(
            ("-mem-prealloc", "-M", "none", "-object", _FILE),
            (
                {
                    "execute": "qom-set",
                    "arguments": {"path": "/objects/mem0", "property": "prealloc", "value": True},
                },
            ),
        ),
    )
    binds_only_to_nodes: bool = difference(
        "mbind is not called for a backend without host-nodes",
        "5.1",
        "backends/hostmem.c:host_memory_backend_memory_complete",
        shown=Shown(("-object", _RAM)),
    )
    preallocates_with_all_cpus: bool = difference(
        "prealloc-threads is the number of the guest's CPUs, not 1",
        "7.1",
        "backends/hostmem.c:host_memory_backend_init",
        shown=Shown(
            (
                *("-smp", "2", "-M", "pc", "-m", "4M"),
                *("-object", "memory-backend-ram,id=mem0,size=1G,prealloc=on"),
            )
        ),
    )
    prefers_many_nodes: bool = difference(
        "policy=preferred is MPOL_PREFERRED_MANY where libnuma and the kernel have it",
        "8.0",
        "backends/hostmem.c:host_memory_backend_memory_complete",
        shown=Shown(("-object", f"{_RAM},host-nodes=0,policy=preferred")),
    )
    wants_whole_pages: bool = difference(
        "the size of a file or memfd backend must be whole pages of its memory",
        "9.1",
        "backends/hostmem.c:host_memory_backend_memory_complete",
        shown=Shown(("-object", f"{_FILE},size=5000")),
    )
    merges_without_memory: bool = difference(
        "changing merge before there is memory aborts QEMU, and afterwards has no effect: "
        "9.1 alone",
        "9.1",
        "backends/hostmem.c:host_memory_backend_set_merge",
        shown=Shown(("-object", f"{_RAM},merge=off")),
    )


class HostmemFile(Group):
    """``backends/hostmem-file.c``."""

    has_sync: bool = difference(
        "memory-backend-file has the property sync",
        "V8/5",
        "backends/hostmem-file.c:file_memory_backend_set_sync",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-file,id=ram0,size=4M,mem-path=/f.img,sync=on")
        ),
    )
    looks_at_the_host_first: bool = difference(
        "off POSIX the backend is refused before its options are looked at",
        "4.0",
        "backends/hostmem-file.c:file_backend_memory_alloc",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-file,id=ram0,mem-path=/f.img"),
            build={"system": "windows"},
        ),
    )
    checks_the_size_of_pmem: bool = difference(
        "with pmem=on the file must exist and be as large as the backend: 4.0 and 4.1",
        "4.0",
        "backends/hostmem-file.c:file_backend_memory_alloc",
        shown=Shown(("-object", f"{_FILE},pmem=on")),
    )
    lacks_pmem_without_libpmem: bool = difference(
        "a build without libpmem has no property pmem",
        "6.0",
        "backends/hostmem-file.c:file_backend_class_init",
        shown=Shown(
            ("-M", "none", "-object", _FILE),
            (
                {
                    "execute": "qom-get",
                    "arguments": {"path": "/objects/mem0", "property": "pmem"},
                },
            ),
            host="no-libpmem",
        ),
    )


class HostmemMemfd(Group):
    """``backends/hostmem-memfd.c``."""

    needs_sealing: bool = difference(
        "memory-backend-memfd exists only where the kernel can seal a memfd",
        "4.0",
        "backends/hostmem-memfd.c:register_types",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-memfd,id=ram0,size=4M,seal=off"),
            faults=("memfd_create:error=EINVAL:when=3",),
        ),
    )
