"""A host that keeps what passes through another one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import CodeType

from ..event import Event
from .protocol import Host, Platform, StatFs


class RecordingHost:
    """Hands every call on to ``inner`` and keeps it, with its answer, as an event.

    ``by`` of an event is the C function whose mirror is executing: the innermost
    calling function in a module that declares its ``C_FILE``.  A function whose
    name begins with an underscore is none of C's, and counts as its caller.
    ``on_event`` is called with each event as it happens.
    """

    def __init__(self, inner: Host, on_event: Callable[[Event], None] | None = None) -> None:
        self.inner = inner
        self.events: list[Event] = []
        self._on_event = on_event
        self._origins: dict[CodeType, str | None] = {}
        self.touch_pages = inner.touch_pages
        self.memfd_probe = inner.memfd_probe
        self.temporary_name = inner.temporary_name
        self.vm_flags = inner.vm_flags
        self.describe = inner.describe

    @property
    def name(self) -> str:
        """The name of the host behind this one."""
        return self.inner.name

    @property
    def platform(self) -> Platform:
        """The platform of the host behind this one."""
        return self.inner.platform

    def _by(self) -> str:
        frame = sys._getframe(3)
        origins = self._origins
        while True:
            code = frame.f_code
            try:
                origin = origins[code]
            except KeyError:
                c_file = frame.f_globals.get("C_FILE")
                name = code.co_name
                origin = f"{c_file}:{name}" if c_file and name[0] not in "_<" else None
                origins[code] = origin
            if origin is not None:
                return origin
            if frame.f_back is None:
                return ""
            frame = frame.f_back

    def _keep(
        self, call: str, args: tuple[object, ...], result: int, out: StatFs | None = None
    ) -> int:
        event = Event(call, args, result, self._by(), out)
        self.events.append(event)
        if self._on_event is not None:
            self._on_event(event)
        return result

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        return self._keep(
            "open", (pathname, flags, mode), self.inner.open(pathname, flags, mode)
        )

    def close(self, fd: int) -> int:
        """close(2)."""
        return self._keep("close", (fd,), self.inner.close(fd))

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        return self._keep("lseek", (fd, offset, whence), self.inner.lseek(fd, offset, whence))

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        answer = self.inner.fstatfs(fd)
        if isinstance(answer, int):
            return self._keep("fstatfs", (fd,), answer)
        self._keep("fstatfs", (fd,), 0, answer)
        return answer

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        answer = self.inner.statfs(path)
        if isinstance(answer, int):
            return self._keep("statfs", (path,), answer)
        self._keep("statfs", (path,), 0, answer)
        return answer

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        return self._keep("ftruncate", (fd, length), self.inner.ftruncate(fd, length))

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        return self._keep("unlink", (pathname,), self.inner.unlink(pathname))

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        return self._keep("memfd_create", (name, flags), self.inner.memfd_create(name, flags))

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        return self._keep("fcntl", (fd, cmd, arg), self.inner.fcntl(fd, cmd, arg))

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        return self._keep(
            "mmap",
            (addr, length, prot, flags, fd, offset),
            self.inner.mmap(addr, length, prot, flags, fd, offset),
        )

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        return self._keep("munmap", (addr, length), self.inner.munmap(addr, length))

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        return self._keep(
            "madvise", (addr, length, advice), self.inner.madvise(addr, length, advice)
        )

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
        return self._keep(
            "mbind",
            (addr, length, mode, nodemask, maxnode, flags),
            self.inner.mbind(addr, length, mode, nodemask, maxnode, flags),
        )

    def fd_path(self, fd: int) -> str:
        """The path behind a descriptor."""
        return self.inner.fd_path(fd)

    def overcommit_memory(self) -> int | None:
        """The kernel's overcommit mode."""
        return self.inner.overcommit_memory()

    def dax_device_size(self, fd: int) -> int | None:
        """The size of a device DAX."""
        return self.inner.dax_device_size(fd)
