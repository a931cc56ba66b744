"""Without ``--revision`` the judge tries all trees and says which conform."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from recordings import SETS, Recording, recordings
from small_logs import log_of
from test_judge_trial import EXIT, OPTIONS, RAM, started

from qemu_model.judge import find_tree as module
from qemu_model.judge.find_tree import Found, find_tree
from qemu_model.revision import REVISIONS, find

#: One recording of so many is tried: each is judged with all trees.
EVERY = 7


def found_in(*lines: str, **options: Any) -> Found:
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        return find_tree(log, **options)


def found_for(run: Recording) -> Found:
    with log_of(run.log) as log:
        options = [*run.machine, *run.args] if run.only_path else None
        return find_tree(log, options=options, qmp=run.qmp)


@pytest.mark.parametrize("name", SETS)
def test_each_recording_conforms_to_the_tree_it_is_of(name: str) -> None:
    tree = find(name.removesuffix("-dax")).name
    wrong = []
    for run in recordings(name)[::EVERY]:
        found = found_for(run)
        how = {one.revision: one.verdict for one in found.tried}
        if not run.cut and how and tree not in found.conforming:
            wrong.append((run.name, found.verdict.revision, how.get(tree)))
    assert [one for one in wrong if one[2] != "inconclusive"] == []


def test_the_newest_of_the_trees_that_conform_is_named() -> None:
    found = found_in(started(*OPTIONS), *RAM, EXIT)
    assert found.verdict.verdict == "conforms"
    assert found.verdict.revision in found.conforming
    assert len(found.conforming) >= 5
    assert len(found.tried) == len(set(REVISIONS.values()))


def test_a_log_that_no_tree_allows_diverges_by_the_nearest() -> None:
    altered = [line.replace("MADV_DONTFORK", "MADV_DOFORK") for line in RAM]
    found = found_in(started(*OPTIONS), *altered, EXIT)
    assert (found.verdict.verdict, found.conforming) == ("diverges", ())
    assert found.verdict.diverged == min(one.diverged for one in found.tried)
    assert found.verdict.divergences[0].line == 7


def test_sync_on_the_line_means_the_series() -> None:
    file = "memory-backend-file,id=m0,mem-path=/a,size=4M,share=on,sync=off"
    lines = [
        started("-M", "none", "-object", file),
        '1 openat(AT_FDCWD, "/a", O_RDWR) = -1 EACCES (Permission denied)',
        "1 exit_group(1) = ?",
    ]
    found = found_in(*lines)
    assert found.verdict.verdict == "conforms"
    assert found.verdict.revision.casefold() == "v8"
    assert found.why == "the line has sync="


def test_a_machine_with_a_version_leaves_out_older_releases() -> None:
    found = found_in(started("-M", "pc-i440fx-7.2", "-S"), EXIT)
    assert found.verdict.revision == find("qemu-7.2").name
    assert found.why == "the machine is pc-i440fx-7.2"
    assert "base" not in {one.revision for one in found.tried}


def test_a_long_log_is_judged_until_a_tree_conforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG", 10)
    found = found_in(started("-M", "none", "-S"), EXIT)
    assert (len(found.tried), found.verdict.verdict) == (1, "conforms")


def test_a_long_log_that_no_tree_allows_is_judged_as_a_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [started(*OPTIONS), *RAM[:-1], EXIT.replace("exit_group(0)", "exit_group(1)")]
    short = found_in(*lines)
    monkeypatch.setattr(module, "LONG", 10)
    assert found_in(*lines).to_json() == short.to_json()
    assert short.conforming == ()


def test_without_a_command_line_no_tree_is_tried() -> None:
    found = found_in(*RAM, EXIT)
    assert (found.verdict.verdict, found.tried) == ("inconclusive", ())
