"""The links and small files of a simulated kernel in ``/proc`` and ``/sys``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from stat import S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG
from types import MappingProxyType
from typing import Final

from .. import errors
from ..linux import makedev
from ..protocol import Stat
from .inodes import Inode
from .state import State

#: The kinds of files, as stat(2) has them.
_KINDS: Final[Mapping[str, int]] = MappingProxyType(
    {"directory": S_IFDIR, "device": S_IFCHR, "fifo": S_IFIFO}
)
#: A major number that Linux assigns dynamically.
_MAJOR: Final = 252
_DEVICE: Final = re.compile(rf"/sys/dev/char/{_MAJOR}:(\d+)/(.+)")


class PseudoFiles(State):
    """fstat, stat, readlink, and the reading of small files."""

    def fstat(self, fd: int) -> Stat | int:
        """fstat(2)."""
        descriptor = self._descriptors.get(fd)
        return -errors.EBADF if descriptor is None else self._stat(descriptor.inode)

    def stat(self, pathname: str) -> Stat | int:
        """stat(2)."""
        found = self._names.find(pathname, follow=True)
        if isinstance(found, int):
            return found
        return -errors.ENOENT if found.inode is None else self._stat(found.inode)

    def _stat(self, inode: Inode) -> Stat:
        """Return what stat says; devices are numbered in the order in which they are looked up."""
        kind = _KINDS.get(inode.kind, S_IFREG)
        if kind != S_IFCHR:
            return Stat(kind, inode.size)
        if inode not in self._devices:
            self._devices.append(inode)
        return Stat(kind, inode.size, makedev(_MAJOR, self._devices.index(inode)))

    def readlink(self, pathname: str) -> str | int:
        """readlink(2), of what a descriptor or a character device is, or of a file's link."""
        directory, _, name = pathname.rpartition("/")
        if directory == "/proc/self/fd":
            descriptor = self._descriptors.get(int(name)) if name.isdecimal() else None
            if descriptor is None:
                return -errors.ENOENT
            return descriptor.path if descriptor.inode.linked else f"{descriptor.path} (deleted)"
        device, attribute = self._device(pathname)
        if device is not None:
            subsystem = f"../../../../class/{'dax' if device.rules.dax else 'mem'}"
            return subsystem if attribute == "subsystem" else -errors.ENOENT
        found = self._names.find(pathname, follow=False)
        if isinstance(found, int):
            return found
        if found.inode is None:
            return -errors.ENOENT
        return found.inode.target if found.inode.kind == "symlink" else -errors.EINVAL

    def read_file(self, pathname: str) -> str | int:
        """Return what a file below /proc or /sys says, or -errno."""
        if pathname == "/proc/sys/vm/overcommit_memory":
            return f"{self.profile.kernel.overcommit}\n"
        device, attribute = self._device(pathname)
        if device is not None and device.rules.dax:
            if attribute == "size":
                return f"{device.size}\n"
            if attribute == "../dax_region/align":
                return f"{device.rules.alignment}\n"
        return -errors.ENOENT

    def _device(self, pathname: str) -> tuple[Inode | None, str]:
        """Return the device whose directory in sysfs a path begins with, and the rest of it."""
        match = _DEVICE.fullmatch(pathname)
        if match is None or int(match[1]) >= len(self._devices):
            return None, ""
        return self._devices[int(match[1])], match[2]
