"""The flags of a mapping that smaps shows in its ``VmFlags`` line.

The bits are the kernel's own (``include/linux/mm.h``), so that their order is
the order in which smaps prints them.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

VM_READ: Final = 0x1
VM_WRITE: Final = 0x2
VM_EXEC: Final = 0x4
VM_SHARED: Final = 0x8
VM_MAYREAD: Final = 0x10
VM_MAYWRITE: Final = 0x20
VM_MAYEXEC: Final = 0x40
VM_MAYSHARE: Final = 0x80
VM_DONTCOPY: Final = 0x20000
VM_DONTEXPAND: Final = 0x40000
VM_ACCOUNT: Final = 0x100000
VM_NORESERVE: Final = 0x200000
VM_HUGETLB: Final = 0x400000
VM_SYNC: Final = 0x800000
VM_DONTDUMP: Final = 0x4000000
VM_HUGEPAGE: Final = 0x20000000
VM_NOHUGEPAGE: Final = 0x40000000
VM_MERGEABLE: Final = 0x80000000

#: Two letters of smaps for each bit, in the order of smaps.
LETTERS: Final = MappingProxyType(
    {
        VM_READ: "rd",
        VM_WRITE: "wr",
        VM_EXEC: "ex",
        VM_SHARED: "sh",
        VM_MAYREAD: "mr",
        VM_MAYWRITE: "mw",
        VM_MAYEXEC: "me",
        VM_MAYSHARE: "ms",
        VM_DONTCOPY: "dc",
        VM_DONTEXPAND: "de",
        VM_ACCOUNT: "ac",
        VM_NORESERVE: "nr",
        VM_HUGETLB: "ht",
        VM_SYNC: "sf",
        VM_DONTDUMP: "dd",
        VM_HUGEPAGE: "hg",
        VM_NOHUGEPAGE: "nh",
        VM_MERGEABLE: "mg",
    }
)
BITS: Final = MappingProxyType({letters: bit for bit, letters in LETTERS.items()})


@cache
def _letters(bits: int) -> tuple[str, ...]:
    return tuple(letters for bit, letters in LETTERS.items() if bits & bit)


def vm_flag_letters(bits: int) -> list[str]:
    """Return ``bits`` as smaps spells them: ``["rd", "wr", "sh", ...]``."""
    return list(_letters(bits))
