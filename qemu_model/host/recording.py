"""A host that records the calls to another one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..calls.event import Event
from .caller import Caller
from .protocol import Host, StatFs
from .wrapper import WrapperHost

#: Makes an event of its fields in one tuple: a third of the time of ``Event(...)``.
_event: Final[Callable[[tuple[Any, ...]], Event]] = functools.partial(tuple.__new__, Event)


class RecordingHost(WrapperHost):
    """Passes every call on to ``inner`` and records it, with its answer, as an event.

    ``by`` of an event is the function that ``caller`` has.  ``on_event`` is called with each
    event as it happens; ``origin`` turns the name of a C function into the one that the
    modelled release has.  ``events`` are the calls so far, in order.
    """

    def __init__(
        self,
        inner: Host,
        on_event: Callable[[Event], None] | None = None,
        origin: Callable[[str], str] = str,
        caller: Caller | None = None,
    ) -> None:
        super().__init__(inner)
        self._caller = Caller() if caller is None else caller
        self._origin = origin
        self._on_event = on_event
        self.events: list[Event] = []
        self._add = self.events.append if on_event is None else self._add_and_tell
        self._mmap = inner.mmap
        self._munmap = inner.munmap
        self._madvise = inner.madvise

    def forget(self) -> None:
        """Drop the calls so far, for a run without end."""
        self.events.clear()

    def _add_and_tell(self, event: Event) -> None:
        self.events.append(event)
        assert self._on_event is not None
        self._on_event(event)

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        result = self.inner.open(pathname, flags, mode)
        by = self._origin(self._caller.by)
        self._add(_event(("open", (pathname, flags, mode), result, by, None)))
        return result

    def close(self, fd: int) -> int:
        """close(2)."""
        result = self.inner.close(fd)
        by = self._origin(self._caller.by)
        self._add(_event(("close", (fd,), result, by, None)))
        return result

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        result = self.inner.lseek(fd, offset, whence)
        by = self._origin(self._caller.by)
        self._add(_event(("lseek", (fd, offset, whence), result, by, None)))
        return result

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        answer = self.inner.fstatfs(fd)
        out, result = (None, answer) if isinstance(answer, int) else (answer, 0)
        by = self._origin(self._caller.by)
        self._add(_event(("fstatfs", (fd,), result, by, out)))
        return answer

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        answer = self.inner.statfs(path)
        out, result = (None, answer) if isinstance(answer, int) else (answer, 0)
        by = self._origin(self._caller.by)
        self._add(_event(("statfs", (path,), result, by, out)))
        return answer

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        result = self.inner.ftruncate(fd, length)
        by = self._origin(self._caller.by)
        self._add(_event(("ftruncate", (fd, length), result, by, None)))
        return result

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        result = self.inner.fallocate(fd, mode, offset, length)
        by = self._origin(self._caller.by)
        self._add(_event(("fallocate", (fd, mode, offset, length), result, by, None)))
        return result

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        result = self.inner.unlink(pathname)
        by = self._origin(self._caller.by)
        self._add(_event(("unlink", (pathname,), result, by, None)))
        return result

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        result = self.inner.memfd_create(name, flags)
        by = self._origin(self._caller.by)
        self._add(_event(("memfd_create", (name, flags), result, by, None)))
        return result

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        result = self.inner.fcntl(fd, cmd, arg)
        by = self._origin(self._caller.by)
        self._add(_event(("fcntl", (fd, cmd, arg), result, by, None)))
        return result

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        result = self._mmap(addr, length, prot, flags, fd, offset)
        args = (addr, length, prot, flags, fd, offset)
        by = self._origin(self._caller.by)
        self._add(_event(("mmap", args, result, by, None)))
        return result

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        result = self._munmap(addr, length)
        by = self._origin(self._caller.by)
        self._add(_event(("munmap", (addr, length), result, by, None)))
        return result

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        result = self._madvise(addr, length, advice)
        by = self._origin(self._caller.by)
        self._add(_event(("madvise", (addr, length, advice), result, by, None)))
        return result

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
        args = (addr, length, mode, nodemask, maxnode, flags)
        result = self.inner.mbind(*args)
        by = self._origin(self._caller.by)
        self._add(_event(("mbind", args, result, by, None)))
        return result
