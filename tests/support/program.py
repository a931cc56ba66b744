"""The program as a user starts it: in a process, in a pipe, or on a terminal of its own."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from typing import Any

PROGRAM = (sys.executable, "-m", "qemu_model")
#: A call of the program that takes longer hangs, on however busy a machine, in seconds.
PATIENCE = 240


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which nothing decides about colours and widths but ``changes``."""
    dropped = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "TERM", "CLICOLOR", "COLORTERM")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "TERM": "xterm-256color", **changes}


def start(
    *args: str | bytes, env: Mapping[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, its output caught where it is not sent elsewhere."""
    caught = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    given = {"stdin": subprocess.DEVNULL, **caught, "timeout": PATIENCE, **more}
    if "input" in given:
        del given["stdin"]
    return subprocess.run(
        [*PROGRAM, *args],
        check=False,
        text=True,
        errors="surrogateescape",
        env=dict(env or environment()),
        **given,
    )


def on_terminal(*args: str, columns: int = 80, env: Mapping[str, str] | None = None) -> str:
    """Return what the program shows on a terminal so many columns wide."""
    return printed_on_terminal([*PROGRAM, *args], columns, env=dict(env or environment()))


def printed_on_terminal(command: Sequence[str], columns: int = 80, **more: Any) -> str:
    """Return what a command prints on a terminal so many columns wide, both streams."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    given = {"stdin": follower, "stdout": follower, "stderr": follower, **more}
    process = subprocess.Popen(command, close_fds=True, **given)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.wait(PATIENCE)
    os.close(leader)
    return shown.decode("utf-8", "replace").replace("\r\n", "\n")
