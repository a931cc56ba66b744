"""This machine's kernel, called through the C library with ctypes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import bisect
import ctypes
import os
import sys
from collections.abc import Mapping, Sequence
from ctypes import c_char_p, c_int, c_int64, c_long, c_uint, c_ulong, c_void_p, get_errno
from types import MappingProxyType
from typing import Any, Final

from . import linux
from .kept_data import KeptData
from .protocol import HostRefuses, Platform, Stat, StatFs

MIB: Final = 1024 * 1024
#: How much memory is populated between two looks at pending signals, in bytes.
POPULATE_STEP: Final = 256 * MIB
#: open(2) that succeeds with these made the file.
_NEW: Final = linux.O_CREAT | linux.O_EXCL
#: A descriptor of -1, as an unsigned int.
NO_FILE: Final = 0xFFFFFFFF
MKSTEMP_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

#: The number of mbind(2), which the C library does not wrap, by machine.
SYS_MBIND: Final[Mapping[str, int]] = MappingProxyType(
    {"x86_64": 237, "aarch64": 235, "riscv64": 235, "ppc64le": 259, "ppc64": 259, "s390x": 268}
)
#: QEMU_VMALLOC_ALIGN by machine, in bytes (include/qemu/osdep.h); elsewhere the page size.
VMALLOC_ALIGN: Final[Mapping[str, int]] = MappingProxyType(
    {
        "x86_64": 2 * MIB,
        "armv7l": 2 * MIB,
        "aarch64": 2 * MIB,
        "ppc64": 2 * MIB,
        "ppc64le": 2 * MIB,
        "s390x": MIB,
    }
)


class _StatFs(ctypes.Structure):
    _fields_ = (("f_type", c_long), ("f_bsize", c_long), ("rest", c_long * 30))


def _declare(libc: ctypes.CDLL, name: str, *argtypes: Any) -> Any:
    function = getattr(libc, name)
    function.argtypes = argtypes
    function.restype = c_long
    return function


def _int_declare(libc: ctypes.CDLL, name: str, *argtypes: Any) -> Any:
    function = _declare(libc, name, *argtypes)
    function.restype = c_int
    return function


def _path(pathname: str) -> bytes:
    return pathname.encode("utf-8", "surrogateescape")


class LiveHost:
    """The kernel this process runs on.

    Every call is libc's, with its argument types declared; a failed one answers
    with the negative errno.  What was in a file before is never discarded: a call
    that would do it is answered with 0 and not made, and ``withheld`` names it.
    ``allow_discard`` makes those calls too.  ``force`` allows touching more memory
    than the machine says is available.  Raises :class:`HostRefuses` where the system
    is not Linux.
    """

    name = "live"

    def __init__(self, *, force: bool = False, allow_discard: bool = False) -> None:
        if not sys.platform.startswith("linux"):
            raise HostRefuses(
                f"the live host needs Linux, and this is {sys.platform}: "
                "use a simulated one, for instance --host sim:default"
            )
        libc = ctypes.CDLL(None, use_errno=True)
        machine = os.uname().machine
        page_size = os.sysconf("SC_PAGESIZE")
        self._force = force
        self._data = KeptData()
        self._allow_discard = allow_discard
        self._open = _int_declare(libc, "open", c_char_p, c_int, c_uint)
        self._close = _int_declare(libc, "close", c_int)
        self._lseek = _declare(libc, "lseek64", c_int, c_long, c_int)
        self._fstatfs = _int_declare(libc, "fstatfs64", c_int, c_void_p)
        self._statfs = _int_declare(libc, "statfs64", c_char_p, c_void_p)
        self._ftruncate = _int_declare(libc, "ftruncate64", c_int, c_long)
        self._fallocate = _int_declare(libc, "fallocate64", c_int, c_int, c_long, c_long)
        self._unlink = _int_declare(libc, "unlink", c_char_p)
        self._memfd_create = _int_declare(libc, "memfd_create", c_char_p, c_uint)
        self._fcntl = _int_declare(libc, "fcntl", c_int, c_int, c_long)
        # A pointer is unsigned, so that an address or a length beyond 2**63 passes as it does
        # in C; and ctypes makes one of a number in half the time that a c_ulong takes.
        # What is not declared passes as an int, quicker still: so all but the offset.
        self._mmap = _declare(libc, "mmap", c_void_p, c_void_p)
        self._mmap64 = _declare(libc, "mmap64", c_void_p, c_void_p, c_uint, c_uint, c_uint, c_int64)
        self._munmap = _int_declare(libc, "munmap", c_void_p, c_void_p)
        self._madvise = _int_declare(libc, "madvise", c_void_p, c_void_p, c_int)
        self._mbind = _declare(
            libc, "syscall", c_long, c_ulong, c_ulong, c_int, c_void_p, c_ulong, c_uint
        )
        self._sys_mbind = SYS_MBIND.get(machine)
        self.platform = Platform(
            system="linux",
            machine=machine,
            page_size=page_size,
            vmalloc_align=VMALLOC_ALIGN.get(machine, page_size),
            online_cpus=os.sysconf("SC_NPROCESSORS_ONLN"),
        )

    @property
    def withheld(self) -> tuple[str, ...]:
        """The calls that were not made because they would have discarded data."""
        return tuple(self._data.withheld)

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2)."""
        fd: int = self._open(_path(pathname), flags, mode or 0)
        if fd < 0:
            return -get_errno()
        self._data.opened(fd, pathname, created=flags & _NEW == _NEW)
        return fd

    def close(self, fd: int) -> int:
        """close(2)."""
        return 0 if self._close(fd) == 0 else -get_errno()

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        position: int = self._lseek(fd, offset, whence)
        return position if position >= 0 else -get_errno()

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2)."""
        answer = _StatFs()
        if self._fstatfs(fd, ctypes.byref(answer)) != 0:
            return -get_errno()
        return StatFs(answer.f_type, answer.f_bsize)

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2)."""
        answer = _StatFs()
        if self._statfs(_path(path), ctypes.byref(answer)) != 0:
            return -get_errno()
        return StatFs(answer.f_type, answer.f_bsize)

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2)."""
        if length >= 0 and not (self._allow_discard or self._data.may_resize(fd, length)):
            return 0
        return 0 if self._ftruncate(fd, length) == 0 else -get_errno()

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2)."""
        if not (self._allow_discard or self._data.may_punch(fd)):
            return 0
        return 0 if self._fallocate(fd, mode, offset, length) == 0 else -get_errno()

    def unlink(self, pathname: str) -> int:
        """unlink(2)."""
        if not self._allow_discard and not self._data.may_unlink(pathname):
            return 0
        if self._unlink(_path(pathname)) != 0:
            return -get_errno()
        self._data.removed(pathname)
        return 0

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2)."""
        fd: int = self._memfd_create(name.encode(), flags)
        if fd < 0:
            return -get_errno()
        self._data.made_in_memory(fd)
        return fd

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2)."""
        result: int = self._fcntl(fd, cmd, arg)
        return result if result >= 0 else -get_errno()

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        # An unsigned int skips ctypes' second try for negative ones.
        fd = NO_FILE if fd == -1 else fd & NO_FILE
        address: int = (
            self._mmap64(addr, length, prot, flags, fd, offset)
            if offset
            else self._mmap(addr, length, prot, flags, fd, 0)
        )
        if address == -1:
            return -get_errno()
        if fd != NO_FILE and flags & linux.MAP_SHARED:
            self._data.mapped(address, length, fd)
        return address

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        self._data.unmapped(addr)
        return 0 if self._munmap(addr, length) == 0 else -get_errno()

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2).  Raises :class:`HostRefuses` where populating would take all memory."""
        if advice == linux.MADV_POPULATE_WRITE:
            self._refuse_too_much(length)
        elif advice == linux.MADV_REMOVE and not (
            self._allow_discard or self._data.may_discard(addr, length)
        ):
            return 0
        return 0 if self._madvise(addr, length, advice) == 0 else -get_errno()

    def mbind(
        self,
        addr: int,
        length: int,
        mode: int,
        nodemask: Sequence[int] | None,
        maxnode: int,
        flags: int,
    ) -> int:
        """mbind(2), by number: libc has no wrapper for it."""
        if self._sys_mbind is None:
            return -linux.ERRNO_NUMBERS["ENOSYS"]
        mask = None
        if nodemask is not None:
            words = max(1, (maxnode + 63) // 64)
            mask = (c_ulong * words)()
            for node in nodemask:
                mask[node // 64] |= 1 << node % 64
        done = self._mbind(self._sys_mbind, addr, length, mode, mask, maxnode, flags)
        return 0 if done == 0 else -get_errno()

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Populate the range, so that no store in it can raise a signal.

        The kernel does it (MADV_POPULATE_WRITE) where it can.  Elsewhere each page
        is read and written back through ``/proc/self/mem``, which answers with an
        errno where a load or a store would have raised the signal.
        """
        if page_size == self.platform.page_size:
            self._refuse_too_much(length)
        step = max(POPULATE_STEP, page_size)
        for start in range(0, length, step):
            part = min(step, length - start)
            failed = self._madvise(addr + start, part, linux.MADV_POPULATE_WRITE)
            result = -get_errno() if failed else 0
            if result == -linux.ERRNO_NUMBERS["EINVAL"]:
                return self._write_back(addr + start, length - start, page_size)
            if result != 0:
                unmapped = result == -linux.ERRNO_NUMBERS["ENOMEM"]
                return linux.SIGSEGV if unmapped else linux.SIGBUS
        return 0

    def _refuse_too_much(self, length: int) -> None:
        available = None if self._force else available_memory()
        if available is not None and length > available:
            raise HostRefuses(
                f"preallocating {length} bytes, with {available} bytes of memory available, "
                "could make the kernel kill processes: use a smaller size, or --force"
            )

    def _write_back(self, addr: int, length: int, page_size: int) -> int:
        """Read and write back each page; return 0 or the signal that QEMU would have got.

        ``/proc/self/mem`` can write where the process may not.
        """
        mappings = own_mappings()
        memory = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            for address in range(addr, addr + length, page_size):
                place = bisect.bisect(mappings, address, key=lambda mapping: mapping[0]) - 1
                if address >= mappings[place][1] or "r" not in mappings[place][2]:
                    return linux.SIGSEGV
                byte = os.pread(memory, 1, address)
                if "w" not in mappings[place][2]:
                    return linux.SIGSEGV
                os.pwrite(memory, byte, address)
        except OSError:
            return linux.SIGBUS
        finally:
            os.close(memory)
        return 0

    def memfd_probe(self, flags: int) -> bool:
        """Try memfd_create(2) and close what it gave."""
        fd = self.memfd_create("test", flags)
        if fd >= 0:
            self.close(fd)
        return fd >= 0

    def temporary_name(self) -> str:
        """Draw six letters or digits."""
        # Few runs make a temporary file, and the module takes a while to import.
        import random

        return "".join(random.choices(MKSTEMP_LETTERS, k=6))

    def readlink(self, pathname: str) -> str | int:
        """readlink(2)."""
        try:
            return os.readlink(pathname)
        except OSError as error:
            return -(error.errno or linux.ERRNO_NUMBERS["EIO"])

    def read_file(self, pathname: str) -> str | int:
        """Read a small file."""
        try:
            with open(pathname, encoding="utf-8", errors="surrogateescape") as text:
                return text.read()
        except OSError as error:
            return -(error.errno or linux.ERRNO_NUMBERS["EIO"])

    def fstat(self, fd: int) -> Stat | int:
        """fstat(2)."""
        try:
            status = os.fstat(fd)
        except OSError as error:
            return -(error.errno or linux.ERRNO_NUMBERS["EIO"])
        return Stat(status.st_mode, status.st_size, status.st_rdev)

    def stat(self, pathname: str) -> Stat | int:
        """stat(2)."""
        try:
            status = os.stat(pathname)
        except OSError as error:
            return -(error.errno or linux.ERRNO_NUMBERS["EIO"])
        except ValueError:
            return -linux.ERRNO_NUMBERS["EINVAL"]
        return Stat(status.st_mode, status.st_size, status.st_rdev)

    def getpid(self) -> int:
        """getpid(2)."""
        return os.getpid()

    def vm_flags(self, addr: int) -> list[str] | None:
        """Read ``VmFlags`` of the mapping at ``addr`` from ``/proc/self/smaps``."""
        return read_vm_flags("/proc/self/smaps", addr)

    def describe(self) -> dict[str, object]:
        """Return the kernel's version and the settings that matter here."""
        uname = os.uname()
        return {
            "name": self.name,
            "evidence": "this kernel",
            "kernel": f"{uname.sysname} {uname.release}",
            "machine": uname.machine,
            "page_size": self.platform.page_size,
            "vmalloc_align": self.platform.vmalloc_align,
            "map_sync": self.platform.map_sync,
            "map_shared_validate": self.platform.map_shared_validate,
            "withheld": list(self.withheld),
        }


def own_mappings() -> list[tuple[int, int, str]]:
    """Return start, end and permissions (``rw-p``) of each mapping of this process, in order."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        words = [line.split(maxsplit=2) for line in lines]
    return [
        (int(start, 16), int(end, 16), permissions)
        for place, permissions, *_ in words
        for start, _, end in [place.partition("-")]
    ]


def read_vm_flags(smaps: str, addr: int) -> list[str] | None:
    """Return the ``VmFlags`` of the mapping that holds ``addr`` in a smaps file, or None."""
    inside = False
    try:
        with open(smaps, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                head = line.split(" ", 1)[0]
                if "-" in head and not head.endswith(":"):
                    first, _, last = head.partition("-")
                    inside = int(first, 16) <= addr < int(last, 16)
                elif inside and line.startswith("VmFlags:"):
                    return line.split()[1:]
    except (OSError, ValueError):
        return None
    return None


def available_memory() -> int | None:
    """Return the bytes of memory the kernel says are available, or None if it does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
    return None
