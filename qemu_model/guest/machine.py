"""The guest: a virtual machine that runs commands for its host.

Why not virtme-ng: measured on two cores without KVM, version 1.42 boots Debian's kernel in
7.3 s and ends after 11.3 s, but it finds no modules of a kernel that is only unpacked, needs
a terminal, runs one command per boot, and ends when the machine resets, which the crash demo
needs.  This guest is ready after 7 to 9 s, runs command after command over a serial line, and
comes back after a crash with its persistent memory.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

from .channel import Channel, Follower, OnOutput
from .errors import GuestError
from .file_systems import check_makers, make_lines, mount_lines
from .kernel import BootFiles, Report, boot_files, find_program
from .qemu_line import NEEDED, check_that_it_fits, qemu_line

__all__ = ["Boot", "Guest", "GuestError", "Result"]

#: Where the guest finds programs, beside this package's own.
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: How long a guest may take to answer for the first time, in seconds.
BOOT_LIMIT: Final = 90.0
#: How many times a guest that does not come up is started.
BOOT_TRIES: Final = 2
#: How much of the console an error carries, in lines.
CONSOLE_TAIL: Final = 25


@attrs.frozen
class Result:
    """What a command in the guest did: ``returncode`` as a shell gives it, and its output."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


@attrs.frozen
class Boot:
    """One start of the machine: how long it took, in seconds, and whether it came up."""

    seconds: float
    reached: bool


