"""What is known besides a log: the command line, the QMP commands, the filter, the messages."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from .log import Piece
from .trace_set import TraceSet


@attrs.frozen
class Given:
    """What a log is judged with.

    ``options`` are QEMU's.  ``qmp`` are the commands that were sent; None judges start-up
    only.  ``begin`` is where QEMU's calls begin in the log and ``pid`` its first thread, as
    far as known.  ``traced`` is what strace was asked to log, None where that is unknown.
    ``stderr`` are the lines that QEMU printed, None where they are unknown.  ``on_line`` is
    called with what is found out about single lines.  ``has_command``: the log has the
    execve line of QEMU.  ``first_only``: the first divergence raises
    :class:`~.verdict.Diverged`.
    """

    options: tuple[str, ...] = ()
    qmp: Sequence[Any] | None = None
    begin: Piece = attrs.field(factory=lambda: Piece(1, 0, b""))
    pid: int | None = None
    traced: TraceSet | None = None
    stderr: tuple[str, ...] | None = None
    on_line: Callable[[int, str], None] | None = None
    has_command: bool = False
    first_only: bool = False
