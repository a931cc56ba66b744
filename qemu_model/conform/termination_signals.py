"""Block termination signals while a child process is being started."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: What ends a run from outside: Ctrl-C, a kill, a closed terminal.
_TERMINATION: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@contextmanager
def termination_signals_blocked() -> Iterator[Callable[[], object]]:
    """Block the signals until the end of the block.

    Gives a function that unblocks them earlier: here, or after a fork in the child.  A
    signal that is pending when the block begins is delivered first.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINATION)

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield unblock
    finally:
        unblock()