class Guest:
    """A virtual machine with persistent memory, for a ``with`` statement.

    ``pmem`` is the size of each region of persistent memory, in MiB, which are
    ``/dev/pmem0`` and on; with ``virtio_pmem`` (MiB) there is one more, DAX without
    MAP_SYNC.  ``suite`` names the Debian release whose kernel runs, empty for this
    machine's own.  ``report`` is called with what takes time.  ``work`` is the directory that
    both sides can write, at the same path; it is removed with the guest.  ``boots`` is
    every start of the machine so far.

    Entering raises :class:`GuestError` if something is missing, or if the machine does
    not come up in two tries of 90 s; its text ends in the console's last lines.
    """

    def __init__(
        self,
        *,
        pmem: Sequence[int] = (320,),
        virtio_pmem: int = 0,
        suite: str = "",
        report: Report = lambda message: None,
    ) -> None:
        check_that_it_fits(pmem)
        self._pmem = tuple(pmem)
        self._virtio_pmem = virtio_pmem
        self._suite = suite
        self.report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._shell: socket.socket | None = None
        self._jobs = 0
        self.boots: list[Boot] = []
        self.kernel = ""
        self.work = Path()

    def __enter__(self) -> Self:
        self.open()
        return self

    def open(self) -> None:
        """Start the machine; it runs until :meth:`close`."""
        for program, package in NEEDED:
            find_program(program, package)
        files = boot_files(self.report, self._suite)
        self.kernel = files.name
        consoles = []
        for _ in range(BOOT_TRIES):
            try:
                self._start(files)
                self._wait_until_ready()
            except GuestError as error:
                consoles.append(str(error))
                self.close()
            except BaseException:
                self.close()
                raise
            else:
                return
        raise GuestError("\n".join(["the guest does not come up", *consoles]))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        on_output: OnOutput = lambda stdout, stderr: None,
    ) -> Result:
        """Run ``argv`` in the guest, as its root, and return what it did.

        ``timeout`` is in seconds; a command that takes longer is ended in the guest and
        returns 124.  ``env`` is added to an environment with a full PATH.  ``on_output``
        is given what comes on stdout and on stderr, within half a second.  Raises
        :class:`GuestError` if ``check`` is set and the command failed, or if the guest
        does not answer any more.
        """
        job = self._send(argv, timeout, env)
        with Follower(job, on_output) as follower:
            answer = self._answer(time.monotonic() + timeout + 30, argv, follower.look)
        number, _, status = answer.partition(" ")
        if number != job.name or not status.isdigit():
            raise self._lost(f"the guest answered '{answer}' while it ran {argv[0]}")
        result = Result(
            tuple(argv),
            int(status),
            (job / "stdout").read_text(errors="replace"),
            (job / "stderr").read_text(errors="replace"),
        )
        shutil.rmtree(job, ignore_errors=True)
        if check and result.returncode != 0:
            said = result.stderr.strip() or result.stdout.strip()
            raise GuestError(
                f"in the guest, {shlex.join(argv)} ended with {result.returncode}: {said}"
            )
        return result

    def python(
        self,
        arguments: Sequence[str],
        *,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Result:
        """Run this Python with ``arguments`` in the guest, with the modules it has here."""
        settings = {**_python(), **(env or {})}
        return self.run([sys.executable, *arguments], timeout=timeout, env=settings, check=check)

    def run_into_crash(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> Path:
        """Run ``argv``, which is to crash the machine, and return when it is up again.

        Return the directory with the command's ``stdout`` and ``stderr``.  Raises
        :class:`GuestError` if the command ends instead, or if the machine does not come
        back within ``timeout`` and 90 s.
        """
        job = self._send(argv, timeout, env)
        started = time.monotonic()
        answer = self._answer(started + timeout + BOOT_LIMIT, argv)
        self.boots.append(Boot(time.monotonic() - started, answer == "ready"))
        if answer != "ready":
            said = (job / "stderr").read_text(errors="replace").strip()
            raise GuestError(
                f"in the guest, {shlex.join(argv)} was to crash the machine "
                f"and ended with {answer.partition(' ')[2]}: {said}"
            )
        return job

    def python_into_crash(self, arguments: Sequence[str], *, timeout: float = 60.0) -> Path:
        """Run this Python with ``arguments``, which are to crash the machine."""
        return self.run_into_crash([sys.executable, *arguments], timeout=timeout, env=_python())

    def make_file_system(
        self, kind: str, device: str, mount_point: str, *, options: str = ""
    ) -> None:
        """Make a file system of ``kind`` (ext4 or xfs) on ``device`` and mount it.

        ext4 gets blocks of 4096 bytes: with smaller ones there is no DAX.  What was
        mounted there before is unmounted.
        """
        check_makers([kind])
        # In one command: where every instruction is emulated, each costs a second at times.
        self._shell_lines(*make_lines(kind, device, mount_point, options))

    def mount(self, kind: str, device: str, mount_point: str, *, options: str = "") -> None:
        """Mount ``device``, or what takes its place for ``kind``, at ``mount_point``."""
        self._shell_lines(*mount_lines(kind, device, mount_point, options))

    def _shell_lines(self, *lines: str) -> None:
        """Run shell lines, up to the first that fails.  Raises :class:`GuestError`."""
        self.run(["sh", "-e", "-c", "\n".join(lines)])

    def make_device_dax(self, region: int, *, align: int = 2 * 1024 * 1024) -> str:
        """Turn ``/dev/pmemREGION`` into device DAX and return the device's path.

        ``align`` is its alignment in bytes.  The kernel is asked through sysfs, as ndctl
        would do; the pages' descriptions live in ordinary memory.
        """
        script = resources.files(__package__).joinpath("device_dax.sh").read_text()
        done = self.run(["sh", "-c", script, "device_dax", str(region), str(align)])
        return done.stdout.strip()

    def interact(self) -> int:
        """Connect the terminal with a shell in the guest until the shell ends.

        Returns the shell's status.  Raises :class:`GuestError` if standard input is not
        a terminal, or if the guest does not answer any more.
        """
        from .terminal import connect

        if self._shell is None or self._channel is None:
            raise GuestError("the guest is not running")
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise GuestError("a shell in the guest needs a terminal")
        size = os.get_terminal_size(sys.stdout.fileno())
        # Kept open from the start: a terminal that no process has open forgets its size.
        line = (
            f"exec <$0 >$0 2>&1; stty sane rows {size.lines} cols {size.columns}; "
            "exec setsid -c bash -i"
        )
        home = {"HOME": "/root", "TERM": os.environ.get("TERM", "linux"), "PS1": "guest:\\w# "}
        argv = ["sh", "-c", line, "/dev/ttyS2"]
        self._send(argv, 0, home)
        if not connect(self._shell, self._channel.connection):
            raise GuestError("the terminal is gone")
        status = self._answer(time.monotonic() + 30, argv).partition(" ")[2]
        return int(status) if status.isdigit() else 1

    def console(self) -> str:
        """Return what the machine has written on its console so far."""
        try:
            return (self.work / "console").read_text(errors="replace")
        except OSError:
            return ""

    def _start(self, files: BootFiles) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="qemu-model-guest-")).resolve()
        if re.search(r"[\s,\"]", str(self.work)):
            raise GuestError(f"a guest cannot work in {self.work}: choose another TMPDIR")
        (self.work / "jobs").mkdir()
        agent = resources.files(__package__).joinpath("agent.sh").read_text()
        (self.work / "agent.sh").write_text(agent)
        program = self.work / "bin" / "qemu-model"
        program.parent.mkdir()
        program.write_text(_program())
        program.chmod(0o755)
        ours, commands = socket.socketpair()
        screen, shell = socket.socketpair()
        self._channel, self._shell = Channel(ours), screen
        self._jobs = 0
        self.report(f"starting the guest ({files.name})")
        with commands, shell, open(self.work / "qemu", "wb") as output:
            self._process = subprocess.Popen(
                qemu_line(
                    files,
                    self.work,
                    self._pmem,
                    self._virtio_pmem,
                    commands=commands.fileno(),
                    shell=shell.fileno(),
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[commands.fileno(), shell.fileno()],
                # A machine in another process group does not receive Ctrl-C, which is handled here.
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        started = time.monotonic()
        reached = False
        try:
            answer = self._answer(started + BOOT_LIMIT, ["the kernel"])
            reached = answer == "ready"
        finally:
            self.boots.append(Boot(time.monotonic() - started, reached))
        if not reached:
            raise self._lost(f"the guest answered '{answer}' instead of being ready")

    def _send(self, argv: Sequence[str], timeout: float, env: Mapping[str, str] | None) -> Path:
        if self._channel is None:
            raise GuestError("the guest is not running")
        self._jobs += 1
        job = self.work / "jobs" / str(self._jobs)
        job.mkdir()
        settings = {
            "PATH": f"{self.work / 'bin'}:{PATH}",
            "LC_ALL": "C.UTF-8",
            "HOME": "/tmp",
            **(env or {}),
        }
        # The agent starts jobs in the background, where a shell has them ignore Ctrl-C.
        words = [
            "env",
            "--default-signal=INT,QUIT",
            "-i",
            *(f"{name}={value}" for name, value in settings.items()),
        ]
        if timeout:
            words += ["timeout", "-k", "5", str(timeout)]
        (job / "run").write_text(f"cd /tmp\nexec {shlex.join([*words, *argv])}\n")
        self._channel.send(f"{self._jobs}\n")
        return job

    def _answer(
        self, deadline: float, argv: Sequence[str], meanwhile: Callable[[], None] = lambda: None
    ) -> str:
        """Return the guest's next line.  Raises :class:`GuestError` if none comes in time."""
        if self._channel is None or self._process is None:
            raise GuestError("the guest is not running")
        while (line := self._channel.line()) is None:
            meanwhile()
            if self._process.poll() is not None:
                raise self._lost(f"QEMU ended with {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self._lost(f"no answer from the guest in time ({shlex.join(argv)})")
            if "Kernel panic" in self.console():
                raise self._lost("the guest's kernel panicked")
        return line

    def _lost(self, why: str) -> GuestError:
        lines = [why]
        with contextlib.suppress(OSError):
            lines += (self.work / "qemu").read_text(errors="replace").splitlines()
        tail = self.console().splitlines()[-CONSOLE_TAIL:]
        if tail:
            lines += ["the console's last lines:", *(f"  {line}" for line in tail)]
        return GuestError("\n".join(lines))

    def close(self) -> None:
        """End the machine, without a shutdown, and remove its files."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._shell is not None:
            self._shell.close()
            self._shell = None
        if self.work != Path():
            shutil.rmtree(self.work, ignore_errors=True)


def _program() -> str:
    """Return the script by which this package is called in the guest."""
    settings = shlex.join(f"{name}={value}" for name, value in _python().items())
    return f'#!/bin/sh\nexec env {settings} {shlex.quote(sys.executable)} -m qemu_model "$@"\n'


def _python() -> dict[str, str]:
    """Return the environment in which a Python finds the modules that this one has."""
    paths = [os.path.abspath(path) for path in sys.path if os.path.isdir(path or ".")]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
