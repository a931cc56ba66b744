"""Progress on a terminal, and an end that leaves nothing behind."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from .kernel import Report


@contextlib.contextmanager
def progress() -> Iterator[Report]:
    """Give a function that shows what is being done, on stderr if that is a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda message: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda message: status.update(escape(message))


@contextlib.contextmanager
def ends_cleanly() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as Ctrl-C does, instead of killing it.

    They end it with SystemExit of 128 and their number.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
