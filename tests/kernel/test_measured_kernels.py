"""The kernels that were measured, and the simulated ones beside them.

The expected side is what the kernels of four Debian releases answered in a guest.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qemu_model.host
from qemu_model.cli import main
from qemu_model.host.linux import MADV_POPULATE_WRITE, MAP_ANONYMOUS, MAP_PRIVATE
from qemu_model.host.measured import COLUMNS, answer_text, kernels, measured_on
from qemu_model.host.profiles import build
from qemu_model.host.simulated import SimulatedHost

FILE_SYSTEMS: Any = json.loads(
    (Path(qemu_model.host.__file__).parent / "profile_data" / "file_systems.json").read_text()
)
KERNELS = list(kernels().items())


def test_the_kernels_of_the_releases_are_there() -> None:
    versions = [table["release"].split(".")[:2] for _, table in KERNELS]
    assert versions == [["5", "10"], ["6", "1"], ["6", "12"], ["7", "3"]]


@pytest.mark.parametrize(("suite", "table"), KERNELS, ids=[suite for suite, _ in KERNELS])
def test_every_measured_answer_is_the_simulated_kernels(suite: str, table: Any) -> None:
    same = {"ext4-dax-attribute": "ext4-dax"}
    for place, told in table["map_sync"].items():
        row = FILE_SYSTEMS[same.get(place, place)]["mmap"]
        simulated = {column: row[name]["answer"] for name, column in COLUMNS.items()}
        assert simulated == {column: answer_text(told[column]) for column in simulated}, place


def test_a_profile_names_the_kernels_that_it_was_measured_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["profile", "show", "ext4-dax"])
    shown = " ".join(capsys.readouterr().out.split())
    names = ", ".join(measured_on("ext4-dax", FILE_SYSTEMS["ext4-dax"]["mmap"]))
    assert names.startswith("5.10.0")
    assert f"measured on Linux {names}" in shown


def simulated(version: str) -> SimulatedHost:
    document = {"name": "k", "title": "k", "kernel": {"version": version}, "nodes": [0]}
    return SimulatedHost(build({**document, "evidence": {"kernel": "guest"}}))


@pytest.mark.parametrize(("suite", "table"), KERNELS, ids=[suite for suite, _ in KERNELS])
def test_populating_and_binding_anonymous_memory_is_as_measured(suite: str, table: Any) -> None:
    from qemu_model.guest.inside.kernel_table import BINDINGS, COUNTED, STRICT_MOVE, result

    host = simulated(".".join(table["release"].split(".")[:2]))
    flags = MAP_PRIVATE | MAP_ANONYMOUS
    address = host.mmap(0, COUNTED, 3, flags, -1, 0)
    told = table["memory"]["anonymous"]["private"]["MADV_POPULATE_WRITE"]
    assert result(host.madvise(address, COUNTED, MADV_POPULATE_WRITE)) == told
    for name, (mode, nodes) in BINDINGS.items():
        highest = 0 if nodes is None else max(nodes) + 1
        answer = host.mbind(address, COUNTED, mode, nodes, highest + 1, STRICT_MOVE)
        assert result(answer) == table["mbind"][name], name
