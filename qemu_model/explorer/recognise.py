"""What a pasted text is: a trace of strace, a copy of smaps, QEMU's options, or an error."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import shlex
from typing import Final, Literal

import attrs

from ..input import NothingFound, QemuLine, find_lines

#: A call as strace writes it: thread and time before it, its answer behind.
_TRACED: Final = re.compile(
    r"^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?(?:execve|openat|open|mmap|munmap|madvise|mbind|"
    r"ftruncate|fstatfs|memfd_create|lseek|exit_group)\(.*\) += ",
    re.M,
)

#: The line that begins a mapping in /proc/PID/smaps.
_MAPPING: Final = re.compile(r"^[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][ps] [0-9a-f]+ \S+ \d+.*$", re.M)
_OF_SMAPS: Final = re.compile(r"^(?:Size|Rss|VmFlags): ", re.M)

Kind = Literal["empty", "trace", "smaps", "line", "error"]


@attrs.frozen
class Recognised:
    """What a text is.

    For a line ``line`` has the options, else ``reason`` says why there are none.  ``starts``
    has the time of each start that the text shows, empty where it names none, and ``start``
    which one ``line`` is, from 1.  The options of a copy of smaps may stand above it.
    """

    kind: Kind
    line: QemuLine | None = None
    reason: str = ""
    starts: tuple[str, ...] = ()
    start: int = 0


def recognise(text: str, start: int = 0) -> Recognised:
    """Return what ``text`` is; of several starts in a log the given one, from 1, or the last."""
    if not text.strip():
        return Recognised("empty")
    if _TRACED.search(text):
        return Recognised("trace")
    mapping = _MAPPING.search(text)
    if mapping is not None and _OF_SMAPS.search(text, mapping.end()):
        above = text[: mapping.start()].strip()
        return Recognised("smaps", recognise(above).line if above else None)
    try:
        found = find_lines(text)
        chosen = min(start, len(found)) or len(found)
        return Recognised("line", found[chosen - 1], "", tuple(line.when for line in found), chosen)
    except NothingFound as nothing:
        if text.lstrip().startswith("-"):
            # Half-typed, or no option of QEMU's: QEMU itself says so best.
            return Recognised("line", QemuLine(tuple(_words(text)), "options"))
        return Recognised("error", reason=str(nothing))


def _words(text: str) -> list[str]:
    """Return words as a shell reads them, or split at blanks where a quote is open."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
