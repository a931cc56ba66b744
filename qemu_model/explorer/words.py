"""What flags mean, in a few words each."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

#: The flags that QEMU gives to mmap.
FLAGS: Final = MappingProxyType(
    {
        "MAP_SHARED": "writes reach the file, and every other mapping of it",
        "MAP_PRIVATE": "writes go to copies of the pages that nobody else sees",
        "MAP_SHARED_VALIDATE": "as MAP_SHARED, and flags that cannot be had are refused",
        "MAP_SYNC": "what is stored stays, after a crash too, without fsync",
        "MAP_FIXED": "exactly at this address, over what was reserved there",
        "MAP_ANONYMOUS": "memory without a file",
        "MAP_NORESERVE": "no memory is set aside for it",
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
        "dc": "not copied to children (MADV_DONTFORK)",
        "de": "cannot grow",
        "ac": "counted against the memory there is",
        "nr": "no memory set aside",
        "ht": "huge pages from the pool",
        "sf": "synchronous page faults (MAP_SYNC)",
        "dd": "not in core dumps (MADV_DONTDUMP)",
        "hg": "huge pages wanted (MADV_HUGEPAGE)",
        "nh": "huge pages not wanted",
        "mg": "may be merged by KSM (MADV_MERGEABLE)",
    }
)
