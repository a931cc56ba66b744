"""Connect this terminal with a shell in the guest."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import select
import socket
import sys
import termios
import tty


def connect(shell: socket.socket, ended: socket.socket) -> bool:
    """Pass what is typed to ``shell`` and show what comes back, until ``ended`` has a line.

    Returns whether it has one: the shell ended, not the terminal.  The terminal is raw
    meanwhile, so that Ctrl-C reaches the shell, and is restored whatever happens.
    Raises OSError if the connection breaks.
    """
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setraw(keyboard)
        while True:
            ready, _, _ = select.select([keyboard, shell, ended], [], [])
            if shell in ready:
                shown = shell.recv(65536)
                if not shown:
                    return False
                os.write(screen, shown)
            elif ended in ready:
                return True
            if keyboard in ready:
                typed = os.read(keyboard, 4096)
                if not typed:
                    return False
                shell.sendall(typed)
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
