"""A real QEMU that keeps running while it gets one QMP command after the other."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qemu.qmp import ExecuteError, Message, QMPError
from qemu.qmp.qmp_client import BadReplyError

from .driver import QUIET, Conversation, DriverError, Qemu, begin_alone
from .termination_signals import termination_signals_blocked

#: Seconds that one command may take.
_PATIENCE: Final = 60.0


class RunningQemu:
    """A QEMU under QMP; close it, or use it in a ``with``.

    Raises :class:`~qemu_model.conform.driver.DriverError` where it does not start.
    """

    def __init__(self, qemu: Qemu, args: Sequence[str], cwd: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._conversation = Conversation()
        ours, theirs = socket.socketpair()
        with theirs, termination_signals_blocked() as unblock:
            self._process = subprocess.Popen(
                [
                    qemu.binary,
                    *qemu.firmware_options,
                    *QUIET,
                    *("-chardev", f"socket,id=qmp,fd={theirs.fileno()}"),
                    *("-qmp", "chardev:qmp"),
                    *args,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=cwd,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                preexec_fn=lambda: begin_alone(unblock),
            )
        try:
            self._run(self._conversation.connect(ours))
        except QMPError as error:
            status = self.close()
            raise DriverError(f"{qemu.binary} ended with {status} at once") from error

    def _run(self, waited_for: Any) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(waited_for, _PATIENCE))

    @property
    def exit(self) -> int | None:
        """How QEMU ended, None while it runs."""
        return self._process.poll()

    def command(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Send a command and return what QEMU said: the reply and the events before it.

        Empty where QEMU ended instead of answering.  Raises TimeoutError where it does
        not answer.
        """
        heard = self._conversation.heard
        before = len(heard)
        with contextlib.suppress(ExecuteError, BadReplyError, QMPError):
            self._run(self._conversation.execute_msg(Message(request)))
        said = heard[before:]
        if not said:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
        return said

    def close(self) -> int:
        """End QEMU and return how it ended."""
        self._process.kill()
        status = self._process.wait()
        with contextlib.suppress(Exception):
            self._run(self._conversation.disconnect())
        self._loop.close()
        return status

    def __enter__(self) -> RunningQemu:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
