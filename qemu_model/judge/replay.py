"""The host that answers from a recorded trace."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from stat import S_IFCHR, S_IFDIR, S_IFREG
from typing import Any, Final

from ..host.caller import CALL_RCU, Caller
from ..host.linux import (
    ERRNO_NUMBERS,
    HUGETLBFS_MAGIC,
    OVERCOMMIT_NEVER,
    PROT_READ,
    SIGBUS,
    SIGSEGV,
)
from ..host.protocol import Platform, Stat, StatFs
from ..inspect.cannot_judge import CannotJudge
from ..osdep import is_power_of_2
from .alignment import Alignment
from .guesses import LARGE_FILE
from .search import LogSearch

ENOENT: Final = ERRNO_NUMBERS["ENOENT"]


class ReplayHost:
    """Answers each call as the log has it, and compares the two.

    What QEMU leaves to its RCU thread is answered at once: in the log it comes
    later, or never.
    """

    name = "replay"

    def __init__(
        self, alignment: Alignment, search: LogSearch, platform: Platform, caller: Caller
    ) -> None:
        self.platform = platform
        self._caller = caller
        #: Descriptors of files that stayed empty, and the mappings that may not be written:
        #: by address, whether of such a file.
        self._empty: set[int] = set()
        self._read_only: dict[int, bool] = {}
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
        if self._caller.thread == CALL_RCU:
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
        result = self._answer("ftruncate", fd, length)
        (self._empty.add if result < 0 else self._empty.discard)(fd)
        return result

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
        address = self._answer("mmap", addr, length, prot, flags, fd, offset)
        if prot == PROT_READ:
            self._read_only[address] = fd in self._empty
        else:
            self._read_only.pop(address, None)
        return address

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        if self._caller.thread == CALL_RCU:
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
        """Return SIGBUS where the log shows that QEMU got it in the range.

        A store into read-only memory is SIGSEGV, unless there is no page to be read.
        """
        if not self._alignment.touch(addr, length):
            return SIGBUS
        empty = self._read_only.get(addr)
        return 0 if empty is None else SIGBUS if empty else SIGSEGV

    def memfd_probe(self, flags: int) -> bool:
        """Return what QEMU found out as it started."""
        return self._search.memfd_probe(flags)

    def temporary_name(self) -> str:
        """Return what mkstemp chose in the log."""
        return self._alignment.temporary_name()

    def readlink(self, pathname: str) -> str | int:
        """Return a descriptor's path in the log, and that a device is a device DAX.

        It is none where the log shows that QEMU then asked for its size with lseek.
        """
        if pathname.startswith("/proc/self/fd/"):
            return self._alignment.descriptor_path(int(pathname.rpartition("/")[2]))
        if pathname.endswith("/subsystem") and not self._alignment.next_is("lseek"):
            return "/sys/class/dax"
        return -ENOENT

    def read_file(self, pathname: str) -> str | int:
        """Return a likely content of a file that a log does not show.

        The overcommit mode is 0, or 2 where QEMU then did not map the memory.  The size of a
        device DAX is large enough, and its alignment 1, except where the log shows that QEMU
        then gave the device up.
        """
        gave_up = self._alignment.next_is("close")
        match pathname.rpartition("/")[2]:
            case "overcommit_memory":
                return str(0 if self._alignment.next_is("mmap") else OVERCOMMIT_NEVER)
            case "size":
                self.guessed_a_size = True
                return str(1 if gave_up else LARGE_FILE)
            case "align":
                return str(1 << 62 if gave_up else 1)
        return -ENOENT

    def fstat(self, fd: int) -> Stat | int:
        """Return a device, a directory where the log shows that QEMU closed it, else a file."""
        if self._alignment.is_device(fd):
            return Stat(S_IFCHR, 0)
        return Stat(S_IFDIR if self._alignment.next_is("close") else S_IFREG, 0)

    def stat(self, pathname: str) -> Stat | int:
        """Return a large file, or no file where QEMU then did not open it."""
        if self._alignment.next_is("open"):
            return Stat(S_IFREG, LARGE_FILE)
        return -ENOENT

    def getpid(self) -> int:
        """Return the number that a shared memory object's name has in the log."""
        return self._search.number_in_shared_memory()

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return None: a log does not show them."""
        return None

    def describe(self) -> dict[str, object]:
        """Return what is known of this host."""
        return {"name": self.name}
