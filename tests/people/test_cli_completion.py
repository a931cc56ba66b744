"""The Tab key, in the shells themselves, and the man page."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_program
from program import start

from qemu_model.cli import COMMANDS
from qemu_model.cli.candidates import candidates
from qemu_model.cli.completion import SCRIPTS
from qemu_model.cli.manual import COLUMNS, manual
from qemu_model.host import profiles
from qemu_model.revision import ALIASES, REVISIONS

SHARE = Path(__file__).parents[2] / "share"
INSTALLED = {
    "bash": "bash-completion/completions/qemu-model",
    "zsh": "zsh/site-functions/_qemu-model",
    "fish": "fish/vendor_completions.d/qemu-model.fish",
}


def test_every_name_that_there_is_completes() -> None:
    assert set(COMMANDS) <= set(candidates([], ""))
    assert candidates(["run", "--revision"], "") == [*REVISIONS, *ALIASES]
    assert candidates(["run", "--host"], "sim:") == [f"sim:{name}" for name in profiles.names()]


@pytest.mark.parametrize(
    ("words", "current", "expected"),
    [
        ([], "exp", ["explain", "explorer"]),
        (["series"], "", ["list", "show", "impact"]),
        (["profile", "show"], "ext4-", ["ext4-dax"]),
        (["run"], "--re", ["--require-map-sync", "--revision"]),
        (["run"], "-mem-", ["-mem-path", "-mem-prealloc"]),
        (["run", "-object"], "memory-backend-r", ["memory-backend-ram,id="]),
        (["run", "-object"], "memory-backend-file,id=a,sy", ["memory-backend-file,id=a,sync="]),
        (["run", "--revision", "base", "-object"], "memory-backend-file,id=a,sy", []),
        (["run", "--revision", "v7.2", "-object"], "memory-backend-file,ro", []),
        (
            ["run", "--revision", "v7.2", "-object"],
            "memory-backend-file,re",
            ["memory-backend-file,reserve=", "memory-backend-file,readonly="],
        ),
        (["run", "-object"], "memory-backend-ram,share=of", ["memory-backend-ram,share=off"]),
        (["run", "-object"], "memory-backend-ram,share=on,sh", []),
        (["run", "-object"], "memory-backend-ram,policy=b", ["memory-backend-ram,policy=bind"]),
        (["nonsense"], "", []),
    ],
)  # fmt: skip
def test_words_complete_to_what_fits(words: list[str], current: str, expected: list[str]) -> None:
    assert sorted(candidates(words, current)) == sorted(expected)


@pytest.fixture
def path_with_program(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ``qemu-model`` is the program under test."""
    program = tmp_path / "qemu-model"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m qemu_model "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("qemu-model expl", ["explain", "explorer"]),
        ("qemu-model run --host sim:ext4-d", ["ext4-dax"]),
        ("qemu-model run -object memory-backend-ram,id=a,share=o", ["on", "off"]),
        ("qemu-model diff --from v8/", ["v8/1", "v8/2", "v8/3", "v8/4", "v8/5"]),
        ("qemu-model run --qmp ", []),
    ],
)
def test_bash_completes(path_with_program: dict[str, str], line: str, expected: list[str]) -> None:
    script = (
        "source <(qemu-model completion bash); COMP_LINE=$1; COMP_POINT=${#1}; _qemu_model; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [needs_program("bash"), "-c", script, "bash", line],
        check=True,
        capture_output=True,
        text=True,
        env=path_with_program,
    )
    assert done.stdout.split() == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_one_of_its_shell(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(start("completion", shell).stdout)
    subprocess.run([needs_program(shell), "-n", str(path)], check=True, capture_output=True)


def test_fish_completes(path_with_program: dict[str, str]) -> None:
    done = subprocess.run(
        [
            needs_program("fish"),
            "-c",
            "qemu-model completion fish | source; complete -C 'qemu-model ser'",
        ],
        check=True,
        capture_output=True,
        text=True,
        env=path_with_program,
    )
    assert done.stdout.split() == ["series"]


def test_zsh_completes(path_with_program: dict[str, str]) -> None:
    # compadd shows nothing outside of the line editor: it is replaced by what prints.
    script = (
        'compdef() { :; }; compadd() { shift 4; print -l -- "$@"; }; '
        "source <(qemu-model completion zsh); words=(qemu-model run --host sim:xfs); CURRENT=4; "
        "PREFIX=sim:xfs; _qemu_model"
    )
    done = subprocess.run(
        [needs_program("zsh"), "-f", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env=path_with_program,
    )
    assert done.stdout.split() == ["sim:xfs", "sim:xfs-dax"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_installed_scripts_are_those_that_are_printed(shell: str) -> None:
    assert (SHARE / INSTALLED[shell]).read_text() == SCRIPTS[shell]


def test_the_installed_man_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    told = "make it anew: python -m qemu_model.cli.manual > share/man/man1/qemu-model.1"
    assert (SHARE / "man/man1/qemu-model.1").read_text() == manual(), told


def test_the_man_page_is_read_without_complaint() -> None:
    done = subprocess.run(
        [needs_program("groff"), "-man", "-ww", "-Tascii", str(SHARE / "man/man1/qemu-model.1")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    for command in COMMANDS:
        assert f"usage: qemu-model {command}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 160
