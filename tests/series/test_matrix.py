"""The option matrix: against the letter, recorded QEMUs, this kernel, and a program in C."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import needs_program
from recordings import Recording, recordings
from sampling import drawn

import qemu_model
from qemu_model.cli import main
from qemu_model.host import profiles
from qemu_model.review.hosts import simulated
from qemu_model.review.matrix import Row, cases, matrix
from qemu_model.review.vectors import document, vectors_text
from qemu_model.revision import RELEASES, REVISIONS, V8
from qemu_model.revisions.release import release_text

SCHEMAS = Path(qemu_model.__file__).parent / "schemas"
#: Where a case was recorded, and the profile of that place.
PLACES = {
    "ext4": "ext4",
    "tmpfs": "tmpfs",
    "huge": "hugetlbfs",
    "ext4dax": "ext4-dax",
    "xfsdax": "xfs-dax",
    "ext4nodax": "ext4",
}
CASE = re.compile(r"matrix-(\w+)-share_(\w+)-pmem_(\w+)-sync_(\w+)")
#: A mapping of the file over its reservation, as strace writes it.
TRY = re.compile(
    rb"mmap\(0x[0-9a-f]+, \d+, PROT_READ\|PROT_WRITE, ([A-Z_|]*MAP_FIXED[A-Z_|]*), "
    rb"\d+<[^>]*>, 0\) += (?:0x[0-9a-f]+|-1 (\w+))"
)
LETTER = (Path(__file__).parents[1] / "data" / "letter" / "cover-letter-v8.txt").read_text()


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return matrix(V8, [simulated(name) for name in profiles.names()])


def recorded_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{name}-{case.name}")
        for name in ("v8", "v8-dax")
        for case in recordings(name)
        if CASE.fullmatch(case.name)
    ]


@pytest.mark.parametrize("case", recorded_cases())
def test_a_cell_is_what_a_recorded_qemu_did(case: Recording, rows: list[Row]) -> None:
    named = CASE.fullmatch(case.name)
    assert named is not None
    place, share, pmem, sync = named.groups()
    tried = [
        (sorted(flags.decode().split("|")), errno.decode() or None)
        for flags, errno in TRY.findall(case.log)
    ]
    assert tried, "the recording holds no mapping of the file"
    (row,) = [
        row
        for row in rows
        if (row.host, row.share, row.pmem, row.sync) == (PLACES[place], share, pmem, sync)
    ]
    shown = row.to_json()
    assert list(zip(shown["attempts"], shown["errnos"], strict=True)) == tried  # type: ignore[call-overload]  # JSON values
    assert (shown["exit"], shown["stderr"]) == (case.exit, case.stderr)


def test_map_sync_is_asked_for_exactly_where_the_letter_says(rows: list[Row]) -> None:
    assert re.search(
        r"'share=off' or 'pmem=off', QEMU will not pass this flag", " ".join(LETTER.split())
    )
    assert "off: (default) never pass MAP_SYNC" in LETTER
    without_libpmem = {"no-libpmem", "s390x"}
    for row in rows:
        all_on = (row.share, row.pmem, row.sync) == ("on", "on", "on")
        possible = row.host not in {"not-linux", *without_libpmem}
        assert row.requested == (all_on and possible), row


def test_map_sync_holds_exactly_on_what_the_kernel_was_seen_to_grant_it_on(rows: list[Row]) -> None:
    granting = {"ext4-dax", "xfs-dax", "device-dax", "aarch64", "ppc64"}
    assert {row.host for row in rows if row.in_force} == granting
    assert all(row.requested for row in rows if row.in_force)


def test_unset_is_off(rows: list[Row]) -> None:
    by_setting = {(row.host, row.share, row.pmem, row.sync): row for row in rows}
    for (host, *setting), row in by_setting.items():
        off = tuple("off" if value == "unset" else value for value in setting)
        assert row.outcome() == by_setting[(host, *off)].outcome()  # type: ignore[index]  # a tuple of four


def test_the_cases_say_the_same_as_all_cells(rows: list[Row]) -> None:
    for host in profiles.names():
        own = [row for row in rows if row.host == host]
        said = {
            (share, pmem, sync): case.row.outcome()
            for case in cases(own)
            for share in case.share
            for pmem in case.pmem
            for sync in case.sync
        }
        assert said == {(row.share, row.pmem, row.sync): row.outcome() for row in own}


# V2: what dropping MAP_SHARED_VALIDATE does


@pytest.mark.parametrize(
    ("host", "errno", "in_force"),
    [
        ("ext4-dax", None, True),
        ("ext4", "EOPNOTSUPP", False),
        ("tmpfs", None, False),
        ("hugetlbfs", None, False),
        ("linux-4.14-ext4-dax", None, False),
        ("9p", "EINVAL", False),
    ],
)
def test_v2_without_validate_is_ignored_refused_or_granted(
    host: str, errno: str | None, in_force: bool
) -> None:
    rows = matrix(REVISIONS["v2"], [simulated(host)])
    (row,) = [row for row in rows if (row.share, row.pmem, row.sync) == ("on", "on", "on")]
    shown = row.to_json()
    assert shown["attempts"] == [["MAP_FIXED", "MAP_SHARED", "MAP_SYNC"]]
    assert (shown["errnos"], shown["in_force"]) == ([errno], in_force)
    assert shown["exit"] == (0 if errno is None else 1), "V2 has no second try"


# What programs read


@pytest.mark.parametrize("revision", sorted(REVISIONS))
def test_the_json_is_as_the_schema_says(revision: str, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = "sim:ext4-dax,sim:tmpfs,sim:not-linux"
    assert main(["matrix", "--revision", revision, "--host", hosts, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, schema("matrix"))
    assert {row["revision_meaning"] for row in shown} == {REVISIONS[revision].meaning}
    told = {sentence for row in shown for sentence in row["inferred"]}
    assert told <= set(REVISIONS[revision].inferred)
    after_a_refusal = "after a refusal, whatever its errno, QEMU silently maps without MAP_SYNC"
    if revision == "v8":
        refused = [any(errno is not None for errno in row["errnos"]) for row in shown]
        assert [after_a_refusal in row["inferred"] for row in shown] == refused


def test_csv_and_markdown_have_the_cells_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["matrix", "--host", "sim:ext4", "--format"]
    main([*line, "json"])
    cells = json.loads(capsys.readouterr().out)
    main([*line, "csv"])
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    main([*line, "markdown"])
    marked = [
        [cell.strip() for cell in text.replace("\\|", "/").strip("|\n").split("|")]
        for text in capsys.readouterr().out.splitlines()
        if text.startswith("| ")
    ][1:]
    settings = [(cell["share"], cell["pmem"], cell["sync"]) for cell in cells]
    assert len(cells) == 27
    assert [(row["share"], row["pmem"], row["sync"]) for row in table] == settings
    assert [tuple(row[:3]) for row in marked if row[0] != "---"] == settings
    assert [row["flags"].split("|") for row in table] == [cell["flags"] for cell in cells]


def test_the_table_fits_a_pipe_and_says_what_is_inferred(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for revision in drawn("pipe", list(REVISIONS), 9):
        main(["matrix", "--revision", revision])
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        assert f"{revision} = {REVISIONS[revision].meaning}" in " ".join(shown.split())
        assert ("[I]" in shown) == (revision in ("v2", "v6", "v7", "v8"))


def test_a_host_or_format_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--host", "ext4"], ["--host", "sim:nothing"], ["--format", "jsn"], ["-m", "1"]):
        assert main(["matrix", *words]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_on_this_kernel_nothing_is_left_and_map_sync_is_asked_for_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["matrix", "--host", "live", "--format", "json"]) == 0
    cells = json.loads(capsys.readouterr().out)
    assert [(cell["share"], cell["pmem"], cell["sync"]) for cell in cells if cell["requested"]] == [
        ("on", "on", "on")
    ]
    assert list(tmp_path.iterdir()) == []


# The vectors


def test_the_vectors_are_as_their_schema_says() -> None:
    for revision in REVISIONS.values():
        rows = matrix(revision, [simulated("ext4-dax"), simulated("tmpfs")])
        jsonschema.validate(json.loads(vectors_text(revision, rows)), schema("vectors"))


def test_the_vectors_text_is_the_document(rows: list[Row]) -> None:
    assert json.loads(vectors_text(V8, rows)) == document(V8, rows)


#: A test in C: reads a vector from each line and holds it against the letter's rule.
C_TEST = r"""
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

