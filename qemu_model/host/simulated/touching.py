"""Stores into a simulated process's memory, and the pages that they need."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..linux import MPOL_BIND, SIGBUS, SIGSEGV
from ..vm_flags import VM_HUGETLB, VM_SHARED, VM_WRITE
from .address_space import Mapping
from .extents import Extents
from .inodes import Inode
from .state import State


class Touching(State):
    """Gives pages to memory that is stored into."""

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Give every page of the range its memory.  Return 0, SIGBUS or SIGSEGV.

        Raise :class:`~qemu_model.host.protocol.HostRefuses` where the simulated machine
        has less memory than that: a real one would kill the process.
        """
        end = addr + length
        here = addr
        for mapping in self._space.within(addr, end):
            if mapping.start > here:
                return SIGSEGV
            here = mapping.end
            unit = mapping.unit
            first = max(mapping.start, addr) // unit
            if mapping.bits & VM_WRITE == 0:
                return SIGSEGV if _can_be_read(mapping, first) else SIGBUS
            last = -(-min(mapping.end, end) // unit)
            if not self._touch(mapping, first, last):
                return SIGBUS
        return 0 if here >= end else SIGSEGV

    def _touch(self, mapping: Mapping, first: int, last: int) -> bool:
        """Touch the pages ``[first, last)`` of the address space; return whether all were given."""
        inode = mapping.inode
        unit = mapping.unit
        shared = mapping.bits & VM_SHARED
        if inode is None:
            return self._touch_own(mapping, first, last)
        moved = (mapping.offset - mapping.start) // unit
        in_file = (first + moved, min(last + moved, -(-inode.size // unit)))
        enough = in_file[1] == last + moved or inode.kind == "device"
        if inode.kind == "device":
            return True
        if shared or (inode.rules.filled_by_reading and not inode.rules.huge):
            enough = self._touch_file(inode, *in_file, _bound(mapping)) and enough
        if not shared and enough:
            enough = self._touch_own(mapping, first, last)
        return enough

    def _touch_file(
        self, inode: Inode, first: int, last: int, bound: frozenset[int] | None
    ) -> bool:
        if inode.pages is None:
            inode.pages = Extents()
        unit = inode.rules.page_size
        for start, end in inode.pages.missing(first, last):
            if inode.pool is not None:
                if inode.promised is None:
                    inode.promised = Extents()
                promised = inode.promised.count(start, end)
                got = inode.pool.take(end - start, promised, bound)
                inode.promised.add(start, start + got)
            else:
                got = inode.mounted.take((end - start) * unit) // unit
                if inode.rules.in_memory:
                    self._use_memory(got * unit)
            inode.pages.add(start, start + got)
            if got < end - start:
                return False
        return True

    def _touch_own(self, mapping: Mapping, first: int, last: int) -> bool:
        if mapping.own is None:
            mapping.own = Extents()
        pool = mapping.inode.pool if mapping.inode is not None else None
        for start, end in mapping.own.missing(first, last):
            if pool is not None and mapping.bits & VM_HUGETLB:
                got = pool.take(
                    end - start, end - start if mapping.promised else 0, _bound(mapping)
                )
            else:
                got = end - start
                self._use_memory(got * mapping.unit)
            mapping.own.add(start, start + got)
            if got < end - start:
                return False
        return True


def _bound(mapping: Mapping) -> frozenset[int] | None:
    """Return the only nodes that may give pages to a mapping, None if any may."""
    policy = mapping.policy
    return policy[1] if policy is not None and policy[0] == MPOL_BIND else None


def _can_be_read(mapping: Mapping, page: int) -> bool:
    """Return whether a page of a mapping, counted in its unit, is not behind its file's end."""
    inode = mapping.inode
    if inode is None or inode.kind == "device":
        return True
    return (page * mapping.unit - mapping.start + mapping.offset) < inode.size
