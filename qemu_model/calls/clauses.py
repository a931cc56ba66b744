"""Why QEMU makes a call: the rule behind each one, in words, and how certain it is.

A rule belongs to a C function and to what its call looks like; the mirror does not repeat it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ..host.linux import (
    MADV_DODUMP,
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_HUGEPAGE,
    MADV_MERGEABLE,
    MADV_REMOVE,
    MADV_UNMERGEABLE,
    MAP_FIXED,
    MAP_SYNC,
    O_CREAT,
    O_EXCL,
    O_RDWR,
    PROT_NONE,
)
from ..revisions.origins import newest_origin
from .event import Event


class Clause(NamedTuple):
    """One rule: ``why`` in a few words, ``rule`` in a sentence.

    ``certainty`` is ``measured`` (recorded runs of real QEMUs), ``letter`` (the
    series' cover letter says so) or ``inferred`` (nothing published fixes it).
    """

    why: str
    rule: str
    certainty: str = "measured"


#: Decides by the event, and by the event before it, which rule applies.
Chooser = Callable[[Event, Event | None], Clause | None]

_MEMPATH = Clause(
    "get the path's page size",
    "the file system of -mem-path decides the page size",
)
_PAGESIZE = Clause(
    "get the file's page size",
    "hugetlbfs gives its own page size, everything else the system's; repeated on EINTR",
)
_OPEN = Clause(
    "open the existing file", "the path is first opened without O_CREAT, for reading and writing"
)
_OPEN_READ_ONLY = Clause(
    "open the existing file for reading", "readonly=on: the path is opened for reading only"
)
_CREATE = Clause(
    "it does not exist: create it",
    "after ENOENT a new file is created, with O_EXCL so that it is known to be ours, mode 0644",
)
_TEMPORARY = Clause(
    "a directory: create a temporary file in it",
    "after EISDIR a file qemu_back_mem.<name>.XXXXXX is made in the directory, mode 0600",
)
_FORGET = Clause(
    "remove its name at once",
    "the temporary file is unlinked as soon as it is open",
)
_SIZE = Clause("get the file's size", "lseek to the end returns the size")
_TRUNCATE = Clause(
    "set the size of the empty file",
    "only an empty file is given a size, rounded up to its pages; a failure is printed and ignored",
)
_RESERVE = Clause(
    "reserve",
    "size + align bytes of address space are reserved, so that an aligned block and a guard "
    "page fit",
)
_MAP = Clause(
    "map the block over the reservation",
    "the block is mapped at the first multiple of align in the reservation: MAP_SHARED with "
    "RAM_SHARED, else MAP_PRIVATE",
)
_MAP_SYNC = Clause(
    "map it synchronously",
    "RAM_SHARED, RAM_PMEM and RAM_SYNC together add MAP_SYNC and MAP_SHARED_VALIDATE (patch 3)",
    "letter",
)
_MAP_AGAIN = Clause(
    "refused: map it without MAP_SYNC",
    "if the synchronous mapping fails, for any reason, it is tried once more without "
    "MAP_SYNC and MAP_SHARED_VALIDATE (patch 3)",
    "inferred",
)
_GIVE_UP = Clause(
    "failed: unmap the reservation", "after a failed mapping the reservation is released"
)
_TRIM_HEAD = Clause(
    "unmap the unused part before the block", "the part before the aligned address is unmapped"
)
_TRIM_TAIL = Clause(
    "unmap the unused part after the guard page",
    "one PROT_NONE page stays after the block as a guard; the rest is unmapped",
)
_UNMAP = Clause(
    "unmap the block and its guard page", "block and guard page are unmapped in one call"
)
_REMOVE_CREATED = Clause(
    "failed: remove the file just created", "a file created before the failure is removed"
)
_CLOSE_FAILED = Clause("failed: close the file", "the descriptor is closed when the block failed")
_CLOSE = Clause("close the file of a released block", "the RCU thread closes the file last")
_MERGE_MACHINE = Clause(
    "let KSM merge its pages", "anonymous RAM is mergeable unless the machine says mem-merge=off"
)
_DONTDUMP_MACHINE = Clause("keep it out of core dumps", "the machine says dump-guest-core=off")
_HUGEPAGE = Clause(
    "request transparent huge pages", "every RAM block is advised with MADV_HUGEPAGE"
)
_DONTFORK = Clause("do not inherit it on fork", "child processes do not inherit RAM blocks")
_MERGE = Clause("merge=on", "merge is on: KSM may merge the backend's pages")
_UNMERGE = Clause("merge=off", "merge was switched off")
_DONTDUMP = Clause("dump=off", "dump is off: the backend stays out of core dumps")
_DUMP = Clause("dump=on", "dump was switched on again")
_BIND = Clause(
    "apply the NUMA policy",
    "the policy is applied with MPOL_MF_STRICT and MPOL_MF_MOVE, with maxnode = highest node + 2",
)
_DISCARD = Clause("discard-data=on", "the data is discarded when the object is deleted")
_PUNCH = Clause(
    "virtio-mem: discard the file's data",
    "the device's memory begins empty: the hole is punched in the file itself, which every user of"
    " the file sees",
)
_DROP = Clause("virtio-mem: drop the pages", "the guest has plugged no block of the device yet")
_SHM = Clause(
    "create the shared memory object",
    "shm_open(3) of a new object, mode 0: other processes cannot open it",
)
_SHM_FORGET = Clause(
    "remove its name at once", "the object stays as long as a descriptor or a mapping does"
)
_MEMFD = Clause(
    "create the memory file", "a memfd with MFD_CLOEXEC; sealing and huge pages if requested"
)
_MEMFD_SIZE = Clause("set its size", "the memory file is made as large as the backend")
_SEAL = Clause("seal its size", "seal=on forbids growing, shrinking and further seals")
_MEMFD_CLOSE = Clause(
    "failed: close the memory file", "the memory file is closed after the failure"
)


_PMEM_SYNC = Clause(
    "map it synchronously",
    "share=on and pmem=on imply MAP_SYNC and MAP_SHARED_VALIDATE from QEMU 4.1 on",
)
_PMEM_AGAIN = Clause(
    "refused: map it without MAP_SYNC",
    "if the synchronous mapping fails, it is tried once more without MAP_SYNC and "
    "MAP_SHARED_VALIDATE; on EOPNOTSUPP QEMU warns",
)
_TRY_POPULATE = Clause(
    "test whether the kernel supports MADV_POPULATE_WRITE",
    "7.2 tries MADV_POPULATE_WRITE on the first page before it preallocates",
)
_POPULATE = Clause("prealloc=on", "7.2 preallocates with MADV_POPULATE_WRITE where it can")


def _open(event: Event, _before: Event | None) -> Clause:
    flags, mode = event.args[1], event.args[2]
    if not flags & O_CREAT:
        return _OPEN if flags & O_RDWR else _OPEN_READ_ONLY
    return _TEMPORARY if flags & O_EXCL and mode == 0o600 else _CREATE


def _ram_mmap(event: Event, before: Event | None) -> Clause:
    prot, flags = event.args[2], event.args[3]
    if prot == PROT_NONE and not flags & MAP_FIXED:
        return _RESERVE
    if flags & MAP_SYNC:
        return _MAP_SYNC
    if before and before.call == "mmap" and before.failed and before.args[3] & MAP_SYNC:
        return _MAP_AGAIN
    return _MAP


def _activate(event: Event, before: Event | None) -> Clause:
    if event.args[3] & MAP_SYNC:
        return _PMEM_SYNC
    if before and before.call == "mmap" and before.failed and before.args[3] & MAP_SYNC:
        return _PMEM_AGAIN
    return _MAP


def _ram_mmap_munmap(_event: Event, before: Event | None) -> Clause:
    if before is not None and before.call == "mmap":
        if before.failed:
            return _GIVE_UP
        return _TRIM_HEAD if _event.args[0] < before.result else _TRIM_TAIL
    return _TRIM_TAIL


def _always(clause: Clause) -> Chooser:
    return lambda _event, _before: clause


def _advice(**by_name: Clause) -> Chooser:
    numbers = {
        "HUGEPAGE": MADV_HUGEPAGE,
        "DONTFORK": MADV_DONTFORK,
        "DONTDUMP": MADV_DONTDUMP,
        "DODUMP": MADV_DODUMP,
        "MERGEABLE": MADV_MERGEABLE,
        "UNMERGEABLE": MADV_UNMERGEABLE,
        "REMOVE": MADV_REMOVE,
    }
    table = {numbers[name]: clause for name, clause in by_name.items()}
    return lambda event, _before: table.get(event.args[2])


CLAUSES: Final[Mapping[tuple[str, str], Chooser]] = MappingProxyType(
    {
        ("util/mmap-alloc.c:qemu_fd_getpagesize", "fstatfs"): _always(_PAGESIZE),
        ("util/mmap-alloc.c:qemu_mempath_getpagesize", "statfs"): _always(_MEMPATH),
        ("util/mmap-alloc.c:qemu_ram_mmap", "mmap"): _ram_mmap,
        ("util/mmap-alloc.c:qemu_ram_mmap", "munmap"): _ram_mmap_munmap,
        ("util/mmap-alloc.c:qemu_ram_munmap", "munmap"): _always(_UNMAP),
        ("util/mmap-alloc.c:mmap_reserve", "mmap"): _always(_RESERVE),
        ("util/mmap-alloc.c:mmap_activate", "mmap"): _activate,
        ("util/oslib-posix.c:madv_populate_write_possible", "madvise"): _always(_TRY_POPULATE),
        ("util/oslib-posix.c:touch_all_pages", "madvise"): _always(_POPULATE),
        ("util/oslib-posix.c:do_madv_populate_write_pages", "madvise"): _always(_POPULATE),
        ("system/physmem.c:file_ram_open", "open"): _open,
        ("system/physmem.c:file_ram_open", "unlink"): _always(_FORGET),
        ("system/physmem.c:get_file_size", "lseek"): _always(_SIZE),
        ("system/physmem.c:file_ram_alloc", "ftruncate"): _always(_TRUNCATE),
        ("system/physmem.c:qemu_ram_alloc_from_file", "unlink"): _always(_REMOVE_CREATED),
        ("system/physmem.c:qemu_ram_alloc_from_file", "close"): _always(_CLOSE_FAILED),
        ("system/physmem.c:reclaim_ramblock", "close"): _always(_CLOSE),
        ("system/physmem.c:memory_try_enable_merging", "madvise"): _always(_MERGE_MACHINE),
        ("system/physmem.c:qemu_ram_setup_dump", "madvise"): _always(_DONTDUMP_MACHINE),
        ("system/physmem.c:ram_block_add", "madvise"): _advice(
            HUGEPAGE=_HUGEPAGE, DONTFORK=_DONTFORK
        ),
        ("backends/hostmem.c:host_memory_backend_memory_complete", "madvise"): _advice(
            MERGEABLE=_MERGE, DONTDUMP=_DONTDUMP
        ),
        ("backends/hostmem.c:host_memory_backend_memory_complete", "mbind"): _always(_BIND),
        ("backends/hostmem.c:host_memory_backend_set_merge", "madvise"): _advice(
            MERGEABLE=_MERGE, UNMERGEABLE=_UNMERGE
        ),
        ("backends/hostmem.c:host_memory_backend_set_dump", "madvise"): _advice(
            DODUMP=_DUMP, DONTDUMP=_DONTDUMP
        ),
        ("system/physmem.c:ram_block_discard_range", "fallocate"): _always(_PUNCH),
        ("system/physmem.c:ram_block_discard_range", "madvise"): _always(_DROP),
        ("backends/hostmem-file.c:file_backend_unparent", "madvise"): _always(_DISCARD),
        ("util/oslib-posix.c:qemu_shm_alloc", "open"): _always(_SHM),
        ("util/oslib-posix.c:qemu_shm_alloc", "unlink"): _always(_SHM_FORGET),
        ("util/oslib-posix.c:qemu_shm_alloc", "ftruncate"): _always(_MEMFD_SIZE),
        ("util/oslib-posix.c:qemu_shm_alloc", "close"): _always(_MEMFD_CLOSE),
        ("util/memfd.c:qemu_memfd_create", "memfd_create"): _always(_MEMFD),
        ("util/memfd.c:qemu_memfd_create", "ftruncate"): _always(_MEMFD_SIZE),
        ("util/memfd.c:qemu_memfd_create", "fcntl"): _always(_SEAL),
        ("util/memfd.c:qemu_memfd_create", "close"): _always(_MEMFD_CLOSE),
    }
)


def clause_of(event: Event, before: Event | None = None) -> Clause | None:
    """Return the rule that ``event`` follows, ``before`` being the event right before it."""
    chooser = CLAUSES.get((newest_origin(event.by), event.call))
    return chooser(event, before) if chooser else None


def explained(events: tuple[Event, ...]) -> list[dict[str, object]]:
    """Return the events' JSON form with ``why`` for each."""
    shown = []
    before: Event | None = None
    for event in events:
        clause = clause_of(event, before)
        shown.append({**event.to_json(), "why": clause.why if clause else ""})
        before = event
    return shown
