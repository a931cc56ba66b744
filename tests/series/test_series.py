"""The series as its cover letter gives it, and each patch as one can see it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import qemu_model
from qemu_model.cli import main
from qemu_model.review import map_types, series
from qemu_model.review.postings import postings
from qemu_model.revision import POLICIES, REVISIONS

SCHEMA = Path(qemu_model.__file__).parent / "schemas" / "series.schema.json"
LETTER = (Path(__file__).parents[1] / "data" / "letter" / "cover-letter-v8.txt").read_text()
NUMBERS = ("1", "2", "3", "4", "5")


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["series", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def shown_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(shown(capsys, *words, "--json"))


def letter_figures() -> dict[str, tuple[int, int]]:
    """Return the letter's count of lines for each file."""
    return {
        path: (bar.count("+"), bar.count("-"))
        for path, bar in re.findall(r"^ (\S+) +\| +\d+ ([+-]+)$", LETTER, re.M)
    }


# The letter


def test_sender_date_and_figures_are_the_letters(capsys: pytest.CaptureFixture[str]) -> None:
    listed = shown_json(capsys, "list")
    assert f"Subject: [Qemu-devel] {listed['subject']}" in LETTER
    assert f"From: {listed['sender']}" in LETTER
    assert f"Date: {listed['date']}" in LETTER
    total = listed["total"]
    assert (
        f"12 files changed, {total['insertions']} insertions(+), {total['deletions']} deletions(-)"
        in LETTER
    )
    figures = {file["path"]: (file["insertions"], file["deletions"]) for file in listed["files"]}
    assert figures == letter_figures()


def test_the_subjects_are_the_letters_in_its_order() -> None:
    subjects = re.search(r"Zhang Yi \(5\):\n((?:  .*\n)+)", LETTER)
    assert subjects is not None
    assert [patch.subject for patch in series.PATCHES] == [
        line.strip() for line in subjects.group(1).splitlines()
    ]


def test_figures_of_a_patch_are_known_for_1_and_4_and_nothing_is_estimated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listed = shown_json(capsys, "list")
    assert {patch["patch"]: patch["figures"] for patch in listed["patches"]} == {
        1: {"insertions": 1, "deletions": 0},
        2: None,
        3: None,
        4: {"insertions": 9, "deletions": 5},
        5: None,
    }
    for number in "235":
        assert "Lines in all: not known" in shown(capsys, "show", number)


def test_what_became_of_each_patch(capsys: pytest.CaptureFixture[str]) -> None:
    listed = shown_json(capsys, "list")
    fates = {
        patch["patch"]: (patch["upstream"]["what"].partition(":")[0], patch["upstream"]["year"])
        for patch in listed["patches"]
    }
    assert fates == {
        1: ("merged as it was", 2019),
        2: ("replaced", 2021),
        3: ("replaced", 2019),
        4: ("merged as it was", 2019),
        5: ("replaced", 2019),
    }


# One patch


