"""``qemu-model check TRACE``: what it prints, writes and answers."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import needs_program
from log_mutations import altered, judged_lines, rearranged
from recordings import Recording, recording

import qemu_model
from qemu_model.cli import main

SCHEMA = json.loads(
    (Path(qemu_model.__file__).parent / "schemas" / "check.schema.json").read_text()
)
REPORTS = Path(__file__).parents[1] / "data" / "verdicts"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(run: Recording, log: bytes | None = None) -> list[str]:
    """Write a trace and the commands here; return the words that judge it."""
    Path("trace").write_bytes(run.log if log is None else log)
    Path("qmp").write_text(json.dumps(run.qmp))
    return ["check", "--revision", run.revision, "--qmp", "qmp", "trace"]


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main([*words, "--json"])
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, SCHEMA)
    return status, shown


def broken(run: Recording, what: str) -> tuple[bytes, int]:
    """Return the recording with the first thing broken that is called ``what``."""
    lines = judged_lines(run)[1]
    for generate in (altered, rearranged):
        for found in generate(run.lines, lines):
            if found.what == what:
                return found.log, found.line
    raise AssertionError(f"nothing in {run.name} can be broken like this: {what}")


def test_debians_own_python_judges_as_this_one(place: Path) -> None:
    """Its regular expressions are older than those of a later Python 3.11."""
    python = needs_program("/usr/bin/python3")
    run = recording("v8", "path-new")
    words = [python, "-m", "qemu_model", *put(run)]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("conforms")


def test_a_good_trace_conforms_with_status_0(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording("v8", "path-new")
    status, shown = answer(put(run), capsys)
    assert (status, shown["verdict"], shown["divergence"]) == (0, "conforms", None)
    assert shown["matched"] + shown["ignored"] == sum(b"(" in line for line in run.lines)


def test_a_broken_trace_diverges_with_status_1(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was seen, what alone was allowed, and where that comes from."""
    run = recording("v8", "path-new")
    log, line = broken(run, "private for shared")
    status, shown = answer(put(run, log), capsys)
    divergence = shown["divergence"]
    assert (status, shown["verdict"], divergence["line"]) == (1, "diverges", line)
    assert divergence["observed"]["args"]["flags"] == ["MAP_FIXED", "MAP_PRIVATE"]
    assert [event["args"]["flags"] for event in divergence["allowed"]] == [
        ["MAP_FIXED", "MAP_SHARED"]
    ]
    assert divergence["by"] == "util/mmap-alloc.c:qemu_ram_mmap"
    assert shown["divergences"][0] == divergence


