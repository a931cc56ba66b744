"""What is limited on a machine: memory that may be promised, and huge pages."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: /proc/sys/vm/overcommit_memory: guess, always, never.
OVERCOMMIT_GUESS: Final = 0
OVERCOMMIT_ALWAYS: Final = 1
OVERCOMMIT_NEVER: Final = 2


class Memory:
    """The machine's memory: what is promised to mappings and what is in use.

    ``total`` is RAM and swap together, in bytes; ``overcommit`` is the number in
    ``/proc/sys/vm/overcommit_memory``; ``commit_limit``, in bytes, counts under
    :data:`OVERCOMMIT_NEVER` only.
    """

    __slots__ = ("_commit_limit", "_overcommit", "promised", "total", "used")

    def __init__(self, total: int, overcommit: int, commit_limit: int) -> None:
        self.total = total
        self._overcommit = overcommit
        self._commit_limit = commit_limit
        self.promised = 0
        self.used = 0

    def promise(self, length: int) -> bool:
        """Promise ``length`` bytes to a mapping; return whether the kernel does so.

        The guess looks at each request alone: only one that could never be met is
        refused (``mm/util.c:__vm_enough_memory``).
        """
        if self._overcommit == OVERCOMMIT_GUESS:
            if length > self.total:
                return False
        elif self._overcommit == OVERCOMMIT_NEVER and self.promised + length > self._commit_limit:
            return False
        self.promised += length
        return True

    def take(self, length: int) -> int:
        """Use up to ``length`` bytes; return how many were free."""
        length = min(length, self.total - self.used)
        self.used += length
        return length


class HugePagePool:
    """The huge pages of one size (``mm/hugetlb.c``): free ones, and promised ones.

    ``nodes`` is how many are free on each node, None where the pages are on no node in
    particular.  A promise needs room in the whole pool, a page that is used needs it on its nodes.
    """

    __slots__ = ("_whole", "free", "nodes", "promised", "size")

    def __init__(self, size: int, pages: int, nodes: Mapping[int, int] | None = None) -> None:
        self.size = size
        self.free = pages
        self.promised = 0
        self.nodes = None if nodes is None else dict(nodes)
        self._whole = nodes

    def promise(self, pages: int) -> bool:
        """Promise ``pages`` to a mapping; return whether so many are left."""
        if pages > self.free - self.promised:
            return False
        self.promised += pages
        return True

    def take(self, pages: int, promised: int, bound: frozenset[int] | None = None) -> int:
        """Use up to ``pages``, the first ``promised`` of which were promised before.

        Return how many were free: pages that were not promised may be missing, and so may any page
        where only the nodes in ``bound`` may give it.
        """
        if self.nodes is not None:
            there = sum(free for node, free in self.nodes.items() if bound is None or node in bound)
            pages = min(pages, there)
            promised = min(pages, promised)
        self.promised -= promised
        self.free -= promised
        unpromised = min(pages - promised, self.free - self.promised)
        self.free -= unpromised
        self._take_from_nodes(promised + unpromised, bound)
        return promised + unpromised

    def _take_from_nodes(self, pages: int, bound: frozenset[int] | None) -> None:
        for node in sorted(self.nodes or ()):
            if self.nodes is not None and (bound is None or node in bound):
                taken = min(pages, self.nodes[node])
                self.nodes[node] -= taken
                pages -= taken

    def give_back(self, pages: int, promised: int) -> None:
        """Free ``pages`` that were in use, and drop ``promised`` promises that were never used."""
        self.free += pages
        self.promised -= promised
        for node in sorted(self.nodes or ()):
            if self.nodes is not None and self._whole is not None:
                returned = min(pages, self._whole[node] - self.nodes[node])
                self.nodes[node] += returned
                pages -= returned
