"""The live host keeps the data that was in a file before the run.

QEMU discards data in two places: MADV_REMOVE for ``discard-data=on``, and fallocate as a
virtio-mem device takes its backend.  It gives a size only to a file that was empty a moment
ago, and removes only a file that it made.  The rules here hold
also where another process changes the file between two of QEMU's calls.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import stat


class KeptData:
    """Which files a run may empty, cut or remove: those that it made, or found empty.

    A descriptor that is not known is of a file with data.  Addresses and lengths are in
    bytes.  ``withheld`` has a sentence for each call that was not made.
    """

    def __init__(self) -> None:
        self.withheld: list[str] = []
        self._without_data: set[int] = set()
        self._paths: dict[int, str] = {}
        self._created: dict[str, tuple[int, int]] = {}
        self._with_data: dict[int, tuple[int, str]] = {}

    def opened(self, fd: int, pathname: str, *, created: bool) -> None:
        """Record a descriptor that open(2) returned; ``created``: the call made the file."""
        status = os.fstat(fd)
        self._paths[fd] = pathname
        if created:
            self._created[pathname] = (status.st_dev, status.st_ino)
        if created or (stat.S_ISREG(status.st_mode) and status.st_size == 0):
            self._without_data.add(fd)
        else:
            self._without_data.discard(fd)

    def made_in_memory(self, fd: int) -> None:
        """Record a descriptor of a new file without a name."""
        self._without_data.add(fd)

    def mapped(self, address: int, length: int, fd: int) -> None:
        """Record a shared mapping."""
        if fd in self._without_data:
            self._with_data.pop(address, None)
        else:
            self._with_data[address] = (address + length, self._paths.get(fd, ""))

    def unmapped(self, address: int) -> None:
        """Record that the mapping which began at ``address`` was unmapped."""
        self._with_data.pop(address, None)

    def may_discard(self, address: int, length: int) -> bool:
        """Return whether MADV_REMOVE over the range takes only what the run itself made."""
        for start, (end, path) in self._with_data.items():
            if start < address + length and address < end:
                self._withhold(f"MADV_REMOVE, which would discard what was in {path or 'a file'}")
                return False
        return True

    def may_punch(self, fd: int) -> bool:
        """Return whether a hole in the file takes only what the run itself made."""
        if fd in self._without_data:
            return True
        path = self._paths.get(fd, "") or "a file"
        self._withhold(f"fallocate, which would discard what was in {path}")
        return False

    def may_resize(self, fd: int, length: int) -> bool:
        """Return whether ftruncate(2) to ``length`` cuts nothing off: a negative one is refused."""
        try:
            size = os.fstat(fd).st_size
        except (OSError, OverflowError):
            return True
        if length < 0 or size <= length:
            return True
        path = self._paths.get(fd, "") or "a file"
        self._withhold(f"ftruncate to {length} bytes of {path}, which has {size} bytes by now")
        return False

    def may_unlink(self, pathname: str) -> bool:
        """Return whether the file at ``pathname`` is the one that was created there."""
        try:
            status = os.lstat(pathname)
        except (OSError, ValueError):
            return True
        if self._created.get(pathname) == (status.st_dev, status.st_ino):
            return True
        self._withhold(f"unlink of {pathname}, which this run did not create")
        return False

    def removed(self, pathname: str) -> None:
        """Record that the file at ``pathname`` was removed: a later one there is not the run's."""
        self._created.pop(pathname, None)

    def _withhold(self, sentence: str) -> None:
        if sentence not in self.withheld:
            self.withheld.append(sentence)
