"""A host that passes every call on to another one: the base of those that do more."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence

from .protocol import Host, Platform, Stat, StatFs


class WrapperHost:
    """Passes every call on to ``inner``, unless a subclass does something else with it.

    ``is_kernel``: the calls end here, because the wrapper answers for a kernel of its own;
    else they end at the host behind it.
    """

    is_kernel = False

    def __init__(self, inner: Host) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the host behind this one."""
        return self.inner.name

    @property
    def platform(self) -> Platform:
        """The platform of the host behind this one."""
        return self.inner.platform

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        return self.inner.open(pathname, flags, mode)

    def close(self, fd: int) -> int:
        """close(2)."""
        return self.inner.close(fd)

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        return self.inner.lseek(fd, offset, whence)

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        return self.inner.fstatfs(fd)

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        return self.inner.statfs(path)

    def fstat(self, fd: int) -> Stat | int:
        """fstat(2)."""
        return self.inner.fstat(fd)

    def stat(self, pathname: str) -> Stat | int:
        """stat(2)."""
        return self.inner.stat(pathname)

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        return self.inner.ftruncate(fd, length)

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        return self.inner.fallocate(fd, mode, offset, length)

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        return self.inner.unlink(pathname)

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        return self.inner.memfd_create(name, flags)

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        return self.inner.fcntl(fd, cmd, arg)

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        return self.inner.mmap(addr, length, prot, flags, fd, offset)

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        return self.inner.munmap(addr, length)

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        return self.inner.madvise(addr, length, advice)

    def mbind(
        self,
        addr: int,
        length: int,
        mode: int,
        nodemask: Sequence[int] | None,
        maxnode: int,
        flags: int,
    ) -> int:
        """mbind(2)."""
        return self.inner.mbind(addr, length, mode, nodemask, maxnode, flags)

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Make the pages present; return 0 or the signal that a load or store raised."""
        return self.inner.touch_pages(addr, length, page_size)

    def memfd_probe(self, flags: int) -> bool:
        """Return whether memfd_create(2) works."""
        return self.inner.memfd_probe(flags)

    def temporary_name(self) -> str:
        """Return six characters for the name of a temporary file."""
        return self.inner.temporary_name()

    def readlink(self, pathname: str) -> str | int:
        """readlink(2)."""
        return self.inner.readlink(pathname)

    def read_file(self, pathname: str) -> str | int:
        """Return what a small file says, or -errno."""
        return self.inner.read_file(pathname)

    def getpid(self) -> int:
        """getpid(2)."""
        return self.inner.getpid()

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return ``VmFlags`` of the mapping at ``addr``."""
        return self.inner.vm_flags(addr)

    def describe(self) -> dict[str, object]:
        """Return what is known of the host behind this one."""
        return self.inner.describe()


def kernel_behind(host: Host) -> Host:
    """Return the host behind those that record calls or let them fail: an exit cannot fail."""
    while isinstance(host, WrapperHost) and not host.is_kernel:
        host = host.inner
    return host
