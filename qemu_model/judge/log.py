"""A log file: read in large pieces, once from end to end, and looked up where a verdict asks.

Only a few pieces of a log are kept in memory, however long it is.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Final, NamedTuple

import attrs

from .strace import CommandLine, read_execve

PIECE: Final = 1 << 19
#: A line longer than this is skipped: strace prints none that long.
LONGEST_LINE: Final = 16 << 20

_LONGEST_PID: Final = 10

#: What may stand before a call: the thread, the time in strace's several ways, other columns.
PREFIX: Final = (
    rb"(?>(?:\[pid ++)?)(?>(?:(\d++)(?>(?:<[^\n>]*+>)?)\]?+ ++)?)"
    rb"(?>(?:\d++[\d:.]++ ++)?)(?>(?:\(\+ *+[\d.]++\) ++)?)(?>(?:\[[^\]\n]*+\] ++)*)"
)
_EXECVE: Final = re.compile(rb"^ *+" + PREFIX + rb"(?:execve\(|<\.\.\. execve resumed>)")
UNFINISHED: Final = b"<unfinished ...>"


def read_pid(digits: bytes | None) -> int | None:
    """Return the number of a thread, None where a line has none or it is none."""
    return int(digits) if digits and len(digits) <= _LONGEST_PID else None


@attrs.frozen
class Piece:
    """Whole lines of the log: the first one's number, and where in the file they begin."""

    first_line: int
    offset: int
    data: bytes

    def line_at(self, place: int) -> int:
        """Return the number of the line that the byte at ``place`` of ``data`` is on."""
        return self.first_line + self.data.count(b"\n", 0, place)


class Log:
    """A log of strace, opened for reading.

    ``source`` may be a pipe; it is then copied first.  ``on_progress`` is called
    with how many bytes of how many were read.
    """

    def __init__(
        self, source: BinaryIO, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._file = source
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
            shutil.copyfileobj(source, self._file)
            self._file.flush()
        self.size = os.fstat(self._file.fileno()).st_size
        self._on_progress = on_progress
        self._present: dict[bytes, bool] = {}

    def close(self) -> None:
        """Close the log, and the copy of a pipe."""
        self._file.close()

    def pieces(self, offset: int = 0, first_line: int = 1) -> Iterator[Piece]:
        """Yield the log from ``offset`` on, which is where line ``first_line`` begins.

        The last line need not end in a line end: it gets one.
        """
        descriptor = self._file.fileno()
        rest = b""
        passing_over = False
        while True:
            read = os.pread(descriptor, PIECE, offset + len(rest))
            if self._on_progress is not None:
                self._on_progress(offset + len(rest), self.size)
            if not read:
                if rest and not passing_over:
                    yield Piece(first_line, offset, rest + b"\n")
                return
            data = rest + read if rest else read
            end = data.rfind(b"\n") + 1
            if not end:
                if len(data) > LONGEST_LINE:
                    offset += len(data)
                    data, passing_over = b"", True
                rest = data
                continue
            rest = data[end:]
            start = 0
            if passing_over:
                start = data.find(b"\n") + 1
                first_line += 1
                passing_over = False
            lines = data[start:end]
            if lines:
                yield Piece(first_line, offset + start, lines)
            first_line += lines.count(b"\n")
            offset += end

    def occurs(self, text: bytes) -> bool:
        """Return whether ``text`` stands anywhere in the log."""
        if text not in self._present:
            self._present[text] = any(text in piece.data for piece in self.pieces())
        return self._present[text]

    def any_line(self, pattern: re.Pattern[bytes]) -> bool:
        """Return whether ``pattern`` matches anywhere in the log, within one line."""
        key = pattern.pattern
        if key not in self._present:
            self._present[key] = any(pattern.search(piece.data) for piece in self.pieces())
        return self._present[key]

    def command_line(self) -> tuple[CommandLine | None, Piece]:
        """Find the ``execve`` that started QEMU, and what follows it in the log.

        The first program called ``qemu-system...`` that was run; failing that one
        with ``qemu`` or ``kvm`` in its name, failing that the first one.  Where its
        process then executes another QEMU, it was a wrapper, and that one counts.
        Without any the log is taken from its beginning.
        """
        best: tuple[_Rank, CommandLine, Piece] | None = None
        unfinished: dict[int | None, tuple[bytes, int]] = {}
        for piece in self.pieces():
            if b"execve" not in piece.data:
                continue
            for found, after in _execve_lines(piece, unfinished):
                rank = _rank(found.program)
                if found.failed:
                    continue
                replaces = best is not None and rank.resembles_qemu and found.pid == best[1].pid
                if best is None or rank > best[0] or replaces:
                    best = (rank, found, after)
            if best is not None and best[0].is_qemu_system:
                break
        if best is None:
            return None, Piece(1, 0, b"")
        return best[1], best[2]


def _execve_lines(
    piece: Piece, unfinished: dict[int | None, tuple[bytes, int]]
) -> Iterator[tuple[CommandLine, Piece]]:
    position = piece.data.find(b"execve")
    while position >= 0:
        start = piece.data.rfind(b"\n", 0, position) + 1
        end = piece.data.find(b"\n", position)
        text = piece.data[start:end]
        match = _EXECVE.match(text)
        if match is not None:
            line = piece.line_at(start)
            pid = read_pid(match[1])
            if text.endswith(UNFINISHED):
                unfinished[pid] = (text.removesuffix(UNFINISHED)[match.end() :], line)
                found = None
            elif match.group().endswith(b"resumed>"):
                begun, line = unfinished.pop(pid, (b"", line))
                found = read_execve(line, pid, begun + text[match.end() :], 0)
            else:
                found = read_execve(line, pid, text, match.end())
            if found is not None:
                yield found, Piece(piece.line_at(end) + 1, piece.offset + end + 1, b"")
        position = piece.data.find(b"execve", end)


class _Rank(NamedTuple):
    """How likely a program is to be the QEMU of a log: the greater, the likelier."""

    is_qemu_system: bool
    resembles_qemu: bool


def _rank(program: str) -> _Rank:
    name = PurePosixPath(program).name
    return _Rank(name.startswith("qemu-system"), name.startswith(("qemu", "kvm")))