@pytest.mark.parametrize(
    ("number", "changed"),
    [
        ("1", [{"leaks"}]),
        ("2", [set(), {"calls", "mappings"}]),
        ("3", [{"calls"}]),
        ("4", [{"messages"}]),
        ("5", [{"calls", "messages", "mappings"}]),
    ],
)
def test_each_patch_is_seen_in_a_run_before_and_after_it(
    number: str, changed: list[set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    patch = shown_json(capsys, "show", number)
    assert [
        {part for part, differs in one["changed"].items() if differs}
        for one in patch["demonstrations"]
    ] == changed


def test_the_leak_of_patch_1_is_one_string(capsys: pytest.CaptureFixture[str]) -> None:
    (seen,) = shown_json(capsys, "show", "1")["demonstrations"]
    assert seen["leaks"] == [{"same": False, "from": "1 string", "to": None}]
    assert seen["from"]["stderr"] == seen["to"]["stderr"]
    assert "is used multiple times" in seen["to"]["stderr"][-1]


def test_the_wrong_constant_of_v7_makes_shared_memory_private(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, seen = shown_json(capsys, "show", "2")["demonstrations"]
    (call,) = [pair for pair in seen["calls"] if not pair["same"]]
    assert call["from"]["args"]["flags"] == ["MAP_ANONYMOUS", "MAP_FIXED", "MAP_PRIVATE"]
    assert call["to"]["args"]["flags"] == ["MAP_ANONYMOUS", "MAP_FIXED", "MAP_SHARED"]
    (line,) = {tuple(one["args"]) for one in [seen]}
    assert "share=on" in line[1]


def test_show_3_alone_tells_a_reader_of_the_letter_why_validate_is_needed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = " ".join(shown(capsys, "show", "3").split())
    why = text[text.index("Why MAP_SHARED_VALIDATE.") : text.index("file lines")]
    # Which problem there is without it, what it does, what follows from that, what old
    # kernels do, and that all this can be seen.
    for answer in (
        "mmap(2) has never refused a flag that it does not know: it ignores it",
        "can succeed and promise nothing, and QEMU cannot tell",
        "mmap fails if the kernel or the file cannot do what a flag asks",
        "it maps again without MAP_SYNC",
        "a kernel before 4.15",
        "tmpfs ignored: no error refused: EOPNOTSUPP",
        "DAX, Linux 4.14 ignored: no error refused: EINVAL",
        "ext4 with DAX granted, and holds granted, and holds",
    ):
        assert answer in why
    # No word that the reader has not met: each name in capitals is in the letter, or is
    # an errno that stands beside the word "refused".
    names = set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", why))
    met = {name for name in names if name in LETTER}
    explained = {"EOPNOTSUPP", "EINVAL"}
    assert names - met - explained == set()
    assert "MAP_SHARED_VALIDATE, as new as MAP_SYNC, is MAP_SHARED with a check" in why
    for errno in explained & names:
        assert f"refused: {errno}" in why
    # The letter's own sentence about it, and its history, agree.
    assert "MAP_SYNC will be ignored" in LETTER
    assert "MAP_SHARED_VALIDATE is missed" in LETTER
    assert "V3 brought it back" in why


def test_the_table_of_show_3_is_what_kernels_were_seen_to_do() -> None:
    # Linux 6.1 and 6.18; before 4.15 the type 3 is unknown and the bit is ignored.
    assert {answer.host: (answer.without, answer.validated) for answer in map_types.answers()} == {
        "ext4-dax": ("granted", "granted"),
        "ext4": ("EOPNOTSUPP", "EOPNOTSUPP"),
        "tmpfs": ("ignored", "EOPNOTSUPP"),
        "linux-4.14-ext4-dax": ("ignored", "EINVAL"),
    }


# The postings around V8


def test_what_the_letter_says_of_the_postings_is_in_the_table() -> None:
    rules = {posting.revision.name: posting for posting in postings()}
    assert 'limited the "sync" flag only on a nvdimm backend.(pmem=on)' in LETTER
    assert "pmem=on" not in rules["v6"].needs
    assert "pmem=on" in rules["v7"].needs
    assert "we remove the on/off/auto define of sync" in LETTER
    assert rules["v7"].option == "on, off, auto (default)"
    assert rules["v8"].option == "on, off (default)"
    assert "the retry mechanism in qemu_ram_mmap()" in LETTER
    assert rules["v2"].refused == "QEMU stops with an error"
    assert "add MAP_SHARED_VALIDATE in both sync=on and sync=auto" in LETTER
    assert rules["v2"].flags == "MAP_SHARED|MAP_SYNC"
    assert rules["v6"].flags == "MAP_SHARED_VALIDATE|MAP_SYNC"


def test_what_is_inferred_is_marked_and_the_rest_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(capsys, "list").split())
    for name in POLICIES:
        for sentence in REVISIONS[name].inferred:
            assert sentence in text
        assert (f"{name} [I]" in text) == bool(REVISIONS[name].inferred)
    for name in ("base", "v8/1", "v8/2", "v1", "v10", "qemu-4.1"):
        assert REVISIONS[name].inferred == ()


# The way from V1 to QEMU 6.1


@pytest.mark.parametrize("words", [("list",), ("show", "2"), ("show", "3"), ("show", "5")])
def test_it_is_said_first_that_the_option_was_never_merged(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    first = " ".join(shown(capsys, *words).split())[:160]
    assert "Posted in January 2019, never merged" in first


# What programs and people get


@pytest.mark.parametrize("words", [("list",), *(("show", number) for number in NUMBERS)])
def test_the_json_is_as_the_schema_says(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    jsonschema.validate(shown_json(capsys, *words), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("words", [("list",), *(("show", number) for number in NUMBERS)])
def test_in_a_pipe_it_is_plain_and_prose_and_tables_take_80_columns(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, *words)
    assert "\x1b" not in text
    calls = re.compile(r"^[\w./ ]*[| ] *(\w+\(|\{|qemu:)|^  (-|then)|^Functions")
    wide = [line for line in text.splitlines() if len(line) > 80 and not calls.match(line)]
    assert wide == []


def test_what_is_asked_wrongly_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show"], ["show", "6"], ["impct"], ["list", "x"], ["list", "--format", "xml"]):
        assert main(["series", *words]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)
