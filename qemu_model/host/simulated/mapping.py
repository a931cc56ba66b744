"""The simulated kernel's mmap and munmap."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..linux import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    MAP_SHARED_VALIDATE,
    MAP_SYNC,
    MAP_TYPE,
    O_RDWR,
    O_WRONLY,
    PROT_WRITE,
)
from ..profile import FileRules
from ..vm_flags import (
    VM_ACCOUNT,
    VM_DONTEXPAND,
    VM_HUGETLB,
    VM_MAYEXEC,
    VM_MAYREAD,
    VM_MAYSHARE,
    VM_MAYWRITE,
    VM_NORESERVE,
    VM_SHARED,
    VM_WRITE,
)
from .address_space import Mapping
from .errors import EACCES, EBADF, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EPERM, WORD, WRITE_SEALS
from .extents import Extents
from .inodes import Inode, Mounted
from .memory import OVERCOMMIT_NEVER, HugePagePool
from .state import State

_TYPE_AND_SYNC: Final = MAP_TYPE | MAP_SYNC
#: Kinds of files that cannot be mapped on any file system.
_NOT_MAPPED: Final = frozenset({"directory", "fifo"})
#: The flags that MAP_SHARED_VALIDATE accepts everywhere (LEGACY_MAP_MASK and the type).
_LEGACY: Final = 0xFC07FFFF
_SHARED_AND_NOT_RESERVED: Final = VM_SHARED | VM_NORESERVE
#: The first kernel in which MAP_FIXED without memory for it leaves what was there.
_KEEPS_WHAT_IT_REPLACES: Final = (6, 12)


class MappingCalls(State):
    """mmap and munmap."""

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2).  ``addr`` 0 is NULL.  Return an address or -errno."""
        page = self._page
        if offset & (page - 1):
            return EINVAL
        inode: Inode | None = None
        access = O_RDWR
        if flags & MAP_ANONYMOUS:
            rules = self.profile.anonymous
        else:
            descriptor = self._descriptors.get(fd)
            if descriptor is None:
                return EBADF
            inode = descriptor.inode
            access = descriptor.access
            rules = inode.rules
        if not length:
            return EINVAL
        unit = rules.page_size
        length = length + unit - 1 & -unit & WORD
        if not length:
            return EINVAL if rules.huge else ENOMEM
        space = self._space
        start = self._address(addr, length, flags, rules)
        if start < 0:
            return start
        kind = flags & MAP_TYPE
        added = rules.answers.get(flags & _TYPE_AND_SYNC, EINVAL)
        if inode is not None:
            refused = _refused_by_flags(inode, access, prot, flags, added)
            if refused:
                return refused
        elif added < 0:
            return added
        bits = prot & 7 | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
        shared = kind & MAP_SHARED
        if shared:
            if access == O_RDWR:
                bits |= VM_SHARED | VM_MAYSHARE
            else:
                bits = (bits | VM_MAYSHARE) & ~VM_MAYWRITE
        if flags & MAP_NORESERVE:
            bits |= VM_NORESERVE
        if rules.huge:
            bits |= VM_HUGETLB | VM_DONTEXPAND
        end = start + length
        fixed = flags & MAP_FIXED
        pieces = space.within(start, end) if fixed else []
        if pieces and not space.can_cut(pieces, start, end):
            return EINVAL
        counted = bits & (VM_WRITE | VM_SHARED | VM_HUGETLB) == VM_WRITE and (
            not bits & VM_NORESERVE or self.profile.kernel.overcommit == OVERCOMMIT_NEVER
        )
        if counted:
            if not self._memory.promise(length):
                if pieces and self.profile.kernel.version < _KEEPS_WHAT_IT_REPLACES:
                    self._cut(pieces, start, end)
                return ENOMEM
            bits |= VM_ACCOUNT
        # From here on a refusal leaves a hole where MAP_FIXED was to replace something.
        if pieces:
            self._cut(pieces, start, end)
        if rules.name == "zero":
            inode, offset = None, 0
        refused = added if added < 0 else 0
        if not refused and (inode is not None or rules.huge or shared):
            refused = self._refused_by_file(rules, inode, start, length, bits, offset)
        if refused:
            if counted:
                self._memory.promised -= length
            return refused
        mapping = Mapping(start, end, bits | added, inode, offset, unit)
        if inode is not None:
            inode.references += 1
            if rules.huge:
                mapping.promised = not shared and not bits & VM_NORESERVE
                if prot & PROT_WRITE:
                    inode.size = max(inode.size, offset + length)
        space.insert(mapping)
        return start

    def _cut(self, pieces: list[Mapping], start: int, end: int) -> None:
        for piece in self._space.cut(pieces, start, end):
            self._release(piece)

    def _refused_by_file(
        self, rules: FileRules, inode: Inode | None, start: int, length: int, bits: int, offset: int
    ) -> int:
        """Return 0, or the negative errno of the file's own part of mmap."""
        if rules.huge:
            assert inode is not None
            return self._promise_huge_pages(inode, length, bits, offset)
        if inode is None:
            if bits & VM_SHARED and not bits & VM_NORESERVE and not self._memory.promise(length):
                return ENOMEM
        elif (start | length) & (rules.alignment - 1):
            return EINVAL
        return 0

    def _address(self, addr: int, length: int, flags: int, rules: FileRules) -> int:
        """Return where a mapping goes, or -errno (``mm/mmap.c:get_unmapped_area``)."""
        space = self._space
        if length > space.size:
            return ENOMEM
        unit = rules.page_size
        if flags & MAP_FIXED:
            if rules.huge and addr & (unit - 1):
                return EINVAL
            if addr > space.size - length:
                return ENOMEM
            return EINVAL if addr & (self._page - 1) else addr
        alignment = unit if rules.huge else rules.alignment
        if addr:
            addr = addr + alignment - 1 & -alignment
            if addr + length <= space.size and not space.within(addr, addr + length):
                return addr
        elif flags & MAP_ANONYMOUS and not flags & MAP_SHARED:
            kernel = self.profile.kernel
            huge = kernel.transparent_huge_page
            if (
                huge
                and length >= huge
                and kernel.version >= (6, 7)
                and (kernel.version < (6, 12) or length % huge == 0)
            ):
                start = space.place(length, huge)
                if start is not None:
                    return start
        start = space.place(length, alignment if alignment > self._page else 1)
        return ENOMEM if start is None else start

    def _pool_for(self, mounted: Mounted, size: int) -> HugePagePool:
        """Return where a hugetlbfs takes its pages from: one mounted with a size has its own."""
        if mounted.limit is None:
            return self._pool(size)
        if mounted.pool is None:
            mounted.pool = HugePagePool(size, mounted.limit // size)
        return mounted.pool

    def _promise_huge_pages(self, inode: Inode, length: int, bits: int, offset: int) -> int:
        """Promise pool pages to a mapping; return 0 or -errno (``hugetlb_reserve_pages``)."""
        unit = inode.rules.page_size
        if offset & (unit - 1):
            return EINVAL
        if inode.pool is None:
            inode.pool = self._pool_for(inode.mounted, unit)
        if bits & VM_NORESERVE:
            return 0
        first, last = offset // unit, (offset + length) // unit
        if not bits & VM_MAYSHARE:
            return 0 if inode.pool.promise(last - first) else ENOMEM
        if inode.promised is None:
            inode.promised = Extents()
        new = last - first - inode.promised.count(first, last)
        if not inode.pool.promise(new):
            return ENOMEM
        inode.promised.add(first, last)
        return 0

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2).  Return 0 or -errno."""
        page = self._page
        space = self._space
        if addr & (page - 1) or addr > space.size or length > space.size - addr:
            return EINVAL
        end = addr + (length + page - 1 & -page)
        pieces = space.within(addr, end)
        if end == addr or (pieces and not space.can_cut(pieces, addr, end)):
            return EINVAL
        if pieces:
            self._cut(pieces, addr, end)
        return 0

    def _release(self, mapping: Mapping) -> None:
        """Release the pages of an unmapped mapping."""
        inode, bits = mapping.inode, mapping.bits
        own = 0
        if mapping.own is not None:
            unit = mapping.unit
            own = mapping.own.count(mapping.start // unit, mapping.end // unit)
        if bits & VM_HUGETLB:
            assert inode is not None
            assert inode.pool is not None
            pages = (mapping.end - mapping.start) // mapping.unit
            inode.pool.give_back(own, pages - own if mapping.promised else 0)
        else:
            if own:
                self._memory.used -= own * mapping.unit
            if bits & VM_ACCOUNT or (
                bits & _SHARED_AND_NOT_RESERVED == VM_SHARED and inode is None
            ):
                self._memory.promised -= mapping.end - mapping.start
        if inode is not None:
            self._drop(inode)


def _refused_by_flags(inode: Inode, access: int, prot: int, flags: int, answer: int) -> int:
    """Return 0, or the negative errno with which mmap fails before it asks the file.

    ``answer`` is the file's answer, ``access`` how the descriptor was opened.
    """
    kind = flags & MAP_TYPE
    rules = inode.rules
    if kind == MAP_SHARED_VALIDATE and rules.answers.get(kind) is not None:
        accepts_sync = rules.accepts_sync and inode.kind not in _NOT_MAPPED
        understood = _LEGACY | MAP_SYNC if accepts_sync else _LEGACY
        if flags & ~understood:
            return EOPNOTSUPP
    if access != O_RDWR and (access == O_WRONLY or (kind != MAP_PRIVATE and prot & PROT_WRITE)):
        return EACCES
    if inode.kind in _NOT_MAPPED:
        return ENODEV
    if answer in (EINVAL, ENODEV) and (kind not in rules.answers or answer == ENODEV):
        return answer
    if kind & MAP_SHARED and prot & PROT_WRITE and inode.seals and inode.seals & WRITE_SEALS:
        return EPERM
    return 0
