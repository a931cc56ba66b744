"""The crash: what is left of 64 pages, by the mapping they were written through."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import faulthandler
import json
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jsonschema
import pytest
from conftest import Figure
from guests import needs_guest
from sampling import WHOLE, drawn

import qemu_model
from qemu_model.guest.crash import MODEL_WRITERS, QEMU_WRITERS, demonstrate, qemu_writers

#: What is safe after a crash: the letter's promise for the model (MAP_SYNC needs all three
#: options), upstream's rule for a QEMU that has no sync (pmem=on and share=on imply it).
PAGES_LEFT: Final = MappingProxyType(
    {
        ("model", "share=on,pmem=on,sync=on"): (True, 64),
        ("model", "share=on,pmem=on,sync=off"): (False, 0),
        ("model", "share=on,pmem=off,sync=on"): (False, 0),
        ("model", "share=off,pmem=on,sync=on"): (False, 0),
        ("QEMU", "share=on,pmem=on"): (True, 64),
        ("QEMU", "share=on,pmem=off"): (False, 0),
    }
)


#: In the gate one of these runs: the same writer with and without MAP_SYNC.
PAIRS: Final = (MODEL_WRITERS[:2], QEMU_WRITERS)


@pytest.fixture(scope="module")
def demonstration() -> dict[str, Any]:
    """Run the demonstration: whole as a user would, or one pair of writers on ext4."""
    needs_guest()
    if not WHOLE:
        faulthandler.cancel_dump_traceback_later()
        (pair,) = drawn("crash", PAIRS, 1)
        writers = pair if pair is PAIRS[0] else qemu_writers("qemu-system-x86_64")
        return demonstrate(writers, ("ext4",)).to_json()
    # Six crashes take longer than pytest grants before it shows where a test hangs;
    # the time limit here is the demonstration's own.
    faulthandler.cancel_dump_traceback_later()
    done = subprocess.run(
        [sys.executable, "-m", "qemu_model", "crash-demo", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    schema = Path(qemu_model.__file__).parent / "schemas" / "crash-demo.schema.json"
    jsonschema.validate(answer, json.loads(schema.read_text()))
    return answer


@pytest.mark.parametrize("file_system", ["ext4", pytest.param("xfs", marks=pytest.mark.whole)])
def test_exactly_what_was_written_with_map_sync_survives(
    file_system: str, demonstration: dict[str, Any], figure: Figure
) -> None:
    found = {
        (one["writer"].partition(" ")[0].strip(","), one["options"]): (
            one["sf"],
            one["pages_found"],
        )
        for one in demonstration["outcomes"]
        if one["file_system"] == file_system
    }
    expected = {key: left for key, left in PAGES_LEFT.items() if WHOLE or key in found}
    assert found == expected
    assert len(found) == (len(PAGES_LEFT) if WHOLE else 2)
    figure(len(found), f"crashes of a machine on {file_system}")


def test_the_file_itself_was_safe_each_time(demonstration: dict[str, Any]) -> None:
    # It was made and synced before it was mapped: only what mmap did is in question.
    assert {one["file_exists"] for one in demonstration["outcomes"]} == {True}
    assert {one["pages_written"] for one in demonstration["outcomes"]} == {64}


def test_each_kind_of_mapping_had_a_boot_of_its_own(demonstration: dict[str, Any]) -> None:
    boots = demonstration["boots"] - demonstration["boots_failed"]
    crashes = len({(one["writer"], one["options"]) for one in demonstration["outcomes"]})
    assert boots == crashes + 1
