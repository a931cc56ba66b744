"""No signal ends us between the start of a program and the moment it can be ended as well."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: What ends a run from outside: Ctrl-C, a kill, a terminal that is closed.
_ENDING: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@contextmanager
def undisturbed() -> Iterator[Callable[[], object]]:
    """Let signals that would end us wait until the end of the block.

    Gives what lets them come earlier: here, or after a fork in the child.  A signal that
    came before the block raises at once, with nothing started yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def go_on() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield go_on
    finally:
        go_on()
