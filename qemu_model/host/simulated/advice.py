"""The simulated kernel's madvise and mbind."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from .. import linux
from ..profile import Profile
from ..vm_flags import (
    VM_DONTCOPY,
    VM_DONTDUMP,
    VM_HUGEPAGE,
    VM_HUGETLB,
    VM_MAYSHARE,
    VM_MAYWRITE,
    VM_MERGEABLE,
    VM_NOHUGEPAGE,
    VM_SHARED,
    VM_WRITE,
)
from .address_space import Mapping
from .errors import EACCES, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, EPERM, WORD, WRITE_SEALS
from .touching import Touching

_MBIND_FLAGS: Final = 0x7
#: The policies by number, and the kernel that each came with.
_POLICIES: Final = MappingProxyType({0: (2, 6), 1: (2, 6), 2: (2, 6), 3: (2, 6), 5: (5, 15)})

#: What each advice clears and sets in a mapping's flags.
_ADVICE_BITS: Final = MappingProxyType(
    {
        linux.MADV_DONTFORK: (0, VM_DONTCOPY),
        linux.MADV_DOFORK: (VM_DONTCOPY, 0),
        linux.MADV_DONTDUMP: (0, VM_DONTDUMP),
        linux.MADV_DODUMP: (VM_DONTDUMP, 0),
        linux.MADV_HUGEPAGE: (VM_NOHUGEPAGE, VM_HUGEPAGE),
        linux.MADV_NOHUGEPAGE: (VM_HUGEPAGE, VM_NOHUGEPAGE),
        linux.MADV_MERGEABLE: (0, VM_MERGEABLE),
        linux.MADV_UNMERGEABLE: (VM_MERGEABLE, 0),
    }
)
_MERGING: Final = (linux.MADV_MERGEABLE, linux.MADV_UNMERGEABLE)
_HUGE: Final = (linux.MADV_HUGEPAGE, linux.MADV_NOHUGEPAGE)


@functools.lru_cache(maxsize=64)
def _known_advice(profile: Profile) -> frozenset[int]:
    """Return the advice that a machine's kernel knows."""
    kernel = profile.kernel
    if profile.platform.system != "linux":
        return frozenset({linux.MADV_NORMAL, linux.MADV_DONTNEED})
    unknown: set[int] = set()
    if kernel.version < (5, 14):
        unknown.add(linux.MADV_POPULATE_WRITE)
    if not kernel.same_page_merging:
        unknown.update(_MERGING)
    if not kernel.transparent_huge_page:
        unknown.update(_HUGE)
    always = (linux.MADV_NORMAL, linux.MADV_DONTNEED)
    return frozenset({*always, *linux.ADVICE_NAMES} - unknown)


