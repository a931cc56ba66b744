"""A host that fails on purpose: a wrapper around any other one.

Faults are spelled as strace spells them, ``mmap:error=ENOMEM:when=2``, so that a run here
and one under ``strace --inject=...`` can have the same ones.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from . import linux
from .errors import EBADF
from .protocol import Host, StatFs
from .wrapper import WrapperHost

#: The calls that can be made to fail, as the host protocol names them.
CALLS: Final = (
    "open",
    "close",
    "lseek",
    "fstatfs",
    "statfs",
    "ftruncate",
    "fallocate",
    "unlink",
    "memfd_create",
    "fcntl",
    "mmap",
    "munmap",
    "madvise",
    "mbind",
    "touch_pages",
)
#: Other names under which strace knows the same calls.
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openat": "open",
        "mmap2": "mmap",
        "ftruncate64": "ftruncate",
        "fstatfs64": "fstatfs",
        "statfs64": "statfs",
        "_llseek": "lseek",
        "fcntl64": "fcntl",
        "unlinkat": "unlink",
    }
)
_LARGEST_ERRNO: Final = 4095
_WHEN: Final = re.compile(r"(?P<first>\d+)(?:\.\.(?P<last>\d+))?(?P<on>\+(?P<step>\d*))?")


class FaultError(ValueError):
    """A fault that is not spelled as strace spells them.  Its text is one line for people."""


@attrs.frozen
class Fault:
    """Calls of one kind that fail: the ``first``, each ``step``-th after it, up to ``last``.

    ``call`` is a name of the host protocol, ``errno`` a positive number.  Without more,
    each call fails.  With ``only_path`` only calls on that path, or on a descriptor
    opened by it, count and fail, as under ``strace -P``.
    """

    call: str = attrs.field(validator=attrs.validators.in_(CALLS))
    errno: int = attrs.field(
        validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(_LARGEST_ERRNO))
    )
    first: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    last: int | None = None
    step: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    only_path: str | None = None

    @classmethod
    def nth(cls, call: str, errno: int, n: int, *, only_path: str | None = None) -> Fault:
        """Return the fault of the ``n``-th call alone, counted from one."""
        return cls(call, errno, first=n, last=n, only_path=only_path)

    def strikes(self, count: int) -> bool:
        """Return whether the ``count``-th call, counted from one, fails."""
        return (
            count >= self.first
            and (self.last is None or count <= self.last)
            and (count - self.first) % self.step == 0
        )

    def __str__(self) -> str:
        """Spell the fault as :func:`parse` reads it."""
        text = f"{self.call}:error={linux.errno_name(self.errno)}"
        step = "" if self.step == 1 else str(self.step)
        if self.last == self.first:
            return f"{text}:when={self.first}"
        if self.last is not None:
            return f"{text}:when={self.first}..{self.last}" + (f"+{step}" if step else "")
        if self.first > 1 or self.step > 1:
            return f"{text}:when={self.first}+{step}"
        return text


def parse(text: str, *, only_path: str | None = None) -> tuple[Fault, ...]:
    """Return the faults that ``text`` spells as strace's ``--inject`` does.

    ``CALL[,CALL...]:error=ERRNO[:when=FIRST[..LAST][+[STEP]]]``; a ``when`` of one number
    is that call alone, none is each call.  ``only_path`` is strace's ``-P``.  One fault
    for each call named.  Raise :class:`FaultError` for anything else.
    """
    calls, *settings = text.removeprefix("inject=").split(":")
    number: int | None = None
    first, last, step = 1, None, 1
    for setting in settings:
        key, _, value = setting.partition("=")
        if key == "error":
            number = _errno_number(value, text)
        elif key == "when":
            first, last, step = _when(value, text)
        else:
            raise FaultError(
                f"fault '{text}': '{setting}' is neither error=ERRNO nor when=FIRST[..LAST][+STEP]"
            )
    if number is None:
        raise FaultError(f"fault '{text}': error=ERRNO is missing")
    return tuple(
        Fault(_call(name, text), number, first, last, step, only_path) for name in calls.split(",")
    )


def _call(name: str, text: str) -> str:
    call = _ALIASES.get(name, name)
    if call not in CALLS:
        raise FaultError(
            f"fault '{text}': '{name}' is not a call that can be made to fail; "
            f"there are: {', '.join(CALLS)}"
        )
    return call


def _errno_number(name: str, text: str) -> int:
    number = linux.ERRNO_NUMBERS.get(name)
    if number is None and name.isascii() and name.isdigit():
        number = int(name[:9])
    if number is None or not 1 <= number <= _LARGEST_ERRNO:
        raise FaultError(f"fault '{text}': '{name}' is not an errno, such as ENOMEM")
    return number


def _when(value: str, text: str) -> tuple[int, int | None, int]:
    match = _WHEN.fullmatch(value)
    if match is None or not value.isascii():
        raise FaultError(f"fault '{text}': when={value} is not FIRST[..LAST][+[STEP]]")
    first = int(match["first"])
    step = int(match["step"] or 1)
    last = int(match["last"]) if match["last"] else None
    if first < 1 or step < 1 or (last is not None and last < first):
        raise FaultError(f"fault '{text}': when={value} never happens: calls count from 1")
    if last is None and match["on"] is None:
        last = first
    return first, last, step


class FaultHost(WrapperHost):
    """Passes calls on to ``inner``, but lets those fail that ``faults`` describe.

    A call that fails is not passed on, with one exception: a failing ``close`` has
    closed the descriptor, as on Linux.  The memfd_create that QEMU tries as it starts counts
    as one, and can fail.
    """

    def __init__(self, inner: Host, faults: Iterable[Fault]) -> None:
        super().__init__(inner)
        self.faults = tuple(faults)
        self._counts = [0] * len(self.faults)
        self._by_call: dict[str, list[int]] = {}
        for index, fault in enumerate(self.faults):
            self._by_call.setdefault(fault.call, []).append(index)
        self._watched = {fault.only_path for fault in self.faults if fault.only_path is not None}
        self._paths: dict[int, str] = {}

    def _fault(self, call: str, path: str | None) -> int:
        """Count a call; return 0, or the negative errno that it fails with."""
        answer = 0
        for index in self._by_call.get(call, ()):
            fault = self.faults[index]
            if fault.only_path is not None and fault.only_path != path:
                continue
            self._counts[index] += 1
            if not answer and fault.strikes(self._counts[index]):
                answer = -fault.errno
        return answer

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        fd = self._fault("open", pathname) or self.inner.open(pathname, flags, mode)
        if fd >= 0 and pathname in self._watched:
            self._paths[fd] = pathname
        return fd

    def close(self, fd: int) -> int:
        """close(2)."""
        failure = self._fault("close", self._paths.pop(fd, None))
        result = self.inner.close(fd)
        return failure if failure and result != -EBADF else result

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        return self._fault("lseek", self._paths.get(fd)) or self.inner.lseek(fd, offset, whence)

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        return self._fault("fstatfs", self._paths.get(fd)) or self.inner.fstatfs(fd)

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        return self._fault("statfs", path) or self.inner.statfs(path)

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        return self._fault("ftruncate", self._paths.get(fd)) or self.inner.ftruncate(fd, length)

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        failure = self._fault("fallocate", self._paths.get(fd))
        return failure or self.inner.fallocate(fd, mode, offset, length)

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        return self._fault("unlink", pathname) or self.inner.unlink(pathname)

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        return self._fault("memfd_create", None) or self.inner.memfd_create(name, flags)

    def memfd_probe(self, flags: int) -> bool:
        """Try memfd_create(2), which counts as a call of it."""
        return not self._fault("memfd_create", None) and self.inner.memfd_probe(flags)

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        return self._fault("fcntl", self._paths.get(fd)) or self.inner.fcntl(fd, cmd, arg)

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        return self._fault("mmap", self._paths.get(fd)) or self.inner.mmap(
            addr, length, prot, flags, fd, offset
        )

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        return self._fault("munmap", None) or self.inner.munmap(addr, length)

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        return self._fault("madvise", None) or self.inner.madvise(addr, length, advice)

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
        return self._fault("mbind", None) or self.inner.mbind(
            addr, length, mode, nodemask, maxnode, flags
        )

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Touch pages; a fault, whatever its errno, is a store that raises SIGBUS."""
        if self._fault("touch_pages", None):
            return linux.SIGBUS
        return self.inner.touch_pages(addr, length, page_size)

    def describe(self) -> dict[str, object]:
        """Return what is known of the host behind this one, and the faults."""
        faults = [
            {"fault": str(fault), **({"only_path": fault.only_path} if fault.only_path else {})}
            for fault in self.faults
        ]
        return {**self.inner.describe(), "faults": faults}
