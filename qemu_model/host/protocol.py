"""The host: the one interface through which the model acts on a kernel.

The methods are Linux's system calls, with the calls' own names and arguments,
and they answer as the kernel does: a result of zero or more, or **the negative
errno** (``-errno.ENOENT``).  No answer is an exception.

Four methods are not one call each; none of them is recorded as an event.  ``read_file`` is
open, read and close; ``memfd_probe`` is memfd_create and close, before QEMU reads its
line; ``temporary_name`` is the part of a file's name that mkstemp(3) draws with
getrandom(2); ``touch_pages`` is loads and stores.

A host can be this machine's kernel (:mod:`qemu_model.host.live`), a simulated one
(:mod:`qemu_model.host.simulated`), a recorded trace (:mod:`qemu_model.judge.replay`), or a
wrapper around another host (:mod:`qemu_model.host.wrapper`).
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from ..records import Value


@attrs.frozen(eq=False, repr=False)
class StatFs(Value):
    """What ``fstatfs`` and ``statfs`` answer, as far as QEMU looks at it.

    ``f_bsize`` is in bytes; on hugetlbfs it is the size of a huge page.
    """

    f_type: int
    f_bsize: int


@attrs.frozen(eq=False, repr=False)
class Stat(Value):
    """What ``fstat`` and ``stat`` answer, as far as QEMU looks at it; ``st_size`` in bytes.

    ``st_rdev`` is the number of a device, 0 for anything else.
    """

    st_mode: int
    st_size: int
    st_rdev: int = 0


@attrs.frozen(eq=False, repr=False)
class Platform(Value):
    """What the modelled QEMU was built for and with, and what it runs on.

    ``page_size`` and ``vmalloc_align`` (``QEMU_VMALLOC_ALIGN``) are in bytes.
    ``map_sync`` and ``map_shared_validate`` are the values that
    ``include/qemu/osdep.h`` defines: 0 where the system is not Linux.
    ``libdaxctl``: QEMU can ask in which units a device DAX is mapped.
    ``accelerator`` is what runs the guest, as far as it matters to memory: ``tcg``,
    ``kvm``, ``kvm-without-mmu-notifiers``, ``xen``, or one with its ``own-allocator``.
    """

    system: str = "linux"
    machine: str = "x86_64"
    page_size: int = 4096
    vmalloc_align: int = 2 * 1024 * 1024
    map_sync: int = 0x80000
    map_shared_validate: int = 0x03
    libpmem: bool = True
    libnuma: bool = True
    libdaxctl: bool = False
    online_cpus: int = 1
    accelerator: str = "tcg"


class HostRefuses(Exception):
    """The host declines an operation that could hurt the machine it runs on.

    Its text is for people: what was requested, and what to do.
    """


class CannotAsk(Exception):
    """The kernel cannot be asked without leaving a trace.  The text says why."""


class Host(Protocol):
    """A kernel, seen from one process."""

    @property
    def name(self) -> str:
        """How the command line names this host: ``live``, ``sim:<profile>``, ``replay``."""
        ...

    @property
    def platform(self) -> Platform:
        """The platform of the modelled QEMU."""
        ...

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2).  ``mode`` is None without O_CREAT.  Return a descriptor or -errno."""
        ...

    def close(self, fd: int) -> int:
        """close(2).  Return 0 or -errno."""
        ...

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2).  Return the new offset in bytes or -errno."""
        ...

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2).  Return what the kernel says of the file system, or -errno."""
        ...

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2).  Return what the kernel says of the file system, or -errno."""
        ...

    def fstat(self, fd: int) -> Stat | int:
        """fstat(2).  Return kind and size of the file, or -errno."""
        ...

    def stat(self, pathname: str) -> Stat | int:
        """stat(2).  Return kind and size of the file, or -errno."""
        ...

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2).  ``length`` in bytes.  Return 0 or -errno."""
        ...

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2).  ``offset`` and ``length`` in bytes.  Return 0 or -errno."""
        ...

    def unlink(self, pathname: str) -> int:
        """unlink(2).  Return 0 or -errno."""
        ...

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2).  Return a descriptor or -errno."""
        ...

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2).  Return its result or -errno."""
        ...

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2).  ``addr`` 0 is NULL.  Return an address or -errno."""
        ...

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2).  Return 0 or -errno."""
        ...

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2).  Return 0 or -errno."""
        ...

    def mbind(
        self,
        addr: int,
        length: int,
        mode: int,
        nodemask: Sequence[int] | None,
        maxnode: int,
        flags: int,
    ) -> int:
        """mbind(2).  ``nodemask`` is the nodes in it, or None for NULL.  Return 0 or -errno."""
        ...

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Make every page of the range present and writable without changing a byte.

        Not a system call: it stands for the loads and stores of QEMU's preallocation
        threads.  Return 0, or the signal that the first failing one raised: SIGBUS where
        no page can be allocated, SIGSEGV where the memory may not be written.
        Raise :class:`HostRefuses` where touching could take the machine down.
        """
        ...

    def memfd_probe(self, flags: int) -> bool:
        """Return whether memfd_create(2) takes ``flags``, which QEMU tries as it starts.

        The file, called ``test``, is closed at once.  A method of its own: QEMU makes these
        two calls before it reads its line, so they belong to no backend and to no event.
        """
        ...

    def temporary_name(self) -> str:
        """Return six characters as ``mkstemp`` puts them in the place of ``XXXXXX``.

        A method of its own: glibc draws them, not QEMU, and the judge takes them from the
        name in the log.
        """
        ...

    def readlink(self, pathname: str) -> str | int:
        """readlink(2).  Return the link's target or -errno."""
        ...

    def read_file(self, pathname: str) -> str | int:
        """open(2), read(2) and close(2): return what a file says, or -errno.

        For what the kernel tells in small files below ``/proc`` and ``/sys``; no event is
        recorded for it.
        """
        ...

    def getpid(self) -> int:
        """Return the number of the process, which is part of a shared memory object's name."""
        ...

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return the flags in smaps' ``VmFlags`` for the mapping at ``addr``.

        None where the host has none to show.
        """
        ...

    def describe(self) -> dict[str, object]:
        """Return what is known of this host, for ``host_profile`` in the JSON output."""
        ...
