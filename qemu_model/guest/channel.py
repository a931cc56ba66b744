"""What the host and the guest's agent exchange: lines over a socket, output in files."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

#: Is given what a command wrote on stdout and on stderr since the last time.
OnOutput = Callable[[bytes, bytes], None]


class Follower:
    """Passes on what a job writes, as it comes and to its end."""

    def __init__(self, job: Path, on_output: OnOutput) -> None:
        self._on_output = on_output
        self._files = (job / "stdout", job / "stderr")
        self._passed = [0, 0]

    def look(self) -> None:
        """Pass on what is new."""
        new = [b"", b""]
        for number, path in enumerate(self._files):
            # The job makes its files when it begins.
            with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
                stream.seek(self._passed[number])
                new[number] = stream.read()
            self._passed[number] += len(new[number])
        if any(new):
            self._on_output(new[0], new[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.look()


class Channel:
    """Lines to and from the guest's agent over a connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0.5)
        self.connection = connection
        self._received = b""

    def send(self, text: str) -> None:
        """Send ``text``; a guest that is gone shows when the answer is awaited."""
        with contextlib.suppress(OSError):
            self.connection.sendall(text.encode())

    def line(self) -> str | None:
        """Return the next line, or None if none came within half a second."""
        if b"\n" not in self._received:
            try:
                part = self.connection.recv(4096)
            except TimeoutError:
                return None
            except OSError:
                part = b""
            if not part:
                # The machine is gone; its process will be seen to have ended.
                time.sleep(0.05)
                return None
            self._received += part
            if b"\n" not in self._received:
                return None
        line, _, self._received = self._received.partition(b"\n")
        return line.decode(errors="replace").strip("\0\r ")

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()
