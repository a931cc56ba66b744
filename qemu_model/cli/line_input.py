"""Where a command's QEMU options come from: its words, a text, a running process."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
from typing import Final

import attrs

from ..input.found import NothingFound, QemuLine
from .options import Option, UsageError, Words, shown
from .reading import read_bytes

FROM: Final = Option("--from", "take the options from a text (log, ps, script); - is stdin", "FILE")
PID: Final = Option("--pid", "take the options of a running QEMU", "PID")
START: Final = Option(
    "--start", "which start in the text, from 1; by default the last", "N", number=True
)
INPUT: Final = (FROM, PID, START)
#: What ``--from`` is called where that names a tree.
FILE: Final = Option(
    "--input", "take the options from a text (log, ps, script); - is stdin", "FILE"
)
#: A process's command line is not longer than this, in bytes.
_LONGEST_LINE: Final = 16 << 20


def given_line(
    words: Words,
    *,
    text: str | None = None,
    name: str | None = None,
    source: Option = FROM,
) -> QemuLine:
    """Return QEMU's options: from ``--from``, ``--pid``, ``-``, a path, or the words themselves.

    Words beside ``--from`` and ``--pid`` are added behind what is read there.  ``text`` is
    one that the caller has read from the file ``name``; ``source`` is the option that names
    a file.  Raises :class:`~.options.UsageError`.
    """
    from ..input.words import from_words, is_path

    number = words.number(START)
    qemu = words.qemu
    name = words.value(source) if name is None else name
    if words.has(source) and words.has(PID):
        raise UsageError(f"{source.name} and --pid exclude each other")
    if text is None and words.has(PID):
        name, text = f"process {words.value(PID)}", process_line(words.value(PID))
    elif text is None and words.has(source):
        text = read_text(name)
    elif text is None and qemu == ("-",):
        name, text, qemu = "-", read_text("-"), ()
    elif text is None and is_path(qemu) and _is_text_file(qemu[0]):
        name, text, qemu = qemu[0], read_text(qemu[0]), ()
    try:
        if text is None:
            return from_words(qemu, number)
        from ..input.reader import find_line

        found = find_line(text, number)
    except NothingFound as error:
        where = {"": "", "-": "stdin: "}.get(name, f"{shown(name)}: ")
        raise UsageError(f"{where}{shown(str(error))}") from error
    return attrs.evolve(found, options=(*found.options, *qemu))


def _is_text_file(path: str) -> bool:
    return os.path.isfile(path)


def read_text(path: str) -> str:
    """Return the text of a file or of stdin; bytes that are not text are kept as they are.

    Raises :class:`~.options.UsageError`.
    """
    return read_bytes(path, "the text").decode("utf-8", "surrogateescape")


def process_line(pid: str) -> str:
    """Return ``/proc/PID/cmdline``.  Raises :class:`~.options.UsageError`."""
    if not pid.isascii() or not pid.isdigit():
        raise UsageError(f"--pid takes the number of a process, not '{shown(pid)}'")
    try:
        with open(f"/proc/{pid[:19]}/cmdline", "rb") as file:
            data = file.read(_LONGEST_LINE)
    except OSError as error:
        raise UsageError(f"cannot read /proc/{pid[:19]}/cmdline: {error.strerror}") from error
    if not data:
        raise UsageError(f"process {pid} has no command line: it is a kernel thread or ends")
    return os.fsdecode(data)


def show_notes(line: QemuLine) -> None:
    """Print on stderr what was left out of a text, or could not be determined."""
    for note in line.notes:
        print(f"note: {shown(note)}", file=sys.stderr)
