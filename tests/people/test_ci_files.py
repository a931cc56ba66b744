"""The files for somebody's CI name options that the commands have."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qemu_model.cli.conform import OPTIONS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "share" / "ci").iterdir())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_ci_file_uses_options_of_conform_and_is_named_in_the_how_to(path: Path) -> None:
    text = path.read_text()
    commands = re.findall(
        r"qemu-model[\"',]* [\"']?conform(.*?)(?=\n\s*-|\Z|\n\n)", text, re.DOTALL
    )
    given = {word for command in commands for word in re.findall(r"--[a-z]+", command)}
    known = {option.name for option in OPTIONS}
    assert commands
    assert given <= known
    how_to = (ROOT / "docs" / "howto" / "continuous-integration.rst").read_text()
    assert f"share/ci/{path.name}" in how_to
