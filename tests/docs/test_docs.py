"""The documentation: it builds without a warning, and nothing in it is stale."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import doctest
import faulthandler
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs, needs_program
from docs_console import DOCS, commands, needs_of, run

from qemu_model.cli import COMMANDS
from qemu_model.findings.registry import RULES
from qemu_model.host import profiles
from qemu_model.revision import UnknownRevision, find

#: Pages of these folders are written by the build.
WRITTEN = {"_build", "messages", "lint", "findings"}
PAGES = sorted(path for path in DOCS.rglob("*.rst") if not WRITTEN & set(path.parts))
#: What a page may need, and the mark that its test then carries.
MARKS = {"guest": pytest.mark.whole, "time": pytest.mark.whole}


def pages_with_consoles() -> list[object]:
    shown = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        # test_extending.py tries what needs a copy of the package.
        if any(commands(page)) and "copy" not in needs_of(page):
            marks = [MARKS[need] for need in sorted(needs_of(page)) if need in MARKS]
            name = str(path.relative_to(DOCS).with_suffix(""))
            shown.append(pytest.param(path, marks=marks, id=name))
    return shown


@pytest.mark.parametrize("path", pages_with_consoles())
def test_every_command_of_the_documentation_prints_what_it_says(path: Path, tmp_path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    wanted = needs_of(page)
    if "qemu" in wanted:
        needs_program("qemu-system-x86_64")
        needs_program("strace")
    if "dev-shm" in wanted:
        needs(os.path.ismount("/dev/shm"), "a tmpfs at /dev/shm")
    if "guest" in wanted:
        # It takes longer than pytest grants before it shows where a test hangs.
        faulthandler.cancel_dump_traceback_later()
    stale = []
    for command in commands(page):
        printed = run(command.text, tmp_path)
        if not command.fits(printed):
            stale.append(
                f"{path.name}:{command.line}: $ {command.text}{command.difference(printed)}"
            )
    assert not stale, "\n".join(stale)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(DOCS)))
        for path in PAGES
        if ">>> " in path.read_text(encoding="utf-8")
    ],
)
def test_every_python_example_of_the_documentation_holds(path: Path) -> None:
    failed, tried = doctest.testfile(
        str(path), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert tried > 0
    assert failed == 0


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
         "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True, text=True, check=False,
        env={**os.environ, "QEMU_MODEL_DOCS_PAGE": "0"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    pages = sorted((tmp_path / "html").rglob("*.html"))
    assert len(pages) > len(PAGES)
    for path in pages:
        page = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(https?:[^\"]*)\"", page)
        assert loaded == [], path
        assert "attr_dict" not in page, path


def test_every_finding_of_lint_has_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    examples = importlib.import_module("lint_examples").EXAMPLES
    assert sorted(examples) == [rule.code for rule in RULES]
    assert all(one.line or one.todo for one in examples.values())


def test_a_stale_output_is_noticed_and_can_be_brought_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    page.write_text(
        "Text\n\n.. code-block:: console\n\n   $ echo one; echo two\n   one\n   three\n"
        "   $ echo \\\n   > four\n   ...\n\nMore\n"
    )
    first, second = commands(page.read_text())
    assert not first.fits(run(first.text, tmp_path))
    assert second.fits(run(second.text, tmp_path))
    support = Path(__file__).parents[1] / "support"
    done = subprocess.run(
        [sys.executable, support / "docs_console.py", str(page)],
        env={**os.environ, "PYTHONPATH": str(support)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "1 outputs brought up to date" in done.stdout
    assert page.read_text() == (
        "Text\n\n.. code-block:: console\n\n   $ echo one; echo two\n   one\n   two\n"
        "   $ echo \\\n   > four\n   ...\n\nMore\n"
    )


def is_revision(name: str) -> bool:
    """Whether the model has a tree of that name; a file of options is none."""
    with contextlib.suppress(UnknownRevision):
        return bool(find(name))
    return name.endswith((".log", ".txt"))


def words() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in PAGES)


def test_every_command_revision_and_profile_is_somewhere_in_the_documentation() -> None:
    text = words()
    for name in COMMANDS:
        assert f"qemu-model {name}" in text, name
    named = set(re.findall(r"--(?:revision|from|to) ([\w./-]+?)[\s`,;:]", text))
    unknown = [name for name in named if not name.isupper() and not is_revision(name)]
    # "matrix --revision all", and the release that the page on extending the model invents.
    assert sorted(unknown) == ["all", "qemu-99.0"]
    hosts = set(re.findall(r"sim:([a-z0-9.-]*[a-z0-9])", text)) - {"profile"}
    own = {name for name in hosts if name.endswith(".json")}
    assert hosts - own <= set(profiles.names())
