"""The guest itself: it comes up or says why not, answers, and leaves nothing behind."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
from conftest import needs
from guests import Storage, needs_guest

from qemu_model.cli import main
from qemu_model.guest import Guest, GuestError, file_systems, kernel, machine


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for the guests of one test, here and in the commands it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def machines(place: Path) -> set[str]:
    """Return the numbers of the QEMUs that are guests with their directory in ``place``."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"qemu_model.work={place}/".encode() in (entry / "cmdline").read_bytes():
                    found.add(entry.name)
            except OSError:
                continue
    return found


def left(place: Path) -> tuple[set[str], set[str]]:
    """Return which guests run, and which directories of guests are there."""
    return machines(place), {path.name for path in place.glob("qemu-model-guest-*")}


NOTHING: Final[tuple[set[str], set[str]]] = (set(), set())


def wait_for_a_machine(place: Path) -> None:
    """Wait until a guest runs."""
    deadline = time.monotonic() + 300
    while not machines(place):
        assert time.monotonic() < deadline, "the machine never started"
        time.sleep(0.05)


def test_what_a_command_says_and_how_it_ends_comes_back(storage: Storage) -> None:
    line = "echo out; echo error >&2; echo $WORD; exit 7"
    done = storage.guest.run(["sh", "-c", line], check=False, env={"WORD": "a 'quoted' word"})
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\na 'quoted' word\n", "error\n")
    with pytest.raises(GuestError, match=r"ended with 7: error"):
        storage.guest.run(["sh", "-c", line])


def test_what_a_command_says_is_passed_on_as_it_comes(storage: Storage) -> None:
    heard: list[tuple[bytes, bytes]] = []
    line = "echo first; sleep 3; echo second >&2; sleep 3; printf third"
    done = storage.guest.run(["sh", "-c", line], on_output=lambda *new: heard.append(new))
    assert heard == [(b"first\n", b""), (b"", b"second\n"), (b"third", b"")]
    assert (done.stdout, done.stderr) == ("first\nthird", "second\n")


def test_a_command_that_takes_too_long_is_ended_and_the_guest_lives(storage: Storage) -> None:
    assert storage.guest.run(["sleep", "600"], timeout=2, check=False).returncode == 124
    assert storage.guest.run(["echo", "here"]).stdout == "here\n"


