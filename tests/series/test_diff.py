"""Two runs of one line beside each other."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import drawn

import qemu_model
from qemu_model.cli import main
from qemu_model.review.diff import align
from qemu_model.revision import REVISIONS

SCHEMA = Path(qemu_model.__file__).parent / "schemas" / "diff.schema.json"
FILE = "memory-backend-file,id=m0,size=4M,mem-path={path},share=on,pmem=on"
RAM = "memory-backend-ram,id=m0,size=4M"


def diff(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["diff", *words, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, json.loads(SCHEMA.read_text()))
    return shown


def changed(shown: Any) -> set[str]:
    return {part for part, differs in shown["changed"].items() if differs}


def test_a_revision_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for revision in drawn("diff", list(REVISIONS), 9):
        shown = diff(capsys, "--from", revision, "--to", revision, "-object", RAM)
        assert (shown["same"], changed(shown)) == (True, set())


def test_every_revision_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    for name, revision in REVISIONS.items():
        assert main(["diff", "--from", "base", "--to", name, "-object", RAM]) == 0
        assert f"{name} = {revision.meaning}" in capsys.readouterr().out


def test_the_second_try_is_the_call_that_differs(capsys: pytest.CaptureFixture[str]) -> None:
    line = FILE.format(path="/mnt/x.img") + ",sync=on"
    shown = diff(capsys, "--host", "sim:ext4", "--host", "sim:ext4-dax", "-object", line)
    differing = [pair for pair in shown["calls"] if not pair["same"]]
    assert [(pair["from"] or {}).get("errno") for pair in differing] == ["EOPNOTSUPP", None]
    assert differing[1]["to"] is None
    assert changed(shown) == {"calls", "mappings"}


def test_qmp_is_compared_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    commands = tmp_path / "qmp.json"
    setting = {"path": "/objects/m0", "property": "size", "value": 8388608}
    commands.write_text(json.dumps([{"execute": "qom-set", "arguments": setting}]))
    shown = diff(capsys, "--from", "v8/3", "--to", "v8/4", "--qmp", str(commands), "-object", RAM)
    assert changed(shown) == {"messages"}


def test_on_this_kernel_where_it_puts_memory_is_no_difference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for _ in range(3):
        shown = diff(
            capsys, "--host", "live", "--from", "v8/1", "--to", "v8/2", "-object", RAM + ",share=on"
        )
        assert shown["calls"]
        assert changed(shown) == set()


def test_on_this_kernel_nothing_stays_and_an_empty_file_stays_empty(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new, empty = tmp_path / "new.img", tmp_path / "empty.img"
    empty.touch()
    for path in (new, empty):
        line = FILE.format(path=path)
        shown = diff(capsys, "--host", "live", "--from", "base", "--to", "v8", "-object", line)
        assert changed(shown) == set()
    assert not new.exists()
    assert empty.read_bytes() == b""


def test_a_question_does_not_throw_data_away(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = tmp_path / "data.img"
    content = bytes(range(256)) * 16384
    data.write_bytes(content)
    line = FILE.format(path=data) + ",discard-data=on"
    diff(capsys, "--host", "live", "--from", "base", "--to", "v8", "-object", line)
    assert data.read_bytes() == content


def test_the_status_is_that_of_diff_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["-object", RAM + ",share=on", "--exit-code"]
    assert main(["diff", "--from", "v7", "--to", "v8", *line]) == 1
    assert main(["diff", "--from", "base", "--to", "v8", *line]) == 0


def test_what_qemu_refuses_on_the_line_gets_qemus_words_and_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["diff", "--from", "base", "--to", "v8", "-foo"]) == 1
    assert capsys.readouterr().err == "qemu: -foo: invalid option\n"


def test_what_is_asked_wrongly_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    both = ["--from", "base", "--to", "v8"]
    for words in (
        [],
        ["--from", "base"],
        ["--from", "base", "--to", "v9"],
        [*both, "--host", "nowhere"],
        [*both, "--host", "sim:a", "--host", "sim:b", "--host", "sim:c"],
        [*both, "--qmp", "/nonexistent.json"],
    ):
        assert main(["diff", *words]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_side_by_side_nothing_is_lost_and_what_is_the_same_is_the_same(
    before: list[int], after: list[int]
) -> None:
    pairs = list(align(before, after, list))
    assert [pair.before for pair in pairs if pair.before is not None] == before
    assert [pair.after for pair in pairs if pair.after is not None] == after
    assert all((pair.before == pair.after) is pair.same for pair in pairs)
