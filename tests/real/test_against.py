"""``conform --against``: two real QEMUs over the same cases."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from conftest import needs_program

import qemu_model
from qemu_model.cli import conform as command
from qemu_model.cli.options import UsageError
from qemu_model.conform.against import Comparison, Difference, groups
from qemu_model.revision import QEMU_7_2, V8, find
from qemu_model.revisions.neighbours import releases_between

SCHEMA = json.loads(
    (Path(qemu_model.__file__).parent / "schemas" / "conform-against.schema.json").read_text()
)


@pytest.fixture
def qemu() -> str:
    needs_program("strace")
    return needs_program("qemu-system-x86_64")


@pytest.fixture
def patched(qemu: str, tmp_path: Path) -> str:
    """Return a QEMU that leaves every block out of core dumps."""
    wrapper = tmp_path / "qemu-patched"
    wrapper.write_text(f'#!/bin/sh\nexec {qemu} "$@" -machine dump-guest-core=off\n')
    wrapper.chmod(0o755)
    return str(wrapper)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = command.main([*words, "--json", "-j", "2"])
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, SCHEMA)
    return status, shown


def test_one_binary_twice_gives_no_difference(
    qemu: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QEMU_MODEL_SEED", "against")
    status, shown = run(capsys, "--qemu", qemu, "--against", qemu, "--sample", "40")
    assert (status, shown["different"], shown["known"]) == (0, [], [])
    assert shown["same"] + len(shown["not_run"]) == 40
    long = run(capsys, "--qemu", qemu, "--against", qemu, "--filter", "name that is too long")
    assert (long[0], long[1]["same"]) == (0, 1)


def test_a_call_that_one_binary_makes_more_is_found_and_reported_once(
    qemu: str,
    patched: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    junit, kept = tmp_path / "against.xml", tmp_path / "kept"
    monkeypatch.chdir(tmp_path)
    relative = f"./{Path(patched).name}"
    words = ["--qemu", relative, "--against", qemu, "--filter", "size/ram: a page"]
    words += ["--junit", str(junit)]
    status, shown = run(capsys, *words, "--resume", str(kept))
    assert status == 1
    kinds = [one for one in shown["kinds"] if "MADV_DONTDUMP" in one["kind"]]
    assert len(kinds) == 1
    assert kinds[0]["example"] == {
        "part": "calls",
        "qemu": "madvise(block 0, 4096, MADV_DONTDUMP) = 0",
        "against": "",
    }
    suite = ElementTree.parse(junit).getroot()
    assert suite.get("failures") == str(len(shown["different"]))
    again = run(capsys, *words, "--resume", str(kept))
    assert again == (status, shown), "nothing is run twice"
    with pytest.raises(UsageError, match=r"has the results of another run"):
        command.main(["--qemu", qemu, "--against", qemu, "--resume", str(kept)])


def test_a_resumed_sample_is_the_one_that_was_drawn(
    qemu: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    words = ["--qemu", qemu, "--against", qemu, "--sample", "3", "--resume", str(kept)]
    first = run(capsys, *words)
    head, sample, *results = kept.read_text().splitlines()
    kept.write_text("\n".join([head, sample, *results[:1], ""]))
    assert run(capsys, *words) == first
    assert len(kept.read_text().splitlines()) == 5


def test_own_lines_are_compared_in_place_of_the_cases(
    qemu: str, patched: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"-M none -object memory-backend-file,id=m0,size=4M,mem-path={tmp_path}/m.img"
    script = tmp_path / "start.sh"
    script.write_text(f"#!/bin/sh\nqemu-system-x86_64 {line},share=on\n")
    given = ["--line", line, "--from", str(script)]
    status, shown = run(capsys, "--qemu", patched, "--against", qemu, *given)
    assert (status, shown["cases"], len(shown["different"])) == (1, 2, 2)
    assert not (tmp_path / "m.img").exists(), "a file that a line makes is removed"


def test_shards_share_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*words: str) -> list[str]:
        assert command.main(["--list", "--filter", "align/", *words]) == 0
        return capsys.readouterr().out.split("\n")[:-1]

    parts = [listed("--shard", f"{part}/3") for part in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == sorted(listed())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--shard", "0/3"], "--shard takes K/N, as 1/4 or 4/4, not '0/3'"),
        (["--shard", "4/3"], "--shard takes K/N, as 1/4 or 4/4, not '4/3'"),
        (["--line", "-M none"], "--line and --from need --against OTHER"),
        (["--against", "q", "--revision", "v8"], "--revision is for the comparison with the model"),
        (["--against", "q", "--line", "-M 'none"], "--line: No closing quotation"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(words: list[str], text: str) -> None:
    with pytest.raises(UsageError) as refused:
        command.main(["--qemu", "q", *words])
    assert str(refused.value).startswith(text)


def test_a_call_broken_by_straces_injection_is_found(
    qemu: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--qemu", qemu, "--against", qemu, "--filter", "size/ram: a page"]
    status, shown = run(capsys, *words, "--inject", "madvise:error=ENOSYS:when=2")
    assert (status, [kind["example"] for kind in shown["kinds"]]) == (
        1,
        [
            {
                "part": "calls",
                "qemu": "madvise(block 0, 4096, MADV_MERGEABLE) = -1 ENOSYS"
                " (Function not implemented)",
                "against": "madvise(block 0, 4096, MADV_MERGEABLE) = 0",
            }
        ],
    )


def test_a_qemu_that_cannot_be_run_or_traced_is_skipped_by_git_bisect(
    qemu: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--qemu", "/nonexistent/qemu", "--against", "true"]) == 125
    assert "no program '/nonexistent/qemu' to run" in capsys.readouterr().err
    wrapper = tmp_path / "traces-itself"
    wrapper.write_text(f'#!/bin/sh\nexec strace -f -o /dev/null {qemu} "$@"\n')
    wrapper.chmod(0o755)
    assert command.main(["--qemu", str(wrapper), "--against", qemu, "--sample", "1"]) == 125
    assert "in a wrapper use --inject in place of strace" in capsys.readouterr().err


def test_like_differences_are_one_kind() -> None:
    def comparison(name: str, size: int, release: str = "") -> Comparison:
        said = f"qemu: -object memory-backend-ram,id=b{size},size={size}: size {size} of 'b{size}'"
        differences = (
            Difference("exit status", "exit 1", "exit 0"),
            Difference("stderr", said, ""),
        )
        return Comparison(name, "known" if release else "different", differences, release)

    found = groups([comparison("a", 1), comparison("b", 2), comparison("c", 3, "qemu-9.1")])
    assert [(one.kind, one.release, one.cases) for one in found] == [
        ("stderr: nothing -> qemu: ...: size N of '...'", "", ("a", "b")),
        ("stderr: nothing -> qemu: ...: size N of '...'", "qemu-9.1", ("c",)),
    ]


def test_between_two_trees_lie_the_releases_in_their_order() -> None:
    names = [tree.name for tree in releases_between(find("qemu-8.2"), QEMU_7_2)]
    assert names == ["qemu-7.2", "qemu-8.0", "qemu-8.1", "qemu-8.2"]
    assert releases_between(V8, V8) == []
