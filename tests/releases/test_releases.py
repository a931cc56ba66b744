"""What each release changed, and which release each difference of a line came with."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from recordings import RELEASES as RECORDED_RELEASES
from recordings import SETS

import qemu_model
from qemu_model.cli import main
from qemu_model.host.profiles import load
from qemu_model.host.simulated import SimulatedHost
from qemu_model.review.diff import difference
from qemu_model.review.releases import NotARelease, between, changes
from qemu_model.review.upgrade import steps, verdict
from qemu_model.revision import BASE, NEWEST, RELEASES, REVISIONS, V8, find

SCHEMAS = Path(qemu_model.__file__).parent / "schemas"
#: What 4.1's documentation and every later recording say: both options imply MAP_SYNC.  With
#: pmem=on 4.0 and 4.1 want a file that exists, such as a device.
PERSISTENT = [
    "-object",
    "memory-backend-file,id=a,size=4M,mem-path=/dev/dax0.0,align=2M,share=on,pmem=on",
]


def test_every_release_is_there_once_and_in_order() -> None:
    numbers = (
        "3.1 4.0 4.1 4.2 5.0 5.1 5.2 6.0 6.1 6.2 7.0 7.1 7.2 8.0 8.1 8.2 9.0 9.1 9.2 "
        "10.0 10.1 10.2 11.0 11.1"
    )
    assert [tree.name for tree in RELEASES] == [f"qemu-{number}" for number in numbers.split()]


def held_against() -> set[str]:
    """Return the trees that the tests hold recordings of real QEMUs against."""
    sets = (*SETS, *RECORDED_RELEASES)
    named = {name.removesuffix("-dax").replace("v7.2", "qemu-7.2").lower() for name in sets}
    # A patch before the last is the tree of base or of V8 in each run that the tests make.
    return named | {f"v8/{patch}" for patch in range(1, 5)}


def test_a_tree_is_measured_exactly_where_recordings_are_held_against_it() -> None:
    said = {tree.name for tree in REVISIONS.values() if tree.evidence == "measured"}
    assert said == held_against()


def test_map_sync_came_with_4_1() -> None:
    """4.1's changelog names it; spec of the series: upstream since 4.1."""
    found = [
        change.since for change in changes(RELEASES[0], NEWEST) if change.name.endswith("map_sync")
    ]
    assert found[0] == "qemu-4.1"
    first, last = find("qemu-4.0"), find("qemu-5.2")

    def make() -> SimulatedHost:
        return SimulatedHost(load("device-dax"))

    came = steps(PERSISTENT, first, last, make)
    assert "qemu-4.1" in [step.release for step in came]
    whole = difference(PERSISTENT, (first, make), (last, make))
    assert verdict(whole, came).startswith("starts in both; changed by qemu-4.1")


def test_line_that_a_release_refuses_is_tied_to_that_release() -> None:
    """reserve= came with 6.1: QEMU's own changelog of 6.1."""
    line = ["-object", "memory-backend-ram,id=a,size=4M,reserve=off"]

    def make() -> SimulatedHost:
        return SimulatedHost(load("default"))

    first, last = find("qemu-5.2"), find("qemu-7.2")
    came = steps(line, first, last, make)
    told = verdict(difference(line, (first, make), (last, make)), came)
    assert told.startswith("refused in qemu-5.2: ")
    assert told.endswith("; from qemu-6.1 on it starts")


def test_trees_that_are_no_releases_or_in_the_wrong_order_are_named() -> None:
    with pytest.raises(NotARelease, match="base is not a release"):
        between(BASE, V8)
    with pytest.raises(NotARelease, match=r"qemu-7\.2 came after qemu-5\.2"):
        between(find("qemu-7.2"), find("qemu-5.2"))


@pytest.mark.parametrize("words", [[], ["3.1"], ["qemu-7.2", "11.1"]], ids=["all", "one", "two"])
def test_json_of_releases_fits_its_schema(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["releases", *words, "--json"]) == 0
    schema = json.loads((SCHEMAS / "releases.schema.json").read_text())
    jsonschema.validate(json.loads(capsys.readouterr().out), schema)


def test_json_of_diff_between_releases_has_the_verdict_and_fits_its_schema(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        main(
            [
                "diff",
                "--from",
                "qemu-4.0",
                "--to",
                "qemu-4.1",
                "--host",
                "sim:device-dax",
                "--json",
                *PERSISTENT,
            ]
        )
        == 0
    )
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, json.loads((SCHEMAS / "diff.schema.json").read_text()))
    assert [step["release"] for step in shown["steps"]] == ["qemu-4.1"]
