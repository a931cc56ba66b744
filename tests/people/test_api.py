"""``import qemu_model`` offers what the commands do, typed, and the reference lists it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from recordings import recording

import qemu_model
from qemu_model.calls.report import run_to_json
from qemu_model.cli import main
from qemu_model.host import profiles
from qemu_model.host.profiles import ProfileError
from qemu_model.host.simulated import SimulatedHost
from qemu_model.inspect.machine import CannotJudge
from qemu_model.process import Run
from qemu_model.revision import NEWEST, REVISIONS, UnknownRevision, find

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "python.rst"
OBJECT = "memory-backend-file,id=m0,size=4M,mem-path=/mnt/a,share=on,pmem=on,sync=on"
LINE = f"-object {OBJECT}"


def said(*words: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what a command answers in JSON."""
    main(list(words))
    return json.loads(capsys.readouterr().out)


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("tree", ["v8", "base", "v7.2"])
@pytest.mark.parametrize("on", ["sim:ext4-dax", "sim:tmpfs", "sim:container"])
def test_a_function_answers_as_its_command(
    tree: str, on: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--revision", tree, "--host", on]
    line = ["-object", OBJECT.replace(",sync=on", "")]
    done = qemu_model.run(line, host=on, revision=tree)
    host = SimulatedHost(profiles.load(on.removeprefix("sim:")))
    answer = {**run_to_json(done, host), "revision_because": "as asked"}
    assert said("run", "--json", *given, *line, capsys=capsys) == as_json(answer)
    explained = qemu_model.explain(line, host=on, revision=tree)
    assert said("explain", "--json", *given, *line, capsys=capsys) == as_json(explained.to_json())
    rows = [row.to_json() for row in qemu_model.matrix(tree, [on])]
    assert said("matrix", "--format", "json", *given, capsys=capsys) == as_json(rows)
    differing = qemu_model.diff(line, "base", tree, host=on)
    words = ["diff", "--json", "--from", "base", "--to", tree, "--host", on, *line]
    assert said(*words, capsys=capsys) == as_json(differing.to_json())


def test_a_message_is_explained_as_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = "cannot bind memory to host NUMA nodes: Operation not permitted"
    assert said("why", "--json", text, capsys=capsys) == as_json(qemu_model.why(text).to_json())


def test_a_trace_is_judged_as_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = recording("v8", "path-new")
    trace = tmp_path / "trace"
    trace.write_bytes(one.log)
    for tree in ("v8", "v7.2"):
        verdict = qemu_model.check(trace, tree)
        shown = said("check", "--json", "--revision", tree, str(trace), capsys=capsys)
        assert shown == as_json(verdict.to_json())
    options = ["-M", "none", *one.args]
    assert qemu_model.check(trace, "v8", line=options, qmp=one.qmp).verdict == "conforms"


def test_a_path_is_judged_as_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = qemu_model.check_path(str(tmp_path))
    shown = said("check", "--json", "--path", str(tmp_path), capsys=capsys)
    assert shown["file_system"] == as_json(found.to_json())["file_system"]
    with pytest.raises(CannotJudge):
        qemu_model.check_pid(1 << 30)


def test_revisions_and_hosts_are_given_by_name_or_as_they_are() -> None:
    host = SimulatedHost(profiles.load("ext4"))
    assert qemu_model.run(LINE, host, find("v8")).events == qemu_model.run(LINE, "sim:ext4").events
    with pytest.raises(UnknownRevision):
        qemu_model.run(LINE, "sim:ext4", "v9")
    with pytest.raises(ProfileError):
        qemu_model.run(LINE, "sim:nothing")
    with pytest.raises(ValueError, match="no host is called 'ext4'"):
        qemu_model.run(LINE, "ext4")
    with pytest.raises(AttributeError, match="no attribute 'runs'"):
        qemu_model.runs  # type: ignore[attr-defined] # noqa: B018 - what the attribute raises


def test_what_is_public_is_in_the_reference_and_there() -> None:
    text = REFERENCE.read_text()
    listed = set(re.findall(r"^\.\. auto(?:function|class):: qemu_model\.(\w+)$", text, re.M))
    assert listed == set(qemu_model.__all__) - {"__version__"}
    assert dir(qemu_model) == sorted(qemu_model.__all__)
    for name in qemu_model.__all__:
        assert getattr(qemu_model, name)
    names: dict[str, list[str]] = {}
    for path in re.findall(r"^\.\. auto(?:class|exception)?(?:function)?:: (\S+)$", text, re.M):
        module, _, name = path.rpartition(".")
        names.setdefault(module, []).append(name)
    for module, wanted in names.items():
        found = subprocess.run(
            [sys.executable, "-c", f"from {module} import {', '.join(wanted)}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.stderr == "", module


def test_a_run_tells_what_became_of_map_sync_and_prints_as_strace_does() -> None:
    done: Run = qemu_model.run(LINE, host="sim:ext4-dax")
    assert done.map_sync.outcome == "granted"
    assert str(done.events[1]) == 'open("/mnt/a", O_RDWR|O_CREAT|O_EXCL, 0644) = 3'
    assert str(done).splitlines()[:2] == [
        "v8 on sim:ext4-dax: exit 0",
        '  open("/mnt/a", O_RDWR) = -1 ENOENT',
    ]


def test_every_result_prints_in_a_few_lines_of_text() -> None:
    trace = recording("v8", "path-new").log
    shown = {
        "MAP_SYNC was granted": qemu_model.run(f"-object {OBJECT}", "sim:ext4-dax").map_sync,
        "V8, the whole series": qemu_model.explain(f"-object {OBJECT}", "sim:tmpfs"),
        "warning QM101: ": qemu_model.lint("-m 1G -object memory-backend-ram,id=a,size=1G"),
        "calls: ": qemu_model.diff(f"-object {OBJECT}", "V8/4", "V8", "sim:ext4-dax"),
        "mem-path property not set": qemu_model.why("mem-path property not set"),
        "conforms: v8, ": qemu_model.check(trace_of(trace), "V8"),
        "qemu-11.1: QEMU 11.1": REVISIONS["qemu-11.1"],
    }
    for begins, result in shown.items():
        assert str(result).startswith(begins), str(result)
        assert len(str(result)) < 4000
        assert repr(result)


def trace_of(log: bytes) -> Path:
    path = Path(tempfile.mkdtemp()) / "trace"
    path.write_bytes(log)
    return path


def test_a_qemu_binary_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*words, "--qemu-binary", "/nowhere/qemu"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--qemu-binary /nowhere/qemu: no program '/nowhere/qemu' to run" in done.stdout
    assert "error" not in done.stdout.lower()


def test_the_line_chooses_the_revision_where_none_is_given() -> None:
    assert qemu_model.run(LINE, "sim:ext4").revision.name == "v8"
    assert qemu_model.explain(LINE.replace(",sync=on", "")).revision == NEWEST
    assert [tree.name for tree in qemu_model.revisions()] == list(REVISIONS)
    assert list(qemu_model.profiles()) == list(profiles.names())
    unused = "-m 1G -object memory-backend-ram,id=r,size=1G"
    assert [one.object for one in qemu_model.lint(unused).findings] == ["r"]


def test_importing_costs_nothing_that_is_not_used() -> None:
    code = "import qemu_model, sys; print([name for name in sys.modules if 'qemu_model.' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PROGRAM = """
import qemu_model
from qemu_model.process import Run

done: Run = qemu_model.run("-object memory-backend-ram,id=m0,size=4M", "sim:ext4")
calls: list[str] = [event.call for event in done.events]
asked: bool = qemu_model.explain(["-M", "none"], "sim:ext4").requested
known: bool = qemu_model.why("mem-path property not set").known
flags: list[str] = qemu_model.matrix("v8", ["sim:ext4"])[0].flags
same: bool = qemu_model.diff("-M none").changed()["calls"]
verdict: str = qemu_model.check("trace").verdict
wrong: int = qemu_model.run("-M none", "sim:ext4").machine
"""


def test_a_users_program_is_checked_by_mypy(tmp_path: Path) -> None:
    """The last line of the program is wrong, and nothing else."""
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "program.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "Found 1 error in 1 file (checked 1 source file)"
    assert lines[0].startswith(f"program.py:{len(PROGRAM.splitlines())}: error: Incompatible types")


def test_a_function_keeps_its_name_when_the_subpackage_of_that_name_is_imported() -> None:
    for name in ("conform.driver", "explain.explanation", "revisions.series"):
        importlib.import_module(f"qemu_model.{name}")
    for function in (qemu_model.conform, qemu_model.explain, qemu_model.revisions):
        assert inspect.isfunction(function)
