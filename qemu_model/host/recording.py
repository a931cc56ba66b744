"""A host that keeps what passes through another one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from sys import _getframe
from types import CodeType, FrameType
from typing import Any, TypeAlias

from ..calls.event import Event
from .protocol import Host, Platform, Stat, StatFs

#: A call as it is kept: ``(call, result, by, out, *args)``, one tuple, since two take longer.
Kept: TypeAlias = tuple[Any, ...]


def c_function(frame: FrameType) -> str:
    """Return the C file and function whose mirror a frame executes, empty if it is none."""
    c_file = frame.f_globals.get("C_FILE")
    name = frame.f_code.co_name
    return f"{c_file}:{name}" if c_file and name[0] not in "_<" else ""


@functools.cache
def _known_origins(origin: Callable[[str], str]) -> dict[int, tuple[CodeType, str]]:
    """Return where the C function of each code object is kept from run to run.

    The key is the code's identity, and the code is kept with it: its hash takes longer than
    all else here.  Code that is not a C function's has an empty name.
    """
    return {}


class RecordingHost:
    """Hands every call on to ``inner`` and keeps it, with its answer, as an event.

    ``by`` of an event is the C function whose mirror is executing: the innermost
    calling function in a module that declares its ``C_FILE``.  A function whose
    name begins with an underscore is none of C's, and counts as its caller.
    ``on_event`` is called with each event as it happens; ``origin`` turns what a module
    declares into the names that the modelled release has.
    """

    def __init__(
        self,
        inner: Host,
        on_event: Callable[[Event], None] | None = None,
        origin: Callable[[str], str] = str,
    ) -> None:
        self.inner = inner
        self._origin = origin
        self._on_event = on_event
        self._origins = _known_origins(origin)
        # The last that called is likely to call next.
        self._code: CodeType | None = None
        self._by = ""
        # Calls are kept as plain tuples, which cost little while QEMU runs, and
        # become events when someone looks at them.
        self._kept: list[Kept] = []
        self._events: list[Event] = []
        self._add = self._kept.append if on_event is None else self._add_and_tell
        self._mmap = inner.mmap
        self._munmap = inner.munmap
        self._madvise = inner.madvise
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

    @property
    def events(self) -> list[Event]:
        """The calls so far, in order."""
        events = self._events
        if len(events) < len(self._kept):
            events.extend(
                Event(kept[0], kept[4:], *kept[1:4]) for kept in self._kept[len(events) :]
            )
        return events

    def forget(self) -> None:
        """Keep none of the calls so far, for a run without end."""
        self._kept.clear()
        self._events.clear()

    def _caller(self, frame: FrameType) -> str:
        at: FrameType | None = frame
        while at is not None:
            code = at.f_code
            known = self._origins.get(id(code))
            if known is None:
                by = c_function(at)
                known = self._origins[id(code)] = code, self._origin(by) if by else ""
            if known[1]:
                if at is frame:
                    self._code, self._by = known
                return known[1]
            at = at.f_back
        return ""

    def _add_and_tell(self, kept: Kept) -> None:
        self._kept.append(kept)
        assert self._on_event is not None
        self._on_event(self.events[-1])

    def _keep(
        self, call: str, args: tuple[object, ...], result: int, out: StatFs | None = None
    ) -> int:
        by = self._by if _getframe(2).f_code is self._code else self._caller(_getframe(2))
        self._add((call, result, by, out, *args))
        return result

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        return self._keep("open", (pathname, flags, mode), self.inner.open(pathname, flags, mode))

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

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        result = self.inner.fallocate(fd, mode, offset, length)
        return self._keep("fallocate", (fd, mode, offset, length), result)

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
        # This and munmap do by themselves what _keep does: a call costs as much again.
        result = self._mmap(addr, length, prot, flags, fd, offset)
        by = self._by if _getframe(1).f_code is self._code else self._caller(_getframe(1))
        self._add(("mmap", result, by, None, addr, length, prot, flags, fd, offset))
        return result

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        result = self._munmap(addr, length)
        by = self._by if _getframe(1).f_code is self._code else self._caller(_getframe(1))
        self._add(("munmap", result, by, None, addr, length))
        return result

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        return self._keep("madvise", (addr, length, advice), self._madvise(addr, length, advice))

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

    def fstat(self, fd: int) -> Stat | int:
        """fstat(2)."""
        return self.inner.fstat(fd)

    def stat(self, pathname: str) -> Stat | int:
        """stat(2)."""
        return self.inner.stat(pathname)

    def getpid(self) -> int:
        """getpid(2)."""
        return self.inner.getpid()

    def dax_device_align(self, fd: int) -> int | None:
        """The alignment of a device DAX."""
        return self.inner.dax_device_align(fd)

    def dax_device_size(self, fd: int) -> int | None:
        """The size of a device DAX."""
        return self.inner.dax_device_size(fd)
