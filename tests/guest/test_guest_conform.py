"""``conform`` in the guest: Debian's QEMU held against the model where MAP_SYNC is true.

The command is the one that anybody with a DAX mount would run.  The gate runs 20 of the
cases about persistent memory on ext4 DAX, drawn by the commit; ``--whole`` runs all of
them on ext4 DAX and on device DAX, 20 in each other place, and a sample of the cases about
other things in each.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import faulthandler
import json
from types import MappingProxyType
from typing import Any, Final

import pytest
from conftest import Figure
from guests import Storage, packages
from sampling import SEED, WHOLE

from qemu_model.conform.cases import devices, every_case

#: Where cases work: whether it is on DAX, and whether MAP_SYNC is possible there.
PLACES: Final = MappingProxyType(
    {
        "ext4-dax": (True, True),
        "xfs-dax": (True, True),
        "ext4": (False, False),
        "xfs": (False, False),
        "virtio-pmem": (True, False),
        "device-dax": (True, True),
    }
)
#: How many of the cases about persistent memory run in the gate, and of the others in all.
SOME: Final = 20
SAMPLE: Final = 6
#: What all cases of one place may take, in seconds: some 500 of them.
PATIENCE: Final = 5400.0


IN_GATE_OR_WHOLE: Final = [
    place if place == "ext4-dax" else pytest.param(place, marks=pytest.mark.whole)
    for place in PLACES
]
#: Where ``--whole`` runs every case about persistent memory.
ALL_IN: Final = ("ext4-dax", "device-dax")


def conform(storage: Storage, place: str, *words: str) -> dict[str, Any]:
    """Run ``conform`` with the installed QEMU in the guest and return what it answers."""
    return conform_of("qemu-system-x86_64", storage, place, *words)


def conform_of(qemu: str, storage: Storage, place: str, *words: str) -> dict[str, Any]:
    """Run ``conform`` with a QEMU in the guest and return what it answers."""
    # The guest's own Python: whoever has a DAX mount has Debian's.
    line = ["/usr/bin/python3", "-m", "qemu_model", "conform", "--qemu", qemu]
    # All of them take longer than pytest grants before it shows where a test hangs.
    faulthandler.cancel_dump_traceback_later()
    done = storage.guest.run(
        [*line, "-j", "2", "--json", "--path", storage.places[place], *words],
        timeout=PATIENCE,
        env={"PYTHONPATH": packages(), "QEMU_MODEL_SEED": SEED},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def names(place: str) -> set[str]:
    """Return the names of the cases about persistent memory that are for a place."""
    if place == "device-dax":
        return {case.name for case in devices()}
    return {case.name for case in every_case() if case.name.startswith("dax/")}


@pytest.mark.parametrize("place", IN_GATE_OR_WHOLE)
def test_debians_qemu_conforms_on_persistent_memory(
    place: str, storage: Storage, figure: Figure
) -> None:
    """Every case about it: calls, messages, replies, status and files."""
    words = [] if place == "device-dax" else ["--filter", "dax/"]
    whole = WHOLE and place in ALL_IN
    answer = conform(storage, place, *words, *([] if whole else ["--sample", str(SOME)]))
    judged = answer["path"]
    assert (judged["dax"], judged["map_sync"]) == PLACES[place]
    assert (answer["failed"], answer["not_run"]) == ([], [])
    asked = len(names(place))
    assert asked >= 50
    wanted = asked if whole else SOME
    assert answer["cases"] == answer["passed"] + len(answer["known"]) == wanted
    figure(answer["cases"], "cases of a real QEMU on persistent memory")


@pytest.mark.whole
@pytest.mark.parametrize("place", [place for place in PLACES if place != "device-dax"])
def test_debians_qemu_conforms_in_every_other_case(
    place: str, storage: Storage, figure: Figure
) -> None:
    """Sizes, paths, booleans, QMP, machines, faults: a sample of those that keep a file."""
    answer = conform(storage, place, "--sample", str(SAMPLE))
    assert (answer["failed"], answer["not_run"]) == ([], [])
    assert answer["cases"] >= SAMPLE
    figure(answer["cases"], "cases of a real QEMU on DAX and beside it, drawn by the commit")
    left = storage.guest.run(
        ["find", storage.places[place], "-name", "qemu-model-conform-*"]
    ).stdout
    assert left == ""
