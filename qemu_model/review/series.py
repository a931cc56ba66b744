"""The series as its cover letter gives it, and each patch in words.

Nothing here is estimated: what neither the letter nor the merged patches say is None.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..revision import SERIES, V7, V8, Revision

SUBJECT: Final = "[PATCH V8 0/5] support MAP_SYNC for memory-backend-file"
SENDER: Final = "Zhang Yi"
DATE: Final = "Wed, 2 Jan 2019 13:25:21 +0800"

#: How a statement is known.
CERTAINTY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "L": "the cover letter says it",
        "M": "measured, or read from the merged patch",
        "A": "the author's own code: V1 and V10, built and recorded",
        "P": "an earlier posting says it",
        "I": "an assumption: nothing published says it",
    }
)


@attrs.frozen
class Figures:
    """Lines of a change: ``insertions`` and ``deletions``."""

    insertions: int
    deletions: int

    def to_json(self) -> dict[str, int]:
        """Return the JSON form."""
        return {"insertions": self.insertions, "deletions": self.deletions}


#: What happened to a patch that QEMU took.
MERGED: Final = "merged as it was"

#: The twelve files, as the letter counts them.
FILES: Final[Mapping[str, Figures]] = MappingProxyType(
    {
        "backends/hostmem-file.c": Figures(32, 2),
        "backends/hostmem.c": Figures(5, 3),
        "docs/nvdimm.txt": Figures(22, 1),
        "exec.c": Figures(5, 4),
        "include/exec/memory.h": Figures(20, 6),
        "include/exec/ram_addr.h": Figures(1, 0),
        "include/qemu/mmap-alloc.h": Figures(19, 1),
        "include/qemu/osdep.h": Figures(16, 0),
        "numa.c": Figures(1, 0),
        "qemu-options.hx": Figures(18, 1),
        "util/mmap-alloc.c": Figures(16, 4),
        "util/oslib-posix.c": Figures(8, 1),
    }
)
TOTAL: Final = Figures(163, 23)


@attrs.frozen
class Touched:
    """A file that a patch touches: how that is known, and by how much where it is."""

    path: str
    certainty: str
    figures: Figures | None = None


@attrs.frozen
class Demonstration:
    """The smallest line that shows a patch, in the tree before it and in the tree after it.

    ``host`` is a profile; ``says`` is what to look at.
    """

    before: Revision
    after: Revision
    host: str
    args: tuple[str, ...]
    qmp: tuple[Mapping[str, Any], ...]
    says: str


@attrs.frozen
class Patch:
    """One of the five.

    ``figures`` is None where they are not known; ``files`` are those of the twelve
    that are known to be touched.
    """

    number: int
    subject: str
    problem: str
    change: str
    functions: tuple[str, ...]
    files: tuple[Touched, ...]
    figures: Figures | None
    upstream: str
    upstream_version: str
    upstream_year: int | None
    demonstrations: tuple[Demonstration, ...]
    certainty: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "patch": self.number,
            "subject": self.subject,
            "problem": self.problem,
            "change": self.change,
            "certainty": self.certainty,
            "functions": list(self.functions),
            "figures": None if self.figures is None else self.figures.to_json(),
            "files": [
                {
                    "path": touched.path,
                    "certainty": touched.certainty,
                    "figures": None if touched.figures is None else touched.figures.to_json(),
                }
                for touched in self.files
            ],
            "upstream": {
                "what": self.upstream,
                "version": self.upstream_version,
                "year": self.upstream_year,
            },
        }


_RAM: Final = "memory-backend-ram,id=mem0,size=4M"
_FILE: Final = "memory-backend-file,id=mem0,size=16M,mem-path=/mnt/guest.img"
_TWICE: Final = ("-numa", "node,memdev=mem0", "-numa", "node,memdev=mem0")
_SET_SIZE: Final = MappingProxyType(
    {
        "execute": "qom-set",
        "arguments": {"path": "/objects/mem0", "property": "size", "value": 8 * 1024 * 1024},
    }
)
#: Nothing sets RAM_SYNC before patch 5, so patch 3 is seen at work on top of it.
WITHOUT_PATCH_3: Final = attrs.evolve(
    V8,
    name="v8 without 3",
    meaning="V8 without patch 3: the option sync is there and does nothing",
    mmap_alloc=SERIES[2].mmap_alloc,
)
_IN_4_0: Final = "4.0"

PATCHES: Final = (
    Patch(
        1,
        "numa: Fixed the memory leak of numa error message",
        "Two -numa nodes may not share one memory backend. QEMU says so and exits, but the "
        "backend's name, which it asked for to print it, is never freed.",
        "One line frees the name after it is printed. Message and exit status stay.",
        ("numa.c:memory_region_allocate_system_memory",),
        (Touched("numa.c", "L", Figures(1, 0)),),
        Figures(1, 0),
        MERGED,
        _IN_4_0,
        2019,
        (
            Demonstration(
                SERIES[0],
                SERIES[1],
                "default",
                ("-m", "8M", "-object", _RAM, *_TWICE),
                (),
                "before, one string is leaked; after, none. Calls and messages are the same.",
            ),
        ),
        "M",
    ),
    Patch(
        2,
        "util/mmap-alloc: switch qemu_ram_mmap() to 'flags' parameter",
        "qemu_ram_mmap() learns whether memory is shared from a bool. There is no room in a "
        "bool for a second request, such as MAP_SYNC.",
        "The bool becomes a set of RAM flags, which file_ram_alloc() hands on from the block "
        "and qemu_anon_ram_alloc() makes from its own bool. So far RAM_SHARED is the only "
        "flag that is read: no system call changes, anywhere. The danger is in the "
        "hand-over. V7 passed MAP_SHARED, which is mmap's flag and means 1, where RAM_SHARED, "
        "which is 2, belongs; to the new function that 1 is RAM_PREALLOC, and shared anonymous "
        "memory became private. V8 passes the right one and makes the definitions a type of "
        "their own, so that a checker can tell: in V10, the author's own code, that is "
        "QemuMmapFlags, marked as bitwise for the checker sparse, with the RAM flags forced into "
        "it.",
        (
            "util/mmap-alloc.c:qemu_ram_mmap",
            "util/oslib-posix.c:qemu_anon_ram_alloc",
            "exec.c:file_ram_alloc",
        ),
        (
            Touched("exec.c", "A"),
            Touched("include/qemu/mmap-alloc.h", "I"),
            Touched("util/mmap-alloc.c", "L"),
            Touched("util/oslib-posix.c", "L"),
        ),
        None,
        "replaced: 4.1 gave qemu_ram_mmap() a second bool, is_pmem; flags came in 6.1 "
        "(QEMU_MAP_SHARED and others), the idea of this patch two and a half years later",
        "6.1",
        2021,
        (
            Demonstration(
                SERIES[1],
                SERIES[2],
                "default",
                ("-object", f"{_RAM},share=on"),
                (),
                "nothing changes, which is the claim.",
            ),
            Demonstration(
                V7,
                V8,
                "default",
                ("-object", f"{_RAM},share=on"),
                (),
                "what the wrong constant of V7 did to the same line: the user asks for shared "
                "memory and gets private memory, without a word.",
            ),
        ),
        "L",
    ),
    Patch(
        3,
        "util/mmap-alloc: support MAP_SYNC in qemu_ram_mmap()",
        "A guest that writes to a file on persistent memory (DAX: the file's pages are the "
        "memory itself, no copy in between) flushes its own caches, and believes its data is "
        "safe. But the file's metadata, which says where its blocks are, may still be on the "
        "way to the disk: after a crash of the host the data is there and no file points to it. "
        "The flag MAP_SYNC of mmap(2), since Linux 4.15, promises that the metadata is written "
        "before a page can be written to.",
        "A block that is shared (RAM_SHARED), persistent (RAM_PMEM) and wants it (RAM_SYNC) is "
        "mapped with MAP_SYNC and MAP_SHARED_VALIDATE. If the kernel refuses, it is mapped "
        "again without the two (V1 did so, V10 did not). Where the system is not Linux both are "
        "0 and nothing changes; where the kernel's headers lack them, V10 has 0 and V1 the "
        "numbers, and V8's choice is an assumption. "
        "Nothing sets RAM_SYNC yet: by itself the patch changes no run.",
        ("util/mmap-alloc.c:qemu_ram_mmap",),
        (
            Touched("include/qemu/osdep.h", "L"),
            Touched("util/mmap-alloc.c", "L"),
        ),
        None,
        "replaced: share=on and pmem=on ask for MAP_SYNC, with the same retry, and a warning "
        "where the file cannot do it",
        "4.1",
        2019,
        (
            Demonstration(
                WITHOUT_PATCH_3,
                V8,
                "tmpfs",
                ("-object", f"{_FILE},share=on,pmem=on,sync=on"),
                (),
                "patch 5 is in both trees, since without its option nothing sets RAM_SYNC. "
                "After, QEMU asks for MAP_SYNC; this file cannot do it, the kernel refuses, "
                "and QEMU maps as before the patch.",
            ),
        ),
        "L",
    ),
    Patch(
        4,
        "hostmem: add more information in error messages",
        "Some properties of a backend cannot be changed once it has its memory. Setting one "
        "says 'cannot change property value', and leaves open which property of what.",
        "Four messages name the property and the type: size, a size of 0, mem-path and align. "
        "The same old words for share stay: the patch misses them.",
        (
            "backends/hostmem.c:host_memory_backend_set_size",
            "backends/hostmem-file.c:set_mem_path",
            "backends/hostmem-file.c:file_memory_backend_set_align",
        ),
        (
            Touched("backends/hostmem-file.c", "M", Figures(4, 2)),
            Touched("backends/hostmem.c", "M", Figures(5, 3)),
        ),
        Figures(9, 5),
        MERGED,
        _IN_4_0,
        2019,
        (
            Demonstration(
                SERIES[3],
                SERIES[4],
                "default",
                ("-object", _RAM),
                (_SET_SIZE,),
                "the answer to qom-set names the property and the type.",
            ),
        ),
        "M",
    ),
    Patch(
        5,
        "hostmem-file: add 'sync' option",
        "No user can ask for MAP_SYNC: patch 3 looks at a flag that nothing sets.",
        "memory-backend-file gets the option sync, off by default. With sync=on QEMU tries "
        "MAP_SYNC; it does not pass it where the kernel or the file cannot do it, nor with "
        "share=off or pmem=off. The option is described for users in qemu-options.hx and "
        "docs/nvdimm.txt.",
        (
            "backends/hostmem-file.c:file_backend_memory_alloc",
            "backends/hostmem-file.c:file_memory_backend_set_sync",
        ),
        (
            Touched("backends/hostmem-file.c", "L"),
            Touched("docs/nvdimm.txt", "P"),
            Touched("qemu-options.hx", "P"),
        ),
        None,
        "replaced: no option; pmem=on and share=on imply it",
        "4.1",
        2019,
        (
            Demonstration(
                SERIES[4],
                SERIES[5],
                "ext4-dax",
                ("-object", f"{_FILE},share=on,pmem=on,sync=on"),
                (),
                "before, QEMU does not know the option; after, it asks for MAP_SYNC and gets it.",
            ),
        ),
        "L",
    ),
)


def files_without_patch() -> list[str]:
    """Return the files of the twelve of which it is not known which patch touches them."""
    known = {touched.path for patch in PATCHES for touched in patch.files}
    return [path for path in FILES if path not in known]
