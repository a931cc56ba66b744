"""What a real kernel with real DAX answers, and the simulated kernel beside it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

import pytest
from guests import Storage

from qemu_model.guest.inside.map_sync_table import MAPPINGS, SIZE, answers
from qemu_model.host import linux, profiles
from qemu_model.host.simulated import SimulatedHost

#: What Linux 6.1 was measured to answer, before this project: SHARED_VALIDATE+SYNC,
#: SHARED+SYNC, PRIVATE+SYNC, SHARED_VALIDATE, SHARED.  The two of 9p that were not
#: written down then are those this guest gave.
MEASURED: Final = MappingProxyType(
    {
        "ext4-dax": "ok,sf ok,sf ok,sf ok ok",
        "ext4-dax-attribute": "ok,sf ok,sf ok,sf ok ok",
        "ext4": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok",
        "xfs-dax": "ok,sf ok,sf ok,sf ok ok",
        "xfs": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok",
        "virtio-pmem": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok",
        "device-dax": "ok,sf ok,sf EINVAL ok ok",
        "tmpfs": "EOPNOTSUPP ok,sf ok,sf ok ok",
        "hugetlbfs": "EOPNOTSUPP ok,sf ok,sf ok ok",
        "9p": "EOPNOTSUPP EINVAL ok,sf EINVAL EINVAL",
        "anonymous": "EINVAL ok,sf ok,sf EINVAL ok",
        "zero": "EOPNOTSUPP ok,sf ok,sf ok ok",
    }
)
#: The simulated machine that stands for each place, and the file on it if not its own.
PROFILES: Final = MappingProxyType(
    {
        "ext4-dax": ("ext4-dax", None),
        "ext4-dax-attribute": ("ext4-dax", None),
        "ext4": ("ext4", None),
        "xfs-dax": ("xfs-dax", None),
        "xfs": ("xfs", None),
        "virtio-pmem": ("virtio-pmem", None),
        "device-dax": ("device-dax", None),
        "tmpfs": ("tmpfs", None),
        "hugetlbfs": ("hugetlbfs", None),
        "9p": ("9p", None),
        "anonymous": ("default", ""),
        "zero": ("default", "/dev/zero"),
    }
)

Row = dict[str, dict[str, object]]


def in_words(row: Row) -> str:
    """Return one row of the table, a word for each kind of mapping."""
    return " ".join(f"{one['result']}{',sf' if one['sf'] else ''}" for one in row.values())


@pytest.fixture(scope="module")
def table(storage: Storage) -> dict[str, Row]:
    """Ask the guest's kernel, and keep the table."""
    places = [f"{name}={path}" for name, path in storage.places.items()]
    program = "qemu_model.guest.inside.map_sync_table"
    asked = storage.guest.python(["-m", program, *places])
    found: dict[str, Row] = json.loads(asked.stdout)
    return found


@pytest.mark.parametrize("place", MEASURED)
def test_this_kernel_answers_as_measured_before(place: str, table: dict[str, Row]) -> None:
    assert in_words(table[place]) == MEASURED[place]


def simulated_row(place: str) -> Row:
    """Ask the simulated kernel what :mod:`map_sync_table` asks a real one."""
    name, path = PROFILES[place]
    profile = profiles.load(name)
    host = SimulatedHost(profile)
    if path == "":
        return answers(host, -1, linux.MAP_ANONYMOUS)
    path = path or profile.mem_path
    device = path.startswith("/dev/")
    fd = host.open(path, linux.O_RDWR | (0 if device else linux.O_CREAT), None if device else 0o644)
    assert fd >= 0, f"the simulated kernel cannot open {path}: {fd}"
    if not device:
        assert host.ftruncate(fd, SIZE) == 0
    return answers(host, fd, 0)


@pytest.mark.parametrize("place", PROFILES)
def test_the_simulated_kernel_answers_as_this_one(place: str, table: dict[str, Row]) -> None:
    assert simulated_row(place) == table[place]


def test_every_place_and_every_kind_of_mapping_is_asked(table: dict[str, Row]) -> None:
    assert {place: set(row) for place, row in table.items()} == {
        place: set(MAPPINGS) for place in MEASURED
    }


def files(storage: Storage) -> set[str]:
    """Return what lies in the places that have a path, but for how the guest is told what to do."""
    places = [path for path in storage.places.values() if path]
    line = ["find", *places, "-path", "*/jobs/*", "-prune", "-o", "-printf", "%y %p\n"]
    return set(storage.guest.run(line).stdout.splitlines())


@pytest.fixture(scope="module")
def before(storage: Storage) -> set[str]:
    """Return what lay there before any path was judged."""
    return files(storage)


@pytest.fixture(scope="module")
def judged(storage: Storage, before: set[str]) -> dict[str, dict[str, Any]]:
    """Ask ``check --path`` in the guest about every place that has a path."""
    line = (
        "import sys; from qemu_model.inspect.machine import main_path; "
        "sys.exit(any([main_path(path, True) for path in sys.argv[1:]]))"
    )
    asked = {place: storage.places[place] for place in PLACES_JUDGED}
    said = storage.guest.python(["-c", line, *asked.values()]).stdout
    decoder, answers = json.JSONDecoder(), []
    while said.strip():
        answer, end = decoder.raw_decode(said)
        answers.append(answer)
        said = said[end:].lstrip()
    return dict(zip(asked, answers, strict=True))


#: DAX or not, MAP_SYNC or not, as the mounts were made.
PLACES_JUDGED: Final = MappingProxyType(
    {
        "ext4-dax": ("ext4", True, True),
        "ext4-dax-attribute": ("ext4", True, True),
        "ext4": ("ext4", False, False),
        "xfs-dax": ("xfs", True, True),
        "xfs": ("xfs", False, False),
        "virtio-pmem": ("ext4", True, False),
        "device-dax": ("devtmpfs", True, True),
        "tmpfs": ("tmpfs", False, False),
        "hugetlbfs": ("hugetlbfs", False, False),
        "9p": ("9p", False, False),
    }
)


@pytest.mark.parametrize("place", PLACES_JUDGED)
def test_a_path_is_judged_as_it_was_mounted(place: str, judged: dict[str, dict[str, Any]]) -> None:
    found = judged[place]
    assert (found["file_system"], found["dax"], found["map_sync"]) == PLACES_JUDGED[place]


def test_judging_a_path_leaves_nothing_behind(
    storage: Storage, before: set[str], judged: dict[str, dict[str, Any]]
) -> None:
    assert judged
    assert files(storage) == before
