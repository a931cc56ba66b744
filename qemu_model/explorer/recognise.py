"""What a pasted text is: a trace of strace, QEMU's options, or an error message."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import shlex
from typing import Final, Literal

import attrs

from ..input import NothingFound, QemuLine, find_line

#: A call as strace writes it: thread and time before it, its answer behind.
_TRACED: Final = re.compile(
    r"^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?(?:execve|openat|open|mmap|munmap|madvise|mbind|"
    r"ftruncate|fstatfs|memfd_create|lseek|exit_group)\(.*\) += ",
    re.M,
)

Kind = Literal["empty", "trace", "line", "error"]


@attrs.frozen
class Recognised:
    """``kind``; for a line the options found; else ``reason`` says why there are none."""

    kind: Kind
    line: QemuLine | None = None
    reason: str = ""


def recognise(text: str) -> Recognised:
    """Return what ``text`` is; of several starts in a log, the last."""
    if not text.strip():
        return Recognised("empty")
    if _TRACED.search(text):
        return Recognised("trace")
    try:
        return Recognised("line", find_line(text))
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
