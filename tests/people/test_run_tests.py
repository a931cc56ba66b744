"""``./run-tests``: what it promises before it sets anything up, and how it sums up."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import gate_environment
import pytest
import run_tests
from gate_report import Report

CHECKOUT = Path(__file__).parents[2]


def called(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "run-tests"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_lists_every_part_with_its_budget() -> None:
    done = called("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[-len(run_tests.PARTS) :]] == [
        part.name for part in run_tests.PARTS
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lnit"], "there is no part 'lnit'; the parts are lint, quick, "),
        (["lint", "--hole"], "there is no option '--hole'; "),
        (["--rest", "soon"], "--rest takes a number of minutes, not 'soon'"),
    ],
)
def test_a_mistake_of_use_is_one_line_before_anything_is_set_up(
    words: list[str], said: str
) -> None:
    done = called(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"run-tests: {said}")
    assert done.stderr.count("\n") == 1


def test_every_folder_of_tests_belongs_to_exactly_one_part() -> None:
    folders = {path.parent for path in CHECKOUT.glob("tests/**/test_*.py")}
    asked = [name for part in run_tests.PARTS for name in part.tests]
    assert {str(folder.relative_to(CHECKOUT / "tests")) for folder in folders} <= set(asked)
    assert len(asked) == len(set(asked))


def test_the_budgets_of_the_gate_are_about_twenty_minutes() -> None:
    assert sum(part.budget for part in run_tests.PARTS) <= 21 * 60


def finished(part: run_tests.Part, report: Report, status: int = 0) -> run_tests.Outcome:
    return run_tests.Outcome(part, whole=False, status=status, report=report)


@pytest.mark.parametrize(
    ("report", "status", "expected"),
    [
        (Report(passed=3), 0, "all parts passed, nothing was skipped"),
        (
            Report(passed=3, skipped=Counter({"this needs root": 2})),
            0,
            "what ran passed; what is listed above was not verified",
        ),
        (Report(passed=3, failed=["t.py::test"]), 1, "FAILED"),
    ],
)
def test_all_parts_passed_is_said_only_where_nothing_was_skipped(
    report: Report, status: int, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = [part for part in run_tests.PARTS if part.in_gate]
    run = run_tests.Run(gate_environment.Environment(), "0", float("inf"))
    run.outcomes = [finished(gate[0], report, status)]
    assert run_tests.summary(run, gate, []) == status
    said = capsys.readouterr().out.splitlines()
    assert ("2 not verified" in said[3]) == bool(report.skipped)
    assert said[-2] == expected
    assert said[-1] == f"3 passed, {len(report.failed)} failed, {report.skipped.total()} skipped"


def test_a_part_cut_by_the_deadline_fails_only_if_a_test_failed() -> None:
    part = run_tests.PARTS[1]
    cut = run_tests.Outcome(part, whole=True, status=1, cut=True, report=Report(passed=5))
    assert not cut.failed
    cut.report.failed.append("t.py::test")
    assert cut.failed


def test_each_commit_begins_the_rest_with_another_part() -> None:
    parts = run_tests.PARTS
    first = {run_tests.rotated(parts, f"{number:08x}")[0].name for number in range(len(parts))}
    assert first == {part.name for part in parts}
