"""The guest: a virtual machine that runs commands for its host.

How it was decided what starts it, measured on a machine with two cores, without
KVM: virtme-ng 1.42 brings Debian's kernel up in 7.3 s and is done after 11.3 s,
but finds no modules of a kernel that is only unpacked, needs a terminal, runs
one command per boot, and does not outlive a reset of the machine, which the
crash needs.  This one is there after 7 to 9 s, answers command after command over
a serial line, and comes back after a crash with its persistent memory.
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

import attrs

from .errors import GuestError
from .kernel import BootFiles, Report, boot_files, find_program

__all__ = ["Boot", "Guest", "GuestError", "Result"]

#: Is given what a command wrote on stdout and on stderr since the last time.
OnOutput = Callable[[bytes, bytes], None]

#: What runs the machine, and the Debian packages that have it.
NEEDED: Final = (("qemu-system-x86_64", "qemu-system-x86"), ("setpriv", "util-linux"))
#: What makes a file system of each kind, and the Debian package that has it.
MAKERS: Final[Mapping[str, tuple[Sequence[str], str]]] = MappingProxyType(
    {
        "ext4": (("mkfs.ext4", "-q", "-F", "-b", "4096"), "e2fsprogs"),
        # Before Linux 6.0 there is no DAX with reflink.
        "xfs": (("mkfs.xfs", "-q", "-f", "-m", "reflink=0"), "xfsprogs"),
    }
)
#: Where the guest finds programs, beside this package's own.
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: How long a guest may take to answer for the first time, in seconds.
BOOT_LIMIT: Final = 90.0
#: How many times a guest that does not come up is started.
BOOT_TRIES: Final = 2
#: Where the first persistent memory begins, and what the guest has besides it, in MiB.
PMEM_START: Final = 512
ORDINARY_MEMORY: Final = 704
#: What q35 puts below its hole at most; persistent memory must lie there, in MiB.
LOW_MEMORY: Final = 2048
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
    both sides can write, at the same path; it goes with the guest.  ``boots`` is
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
        if PMEM_START + sum(pmem) > LOW_MEMORY - 192:
            raise GuestError(
                f"{sum(pmem)} MiB of persistent memory is more than fits: "
                f"at most {LOW_MEMORY - 192 - PMEM_START} MiB"
            )
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
        make = [*MAKERS[kind][0], device]
        there = shlex.quote(mount_point)
        # In one command: where every instruction is emulated, each costs a second at times.
        self._shell_lines(
            f"if mountpoint -q {there}; then umount {there}; fi",
            shlex.join(make),
            *_mounting(kind, device, mount_point, options),
        )

    def mount(self, kind: str, device: str, mount_point: str, *, options: str = "") -> None:
        """Mount ``device``, or what takes its place for ``kind``, at ``mount_point``."""
        self._shell_lines(*_mounting(kind, device, mount_point, options))

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
        # Held open from the first word on: a terminal that no process has open forgets its size.
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
                self._command_line(files, commands.fileno(), shell.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[commands.fileno(), shell.fileno()],
                # Ctrl-C is ours to answer; a machine in another group does not get it.
                start_new_session=True,
            )

    def _command_line(self, files: BootFiles, commands: int, shell: int) -> list[str]:
        share = "local,security_model=none,multidevs=remap"
        line = [
            # Without its parent, even one that was killed, the machine ends as well.
            *[find_program("setpriv", "util-linux"), "--pdeathsig", "KILL"],
            find_program("qemu-system-x86_64", "qemu-system-x86"),
            *["-nodefaults", "-no-user-config", "-display", "none"],
            *["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"],
            *["-kernel", str(files.kernel), "-initrd", str(files.initramfs)],
            *["-serial", f"file:{self.work / 'console'}"],
            *["-chardev", f"socket,id=commands,fd={commands}", "-serial", "chardev:commands"],
            *["-chardev", f"socket,id=shell,fd={shell}", "-serial", "chardev:shell"],
            *["-virtfs", f"{share},path=/,mount_tag=host,readonly=on"],
            *["-virtfs", f"{share},path={self.work},mount_tag=work"],
        ]
        memory = ORDINARY_MEMORY + sum(self._pmem)
        if self._virtio_pmem:
            size = self._virtio_pmem
            line += ["-m", f"{memory}M,slots=2,maxmem={memory + size}M"]
            image = f"mem-path={self.work / 'virtio-pmem'},share=on,size={size}M"
            line += ["-object", f"memory-backend-file,id=pmem,{image}"]
            line += ["-device", "virtio-pmem-pci,memdev=pmem"]
        else:
            line += ["-m", f"{memory}M"]
        # nokaslr: the kernel looks at no more than four memmap= when it chooses its own
        # place, and lies in the fifth now and then.
        words = ["console=ttyS0", "loglevel=5", "panic=0", "mitigations=off", "nokaslr"]
        start = PMEM_START
        for size in self._pmem:
            words.append(f"memmap={size}M!{start}M")
            start += size
        words.append(f"qemu_model.work={self.work}")
        return [*line, "-append", " ".join(words)]

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
        """End the machine and remove what it left.  It holds nothing worth a shutdown."""
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


def check_makers(kinds: Iterable[str]) -> None:
    """Raise :class:`GuestError` if file systems of ``kinds`` cannot be made in a guest.

    The guest's programs are the host's, so that the host can say which package is missing.
    """
    for kind in kinds:
        command, package = MAKERS[kind]
        find_program(command[0], package)


def _mounting(kind: str, device: str, mount_point: str, options: str) -> tuple[str, str]:
    """Return the shell lines that mount a file system."""
    chosen = ["-o", options] if options else []
    mount = ["mount", "-t", kind, *chosen, device, mount_point]
    return shlex.join(["mkdir", "-p", mount_point]), shlex.join(mount)


def _python() -> dict[str, str]:
    """Return the environment in which a Python finds the modules that this one has."""
    paths = [os.path.abspath(path) for path in sys.path if os.path.isdir(path or ".")]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


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
