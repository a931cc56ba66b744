"""What QEMU does after one call fails: message, status, files; for trees without a binary.

The expected side of ``test_every_call_fails.py`` for the trees of 2018 and the
postings; what a release does that can be installed, ``../real`` asks that release.  Each
rule is about the place of the failing call among the calls of a run without fault, and was
measured with QEMU; none is taken from the model.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
from collections.abc import Sequence
from errno import EEXIST, EINTR, EISDIR, ENOENT, ENOSYS, ENOTDIR
from typing import Literal

import attrs

from qemu_model.calls.event import Event
from qemu_model.process import Run

O_CREAT = 0o100
MAP_SYNC = 0x80000
PROT_NONE = 0
MPOL_DEFAULT = 0
MADV_HUGEPAGE = 14
MADV_DONTDUMP = 16
HUGETLBFS = 0x958458F6
OPENS_AGAIN = (EEXIST, EINTR)

#: What is left of files: what was there before, what a run without fault leaves, an empty
#: file where that one makes a whole one, or one that should have gone.
Files = Literal["before", "clean", "empty", "kept"]


@attrs.frozen
class Consequence:
    """What must come of a failing call.

    ``error`` is the message that ends the command, None where QEMU goes on as if nothing
    had happened, but for ``printed`` lines on stderr and ``unsaid`` ones that a run without
    fault prints.  ``files``: see :data:`Files`.  ``fds`` is how many descriptors QEMU leaks.
    """

    error: str | None = None
    printed: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    files: Files = "clean"
    fds: int = 0


NONE = Consequence()
NO_DONTDUMP = "madvise doesn't support MADV_DONTDUMP, but dump_guest_core=off specified"


@attrs.frozen
class Failure:
    """One call of a run without fault that shall fail with ``number``.

    ``preallocates``: whether that run touches the memory it maps.
    """

    run: Run
    place: int
    number: int
    preallocates: bool

    @property
    def events(self) -> Sequence[Event]:
        """The calls of the run."""
        return self.run.events

    @property
    def revision(self) -> str:
        """The name of the tree."""
        return self.run.revision.name

    @property
    def event(self) -> Event:
        """The call, as it went without the fault."""
        return self.events[self.place]

    @property
    def words(self) -> str:
        """The errno in words."""
        return os.strerror(self.number)

    def before(self, call: str) -> list[Event]:
        """Return the calls of a name that come before."""
        return [event for event in self.events[: self.place] if event.call == call]

    def consequence(self) -> Consequence | None:
        """Return what must come of it; None where too much else decides."""
        known = {
            "open": self._open,
            "lseek": self._lseek,
            "fstatfs": self._fstatfs,
            "ftruncate": self._ftruncate,
            "memfd_create": self._memfd,
            "fcntl": self._memfd,
            "mmap": self._mmap,
            "munmap": self._munmap,
            "madvise": self._madvise,
            "mbind": self._mbind,
            "unlink": self._unlink,
        }
        # That close fails is never looked at: the descriptor is gone all the same.
        return known[self.event.call]() if self.event.call in known else NONE

    def _open(self) -> Consequence | None:
        path, flags, _mode = self.event.args
        refused = f"can't open backing store {self._mem_path(path)} for guest RAM"
        number = self.number
        if number in OPENS_AGAIN:
            return NONE
        if not flags & O_CREAT:
            if number == ENOENT:
                # A file that is there after all is found there by the next round.
                known = self.event.result >= 0 or self.event.result in (-ENOENT, -EISDIR)
                return NONE if known else None
            if number == EISDIR:
                if self.event.result == -EISDIR:
                    return NONE
                if self.event.failed:
                    # A simulated kernel has the directories that a path implies.
                    return None
                # A new file is wanted below what is no directory.
                number = ENOTDIR
        return Consequence(f"{refused}: {os.strerror(number)}", files="before")

    @staticmethod
    def _mem_path(path: str) -> str:
        return path.partition("/qemu_back_mem.")[0]

    def _lseek(self) -> Consequence | None:
        # The size counts as neither too small nor nothing.
        goes_on = not self.run.exit and self.run.stderr == ()
        if not goes_on or self.preallocates:
            return None
        return Consequence(files="clean" if self.event.result else self._empty())

    def _empty(self) -> Files:
        # On hugetlbfs a mapping makes the file as long as itself.
        return "clean" if any(map(self._is_huge, self.events)) else "empty"

    @staticmethod
    def _is_huge(event: Event) -> bool:
        return event.out is not None and event.out.f_type == HUGETLBFS

    def _fstatfs(self) -> Consequence | None:
        return None if self._is_huge(self.event) and self.number != EINTR else NONE

    def _ftruncate(self) -> Consequence | None:
        if self._of_memfd():
            return self._memfd()
        printed = (f"ftruncate: {self.words}",)
        if self.event.failed:
            unsaid = (f"ftruncate: {os.strerror(-self.event.result)}",)
            return Consequence(printed=printed, unsaid=unsaid)
        # What is touched of a file that stays empty is a fault.
        return None if self.preallocates else Consequence(printed=printed, files=self._empty())

    def _of_memfd(self) -> bool:
        return self.event.args[0] in self._memfds()

    def _memfds(self) -> list[int]:
        return [event.result for event in self.before("memfd_create")]

    def _memfd(self) -> Consequence:
        return Consequence(f"failed to create memfd: {self.words}")

    def _mmap(self) -> Consequence | None:
        over = self.event if self.event.args[2] != PROT_NONE else self._put_into_it()
        if over is None:
            return None
        if over is self.event and self.event.args[3] & MAP_SYNC:
            return self._without_map_sync()
        return self._not_mapped(over.args[4], self.words)

    def _put_into_it(self) -> Event | None:
        """Return the mapping for which this one reserves the place."""
        later = (event for event in self.events[self.place + 1 :] if event.call == "mmap")
        return next(later, None)

    def _not_mapped(self, fd: int, words: str) -> Consequence:
        if fd < 0:
            return Consequence(f"cannot set up guest memory '*': {words}")
        # A memfd that cannot be mapped stays open.
        leaked = int(fd in self._memfds())
        said = f"unable to map backing store for guest RAM: {words}"
        return Consequence(said, files="before", fds=leaked)

    def _without_map_sync(self) -> Consequence | None:
        demanded = any(",sync=on" in word for word in self.run.args)
        if self.revision == "v2" or (self.revision in ("v6", "v7") and demanded):
            return self._not_mapped(self.event.args[4], self.words)
        return NONE

    def _munmap(self) -> Consequence | None:
        last = self.before("mmap")[-1]
        if not last.failed and last.args[2] != PROT_NONE:
            return NONE
        # Nothing was mapped; what is told of it is errno, and that is the later failure's.
        return self._not_mapped(last.args[4] if last.failed else 0, self.words)

    def _madvise(self) -> Consequence | None:
        advice = self.event.args[2]
        following = self.events[self.place + 1 : self.place + 2]
        of_machine = [event for event in following if event.args[2:] == (MADV_HUGEPAGE,)]
        if advice == MADV_DONTDUMP and of_machine:
            return Consequence(printed=(f"qemu_madvise: {self.words}", NO_DONTDUMP))
        return NONE

    def _mbind(self) -> Consequence | None:
        if self.number == ENOSYS and self.event.args[2] == MPOL_DEFAULT:
            return None if self.event.failed else NONE
        return Consequence(f"cannot bind memory to host NUMA nodes: {self.words}")

    @staticmethod
    def _unlink() -> Consequence:
        return Consequence(files="kept")