int main(void)
{
    static char line[65536];
    int read = 0, wrong = 0;

    while (fgets(line, sizeof(line), stdin)) {
        int share, pmem, sync, tries, flags;
        char *at = strstr(line, "\"share\": ");

        if (!at || sscanf(at, "\"share\": %d, \"pmem\": %d, \"sync\": %d, \"tries\": %d, "
                          "\"flags\": [%d", &share, &pmem, &sync, &tries, &flags) != 5) {
            continue;
        }
        read++;
        int expected = share == 1 ? MAP_SHARED : MAP_PRIVATE;
        if (share == 1 && pmem == 1 && sync == 1) {
            expected = 0x03 | MAP_SYNC;
        }
        if (flags != expected) {
            wrong++;
            printf("%d %d %d: %#x, expected %#x\n", share, pmem, sync, flags, expected);
        }
    }
    printf("%d read, %d wrong\n", read, wrong);
    return wrong != 0;
}
"""


def run_c_test(directory: Path, text: str) -> subprocess.CompletedProcess[str]:
    compiler = needs_program("cc")
    (directory / "vectors.c").write_text(C_TEST)
    program = directory / "vectors"
    subprocess.run([compiler, "-o", str(program), str(directory / "vectors.c")], check=True)
    return subprocess.run([str(program)], input=text, capture_output=True, text=True, check=False)


def test_a_program_in_c_reads_the_vectors_without_a_library(tmp_path: Path) -> None:
    rows = matrix(V8, [simulated("ext4-dax"), simulated("tmpfs"), simulated("linux-4.14-ext4")])
    assert run_c_test(tmp_path, vectors_text(V8, rows)).stdout == "81 read, 0 wrong\n"
    v2 = REVISIONS["v2"]
    broken = run_c_test(tmp_path, vectors_text(v2, matrix(v2, [simulated("tmpfs")])))
    assert broken.returncode == 1, "V2 is not what the letter of V8 says"


def test_the_matrix_of_all_trees_has_every_cell_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    """``--revision all`` is the trees one after the other; JSON is as the schema says."""
    words = ["matrix", "--json", "--host", "sim:ext4-dax", "--revision"]
    assert main([*words, "all"]) == 0
    all_cells = json.loads(capsys.readouterr().out)
    each = []
    for tree in REVISIONS.values():
        assert main([*words, tree.name]) == 0
        each += json.loads(capsys.readouterr().out)
    assert all_cells == each
    jsonschema.validate(all_cells, schema("matrix"))


def test_releases_that_agree_in_every_cell_share_a_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On DAX: share=on and pmem=on mean MAP_SYNC since 4.1, and 4.0 and 4.1 want the file."""
    words = ["matrix", "--revision", "releases", "--host", "sim:ext4-dax"]
    assert main(words) == 0
    printed = " ".join(capsys.readouterr().out.split("\n"))
    heads = re.findall(r"((?:qemu-[\d.]+ = [^;()]*\(\w+\)[; ]*)+)", printed)
    groups = [re.findall(r"qemu-([\d.]+) =", head) for head in heads]
    assert groups[0] == ["3.1"]
    assert groups[1] == ["4.0", "4.1"]
    assert [name for group in groups for name in group] == [
        release_text(tree.release) for tree in RELEASES
    ]


def test_vectors_are_of_one_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "--format", "vectors", "--revision", "qemu-4.0,qemu-4.1"]) == 2
    assert "takes one tree" in capsys.readouterr().err
