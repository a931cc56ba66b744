"""What is not installed is named in one line; what can be done without is done without."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_program

CONFORM = ("conform", "--qemu", "qemu-system-x86_64", "--filter", "align/file: 4096")


def command(*words: str, programs: Path, without: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with only these programs installed, and without a library."""
    code = (
        f"import sys; sys.modules[{without!r}] = None; "
        "from qemu_model.cli import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": str(programs)},
        check=False,
    )


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def install(programs: Path, *names: str) -> None:
    for name in names:
        (programs / name).symlink_to(needs_program(name))


def test_without_strace_conform_says_so_at_once(programs: Path) -> None:
    install(programs, "qemu-system-x86_64")
    done = command(*CONFORM, programs=programs)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "qemu-model conform: strace is not installed, and without it a real QEMU cannot be "
        "watched: apt-get install strace"
    )


def test_without_mount_conform_does_with_the_directories_that_are_there(programs: Path) -> None:
    install(programs, "qemu-system-x86_64", "strace")
    done = command(*CONFORM, programs=programs)
    assert done.returncode == 0
    assert "1 passed" in done.stdout


def test_without_its_library_conform_names_it(programs: Path) -> None:
    done = command(*CONFORM, programs=programs, without="qemu.qmp")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "qemu-model conform: the library qemu.qmp is not installed: "
        "pip install 'qemu-model[qemu]'\n"
    )
