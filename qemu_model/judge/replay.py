"""The host that answers from a recorded trace."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from collections.abc import Sequence
from stat import S_IFCHR, S_IFDIR, S_IFREG
from types import FrameType
from typing import Any, Final

from ..host.linux import ERRNO_NUMBERS, HUGETLBFS_MAGIC, OVERCOMMIT_NEVER
from ..host.protocol import Platform, Stat, StatFs
from ..inspect.cannot_judge import CannotJudge
from ..osdep import is_power_of_2
from .alignment import Alignment
from .guesses import LARGE_FILE
from .search import LogSearch

_EFAULT: Final = ERRNO_NUMBERS["EFAULT"]
#: The C function that gives a block's memory back, in the RCU thread.
_RECLAIM: Final = "reclaim_ramblock"


def _is_reclaiming() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == _RECLAIM:
            return True
        frame = frame.f_back
    return False


class ReplayHost:
    """Answers each call as the log has it, and compares the two.

    What QEMU leaves to its RCU thread is answered at once: in the log it comes
    later, or never.
    """

    name = "replay"

    def __init__(self, alignment: Alignment, search: LogSearch, platform: Platform) -> None:
        self.platform = platform
        self._alignment = alignment
        self._search = search
        #: Whether a size was requested that no call shows: then messages have another one.
        self.guessed_a_size = False

    def _answer(self, name: str, *args: Any) -> int:
        result = self._alignment.expect(name, args).result
        return 0 if result is None else result

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        return self._answer("open", pathname, flags, mode)

    def close(self, fd: int) -> int:
        """close(2)."""
        if _is_reclaiming():
            self._alignment.release("close", (fd,))
            return 0
        return self._answer("close", fd)

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        return self._answer("lseek", fd, offset, whence)

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        return self._file_system("fstatfs", fd)

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        return self._file_system("statfs", path)

    def _file_system(self, name: str, what: int | str) -> StatFs | int:
        call = self._alignment.expect(name, (what,))
        if call.result is not None and call.result < 0:
            return call.result
        answer = call.out or StatFs(0, self.platform.page_size)
        size = answer.f_bsize
        if answer.f_type == HUGETLBFS_MAGIC and (
            size < self.platform.page_size or not is_power_of_2(size)
        ):
            raise CannotJudge(f"{name} answers that a huge page has {size} bytes: none has")
        return answer

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        return self._answer("ftruncate", fd, length)

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        return self._answer("fallocate", fd, mode, offset, length)

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        return self._answer("unlink", pathname)

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        return self._answer("memfd_create", name, flags)

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        return self._answer("fcntl", fd, cmd, arg)

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        return self._answer("mmap", addr, length, prot, flags, fd, offset)

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        if _is_reclaiming():
            self._alignment.release("munmap", (addr, length))
            return 0
        return self._answer("munmap", addr, length)

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2)."""
        return self._answer("madvise", addr, length, advice)

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
        nodes = None if nodemask is None else tuple(nodemask)
        return self._answer("mbind", addr, length, mode, nodes, maxnode, flags)

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Return -EFAULT where the log shows that QEMU got SIGBUS in the range."""
        return 0 if self._alignment.touch(addr, length) else -_EFAULT

    def memfd_probe(self, flags: int) -> bool:
        """Return what QEMU found out as it started."""
        return self._search.memfd_probe(flags)

    def temporary_name(self) -> str:
        """Return what mkstemp chose in the log."""
        return self._alignment.temporary_name()

    def fd_path(self, fd: int) -> str:
        """Return the path that the log gives for a descriptor."""
        return self._alignment.descriptor_path(fd)

    def overcommit_memory(self) -> int | None:
        """Return 0, or 2 where the log shows that QEMU then did not map the memory."""
        return 0 if self._alignment.next_is("mmap") else OVERCOMMIT_NEVER

    def dax_device_size(self, fd: int) -> int | None:
        """Return a likely size for a device whose size QEMU read elsewhere.

        It is large enough, except where the log shows that QEMU then gave the device up.
        """
        if not self._alignment.is_device(fd) or self._alignment.next_is("lseek"):
            return None
        self.guessed_a_size = True
        return 1 if self._alignment.next_is("close") else LARGE_FILE

    def dax_device_align(self, fd: int) -> int | None:
        """Return a likely alignment of a device DAX; none that QEMU refuses unless it did."""
        if not self._alignment.is_device(fd):
            return None
        return 1 << 62 if self._alignment.next_is("close") else 1

    def fstat(self, fd: int) -> Stat | int:
        """Return a device, a directory where the log shows that QEMU closed it, else a file."""
        if self._alignment.is_device(fd):
            return Stat(S_IFCHR, 0)
        return Stat(S_IFDIR if self._alignment.next_is("close") else S_IFREG, 0)

    def stat(self, pathname: str) -> Stat | int:
        """Return a large file, or no file where QEMU then did not open it."""
        if self._alignment.next_is("open"):
            return Stat(S_IFREG, LARGE_FILE)
        return -ERRNO_NUMBERS["ENOENT"]

    def getpid(self) -> int:
        """Return the number that a shared memory object's name has in the log."""
        return self._search.number_in_shared_memory()

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return None: a log does not show them."""
        return None

    def describe(self) -> dict[str, object]:
        """Return what is known of this host."""
        return {"name": self.name}