class AdviceCalls(Touching):
    """madvise and mbind."""

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2).  Return 0 or -errno."""
        if advice not in _known_advice(self.profile):
            return EINVAL
        page = self._page
        if addr & (page - 1):
            return EINVAL
        rounded = length + page - 1 & -page & WORD
        if length and not rounded:
            return EINVAL
        end = addr + rounded
        if end > WORD:
            return EINVAL
        if end == addr:
            return 0
        if advice == linux.MADV_POPULATE_WRITE:
            return self._populate(addr, end)
        answer = 0
        here = addr
        bits = _ADVICE_BITS.get(advice)
        for mapping in self._space.within(addr, end):
            if mapping.start > here:
                answer = ENOMEM
            here = mapping.end
            first = mapping.start if mapping.start > addr else addr
            last = here if here < end else end
            if bits is not None:
                clear, add = bits
                if mapping.bits & ~clear | add == mapping.bits:
                    continue
                error = self._advise(mapping, first, last, advice, clear, add)
            elif advice == linux.MADV_REMOVE:
                error = self._remove(mapping, first, last)
            elif advice == linux.MADV_DONTNEED:
                error = EINVAL if first & (mapping.unit - 1) else 0
            else:
                error = 0
            if error:
                return error
        return answer if here >= end else ENOMEM

    def _populate(self, addr: int, end: int) -> int:
        """Populate ``[addr, end)`` for writing; return 0 or -errno.

        EINVAL where it may not be written, ENOMEM at a hole, EFAULT for a SIGBUS.
        """
        here = addr
        for mapping in self._space.within(addr, end):
            if mapping.start > here:
                return ENOMEM
            if not mapping.bits & VM_WRITE:
                return EINVAL
            first, last = max(mapping.start, addr), min(mapping.end, end)
            if self.touch_pages(first, last - first, mapping.unit):
                return EFAULT
            here = mapping.end
        return 0 if here >= end else ENOMEM

    def _advise(
        self, mapping: Mapping, start: int, end: int, advice: int, clear: int, add: int
    ) -> int:
        """Change the flags of one mapping, which differ from those; return 0 or -errno."""
        old = mapping.bits
        if advice in _MERGING and (old & (VM_MAYSHARE | VM_HUGETLB) or self._is_dax(mapping)):
            return 0
        if start != mapping.start or end != mapping.end:
            if (start | end) & (mapping.unit - 1):
                return EINVAL
            mapping = self._space.split_at(mapping, start, end)
        mapping.bits = old & ~clear | add
        return 0

    @staticmethod
    def _is_dax(mapping: Mapping) -> bool:
        return mapping.inode is not None and mapping.inode.rules.dax

    def _remove(self, mapping: Mapping, start: int, end: int) -> int:
        """MADV_REMOVE on one mapping: punch a hole; return 0 or -errno."""
        inode = mapping.inode
        if inode is None:
            if not mapping.bits & VM_SHARED:
                return EINVAL
            if mapping.own is not None:
                unit = mapping.unit
                self._memory.used -= mapping.own.discard(start // unit, end // unit) * unit
            return 0
        # Since 6.7 a mapping that could be made writable is enough.
        writable = VM_MAYWRITE if self.profile.kernel.version >= (6, 7) else VM_WRITE
        if mapping.bits & (VM_SHARED | writable) != VM_SHARED | writable:
            return EACCES
        if inode.kind != "file" or not inode.rules.punch_hole:
            return EOPNOTSUPP
        if inode.seals and inode.seals & WRITE_SEALS:
            return EPERM
        unit = mapping.unit
        first = -(-(mapping.offset + start - mapping.start) // unit)
        last = (mapping.offset + end - mapping.start) // unit
        self._memory.used -= inode.punch(first, last)
        return 0

    def mbind(
        self,
        addr: int,
        length: int,
        mode: int,
        nodemask: Sequence[int] | None,
        maxnode: int,
        flags: int,
    ) -> int:
        """mbind(2).  ``nodemask`` is the nodes in it, or None for NULL.  Return 0 or -errno."""
        kernel = self.profile.kernel
        if kernel.mbind_error:
            return -kernel.mbind_error
        page = self._page
        known = mode in _POLICIES and kernel.version >= _POLICIES[mode]
        if not known or flags & ~_MBIND_FLAGS or addr & (page - 1):
            return EINVAL
        end = addr + (length + page - 1 & -page & WORD)
        if end > WORD:
            return EINVAL
        if end == addr:
            return 0
        asked = frozenset([node for node in nodemask if node < maxnode - 1] if nodemask else ())
        policy: tuple[int, frozenset[int]] | None = None
        if mode == linux.MPOL_DEFAULT:
            if asked:
                return EINVAL
        else:
            nodes = asked & self.profile.nodes
            if not nodes and (asked or mode != linux.MPOL_PREFERRED):
                return EINVAL
            policy = (mode, nodes)
        pieces = self._space.within(addr, end)
        if not pieces or (policy is not None and not _covers(pieces, addr, end)):
            return EFAULT
        for mapping in pieces:
            if mapping.policy == policy:
                continue
            first, last = max(mapping.start, addr), min(mapping.end, end)
            if first != mapping.start or last != mapping.end:
                if (first | last) & (mapping.unit - 1):
                    return EINVAL
                mapping = self._space.split_at(mapping, first, last)
            mapping.policy = policy
        return 0


def _covers(pieces: Sequence[Mapping], start: int, end: int) -> bool:
    here = start
    for mapping in pieces:
        if mapping.start > here:
            return False
        here = mapping.end
    return here >= end
