"""Processes that try a mutant: silent, ended in time, and cleaned up after."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import faulthandler
import glob
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

#: A test that takes this many times as long as without a mutant, and this many seconds, is endless.
TIMES, SECONDS = 20, 2
#: A process that has nothing to do ends after so many seconds: a busy machine takes its time too.
WAITING = 120
#: Where the tests make files; what is left there by a mutant is removed.
SURROUNDINGS = ("/mnt/ext4", "/mnt/tmpfs", "/mnt/small", "/mnt/huge")
SCRATCH = ("/var/tmp", "/dev/shm", "/tmp")

PASSED, FAILED = 0, 1
#: What a process has that the kernel ended because of :func:`no_longer_than`.
ENDLESS = (-signal.SIGPROF, -signal.SIGALRM)


def quiet() -> None:
    """Throw away what a process prints, and let it die silently."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nowhere, number)
    faulthandler.disable()


def in_child(work: Callable[[], int]) -> int:
    """Run ``work`` in a forked process; return its result, or minus the signal it died of."""
    pid = os.fork()
    if not pid:
        result = FAILED
        try:
            quiet()
            # If a mutant takes all memory the kernel is to end this process and no other.
            Path("/proc/self/oom_score_adj").write_text("1000")
            result = work()
        finally:
            os._exit(result)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def longest(seconds: float) -> float:
    """Return after how many seconds a test is endless that takes so many without a mutant."""
    return max(SECONDS, TIMES * seconds)


def no_longer_than(seconds: float) -> None:
    """Let the kernel end this process after so much of its own time, or if it just waits."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING + 10 * seconds)


def clean_up() -> None:
    """Remove what a test that was ended by its mutant left behind."""
    left = [path for place in SURROUNDINGS for path in glob.glob(f"{place}/*")]
    left += [path for place in SCRATCH for path in glob.glob(f"{place}/{tempfile.template}*")]
    for path in left:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(path)
