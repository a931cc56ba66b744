"""This machine's kernel, asked without leaving a trace.

What QEMU would do that others could notice later is not done: no file is created,
resized or removed, no page is touched, no device with effects of its own is opened.
Where a file would be created, a file without a name is asked instead; it is gone
when its descriptor is.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..host import linux
from ..host.live import LiveHost
from ..host.protocol import CannotAsk, StatFs
from ..host.wrapper import WrapperHost

#: What the kernel calls devices that can be opened without effect.
HARMLESS: Final = ("mem", "dax")
NAMELESS: Final = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC


class DryHost(WrapperHost):
    """A live host that answers as this kernel does, and changes nothing.

    ``notes`` says what was not tried.  Raises :class:`~qemu_model.host.protocol.CannotAsk`
    where even asking would leave a trace.
    """

    is_kernel = True

    def __init__(self) -> None:
        super().__init__(LiveHost())
        self.notes: list[str] = []
        self._paths: dict[int, str] = {}
        self._nameless: set[int] = set()
        self._fifos: set[int] = set()
        self._huge: set[int] = set()

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2), of a nameless file where one would be created."""
        fd = self._create(pathname) if flags & linux.O_CREAT else self._open(pathname, flags)
        if fd >= 0:
            self._paths[fd] = pathname
            answer = self.inner.fstatfs(fd)
            if not isinstance(answer, int) and answer.f_type == linux.HUGETLBFS_MAGIC:
                self._huge.add(fd)
        return fd

    def _open(self, pathname: str, flags: int) -> int:
        try:
            status = os.stat(pathname)
        except (OSError, ValueError) as error:
            return -(getattr(error, "errno", None) or errno.EINVAL)
        if stat.S_ISFIFO(status.st_mode):
            return self._open_fifo(pathname)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            kind = "block" if stat.S_ISBLK(status.st_mode) else "char"
            number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
            subsystem = Path(f"/sys/dev/{kind}/{number}/subsystem").resolve().name
            if kind == "block" or subsystem not in HARMLESS:
                raise CannotAsk(
                    f"{pathname} is a {kind} device ({subsystem}): opening it could have effects"
                )
        return self.inner.open(pathname, flags, None)

    def _open_fifo(self, pathname: str) -> int:
        """Stand in for a FIFO: opening it could wake a process that waits at its other end."""
        if not os.access(pathname, os.R_OK | os.W_OK):
            return -errno.EACCES
        fd = self.inner.open("/dev/null", linux.O_RDWR, None)
        self._fifos.add(fd)
        return fd

    def _create(self, pathname: str) -> int:
        if os.path.lexists(pathname):
            return -errno.EEXIST
        directory = os.path.dirname(pathname) or "."
        answer = self.inner.statfs(directory)
        if not isinstance(answer, int) and answer.f_type == linux.HUGETLBFS_MAGIC:
            return self._create_huge(directory, answer.f_bsize)
        try:
            fd = os.open(directory, NAMELESS, 0o600)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EISDIR):
                raise CannotAsk(
                    f"{pathname} does not exist, and in {directory} no hidden file can be made: "
                    "name a file that exists"
                ) from error
            return -(error.errno or errno.EIO)
        self._nameless.add(fd)
        return fd

    def _create_huge(self, directory: str, page_size: int) -> int:
        """Stand in for a file on hugetlbfs, where even one without a name dates the directory."""
        if not os.access(directory, os.W_OK | os.X_OK):
            return -errno.EACCES
        size = page_size.bit_length() - 1
        fd = self.inner.memfd_create("explain", linux.MFD_HUGETLB | size << linux.MFD_HUGE_SHIFT)
        if fd >= 0:
            self._nameless.add(fd)
        return fd

    def close(self, fd: int) -> int:
        """close(2)."""
        for kept in (self._nameless, self._fifos, self._huge):
            kept.discard(fd)
        self._paths.pop(fd, None)
        return self.inner.close(fd)

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        return -errno.ESPIPE if fd in self._fifos else self.inner.lseek(fd, offset, whence)

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        return self.inner.statfs(self._paths[fd]) if fd in self._fifos else self.inner.fstatfs(fd)

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2), of a nameless file beside it where the file has a name."""
        if fd in self._fifos:
            return -errno.EINVAL
        if fd in self._nameless or not stat.S_ISREG(os.fstat(fd).st_mode):
            return self.inner.ftruncate(fd, length)
        if fd in self._huge:
            answer = self.inner.fstatfs(fd)
            assert not isinstance(answer, int)
            return -errno.EINVAL if length % answer.f_bsize else 0
        try:
            beside = os.open(os.path.dirname(self._paths[fd]) or ".", NAMELESS, 0o600)
        except OSError:
            self.notes.append("whether the empty file can be given its size was not tried")
            return 0
        try:
            return self.inner.ftruncate(beside, length)
        finally:
            os.close(beside)

    def unlink(self, pathname: str) -> int:
        """Answer 0 and remove nothing: there is nothing of ours."""
        return 0

    def fallocate(self, fd: int, _mode: int, _offset: int, _length: int) -> int:
        """Answer 0 and discard nothing: a hole would empty the user's file."""
        note = f"the data of {self._paths.get(fd) or 'the backend'} was not discarded"
        if note not in self.notes:
            self.notes.append(note)
        return 0

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        fd = self.inner.memfd_create(name, flags)
        if fd >= 0:
            self._nameless.add(fd)
        return fd

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2).

        A file on hugetlbfs is mapped readable only and without reservation: writable
        would enlarge it, and what is reserved for a file stays with it.
        """
        if fd in self._fifos:
            validated = flags & linux.MAP_TYPE == linux.MAP_SHARED_VALIDATE
            asks = validated and flags & linux.MAP_SYNC
            return -errno.EOPNOTSUPP if asks else -errno.ENODEV
        if fd in self._huge and fd not in self._nameless:
            prot &= ~linux.PROT_WRITE
            flags |= linux.MAP_NORESERVE
            if length > self._free_huge(fd):
                return -errno.ENOMEM
        return self.inner.mmap(addr, length, prot, flags, fd, offset)

    def _free_huge(self, fd: int) -> int:
        """Return how many bytes of huge pages are free and not promised, for the file at ``fd``."""
        answer = self.inner.fstatfs(fd)
        assert not isinstance(answer, int)
        pool = Path(f"/sys/kernel/mm/hugepages/hugepages-{answer.f_bsize // 1024}kB")
        try:
            free, promised = (
                int((pool / name).read_text()) for name in ("free_hugepages", "resv_hugepages")
            )
        except (OSError, ValueError):
            self.notes.append("whether there are huge pages enough was not found out")
            return 1 << 64
        return (free - promised) * answer.f_bsize

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2), but for what fills or empties pages: that is answered with 0."""
        if advice == linux.MADV_REMOVE:
            return 0
        if advice == linux.MADV_POPULATE_WRITE:
            return self.touch_pages(addr, length, self.platform.page_size)
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
        """mbind(2), which moves no page: without its flags it only sets the policy."""
        return self.inner.mbind(addr, length, mode, nodemask, maxnode, 0)

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Answer 0 and touch nothing; memory that may not be written is touched: only read."""
        if "wr" not in (self.inner.vm_flags(addr) or ("wr",)):
            return self.inner.touch_pages(addr, length, page_size)
        note = f"preallocating {length} bytes was not tried"
        if note not in self.notes:
            self.notes.append(note)
        return 0

    def temporary_name(self) -> str:
        """Return what stands for the six characters: no such file is made."""
        return "XXXXXX"

    def readlink(self, pathname: str) -> str | int:
        """readlink(2); of a descriptor's link, the path that was requested."""
        directory, _, number = pathname.rpartition("/")
        if directory == "/proc/self/fd" and number.isdecimal():
            return self._paths.get(int(number), "")
        return self.inner.readlink(pathname)
