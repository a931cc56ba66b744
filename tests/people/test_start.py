"""The start of the program: what it needs is imported, and what it does not need is not."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: Each of these takes longer to import than a run takes, or belongs to other commands.
HEAVY = (
    *("asyncio", "concurrent", "hypothesis", "jsonschema", "multiprocessing", "pytest"),
    *("qemu", "rich", "sqlite3", "ssl", "unittest", "xml"),
)
#: What a run on this kernel does not need of the package.
ELSEWHERE = ("explain", "explorer", "guest", "judge", "conform", "inspect", "review", "testing")
LINE = ["run", "-object", "memory-backend-ram,id=ram0,size=8M"]
REPORT = """
import json, sys
from qemu_model.cli import main
status = main(json.loads(sys.argv[1]))
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
sys.exit(status)
"""


def modules(*words: str) -> set[str]:
    """Return the modules that are imported once the command has ended."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", REPORT, json.dumps(words)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return set(found)


def under(imported: set[str], *packages: str) -> list[str]:
    """Return those of the modules that are in one of the packages."""
    return sorted(name for name in imported if name.split(".")[0] in packages)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["run", "--help"], LINE, [*LINE[:1], "--json", *LINE[1:]]],
    ids=["help", "run-help", "run", "run-json"],
)
def test_nothing_heavy_is_imported_on_the_way_to_help_and_to_a_run(words: list[str]) -> None:
    imported = modules(*words)
    assert "qemu_model.cli" in imported
    assert under(imported, *HEAVY) == []


def test_help_does_not_import_the_model() -> None:
    imported = modules("--help")
    assert {"attr", "ctypes", "qemu_model.vl", "qemu_model.process"} & imported == set()


def test_a_run_imports_nothing_of_other_commands() -> None:
    imported = modules(*LINE)
    assert "qemu_model.physmem" in imported
    others = tuple(f"qemu_model.{name}" for name in ELSEWHERE)
    assert sorted(name for name in imported if name.startswith(others)) == []
    assert [name for name in imported if name.startswith("qemu_model.host.simulated")] == []


def test_a_colour_is_what_imports_rich() -> None:
    """What keeps rich out of a pipe would not be noticed if it were out of everything."""
    assert under(modules("run", "--color", "always", *LINE[1:]), "rich") != []


def test_the_package_alone_imports_nothing_until_it_is_used() -> None:
    program = "import sys, qemu_model; print(*sys.modules)"
    words = [sys.executable, "-P", "-c", program]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert under(set(done.stdout.split()), "attr", "ctypes", "json", "qemu_model", *HEAVY) == [
        "qemu_model"
    ]
