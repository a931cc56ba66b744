"""What the tests share: what they need of the machine, and surroundings as recorded."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sampling import divide

pytest_plugins = ["guests"]

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("default")

IN_CI = os.environ.get("CI") == "true"
CLONE_NEWNS = 0x00020000
#: For two processes with tests, each of which uses up to 64, and for what ends slowly.
HUGE_PAGES = 192


REPORT = os.environ.get("QEMU_MODEL_REPORT")
WORKER = os.environ.get("PYTEST_XDIST_WORKER")


def tell_run_tests(kind: str, text: str = "") -> None:
    """Tell ``run-tests`` something, at once: see ``tools/gate_report.py``."""
    if REPORT:
        with open(REPORT, "a", encoding="utf-8") as report:
            report.write(json.dumps({"kind": kind, "text": text}) + "\n")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs only where everything is asked for: see ``support/sampling.py``."""
    items[:], left_out, sentences = divide(items, config.args)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    if WORKER in (None, "gw0"):
        for sentence in sentences:
            tell_run_tests("sample", sentence)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell ``run-tests`` how each test ended."""
    if WORKER is not None:
        return
    if report.failed:
        tell_run_tests("failed", report.nodeid)
    elif report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        words = str(reason).removeprefix("Skipped: ").removeprefix("not verified: ")
        tell_run_tests("skipped", words)
    elif report.when == "call":
        tell_run_tests("passed")


def needs(condition: bool, what: str) -> None:
    """Go on if ``condition`` holds; else fail in CI, and skip with a sentence elsewhere."""
    if condition:
        return
    if IN_CI:
        pytest.fail(f"in CI nothing is skipped, and this needs {what}")
    pytest.skip(f"not verified: this needs {what}")


def needs_program(name: str) -> str:
    """Return the path of a program, or say that the test cannot run without it."""
    path = shutil.which(name)
    needs(path is not None, f"the program {name}")
    assert path is not None
    return path


Figure = Callable[[int, str], None]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Return what keeps how much of something a test tried, for the end of the run.

    Numbers of the same thing are added up.
    """
    return lambda count, what: record_property("figure", [count, what])


def _figures(reports: list[Any]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for report in reports:
        for name, value in report.user_properties:
            if name == "figure":
                sums[value[1]] += value[0]
    return sums


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was tried, and in words what was not verified: that never reads as passed."""
    stats = terminalreporter.stats
    sums = _figures([*stats.get("passed", []), *stats.get("failed", [])])
    if sums:
        terminalreporter.section("figures")
        for what, count in sorted(sums.items()):
            terminalreporter.line(f"{count:>8,} {what}")
    skipped = stats.get("skipped", [])
    reasons = sorted({str(report.longrepr[2]) for report in skipped if report.longrepr})
    if reasons:
        terminalreporter.section("not verified on this machine")
        for reason in reasons:
            count = sum(str(report.longrepr[2]) == reason for report in skipped)
            terminalreporter.line(f"{count} x {reason.removeprefix('Skipped: ')}")


def _mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0


class Surroundings:
    """The directories that the recordings were made in, in a mount namespace of our own.

    ``/mnt/ext4`` has no DAX, ``/mnt/tmpfs`` and ``/mnt/small`` (2 MiB) are tmpfs,
    ``/mnt/huge`` is hugetlbfs with 64 free pages of 2 MiB.  The kernel's pool is larger,
    since others use it at the same time, and stays so: ``run-tests`` gives it back.
    """

    def __init__(self) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="qemu-model-", dir="/var/tmp"))

    def prepare(self, setup: list[list[object]]) -> None:
        """Do what a recording says was done before it: remove, make or fill files."""
        for step in setup:
            action, path = step[0], Path(str(step[1]))
            if action == "rm":
                self.remove(path)
            elif action in ("file", "data"):
                self.remove(path)
                path.touch()
                os.truncate(path, int(str(step[2])))
                if action == "data":
                    byte = bytes([int(str(step[3]))])
                    path.write_bytes(byte * int(str(step[2])))
            else:
                PREPARATIONS[str(action)](path, step[2:])

    @staticmethod
    def remove(path: Path) -> None:
        """Remove a file, or a directory that another test left there."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def sizes(self, paths: list[str]) -> dict[str, object]:
        """Return the sizes of files in bytes, else ``dir``, ``absent`` or ``other``."""
        return {path: self._size(Path(path)) for path in paths}

    @staticmethod
    def _size(path: Path) -> object:
        if path.is_dir():
            return "dir"
        if path.exists():
            return path.stat().st_size
        return "other" if path.is_symlink() else "absent"


PREPARATIONS: dict[str, Callable[[Path, list[object]], None]] = {
    "dir": lambda path, _rest: path.mkdir(exist_ok=True),
    "mkdir": lambda path, _rest: path.mkdir(exist_ok=True),
    "symlink": lambda path, rest: path.symlink_to(str(rest[0])),
    "fifo": lambda path, _rest: os.mkfifo(path),
}


@pytest.fixture(scope="session")
def surroundings() -> Iterator[Surroundings]:
    """Make the surroundings of the recordings, visible to this process alone."""
    needs(os.geteuid() == 0, "root, to mount file systems in a namespace of its own")
    libc = ctypes.CDLL(None, use_errno=True)
    needs(libc.unshare(CLONE_NEWNS) == 0, "the right to make a mount namespace")
    made = Surroundings()
    pages = Path("/proc/sys/vm/nr_hugepages")
    try:
        assert _mount("--make-rprivate", "/")
        assert _mount("-t", "tmpfs", "tmpfs", "/mnt")
        for name in ("ext4", "tmpfs", "huge", "small"):
            Path("/mnt", name).mkdir()
        assert _mount("--bind", str(made.scratch), "/mnt/ext4")
        kind = subprocess.run(
            ["stat", "-f", "-c", "%T", "/mnt/ext4"], check=True, capture_output=True, text=True
        ).stdout.strip()
        needs(kind == "ext2/ext3", "ext4 under /var/tmp, as the recordings had it")
        assert _mount("-t", "tmpfs", "tmpfs", "/mnt/tmpfs")
        assert _mount("-t", "tmpfs", "-o", "size=2M", "tmpfs", "/mnt/small")
        if int(pages.read_text()) < HUGE_PAGES:
            pages.write_text(str(HUGE_PAGES))
        needs(int(pages.read_text()) >= HUGE_PAGES, f"{HUGE_PAGES} free huge pages of 2 MiB")
        assert _mount("-t", "hugetlbfs", "-o", "size=128M", "hugetlbfs", "/mnt/huge")
        yield made
    finally:
        subprocess.run(["umount", "-R", "/mnt"], check=False, capture_output=True)
        shutil.rmtree(made.scratch, ignore_errors=True)
