"""A trace with remarks: ``check --annotate`` and ``--list-ignored``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from .options import UsageError

if TYPE_CHECKING:
    from ..judge.log import Log


def _lines(log: Log) -> Iterator[tuple[int, bytes]]:
    for piece in log.pieces():
        yield from enumerate(piece.data.split(b"\n")[:-1], start=piece.first_line)


def annotate(log: Log, notes: dict[int, str], path: str, trace: str) -> None:
    """Write the log with a remark under each line that was judged: a whole file, or none."""
    if os.path.exists(path) and os.path.exists(trace) and os.path.samefile(path, trace):
        raise UsageError(f"{path} is the trace itself: give another file")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as device:
                _write_annotated(log, notes, device)
            return
        directory = os.path.dirname(os.path.abspath(path))
        handle, part = tempfile.mkstemp(dir=directory, prefix=".annotated-")
        try:
            with open(handle, "wb") as file:
                _write_annotated(log, notes, file)
            os.chmod(part, 0o644)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _write_annotated(log: Log, notes: dict[int, str], file: BinaryIO) -> None:
    for number, line in _lines(log):
        file.write(line + b"\n")
        note = notes.get(number)
        if note is not None:
            file.write(b"    # " + note.encode("utf-8", "backslashreplace") + b"\n")


def ignored_calls(log: Log, notes: dict[int, str]) -> Iterator[tuple[int, str]]:
    """Yield the calls that no remark is about, each with the number of its line."""
    for number, line in _lines(log):
        if number not in notes and b"(" in line and b" resumed>" not in line:
            yield number, line.decode("utf-8", "backslashreplace")
