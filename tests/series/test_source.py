"""The mirror's source as one tree has it: it is Python, and it behaves as the mirror does."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from recordings import recordings
from sampling import drawn, others_whole

import qemu_model
from qemu_model.cli import main
from qemu_model.review.source import (
    UnknownModule,
    compare,
    fields_of,
    module_called,
    modules,
    source,
)
from qemu_model.revision import BASE, NEWEST, REVISIONS, V8, Revision
from qemu_model.revisions.folding import fold

PACKAGE = Path(qemu_model.__file__).parent
SCHEMA = json.loads((PACKAGE / "schemas" / "source.schema.json").read_text())
#: Runs each line of a JSON list in a simulated kernel and prints what came of it.
RUNNER = """
import json, sys
from qemu_model.host.profiles import load
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import find
print(json.dumps([
    [done.exit, done.stderr, [event.to_json() for event in done.events]]
    for words in json.load(sys.stdin)
    for done in [run(words, SimulatedHost(load("ext4-dax")), find(sys.argv[1]))]
]))
"""


def outcomes(package: Path, revision: str, lines: list[list[str]]) -> object:
    """Return what the package in a folder does with some lines."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, revision],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=True,
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
    )
    return json.loads(done.stdout)


@functools.cache
def folded(tree: Revision) -> dict[str, str]:
    """Return the mirror as a tree has it: folding takes seconds, so the tests share it."""
    return {name: source(tree, name).text for name in modules()}


def test_series_changes_the_modules_of_the_c_files_whose_behaviour_it_changes() -> None:
    """The letter lists them; in oslib-posix.c only the type of a parameter changes.

    Folding cannot tell the two apart in a module that names no field that differs.
    """
    before, after = fields_of(BASE).groups, fields_of(V8).groups
    pairs = {
        (group, *pair) for group in before for pair in before[group].items() ^ after[group].items()
    }
    fields = re.compile("|".join({rf"\.{field}\b" for _, field, _ in pairs}))
    read = {name for name in modules() if fields.search((PACKAGE / f"{name}.py").read_text())}
    changed = {modules()[name] for name in read if compare(BASE, V8, name).lines}
    assert changed == {
        "backends/hostmem-file.c",
        "backends/hostmem.c",
        modules()["numa"],
        modules()["physmem"],
        "util/mmap-alloc.c",
    }


#: A field that is read, or its value left as an operand; a flag of V7 is no literal.
NOT_FOLDED = re.compile(
    r"\btree\.(?!release\b|policy\b|oslib_posix\.anonymous_shared_flag)\w+|[!=]= (?:True|False)\b"
    r"|\b(?:and|or|not|if) (?:True|False)\b|\b(?:True|False) (?:and|or|if)\b"
)


#: The trees, and of each whether it is folded only where everything is asked for.
TREES = [
    pytest.param(tree, marks=pytest.mark.whole if left_out else (), id=name)
    for (name, tree), left_out in others_whole("folded", list(REVISIONS.items()), 1)
]


@pytest.mark.xdist_group("source")
@pytest.mark.parametrize("tree", TREES)
def test_folded_module_reads_no_field_and_has_no_constant_condition(tree: Revision) -> None:
    texts = folded(tree)
    assert {name: NOT_FOLDED.findall(text) for name, text in texts.items()} == {
        name: [] for name in texts
    }


@pytest.mark.parametrize(("tree", "kept"), [(BASE, False), (NEWEST, True)])
def test_a_function_that_no_branch_of_a_tree_calls_is_left_out(tree: Revision, kept: bool) -> None:
    assert ("_retries_without_map_sync" in source(tree, "mmap_alloc").text) == kept


GUARDED = """
def f(qemu, value):
    match value:
        case 1 if qemu.tree.numa.{0}:
            return "one"
        case number if not qemu.tree.numa.{0}:
            return number
        case _:
            return None
"""


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (BASE, ["case number:", "return number"]),
        (V8, ["case 1:", 'return "one"', "case _:", "return None"]),
    ],
)
def test_case_whose_guard_never_holds_is_left_out(tree: Revision, expected: list[str]) -> None:
    text = fold(GUARDED.format("frees_the_memdev_name"), fields_of(tree))
    compile(text, "guarded", "exec")
    assert [line.strip() for line in text.splitlines()[3:]] == expected


@pytest.mark.xdist_group("source")
@pytest.mark.parametrize("tree", TREES)
def test_package_of_folded_modules_runs_as_the_mirror_does(tree: Revision, tmp_path: Path) -> None:
    package = tmp_path / "qemu_model"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in folded(tree).items():
        (package / f"{name}.py").write_text(text)
    lines = [one.args for one in recordings("v8") if not one.name.startswith("pc-")][::4]
    lines += [one.args for one in recordings("qemu-10.0")][::20]
    lines = drawn("folded", lines, 40)
    assert outcomes(package, tree.name, lines) == outcomes(PACKAGE, tree.name, lines)


def test_module_is_found_by_its_name_its_file_and_its_c_file() -> None:
    assert [module_called(name) for name in ("mmap_alloc", "mmap_alloc.py", "mmap-alloc.c")] == [
        "mmap_alloc"
    ] * 3
    with pytest.raises(UnknownModule, match="no module of the mirror is called 'nope'"):
        module_called("nope")


@pytest.mark.parametrize(
    "words", [["V8", "numa", "--against", "base"], ["V8", "numa"]], ids=["diff", "module"]
)
def test_json_fits_its_schema(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["source", *words, "--json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)


def test_unknown_module_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["source", "V8", "nope"]) == 2
    assert capsys.readouterr().err.startswith(
        "qemu-model source: no module of the mirror is called 'nope'; there are "
    )
