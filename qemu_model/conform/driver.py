"""Run a real QEMU and record its calls, its messages and its exit status.

A run is QEMU under ``strace``, with QMP over a socket that QEMU inherits (the
conversation itself is the qemu.qmp library's).  Commands are sent one after the
other, each after the reply to the one before, so that the order of replies is
QEMU's own.  A run that does not end by itself is stopped and marked as stopped.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
from qemu.qmp import ExecuteError, Message, QMPClient, QMPError, Runstate
from qemu.qmp.qmp_client import BadReplyError

from .binary import Qemu as Qemu
from .errors import DriverError as DriverError
from .termination_signals import termination_signals_blocked

#: The calls a recording holds, as the reference's own recordings do.
TRACED_CALLS: Final = (
    "execve,open,openat,close,mmap,munmap,mprotect,madvise,ftruncate,fallocate,mbind,"
    "unlink,fstatfs,statfs,lseek,memfd_create,fcntl,exit_group"
)

#: The machine of a run that is about objects alone.
QUIET: Final = (
    "-nodefaults",
    "-display",
    "none",
    "-S",
    "-monitor",
    "none",
    "-serial",
    "none",
)

#: A log longer than this, in bytes, is that of a program in an endless loop.
_SPINNING_LOG: Final = 1 << 20
#: Seconds between two looks at the log of a running QEMU.
_WATCH_EVERY: Final = 0.1
#: How many lines of a log that was growing without end are kept.
_KEPT_LINES: Final = 2000


@attrs.frozen
class Preparation:
    """The state of one file or directory before the run.

    ``kind`` is one of ``rm``, ``file`` (``size`` bytes of nothing, sparse), ``data``
    (``size`` bytes of the value ``fill``), ``directory``, ``symlink`` (to
    ``target``), ``fifo`` and ``readonly`` (mode 0444).
    """

    kind: str
    path: str
    size: int = 0
    fill: int = 0
    target: str = ""

    def make(self) -> None:
        """Bring the path into this state."""
        path = Path(self.path)
        if self.kind == "directory":
            path.mkdir(exist_ok=True)
        elif self.kind == "readonly":
            path.chmod(0o444)
        else:
            path.unlink(missing_ok=True)
        if self.kind in ("file", "data"):
            with path.open("wb") as stream:
                if self.kind == "data":
                    stream.write(bytes([self.fill]) * self.size)
                stream.truncate(self.size)
        elif self.kind == "symlink":
            path.symlink_to(self.target)
        elif self.kind == "fifo":
            os.mkfifo(path)


@attrs.frozen
class Observation:
    """What one run of a real QEMU showed.

    ``exit`` is the exit status, negative for a signal (-6: SIGABRT), None for a run
    that had to be stopped; ``stopped`` says why.  The program's name is ``qemu`` in
    ``stderr`` and ``stdout``.  ``replies`` are QMP's replies and events in their
    order, without greeting, identifiers and timestamps.
    """

    command: tuple[str, ...]
    exit: int | None
    stderr: tuple[str, ...]
    stdout: tuple[str, ...]
    replies: tuple[Mapping[str, Any], ...]
    trace: Path
    stopped: str | None = None


class Conversation(QMPClient):
    """A QMP client that keeps every message in the order in which it came."""

    def __init__(self) -> None:
        super().__init__()
        self.negotiate = False
        self.heard: list[dict[str, Any]] = []

    def _cb_inbound(self, msg: Message) -> Message:
        message = dict(msg)
        if "QMP" not in message:
            message.pop("id", None)
            message.pop("timestamp", None)
            self.heard.append(message)
        return super()._cb_inbound(msg)

    async def say(self, commands: Sequence[Mapping[str, Any]], ours: socket.socket) -> bool:
        """Send the commands one by one; return whether QEMU still listens at the end.

        After a ``quit``, return when QEMU has closed its end.
        """
        try:
            await self.connect(ours)
            for command in commands:
                with contextlib.suppress(ExecuteError, BadReplyError):
                    await self.execute_msg(Message(command))
            if any(command.get("execute") == "quit" for command in commands):
                while self.runstate == Runstate.RUNNING:
                    await self.runstate_changed()
            return self.runstate == Runstate.RUNNING
        except (QMPError, AssertionError):
            # The library asserts that nothing is pending when a QEMU dies amid a command.
            return False
        finally:
            with contextlib.suppress(Exception):
                await self.disconnect()


def begin_alone(unblock: Callable[[], object]) -> None:
    """Before exec: let the program receive its signals, and write no core file if it aborts."""
    unblock()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _lines(text: bytes, program: str) -> tuple[str, ...]:
    """Return printed text as lines, with ``qemu`` for the program's name or a wrapper's."""
    name = re.compile(rf"(?:{re.escape(program)}|qemu-system-\w+):")
    shown = text.decode("utf-8", "surrogateescape").splitlines()
    return tuple(name.sub("qemu:", line, count=1) if name.match(line) else line for line in shown)


def check_strace() -> None:
    """Raise :class:`DriverError` where strace is not installed."""
    if shutil.which("strace") is None:
        raise DriverError(
            "strace is not installed, and without it a real QEMU cannot be watched: "
            "apt-get install strace"
        )


def check_traceable(qemu: Qemu) -> None:
    """Raise :class:`DriverError` where strace cannot run ``qemu``, with strace's reason."""
    check_strace()
    command = [*strace_command(Path(os.devnull), qemu.inject), qemu.binary, "--version"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as refusal:
        raise DriverError(f"strace cannot run '{qemu.binary}': {refusal}") from refusal
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode == 0 or not said.startswith("strace: "):
        return
    reason = f"strace cannot run '{qemu.binary}': {said.splitlines()[0]}"
    if "PTRACE" in said.upper():
        reason += (
            "; a process has one tracer: in a wrapper use --inject in place of strace, and in a"
            " container allow CAP_SYS_PTRACE"
        )
    raise DriverError(reason)


def strace_command(
    trace: Path, inject: Sequence[str] = (), only_path: str | None = None
) -> list[str]:
    """Return the ``strace`` with which a run is recorded, without the traced program.

    ``inject`` are faults as strace takes them (``mmap:error=ENOMEM:when=2``);
    ``only_path`` restricts the log, and the faults, to calls on that path.
    """
    command = ["strace", "-f", "-yy", "-s", "4096", "-e", f"trace={TRACED_CALLS}"]
    for fault in inject:
        command += ["-e", f"inject={fault}"]
    if only_path is not None:
        command += ["-P", only_path]
    return [*command, "-o", str(trace)]


async def _watch(trace: Path, process: asyncio.subprocess.Process) -> str:
    while process.returncode is None:
        with contextlib.suppress(OSError):
            if trace.stat().st_size > _SPINNING_LOG:
                return "spins"
        await asyncio.sleep(_WATCH_EVERY)
    await asyncio.sleep(3600)
    return "gone"


async def _run(
    command: Sequence[str],
    cwd: Path,
    trace: Path,
    qmp: Sequence[Mapping[str, Any]],
    ours: socket.socket,
    theirs: socket.socket,
    seconds: float,
) -> tuple[int | None, bytes, bytes, list[dict[str, Any]], str | None]:
    with termination_signals_blocked() as unblock:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            preexec_fn=lambda: begin_alone(unblock),
        )
        theirs.close()
        conversation = Conversation()
        output = asyncio.ensure_future(process.communicate())
        talk = asyncio.ensure_future(conversation.say(qmp, ours))
        watch = asyncio.ensure_future(_watch(trace, process))
        stopped: str | None = None
        try:
            unblock()
            loop = asyncio.get_running_loop()
            deadline = loop.time() + seconds
            waiting: set[asyncio.Future[Any]] = {output, talk, watch}
            while not output.done():
                done, _ = await asyncio.wait(
                    waiting,
                    timeout=max(0.0, deadline - loop.time()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                waiting -= done
                if watch in done:
                    stopped = "its log grows without end"
                elif not done:
                    stopped = f"no end after {seconds:g} seconds"
                elif talk in done and talk.result() and not output.done():
                    stopped = "the commands have no quit"
                if stopped is not None:
                    break
        finally:
            watch.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = await output
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(talk, 5)
    status = None if stopped is not None else process.returncode
    return status, stdout, stderr, conversation.heard, stopped


def _shorten(trace: Path) -> None:
    with trace.open("rb") as stream:
        kept = [line for line, _ in zip(stream, range(_KEPT_LINES), strict=False)]
    trace.write_bytes(b"".join(kept))


def run_qemu(
    qemu: Qemu,
    args: Sequence[str],
    trace: Path,
    *,
    qmp: Sequence[Mapping[str, Any]] = (),
    inject: Sequence[str] = (),
    only_path: str | None = None,
    cwd: Path | None = None,
    seconds: float = 60.0,
) -> Observation:
    """Run ``qemu`` with ``args`` under strace and return what was seen.

    ``trace`` is the file for the log.  ``qmp`` are the commands, ``qmp_capabilities``
    and ``quit`` among them; without a ``quit`` QEMU is stopped after the last reply,
    and ``exit`` is None.  ``inject`` and ``only_path``: see :func:`strace_command`.
    ``seconds`` is how long a run may take before it is stopped.

    Raise :class:`DriverError` where strace is not installed.
    """
    check_strace()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = [
            *strace_command(trace, [*qemu.inject, *inject], only_path),
            qemu.binary,
            *qemu.firmware_options,
            *QUIET,
            *("-chardev", f"socket,id=qmp,fd={theirs.fileno()}"),
            *("-qmp", "chardev:qmp"),
            *args,
        ]
        status, stdout, stderr, heard, stopped = asyncio.run(
            _run(words, cwd or trace.parent, trace, qmp, ours, theirs, seconds)
        )
    if stopped is not None and trace.exists():
        _shorten(trace)
    return Observation(
        command=tuple(words),
        exit=status,
        stderr=_lines(stderr, qemu.program_name),
        stdout=_lines(stdout, qemu.program_name),
        replies=tuple(heard),
        trace=trace,
        stopped=stopped,
    )
