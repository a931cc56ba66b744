"""A host that keeps what passes through another one."""

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
    """Hands every call on to ``inner`` and keeps it, with its answer, as an event.

    ``by`` of an event is what ``caller`` says.  ``on_event`` is called with each event as
    it happens; ``origin`` turns the name of a C function into the one that the modelled
    release has.  ``events`` are the calls so far, in order.
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
        """Keep none of the calls so far, for a run without end."""
        self.events.clear()

    def _add_and_tell(self, event: Event) -> None:
        self.events.append(event)
        assert self._on_event is not None
        self._on_event(event)

    def _keep(
        self, call: str, args: tuple[object, ...], result: int, out: StatFs | None = None
    ) -> int:
        self._add(_event((call, args, result, self._origin(self._caller.by), out)))
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
        # mmap and munmap repeat what _keep does: calling it would double their time.
        result = self._mmap(addr, length, prot, flags, fd, offset)
        args = (addr, length, prot, flags, fd, offset)
        self._add(_event(("mmap", args, result, self._origin(self._caller.by), None)))
        return result

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        result = self._munmap(addr, length)
        self._add(_event(("munmap", (addr, length), result, self._origin(self._caller.by), None)))
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
