"""The guest itself: it comes up or says why not, answers, and leaves nothing behind."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import needs
from guests import Storage, needs_guest

from qemu_model.guest import Guest, GuestError, kernel, machine

pytestmark = [pytest.mark.guest, pytest.mark.slow]


def traces_of_guests() -> tuple[set[str], set[str]]:
    """Return the numbers of the QEMUs that are guests, and the directories of guests."""
    processes = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"qemu_model.work=" in (entry / "cmdline").read_bytes():
                    processes.add(entry.name)
            except OSError:
                continue
    return processes, {path.name for path in Path("/tmp").glob("qemu-model-guest-*")}


def wait_for_a_machine(before: tuple[set[str], set[str]]) -> None:
    """Wait until one more guest runs than ``before``."""
    deadline = time.monotonic() + 60
    while not traces_of_guests()[0] - before[0]:
        assert time.monotonic() < deadline, "the machine never started"
        time.sleep(0.05)


def test_what_a_command_says_and_how_it_ends_comes_back(storage: Storage) -> None:
    line = "echo out; echo error >&2; echo $WORD; exit 7"
    done = storage.guest.run(["sh", "-c", line], check=False, env={"WORD": "a 'quoted' word"})
    assert (done.returncode, done.stdout, done.stderr) == (
        7,
        "out\na 'quoted' word\n",
        "error\n",
    )
    with pytest.raises(GuestError, match=r"ended with 7: error"):
        storage.guest.run(["sh", "-c", line])


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
    with pytest.raises(GuestError, match="no network"):
        kernel.boot_files(print)


def test_a_guest_that_does_not_come_up_says_what_its_console_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs_guest()
    before = traces_of_guests()
    monkeypatch.setattr(machine, "BOOT_LIMIT", 4.0)
    guest = Guest()
    with pytest.raises(GuestError) as raised:
        guest.open()
    text = str(raised.value)
    assert text.startswith("the guest does not come up\n")
    assert "the console's last lines" in text
    assert [boot.reached for boot in guest.boots] == [False, False]
    assert traces_of_guests() == before


def test_a_qemu_that_ends_at_once_is_noticed_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needs_guest()
    before = traces_of_guests()
    broken = kernel.BootFiles("broken", tmp_path / "no-kernel", tmp_path / "no-initramfs")
    monkeypatch.setattr(machine, "boot_files", lambda report: broken)
    started = time.monotonic()
    with pytest.raises(GuestError, match="QEMU ended with 1"):
        Guest().open()
    assert time.monotonic() - started < 20
    assert traces_of_guests() == before


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


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_an_interrupted_command_leaves_nothing_behind(
    number: signal.Signals, status: int, delay: float
) -> None:
    needs_guest()
    before = traces_of_guests()
    process = subprocess.Popen(
        [sys.executable, "-m", "qemu_model", "crash-demo", "--file-system", "ext4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_a_machine(before)
    time.sleep(delay)
    process.send_signal(number)
    said, error = process.communicate(timeout=30)
    assert (process.returncode, said, "Traceback" in error) == (status, "", False)
    assert traces_of_guests() == before


def test_a_parent_that_is_killed_takes_the_machine_with_it() -> None:
    needs_guest()
    before = traces_of_guests()
    process = subprocess.Popen([sys.executable, "-m", "qemu_model", "crash-demo"])
    wait_for_a_machine(before)
    process.kill()
    process.wait()
    time.sleep(1)
    machines, directories = traces_of_guests()
    for name in directories - before[1]:
        shutil.rmtree(Path("/tmp", name))  # nobody was left to do it
    assert machines - before[0] == set()


def test_the_guest_needs_no_root(tmp_path: Path) -> None:
    needs_guest()
    needs(os.geteuid() == 0, "root, to become another user")
    program = (
        "from qemu_model.guest import Guest\n"
        "with Guest() as guest:\n"
        "    guest.make_file_system('ext4', '/dev/pmem0', '/mnt/dax', options='dax')\n"
        "    print(guest.run(['findmnt', '-n', '-o', 'OPTIONS', '/mnt/dax']).stdout)\n"
    )
    cache = tmp_path / "cache"
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    cache.mkdir()
    os.chown(cache, 65534, 65534)
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "XDG_CACHE_HOME": str(cache),
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


def test_the_shell_is_a_terminal_and_ends_with_exit() -> None:
    needs_guest()
    before = traces_of_guests()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "qemu_model", "dax-shell"])
    shown = ""
    typed = False
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part.decode(errors="replace")
        if not typed and "guest:" in shown:
            os.write(terminal, b"tty; findmnt -n -o FSTYPE,OPTIONS /mnt/xfs-dax; exit\r")
            typed = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    assert "/dev/ttyS2" in shown
    assert "dax=always" in shown
    assert traces_of_guests() == before