def test_the_hosts_files_are_seen_and_cannot_be_changed(storage: Storage, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("the host's")
    seen = storage.guest.run(["cat", str(file)]).stdout
    storage.guest.run(["sh", "-c", f"echo 'the guest\\'s' >{file} || true"], check=False)
    storage.guest.run(["rm", "-f", str(file)])
    assert (seen, file.read_text()) == ("the host's", "the host's")


def test_the_kernel_is_the_one_that_debian_ships_and_nothing_was_installed(
    storage: Storage,
) -> None:
    release = storage.guest.run(["uname", "-r"]).stdout.strip()
    assert storage.guest.kernel.startswith(f"linux-image-{release}_")
    directory = kernel.cache_directory() / storage.guest.kernel
    assert sum(path.stat().st_size for path in directory.iterdir()) < 20_000_000


def test_without_a_network_the_cached_kernel_serves(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object) -> object:
        raise GuestError("no network")

    monkeypatch.setattr(kernel, "_candidate", refuse)
    assert kernel.boot_files(print).name == storage.guest.kernel
    monkeypatch.setenv("XDG_CACHE_HOME", "/nonexistent")
    with pytest.raises(GuestError, match="no network\nthe guest's kernel has to be downloaded"):
        kernel.boot_files(print)


@pytest.mark.whole
def test_a_guest_that_does_not_come_up_says_what_its_console_said(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    needs_guest()
    empty = place / "empty"
    empty.touch()
    files = attrs.evolve(kernel.boot_files(print), initramfs=empty)
    monkeypatch.setattr(machine, "boot_files", lambda *_: files)
    guest = Guest()
    with pytest.raises(GuestError) as raised:
        guest.open()
    said = str(raised.value)
    assert said.startswith("the guest does not come up\n")
    assert said.count("the guest's kernel panicked") == 2
    assert said.count("the console's last lines") == 2
    assert "Kernel panic - not syncing: VFS: Unable to mount root fs" in said
    assert [boot.reached for boot in guest.boots] == [False, False]
    assert left(place) == NOTHING


@pytest.mark.whole
def test_no_wait_for_a_guest_is_without_a_limit(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    needs_guest()
    monkeypatch.setattr(machine, "BOOT_LIMIT", 0.5)
    with pytest.raises(GuestError, match="no answer from the guest in time"):
        Guest().open()
    assert left(place) == NOTHING


def test_a_qemu_that_ends_at_once_is_noticed_at_once(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    needs_guest()
    broken = kernel.BootFiles("broken", place / "no-kernel", place / "no-initramfs")
    monkeypatch.setattr(machine, "boot_files", lambda *_: broken)
    with pytest.raises(GuestError, match="QEMU ended with 1"):
        Guest().open()
    assert left(place) == NOTHING


def test_a_program_that_is_missing_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel, "BUSYBOX", "/nonexistent/busybox")
    missing = tuple(
        (kernel.BUSYBOX if name.endswith("busybox") else name, package)
        for name, package in kernel.NEEDED
    )
    monkeypatch.setattr(kernel, "NEEDED", missing)
    with pytest.raises(GuestError, match="apt-get install busybox-static"):
        kernel.boot_files(print)


@pytest.mark.parametrize("words", [["crash-demo"], ["dax-shell", "--command", "true"]])
def test_what_makes_file_systems_is_missed_before_anything_starts(
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Path,
) -> None:
    nothing = (("mkfs.nothing",), "nothing")
    monkeypatch.setattr(file_systems, "MAKERS", {**file_systems.MAKERS, "xfs": nothing})
    monkeypatch.setattr(Guest, "open", lambda guest: pytest.fail("a machine was started"))
    assert main(words) == 1
    said = "mkfs.nothing is not installed: apt-get install nothing"
    assert capsys.readouterr().err == f"qemu-model {words[0]}: {said}\n"
    assert left(place) == NOTHING


@pytest.mark.whole
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_an_interrupted_command_leaves_nothing_behind(
    number: signal.Signals, status: int, delay: float, place: Path
) -> None:
    needs_guest()
    process = subprocess.Popen(
        [sys.executable, "-m", "qemu_model", "crash-demo", "--file-system", "ext4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_a_machine(place)
    time.sleep(delay)
    process.send_signal(number)
    said, error = process.communicate(timeout=300)
    assert (process.returncode, said, "Traceback" in error) == (status, "", False)
    assert left(place) == NOTHING


@pytest.mark.whole
def test_a_parent_that_is_killed_takes_the_machine_with_it(place: Path) -> None:
    needs_guest()
    process = subprocess.Popen([sys.executable, "-m", "qemu_model", "crash-demo"])
    wait_for_a_machine(place)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 200
    while machines(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert machines(place) == set()


@pytest.fixture
def users_directory() -> Iterator[Path]:
    """A directory of the user nobody; pytest's own are closed to other users."""
    needs(os.geteuid() == 0, "root, to become another user")
    directory = Path(tempfile.mkdtemp(prefix="qemu-model-test-", dir="/var/tmp"))
    os.chown(directory, 65534, 65534)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.whole
def test_the_guest_needs_no_root(users_directory: Path) -> None:
    needs_guest()
    program = (
        "from qemu_model.guest import Guest\n"
        "with Guest() as guest:\n"
        "    guest.make_file_system('ext4', '/dev/pmem0', '/mnt/dax', options='dax')\n"
        "    print(guest.run(['findmnt', '-n', '-o', 'OPTIONS', '/mnt/dax']).stdout)\n"
    )
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "XDG_CACHE_HOME": str(users_directory),
        "TMPDIR": str(users_directory),
        "HOME": "/nonexistent",
    }
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    done = subprocess.run(
        [*user, sys.executable, "-c", program],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    needs("ermission denied" not in done.stderr, f"a Python that any user runs: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert "dax=always" in done.stdout
    assert left(users_directory) == NOTHING


CTRL_C: Final = b"\x03"
#: What is typed into the shell, each when what stands before it was shown.
TYPED: Final = (
    ("guest:", b"tty; stty size; findmnt -n -o OPTIONS /mnt/xfs-dax; echo be''gin; sleep 9999\r"),
    ("begin", CTRL_C),
    ("guest:", b"echo status $?; qemu-model --version | head -1; exit 3\r"),
)


def converse(terminal: int, typed: tuple[tuple[str, bytes], ...], seconds: float) -> str:
    """Type each text when the one before it was shown; return all that was shown.

    Ctrl-C is typed again, as people do: one that comes between two commands is lost.
    """
    shown, seen = "", 0
    waiting = list(typed)
    last, when = b"", 0.0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part.decode(errors="replace")
        if waiting and waiting[0][0] in shown[seen:]:
            seen = len(shown)
            last, when = waiting.pop(0)[1], time.monotonic()
            os.write(terminal, last)
        elif last == CTRL_C and time.monotonic() > when + 10:
            when = time.monotonic()
            os.write(terminal, last)
    return shown


@pytest.mark.whole
def test_the_shell_is_a_terminal_where_ctrl_c_works_and_exit_ends_it(place: Path) -> None:
    needs_guest()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "qemu_model", "dax-shell"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    shown = converse(terminal, TYPED, 600)
    os.close(terminal)  # a shell that has not ended by now gets SIGHUP
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3, shown[-2000:]
    for said in ("/dev/ttyS2", "33 111", "dax=always", "status 130", "qemu-model 0"):
        assert said in shown
    assert left(place) == NOTHING
