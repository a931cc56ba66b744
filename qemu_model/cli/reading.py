"""Files and stdin that a command reads."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from .options import UsageError, shown

#: A file of QMP commands, or a text on stdin, is not larger than this, in bytes.
LARGEST_INPUT: Final = 64 * 1024 * 1024


def read_stdin(limit: int) -> str:
    """Return at most ``limit`` bytes of stdin as text; what is not UTF-8 is replaced."""
    if sys.stdin is None:
        raise UsageError("stdin is closed")
    return sys.stdin.buffer.read(limit).decode("utf-8", "replace")


def read_file(path: str, what: str) -> str:
    """Return the text of a file, ``-`` being stdin; ``what`` is what errors call it.

    Raises :class:`UsageError` where it cannot be read, is too large, or is not UTF-8.
    """
    try:
        return read_bytes(path, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} {shown(path)} is not UTF-8: {error}") from error


def read_bytes(path: str, what: str) -> bytes:
    """Return what is in a file, ``-`` being stdin; ``what`` is what errors call it.

    Raises :class:`UsageError` where it cannot be read or is too large.
    """
    try:
        if path == "-":
            if sys.stdin is None:
                raise UsageError(f"{what}: stdin is closed")
            data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise UsageError(f"cannot read {what} {shown(path)}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"cannot read {what} {shown(path)}: {error}") from error
    if len(data) > LARGEST_INPUT:
        raise UsageError(f"{what} {shown(path)} is larger than {LARGEST_INPUT} bytes")
    return data


def read_qmp(path: str) -> list[Any]:
    """Return the QMP commands in a file (``-`` is stdin): a JSON array.

    Raises :class:`UsageError`.
    """
    what = "the QMP file"
    try:
        commands = json.loads(read_file(path, what))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} {shown(path)} is not JSON: {error}") from error
    if not isinstance(commands, list):
        raise UsageError(f"{what} {shown(path)} holds no JSON array of commands")
    odd = next((text for text in _strings(commands) if _unfit(text)), None)
    if odd is not None:
        raise UsageError(
            f"{what} {shown(path)} has a string that QEMU's calls cannot take (a zero byte, or "
            f"half a character): {shown(odd[:60])}"
        )
    return commands


def _unfit(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _strings(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        taken = left.pop()
        if isinstance(taken, str):
            yield taken
        elif isinstance(taken, list):
            left.extend(taken)
        elif isinstance(taken, dict):
            left.extend(taken)
            left.extend(taken.values())
