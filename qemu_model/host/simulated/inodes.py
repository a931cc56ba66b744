"""Files as the kernel keeps them, apart from their names: inodes and descriptors."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..profile import FileRules
from .extents import Extents
from .memory import HugePagePool


class Mounted:
    """A mounted file system: its rules, and how much of its space is used.

    ``limit`` and ``used`` are in bytes; no limit is None.  ``pool`` are the huge pages of
    a hugetlbfs that is mounted with pages of its own.
    """

    __slots__ = ("limit", "pool", "read_only", "rules", "used")

    def __init__(self, rules: FileRules, limit: int | None, read_only: bool) -> None:
        self.rules = rules
        self.limit = limit
        self.read_only = read_only
        self.used = 0
        self.pool: HugePagePool | None = None

    def take(self, length: int) -> int:
        """Use up to ``length`` bytes of the file system; return how many there were."""
        if self.limit is not None:
            length = min(length, self.limit - self.used)
        self.used += length
        return length


class Inode:
    """One file, directory, link or device, with or without a name.

    ``kind`` is as profiles spell it (``file``, ``directory``, ``symlink``, ``fifo``,
    ``device``).  ``rules`` say what mmap answers, ``mounted`` is the file system the
    inode lies on.  ``size`` in bytes.  ``pages`` are the pages that exist, counted in
    the rules' page size; ``promised`` those of a huge page pool that are promised to it.
    ``references`` counts descriptors and mappings.
    """

    __slots__ = (
        "kind",
        "linked",
        "mounted",
        "open_error",
        "pages",
        "pool",
        "promised",
        "references",
        "rules",
        "seals",
        "size",
        "target",
    )

    def __init__(self, kind: str, rules: FileRules, mounted: Mounted) -> None:
        self.kind = kind
        self.rules = rules
        self.mounted = mounted
        self.size = 0
        self.linked = True
        self.references = 0
        self.open_error = 0
        self.target = ""
        self.seals: int | None = None
        self.pool: HugePagePool | None = None
        self.pages: Extents | None = None
        self.promised: Extents | None = None

    def free_from(self, first_page: int) -> int:
        """Free the pages from ``first_page`` on, and what is promised there.

        Return how many bytes of ordinary memory that frees.
        """
        end = 1 << 64
        freed = self.pages.discard(first_page, end) if self.pages is not None else 0
        if self.pool is not None:
            promised = self.promised.discard(first_page, end) if self.promised is not None else 0
            self.pool.give_back(freed, promised - freed)
            return 0
        length = freed * self.rules.page_size
        self.mounted.used -= length
        return length if self.rules.in_memory else 0

    def punch(self, start: int, end: int) -> int:
        """Free the pages of ``[start, end)``; return how many bytes of memory that frees.

        Punched huge pages stay reserved without an owner (``hugetlb_unreserve_pages``).
        """
        if self.pages is None:
            return 0
        freed = self.pages.discard(start, end)
        if self.pool is not None:
            if self.promised is not None:
                self.promised.discard(start, end)
            self.pool.give_back(freed, 0)
            return 0
        length = freed * self.rules.page_size
        self.mounted.used -= length
        return length if self.rules.in_memory else 0


class Descriptor:
    """An open file: the inode, how and by which path it was opened, and the position in it."""

    __slots__ = ("access", "inode", "path", "position")

    def __init__(self, inode: Inode, access: int, path: str) -> None:
        self.inode = inode
        self.access = access
        self.path = path
        self.position = 0
