"""``tests/README.md``: each test that it names is there."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

TESTS = Path(__file__).parents[1]


def named_tests() -> Iterator[tuple[str, str]]:
    """Yield file and test of each word in code; a test alone is of the file before it."""
    file = ""
    for word in re.findall(r"`([^` ]*)`", (TESTS / "README.md").read_text()):
        name, _, test = word.partition("::")
        if name.endswith(".py") and "/" in name and not name.startswith("."):
            file = name
        elif name.startswith("test_"):
            test = name
        elif name:
            continue
        yield file, test


def test_every_test_that_the_readme_names_is_there() -> None:
    missing = []
    for file, test in named_tests():
        path = TESTS / file
        known = re.findall(r"^ *def (\w+)", path.read_text(), re.M) if path.is_file() else []
        if not any(fnmatchcase(one, test or "*") for one in known):
            missing.append(f"{file}::{test}")
    assert missing == []
