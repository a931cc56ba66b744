"""What flags mean, in a few words each."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

#: The flags that QEMU gives to mmap.
FLAGS: Final = MappingProxyType(
    {
        "MAP_SHARED": "writes reach the file, and every other mapping of it",
        "MAP_PRIVATE": "writes go to private copies of the pages",
        "MAP_SHARED_VALIDATE": "like MAP_SHARED, but the kernel refuses flags it cannot honour",
        "MAP_SYNC": "synchronous page faults: stored data survives a crash without fsync",
        "MAP_FIXED": "exactly at this address, replacing the reservation",
        "MAP_ANONYMOUS": "memory without a file",
        "MAP_NORESERVE": "no memory is reserved for it",
    }
)

#: The letters of smaps' VmFlags.
VM_FLAGS: Final = MappingProxyType(
    {
        "rd": "readable",
        "wr": "writable",
        "ex": "executable",
        "sh": "shared",
        "mr": "may be made readable",
        "mw": "may be made writable",
        "me": "may be made executable",
        "ms": "may be shared",
        "dc": "not inherited by child processes (MADV_DONTFORK)",
        "de": "cannot be expanded by mremap",
        "ac": "counts against the commit limit",
        "nr": "no memory reserved",
        "ht": "huge pages from the pool",
        "sf": "synchronous page faults (MAP_SYNC)",
        "dd": "not in core dumps (MADV_DONTDUMP)",
        "hg": "transparent huge pages requested (MADV_HUGEPAGE)",
        "nh": "no transparent huge pages",
        "mg": "may be merged by KSM (MADV_MERGEABLE)",
    }
)
