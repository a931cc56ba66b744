"""docs/howto/extend-the-model.rst, done as it is written in a copy of the package."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from docs_console import DOCS, Command, commands

import qemu_model

PAGE = (DOCS / "howto" / "extend-the-model.rst").read_text(encoding="utf-8")
DIFF = re.compile(r"^\.\. code-block:: diff\n   :caption: (\S+)\n\n((?:   .*\n|\n)+)", re.MULTILINE)
#: What a fictional release touches: a text, a row, a field.
HOMES = {
    "qemu_model/messages/backends.py",
    "qemu_model/machine_properties.py",
    "qemu_model/revisions/memory_fields.py",
}


def apply(top: Path, name: str, body: str) -> None:
    """Change a file as a diff without line numbers says; its context is there exactly once."""
    lines = [line or " " for line in textwrap.dedent(body).rstrip("\n").split("\n")]
    before = "\n" + "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "\n" + "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    path = top / name
    if path.exists():
        text = "\n" + path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} has not exactly one{before}"
        after = text.replace(before, after)
    path.write_text(after[1:], encoding="utf-8")


def printed(command: Command, top: Path) -> str:
    programs = top / "bin"
    programs.mkdir(exist_ok=True)
    for program, words in (("qemu-model", "-m qemu_model "), ("python", "")):
        script = programs / program
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        script.chmod(0o755)
    return subprocess.run(
        ["bash", "-c", command.text],
        cwd=top,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(top),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def test_each_addition_works_as_the_page_says(tmp_path: Path) -> None:
    shutil.copytree(Path(qemu_model.__file__).parent, tmp_path / "qemu_model")
    for name, body in DIFF.findall(PAGE):
        apply(tmp_path, name, body)
    wrong = [
        command.difference(shown)
        for command in commands(PAGE)
        for shown in [printed(command, tmp_path)]
        if not command.fits(shown)
    ]
    assert wrong == []


def test_a_release_touches_one_text_one_row_and_one_field() -> None:
    """Beside them: the function that is the release, and the C function that has changed."""
    release = PAGE[PAGE.index("A release\n---") : PAGE.index("A patch\n---")]
    touched = [name for name, _body in DIFF.findall(release)]
    the_release, the_c_function = "qemu_model/revisions/releases.py", "qemu_model/mmap_alloc.py"
    assert sorted(touched) == sorted([*HOMES, the_release, the_c_function])