def test_a_trace_that_was_cut_is_inconclusive_with_status_3(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording("v8", "path-new")
    log = run.log[: run.log.index(b"exit_group") - 7]
    status, shown = answer(put(run, log), capsys)
    assert (status, shown["verdict"]) == (3, "inconclusive")
    assert shown["reason"] == "the log is cut short: it does not show how QEMU ended"


def test_qemus_options_can_be_given(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recording("v8", "fault-ext4-mmap1-EACCES")
    words = put(run)
    assert answer(words, capsys)[0] == 3
    assert main([*words, "--json", "--", *run.machine, *run.args]) == 0
    assert json.loads(capsys.readouterr().out)["matched"] == 6


def test_a_trace_comes_from_a_pipe_too(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recording("v8", "ramsize-2M")
    words = put(run)
    reading, writing = os.pipe()
    os.write(writing, run.log)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        assert answer([*words[:-1], "-"], capsys)[1]["verdict"] == "conforms"


def test_an_annotated_copy_has_every_line_and_a_remark_under_the_judged_ones(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording("v8", "path-new")
    log, line = broken(run, "other advice")
    assert main([*put(run, log), "--annotate", "noted"]) == 1
    noted = Path("noted").read_bytes().splitlines()
    assert [text for text in noted if not text.startswith(b"    # ")] == log.splitlines()
    remarks = [text for text in noted if text.startswith(b"    # ")]
    assert sum(b"matches the model" in remark for remark in remarks) > 8
    under = noted[noted.index(log.splitlines()[line - 1]) + 1]
    assert under.startswith(b"    # diverges: allowed only madvise(")
    assert os.listdir(".").count("noted") == 1
    assert sorted(os.listdir(".")) == ["noted", "qmp", "trace"]


def test_the_ignored_calls_can_be_listed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recording("v8", "ramsize-2M")
    _, shown = answer([*put(run), "--list-ignored"], capsys)
    assert len(shown["ignored_calls"]) == shown["ignored"]
    assert not any("mbind" in call["text"] for call in shown["ignored_calls"])
    assert main([*put(run), "--list-ignored"]) == 0
    assert "/dev/urandom" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check"], "give one TRACE (and QEMU's options after --)"),
        (["check", "a", "b"], "give one TRACE (and QEMU's options after --)"),
        (["check", "nothing"], "cannot read nothing: No such file or directory"),
        (["check", "."], "cannot read .: Is a directory"),
        (["check", "trace", "-M", "none"], "QEMU's options come after --: ... -- -M ..."),
        (["check", "--frevision", "x"], "there is no option --frevision"),
        (["check", "--revision", "v99", "trace"], "no revision is called 'v99'"),
        (["check", "--qmp", "nothing", "trace"], "cannot read the QMP file nothing"),
        (["check", "--annotate", "trace", "trace"], "trace is the trace itself"),
        (["check", "--annotate", "no/where", "trace"], "cannot write no/where"),
        (
            ["check", "--path", "/", "--pid", "1"],
            "give one of TRACE, --follow, --path, --pid and --smaps",
        ),
    ],
)
def test_a_wrong_word_is_one_line_and_status_2(
    words: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording("v8", "ramsize-2M")
    put(run)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert Path("trace").read_bytes() == run.log


def test_what_a_trace_says_is_not_obeyed_by_the_terminal(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording("v8", "path-new")
    log, _ = broken(run, "other advice")
    log = log.replace(b"MADV_NOHUGEPAGE", b"\x1b[31m\xff\x07")
    assert main([*put(run, log), "--list-ignored"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b[31m" not in shown
    assert "\\x1b[31m" in shown


#: Broken logs whose reports are kept: the set, the recording, and what is broken in it.
STORED = [
    ("v8", "path-new", "missing"),
    ("v8", "path-new", "twice"),
    ("v8", "path-new", "swapped"),
    ("v8", "path-new", "another mode"),
    ("v8", "path-new", "private for shared"),
    ("v8", "path-directory-huge", "a larger size"),
    ("v8", "ramsize-1.5M", "a flag more"),
    ("v8", "ramsize-1.5M", "a higher address"),
    ("v8", "numa-bind-0", "other nodes"),
    ("v8", "memfd-hugetlb-off", "a seal less"),
    ("v8-dax", "matrix-ext4dax-share_on-pmem_on-sync_on", "without MAP_SYNC"),
    ("v7.2-dax", "ext4dax-prealloc", "other advice"),
]


@pytest.mark.parametrize(("recorded", "name", "what"), STORED)
def test_a_report_is_the_stored_one(
    recorded: str, name: str, what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run with QEMU_MODEL_STORE=1 to store what is printed, and read the difference."""
    run = recording(recorded, name)
    what = {"a flag more": "a mapping with a flag more"}.get(what, what)
    main(put(run, broken(run, what)[0]))
    printed = capsys.readouterr().out
    stored = REPORTS / f"{name}--{re.sub('[^a-zA-Z]+', '-', what)}.txt"
    if os.environ.get("QEMU_MODEL_STORE") == "1":
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(printed)
    assert stored.read_text() == printed


def test_every_stored_report_belongs_to_a_test() -> None:
    assert len(list(REPORTS.glob("*.txt"))) == len(STORED)


def test_help_says_how_to_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "strace -f -yy -s 4096" in shown
    assert all(option in shown for option in ("--qmp", "--annotate", "--list-ignored", "--pid"))


def test_nothing_on_the_terminal_moves_unless_it_is_one(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recording("v8", "ramsize-2M")
    put(run)
    with Path("trace").open("ab") as trace:
        trace.write(b'1 getrandom("%s", 4000, 0) = 4000\n' % (b"z" * 4000) * 5000)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert main(["check", "trace"]) == 0
    import sys

    assert isinstance(sys.stderr, io.StringIO)
    assert sys.stderr.getvalue() == ""
