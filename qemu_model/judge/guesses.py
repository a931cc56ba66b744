"""Answers that a log does not have, with which the comparison can continue."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..host.linux import ERRNO_NUMBERS, HUGETLBFS_MAGIC, O_EXCL
from ..host.protocol import Platform, StatFs
from ..osdep import is_power_of_2
from .backend_calls import EXITED, KILLED
from .strace import Call

#: Calls whose first argument is a descriptor.
ON_DESCRIPTORS: Final = frozenset({"close", "lseek", "fstatfs", "ftruncate", "fcntl", "fallocate"})
#: Calls whose first argument is an address.
ON_RANGES: Final = frozenset({"munmap", "madvise", "mbind", "mprotect"})
#: What a process ends with.
ENDS: Final = frozenset({"exit_group", EXITED, KILLED})
#: How many calls ahead one is looked for.
AHEAD: Final = 6

#: Numbers for descriptors and addresses that the log does not show.
UNKNOWN_DESCRIPTOR: Final = 1_000_000
UNKNOWN_ADDRESS: Final = 1 << 56
UNKNOWN_STEP: Final = 1 << 48
#: A file size that is large enough for any backend, so that none is truncated.
LARGE_FILE: Final = 1 << 62
ENOENT: Final = ERRNO_NUMBERS["ENOENT"]
EISDIR: Final = ERRNO_NUMBERS["EISDIR"]
PAGE_SIZE: Final = Platform().page_size


class GuessedAnswers:
    """Makes the answers that fit best with what comes next in the log.

    ``peek`` returns the call so many places ahead, None behind the last one.
    ``log_not_reached`` is set while the log has nothing to do with what is asked: then
    addresses and descriptors are made that stand for unknown ones.
    """

    def __init__(self, peek: Callable[[int], Call | None]) -> None:
        self._peek = peek
        self.log_not_reached = False
        #: How many unknown addresses and descriptors there are.
        self.unknown_count = 0
        #: The addresses and descriptors of the log that the unknown ones turned out to be.
        self.known_as: dict[int, int] = {}
        #: The file system that the log showed last.
        self.file_system_seen: StatFs | None = None

    def answer(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return a call with a likely answer."""
        call = Call(0, None, name, args, 0, b"")
        if name in ("open", "memfd_create"):
            call.result = self._opening(name, args)
        elif name == "lseek":
            call.result = LARGE_FILE if self._soon("ftruncate") is None else 0
        elif name in ("fstatfs", "statfs"):
            later = self._soon(name)
            call.out = (later and later.out) or self.file_system_seen or self._file_system()
        elif name == "mmap":
            call.result = args[0] or self._reservation()
        return call

    def _soon(self, name: str) -> Call | None:
        if self.log_not_reached:
            return None
        for place in range(AHEAD):
            call = self._peek(place)
            if call is None or call.name in ENDS:
                return None
            if call.name == name:
                return call
        return None

    def _file_system(self) -> StatFs:
        """Return hugetlbfs if the next block is aligned as one there, else something else."""
        reservation = self._soon("mmap")
        if reservation is not None and reservation.block is not None:
            block = reservation.block
            if block.mapping is not None and block.reservation is reservation:
                align = reservation.args[1] - block.mapping.args[1]
                if align > PAGE_SIZE and is_power_of_2(align):
                    return StatFs(HUGETLBFS_MAGIC, align)
        return StatFs(0, PAGE_SIZE)

    def _opening(self, name: str, args: tuple[Any, ...]) -> int:
        """Return what opening must have answered, for QEMU to make the call that comes next."""
        call = None if self.log_not_reached else self._peek(0)
        if call is not None and call.name == "open" == name and not args[1] & O_EXCL:
            return -ENOENT if call.args[0] == args[0] else -EISDIR
        if call is not None and call.name in ON_DESCRIPTORS:
            return int(call.args[0])
        self.unknown_count += 1
        return UNKNOWN_DESCRIPTOR + self.unknown_count

    def _reservation(self) -> int:
        """Return where a reservation must be, for the mapping that comes next in the log."""
        mapping = self._soon("mmap")
        if mapping is None or not isinstance(mapping.args[0], int) or not mapping.args[0]:
            self.unknown_count += 1
            return UNKNOWN_ADDRESS + self.unknown_count * UNKNOWN_STEP
        start: int = mapping.args[0]
        for place in range(AHEAD):
            call = self._peek(place)
            if call is not None and call.name == "munmap" and sum(call.args) == start:
                return int(call.args[0])
        return start

    def equal(self, call: Call, name: str, args: tuple[Any, ...]) -> bool:
        """Return whether a call of the log is the given one, unknown values apart."""
        if call.name != name:
            return False
        return call.args == args or (bool(self.unknown_count) and self._equal_unknown(call, args))

    def _equal_unknown(self, call: Call, args: tuple[Any, ...]) -> bool:
        """Compare where one argument stands for one that the log did not show yet."""
        place = 4 if call.name == "mmap" else 0
        first, *rest = args[place], *args[:place], *args[place + 1 :]
        shown, *others = call.args[place], *call.args[:place], *call.args[place + 1 :]
        if others != rest or not isinstance(shown, int):
            return False
        if (place or call.name in ON_DESCRIPTORS) and first > UNKNOWN_DESCRIPTOR:
            offset = 0
        elif call.name in ON_RANGES and first > UNKNOWN_ADDRESS:
            offset = first % UNKNOWN_STEP
        else:
            return False
        known = self.known_as.setdefault(first - offset, shown - offset)
        return bool(known + offset == shown)
