"""What a verdict asks of the whole log: does a kind of call occur, what was skipped."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from ..host.linux import MAP_ANONYMOUS, MFD_CLOEXEC, PROT_NONE
from .backend_calls import BackendCalls
from .log import PREFIX, UNFINISHED, Log, read_pid
from .relevant_lines import STACK_OR_ARENA
from .strace import Call, read_call, read_flags

ANONYMOUS: Final = re.compile(rb"^ *+" + PREFIX + rb"mmap2?\([^\n]*MAP_ANON", re.MULTILINE)
#: Calls on addresses, which have neither a path nor a descriptor.
_PATHLESS: Final = re.compile(
    rb"^ *+" + PREFIX + rb"(?:munmap|madvise|mbind|mprotect)\(", re.MULTILINE
)
_GLIBCS: Final = re.compile(STACK_OR_ARENA)
_SHARED_MEMORY: Final = re.compile(rb"\"/dev/shm/qemu-(\d+)-shm-")
_PROBES: Final = re.compile(rb'memfd_create\("test", ([^\n)]*)\)\s*= (?:(-1)|\d)')
_FAILED: Final = re.compile(rb"\) *= -1 E")
ANY_CALL: Final = re.compile(rb"^ *+" + PREFIX + rb"(\w++)\(", re.MULTILINE)
#: strace's names for the calls, where they differ from the events'.
_NAMES: Final = MappingProxyType(
    {"open": (b"openat(", b"open(", b"creat("), "unlink": (b"unlink(", b"unlinkat(")}
)
#: QEMU asks what memfd_create can do as it starts: not further on in the log than this.
_PIECES_OF_START: Final = 5
#: Calls on a descriptor that say too little without it to be known again.
_TOLD_BY_DESCRIPTOR: Final = frozenset({"close", "fstatfs", "lseek"})


def _tells(name: str, known: Any, expected: Any) -> bool:
    """Whether calls that differ in this one argument may be meant to be the same."""
    if name in ("open", "unlink", "statfs") and isinstance(expected, str):
        one, other = PurePosixPath(str(known)), PurePosixPath(expected)
        return one.parent == other.parent or one.name == other.name
    if name == "memfd_create" and known == "test":
        return False
    return name not in _TOLD_BY_DESCRIPTOR or not isinstance(expected, int)


def is_reservation(name: str, args: tuple[Any, ...]) -> bool:
    """Whether the call reserves address space: new memory without access."""
    return name == "mmap" and not args[0] and args[2] == PROT_NONE


class LogSearch:
    """Answers about the log as a whole, found when they are requested."""

    def __init__(self, log: Log, calls: BackendCalls) -> None:
        self._log = log
        self._calls = calls
        self._probes: dict[int | str, bool] | None = None

    def kind(self, name: str, args: tuple[Any, ...]) -> str:
        """Return what kind of call this is to a filter: its name, or anonymous mmap."""
        if name == "mmap" and args[3] & MAP_ANONYMOUS:
            return "mmap of anonymous memory"
        return name

    def in_log(self, name: str, args: tuple[Any, ...]) -> bool:
        """Return whether calls of this kind occur in the log at all."""
        if name == "mmap" and args[3] & MAP_ANONYMOUS:
            return self.maps_anonymously()
        names = _NAMES.get(name, (name.encode(),))
        return any(self._log.occurs(text) for text in names)

    def maps_anonymously(self) -> bool:
        """Return whether any anonymous mmap is in the log, of whatever length."""
        return self._log.any_line(ANONYMOUS)

    def occurs(self, text: str) -> bool:
        """Return whether ``text`` stands anywhere in the log."""
        return self._log.occurs(text.encode())

    def is_filtered_by_path(self) -> bool:
        """Return whether the log has none of the calls that strace's ``-P`` leaves out."""
        return not (
            self.occurs("exit_group")
            or self.occurs("execve")
            or self.maps_anonymously()
            or self._log.any_line(_PATHLESS)
        )

    def is_first(self, call: Call) -> bool:
        """Return whether no call of any kind stands before this one in the log."""
        first = next(self._log.pieces(), None)
        match = ANY_CALL.search(first.data) if first is not None else None
        if first is None or match is None:
            return False
        return first.line_at(match.start()) == call.line

    def memfd_probe(self, flags: int) -> bool:
        """Return what QEMU found out about memfd_create as it started."""
        if self._probes is None:
            self._probes = {}
            for piece in islice(self._log.pieces(), _PIECES_OF_START):
                for match in _PROBES.finditer(piece.data):
                    tried = read_flags(match[1])
                    if isinstance(tried, int):
                        self._probes[tried & ~MFD_CLOEXEC] = not match[2]
        return self._probes.get(flags, True)

    def number_in_shared_memory(self) -> int:
        """Return the process number in the name of a shared memory object; 0 if there is none."""
        for piece in self._log.pieces():
            match = _SHARED_MEMORY.search(piece.data)
            if match is not None:
                return int(match[1][:10])
        return 0

    def has_library(self, name: bytes) -> bool:
        """Return whether QEMU was linked with a library; True where the log does not tell."""
        return not self._log.occurs(b"libc.so") or self._log.occurs(name)

    def failed_after(self, line: int) -> bool:
        """Return whether a call failed after a line of the log."""
        first_line, offset = self._calls.piece_before(line)
        return any(
            piece.line_at(match.start()) > line
            for piece in self._log.pieces(offset, first_line)
            for match in _FAILED.finditer(piece.data)
        )

    def near_miss(
        self, name: str, args: tuple[Any, ...], after: int, before: int, pid: int | None
    ) -> Call | None:
        """Return the last call between two lines that is the given one but for one argument."""
        found = None
        for call in self._between(name, after, before, pid):
            # A reservation that a block lies in was found without a search, unless it looks
            # like glibc's.
            found_before = is_reservation(name, call.args) and not _GLIBCS.search(call.text)
            pairs = zip(call.args, args, strict=False)
            differing = [(known, arg) for known, arg in pairs if known != arg]
            match differing:
                case [(known, arg)] if not found_before and _tells(name, known, arg):
                    found = call
        return found

    def exact(
        self, name: str, args: tuple[Any, ...], after: int, before: int, pid: int | None
    ) -> Call | None:
        """Return the first call between two lines that is the given one."""
        for call in self._between(name, after, before, pid):
            if call.args == args:
                return call
        return None

    def in_range(
        self, start: int, end: int, after: int, before: int, pid: int | None
    ) -> Call | None:
        """Return the first call between two lines on an address from ``start`` to ``end``."""
        found = []
        for name in ("mmap", "munmap", "madvise", "mbind", "mprotect"):
            for call in self._between(name, after, before, pid):
                address = call.args[0]
                if isinstance(address, int) and start <= address < end:
                    found.append(call)
                    break
        return min(found, key=lambda call: call.line, default=None)

    def _between(self, name: str, after: int, before: int, pid: int | None) -> Iterator[Call]:
        """Yield the calls of one name on the lines between ``after`` and ``before``."""
        wanted = {text.rstrip(b"(") for text in _NAMES.get(name, (name.encode(),))}
        first_line, offset = self._calls.piece_before(after)
        for piece in self._log.pieces(offset, first_line):
            if piece.first_line >= before:
                return
            line, counted = piece.first_line, 0
            for match in ANY_CALL.finditer(piece.data):
                if match[2] not in wanted:
                    continue
                line += piece.data.count(b"\n", counted, match.start())
                counted = match.start()
                if line >= before:
                    return
                found = read_pid(match[1])
                if line <= after or (found != pid and None not in (found, pid)):
                    continue
                end = piece.data.find(b"\n", match.start())
                text = piece.data[match.start() : end]
                if text.endswith(UNFINISHED):
                    continue
                call = read_call(line, found, match[2].decode(), text, match.end() - match.start())
                if call is not None and call.name == name:
                    yield call
