"""What a verdict asks of the whole log: does a kind of call occur, what was passed over."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ..host import linux
from ..host.linux import MAP_ANONYMOUS
from .backend_calls import BackendCalls
from .log import PREFIX, UNFINISHED, Log
from .strace import Call, read_call, read_flags

_ANONYMOUS: Final = re.compile(rb"mmap2?\([^\n]*MAP_ANON")
_PROBES: Final = re.compile(rb'memfd_create\("test", ([^\n)]*)\)\s*= (-1|\d)')
_CALL: Final = re.compile(rb"^ *+" + PREFIX + rb"(\w++)\(", re.MULTILINE)
#: strace's names for the calls, where they differ from the events'.
_NAMES: Final = {"open": (b"openat(", b"open(", b"creat("), "unlink": (b"unlink", b"unlinkat(")}
#: QEMU asks what memfd_create can do as it starts: not further on in the log than this.
_PIECES_OF_START: Final = 4
#: Calls whose first argument alone tells them from others of their name.
_TOLD_BY_ONE: Final = frozenset({"close", "unlink", "fstatfs", "statfs", "lseek"})


class LogSearch:
    """Answers about the log as a whole, found when they are asked for."""

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
            return self._log.any_line(_ANONYMOUS)
        names = _NAMES.get(name, (name.encode(),))
        return any(self._log.occurs(text) for text in names)

    def memfd_probe(self, flags: int) -> bool:
        """Return what QEMU found out about memfd_create as it started."""
        if self._probes is None:
            self._probes = {}
            for count, piece in enumerate(self._log.pieces()):
                for match in _PROBES.finditer(piece.data):
                    self._probes[read_flags(match[1])] = match[2] != b"-1"
                if count == _PIECES_OF_START:
                    break
        return self._probes.get(flags, True)

    def has_library(self, name: bytes) -> bool:
        """Return whether QEMU was linked with a library; True where the log does not tell."""
        return not self._log.occurs(b"libc.so") or self._log.occurs(name)

    def near_miss(
        self, name: str, args: tuple[Any, ...], after: int, before: int, pid: int | None
    ) -> Call | None:
        """Return the last call between two lines that is the given one but for one argument."""
        found = None
        for call in self._between(name, after, before, pid):
            if len(call.args) == len(args) and call.args != args:
                differing = [place for place, arg in enumerate(args) if call.args[place] != arg]
                if len(differing) == 1 and (len(args) > 1 and name not in _TOLD_BY_ONE):
                    found = call
        return found

    def fixed_anonymous(self, length: int, after: int, before: int, pid: int | None) -> Call | None:
        """Return the first anonymous memory of ``length`` bytes mapped at a given address."""
        for call in self._between("mmap", after, before, pid):
            flags = call.args[3]
            if (
                isinstance(flags, int)
                and flags & MAP_ANONYMOUS
                and flags & linux.MAP_FIXED
                and call.args[1] == length
            ):
                return call
        return None

    def _between(self, name: str, after: int, before: int, pid: int | None) -> Iterator[Call]:
        """Yield the calls of one name on the lines between ``after`` and ``before``."""
        wanted = {text.rstrip(b"(") for text in _NAMES.get(name, (name.encode(),))}
        first_line, offset = self._calls.piece_before(after + 1)
        for piece in self._log.pieces(offset, first_line):
            if piece.first_line >= before:
                return
            line, counted = piece.first_line, 0
            for match in _CALL.finditer(piece.data):
                if match[2] not in wanted:
                    continue
                line += piece.data.count(b"\n", counted, match.start())
                counted = match.start()
                if line >= before:
                    return
                found = int(match[1]) if match[1] else None
                if line <= after or (found != pid and None not in (found, pid)):
                    continue
                end = piece.data.find(b"\n", match.start())
                text = piece.data[match.start() : end]
                if text.endswith(UNFINISHED):
                    continue
                call = read_call(line, found, match[2].decode(), text, match.end() - match.start())
                if call is not None and call.name == name:
                    yield call
