"""One figure with its limit, and how it is measured."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import attrs

#: The program as it is installed: what stands in the current directory is another one.
PROGRAM = (sys.executable, "-P", "-m", "qemu_model")
QEMU = "qemu-system-x86_64"
#: What has a QEMU without a screen wait for commands.
UNTIL_QUIT = ("-display", "none", "-S", "-monitor", "stdio")
#: A QEMU without devices that waits for commands.
QUIET_QEMU = (QEMU, "-M", "none", "-nodefaults", *UNTIL_QUIT)


@attrs.frozen
class Figure:
    """One figure with its limit; ``better`` is ``lower`` or ``higher``.

    No limit is None: the figure is only told.  One that ``decides`` does not depend on what
    else the machine does, so that a run on any machine may fail by it.
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    better: str = "lower"
    decides: bool = False

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.better == "lower" else self.value >= self.limit

    def shown(self) -> str:
        """Return the value with its unit."""
        digits = 0 if abs(self.value) >= 1000 else 2 if self.unit == "x" else 1
        return f"{self.value:,.{digits}f} {self.unit}"

    def shown_limit(self) -> str:
        """Return the limit in words."""
        if self.limit is None:
            return ""
        return f"at {'most' if self.better == 'lower' else 'least'} {self.limit:,g}"


def nanoseconds(work: Callable[[], object], rounds: int) -> float:
    """Return how many nanoseconds one round of ``work`` takes."""
    begin = time.perf_counter_ns()
    for _ in range(rounds):
        work()
    return (time.perf_counter_ns() - begin) / rounds


@attrs.frozen
class Spent:
    """What a whole process took: seconds by the clock, and the most memory it had, in KiB."""

    seconds: float
    memory: int


def spent(words: Sequence[str], stdin: bytes = b"", stdout: int = subprocess.DEVNULL) -> Spent:
    """Run a process to its end; what it says goes to ``stdout``.

    Raises :class:`subprocess.CalledProcessError` if its status is not 0.
    """
    begin = time.perf_counter()
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.DEVNULL)
    assert child.stdin is not None
    child.stdin.write(stdin)
    child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(words))
    return Spent(seconds, usage.ru_maxrss)
