"""Which tree answers: names, and what a line says.  The expected side is the interface's text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json

import pytest

import qemu_model
from qemu_model.cli import main
from qemu_model.findings.tree_choice import tree_for
from qemu_model.input import from_words
from qemu_model.revision import NEWEST, REVISIONS, Revision, UnknownRevision, find
from qemu_model.revisions.default import choose

SYNC = "memory-backend-file,id=m,size=4M,mem-path=/x,sync=on"
JSON = '{"qom-type":"memory-backend-ram","id":"m","size":4194304}'


@pytest.mark.parametrize(
    ("line", "name", "because"),
    [
        (["-object", SYNC], "v8", "since the line says sync="),
        (["-M", "pc-q35-8.2", "-object", SYNC], "v8", "since the line says sync="),
        (["--object", SYNC.replace("sync=on", "nosync")], "v8", "since the line says sync="),
        (["-object", SYNC.replace("sync=on", "sync")], "v8", "since the line says sync="),
        (["-machine", "pc-q35-8.2,usb=off"], "qemu-8.2", "from pc-q35-8.2"),
        (["-M", "usb=off,type=pc-i440fx-10.0"], "qemu-10.0", "from pc-i440fx-10.0"),
        (["-M", "pc-q35-rhel9.4.0"], "qemu-8.2", "from pc-q35-rhel9.4.0"),
        (["-M", "pc-i440fx-jammy-hpb"], "qemu-6.2", "from pc-i440fx-jammy-hpb"),
        (["-machine", "q35"], "qemu-11.1", "the newest"),
        ([], "qemu-11.1", "the newest"),
        (["-object", SYNC.replace("/x,sync=on", "/a,,sync=on")], "qemu-11.1", "the newest"),
        (["-object", "secret,id=s,sync=on"], "qemu-11.1", "the newest"),
        (["-machine", "pc-q35-12.4"], "qemu-11.1", "the newest here, for pc-q35-12.4"),
        (["-machine", "pc-i440fx-2.1"], "qemu-3.1", "the oldest here, for pc-i440fx-2.1"),
    ],
)
def test_a_line_names_its_tree(line: list[str], name: str, because: str) -> None:
    choice = choose(line)
    assert (choice.revision.name, choice.because) == (name, because)
    assert choose([*line, "-S"], asked="base").revision.name == "base"


def test_a_line_that_its_machine_s_release_refuses_is_for_a_newer_one() -> None:
    line = from_words(["-machine", "pc-q35-4.0", "-object", JSON])
    choice = tree_for(line)
    assert choice.revision.release >= (6, 0)
    assert "pc-q35-4.0 alone would be older" in choice.because
    assert tree_for(from_words(["-machine", "pc-q35-4.0", "-m", "64M"])).revision is find(
        "qemu-4.0"
    )


def test_a_version_beside_the_line_counts_more_than_the_machine() -> None:
    line = ["-machine", "pc-q35-8.1"]
    choice = choose(line, release=(8, 2), source='the libvirt log\'s "qemu version"')
    assert choice.sentence == 'QEMU 8.2, from the libvirt log\'s "qemu version" (measured)'
    assert choose([*line, "-object", SYNC], release=(8, 2)).revision.name == "v8"


@pytest.mark.parametrize("tree", list(REVISIONS.values()))
def test_the_first_line_names_tree_reason_and_evidence(tree: Revision) -> None:
    said = choose([], asked=tree).sentence
    assert f"as asked ({tree.evidence})" in said
    assert ("never merged" in said) == tree.hostmem_file.has_sync


def test_each_command_s_first_line_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--host", "sim:ext4", "-machine", "pc-q35-8.2", "-m", "64M"]
    main(["run", *line])
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "QEMU 8.2, from pc-q35-8.2 (measured); host: sim:ext4"
    main(["run", "--json", *line])
    told = json.loads(capsys.readouterr().out)
    assert (told["revision"], told["revision_because"]) == ("qemu-8.2", "from pc-q35-8.2")


def test_python_chooses_as_the_command_does() -> None:
    assert qemu_model.run("-machine pc-q35-8.2 -m 64M", "sim:ext4").revision.name == "qemu-8.2"
    assert qemu_model.run(["-object", SYNC], "sim:ext4").revision.name == "v8"
    assert qemu_model.explain("-M none").revision is NEWEST


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("V8", "v8"),
        ("v8/5", "v8"),
        ("V8/3", "v8/3"),
        ("QEMU-8.2", "qemu-8.2"),
        ("v7.2", "qemu-7.2"),
        ("8.2", "qemu-8.2"),
        ("upstream", "qemu-4.1"),
        ("Base", "base"),
        ("v10", "v10"),
    ],
)
def test_a_name_is_taken_in_each_spelling(name: str, tree: str) -> None:
    assert find(name).name == tree


@pytest.mark.parametrize("number", range(1, 6))
def test_an_ambiguous_name_is_refused_with_both_readings(number: int) -> None:
    with pytest.raises(UnknownRevision) as refused:
        find(f"v8.{number}")
    assert f"qemu-8.{number} or V8/{number}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("v9.1", "did you mean qemu-9.1?"),
        ("10.0.2", "did you mean qemu-10.0?"),
        ("V5", "the rule of V5 is not known well enough to run"),
        ("V8/6", "did you mean V8/"),
        ("nothing", "; there are"),
    ],
)
def test_an_unknown_name_gets_a_hint_and_each_group(name: str, hint: str) -> None:
    with pytest.raises(UnknownRevision) as refused:
        find(name)
    said = str(refused.value)
    assert hint in said
    for group in ("qemu-3.1 to qemu-11.1", "base (", "postings V1, V2", "V8/1 to V8/5"):
        assert group in said
    assert "\n" not in said
