"""What is told of MAP_SYNC is what the mapping's flags and the kernel's table imply.

The expected side is the table of kernels that the profiles are made from, read here as data.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import qemu_model.host
from qemu_model.calls.event import Event
from qemu_model.calls.map_sync import map_sync
from qemu_model.explain.explanation import explain
from qemu_model.host import linux, profiles
from qemu_model.process import run
from qemu_model.review.hosts import simulated
from qemu_model.review.matrix import Row, matrix
from qemu_model.revision import REVISIONS

TABLE = json.loads(
    (Path(qemu_model.host.__file__).parent / "profile_data" / "file_systems.json").read_text()
)
ADDRESS = 0x7F00_0000_0000
#: The trees that differ in what they ask of MAP_SYNC.
TREES = [REVISIONS[name] for name in ("base", "v1", "v2", "v6", "v7", "v8", "v10", "qemu-4.1")]


def honours_map_sync(name: str) -> bool:
    """Return whether the profile's kernel gives its file a synchronous mapping."""
    document: Any = profiles.load(name).document
    path = document["mem_path"]
    devices = {file["path"]: file["device"] for file in document["files"] if "device" in file}
    mounts = {mount["path"]: mount["file_system"] for mount in document["mounts"]}
    above = [mount for mount in mounts if path.startswith(f"{mount}/")]
    kind = devices.get(path) or mounts.get(max(above, key=len, default=""))
    row = {**TABLE, **document["file_systems"]}[kind or document["file_system"]]
    since = tuple(map(int, row.get("accepts_sync_since", "4.15").split(".")))
    version = tuple(map(int, document["kernel"]["version"].split(".")[:2]))
    answer = row["mmap"]["MAP_SHARED_VALIDATE|MAP_SYNC"]["answer"]
    return answer == "sf" and version >= since and document["platform"]["system"] == "linux"


def implied(row: Row) -> str:
    """Return what the tries to map imply."""
    answers = []
    for attempt in row.attempts:
        if attempt.flags & linux.MAP_SYNC:
            validated = attempt.flags & linux.MAP_TYPE == linux.MAP_SHARED_VALIDATE
            if attempt.errno is not None:
                answers.append("refused")
            elif validated or honours_map_sync(row.host):
                answers.append("granted")
            else:
                answers.append("ignored")
    return answers[0] if answers else "not asked"


@pytest.mark.sampled(10)
@pytest.mark.parametrize("host", profiles.names())
def test_the_outcome_is_what_flags_and_table_imply_in_every_tree(host: str) -> None:
    for revision in REVISIONS.values():
        for row in matrix(revision, [simulated(host)]):
            told = row.to_json()
            assert told["outcome"] == implied(row), row
            assert told["requested"] == (told["outcome"] != "not asked")
            mapped = row.exit == 0
            assert told["in_force"] == (told["outcome"] == "granted" and mapped), row


@pytest.mark.parametrize("host", profiles.names())
def test_the_sentence_of_a_run_says_the_outcome(host: str) -> None:
    machine = simulated(host)
    for revision in REVISIONS.values():
        for share in ("on", "off"):
            text = f"memory-backend-file,id=m0,size=16M,mem-path={machine.path},share={share}"
            if machine.alignment:
                text += f",align={machine.alignment >> 20}M"
            became = run(["-object", text + ",pmem=on"], machine.make(), revision).map_sync
            words = {"not asked": "not requested"}.get(str(became.outcome), str(became.outcome))
            assert f"MAP_SYNC was {words}" in became.sentence()
            others = {"granted", "refused", "ignored", "not requested"} - {words}
            assert not any(other in became.sentence() for other in others)


def mapping(flags: int, result: int = ADDRESS) -> Event:
    fixed = flags | linux.MAP_FIXED
    return Event("mmap", (ADDRESS, 4096, 3, fixed, 3, 0), result)


VALIDATED = linux.MAP_SHARED_VALIDATE | linux.MAP_SYNC
REFUSED = mapping(VALIDATED, -linux.ERRNO_NUMBERS["EOPNOTSUPP"])
PLAIN = mapping(linux.MAP_SHARED | linux.MAP_SYNC)


@pytest.mark.parametrize(
    ("events", "honoured", "outcome"),
    [
        ([], {}, "not asked"),
        ([mapping(linux.MAP_SHARED)], {}, "not asked"),
        ([mapping(VALIDATED)], {}, "granted"),
        ([PLAIN], {}, None),
        ([PLAIN], {0: True}, "granted"),
        ([PLAIN], {0: False}, "ignored"),
        ([REFUSED], {}, "refused"),
        ([mapping(VALIDATED), REFUSED], {}, "refused"),
        ([mapping(VALIDATED), PLAIN], {}, None),
        ([mapping(VALIDATED), PLAIN], {1: False}, "ignored"),
    ],
)
def test_the_outcome_of_several_mappings_is_the_worst(
    events: list[Event], honoured: dict[int, bool], outcome: str | None
) -> None:
    assert map_sync(events, honoured).outcome == outcome


def test_a_refusal_says_whether_the_block_was_mapped_without() -> None:
    assert map_sync([REFUSED]).sentence() == (
        "MAP_SYNC was refused (EOPNOTSUPP): nothing is mapped"
    )
    both = map_sync([REFUSED, mapping(linux.MAP_SHARED)])
    assert "mapped without it" in both.sentence()
    assert [request.retried for request in both.requests] == [True]


SETTINGS = [
    (share, pmem, sync)
    for share in ("on", "off")
    for pmem in ("on", "off")
    for sync in ("", "on", "off", "auto")
]


@pytest.mark.parametrize("host", ["ext4-dax", "ext4", "tmpfs", "linux-4.14-ext4-dax", "9p"])
def test_no_sentence_of_explain_contradicts_the_run(host: str) -> None:
    path = simulated(host).path
    for revision, (share, pmem, sync) in itertools.product(TREES, SETTINGS):
        if sync and sync not in revision.policy.values:
            continue
        text = f"memory-backend-file,id=m0,size=16M,mem-path={path},share={share},pmem={pmem}"
        text += f",sync={sync}" if sync and revision.hostmem_file.has_sync else ""
        told = explain(["-object", text], revision, f"sim:{host}", persistence=True)
        became, said = told.run.map_sync, told.because
        answer = told.to_json()["map_sync"]
        assert answer["outcome"] == became.outcome
        if told.run.exit != 0:
            assert said.startswith("QEMU ends with an error"), said
            continue
        assert ("refuses MAP_SYNC" in said) == (became.outcome == "refused"), said
        assert ("ignores MAP_SYNC" in said) == (became.outcome == "ignored"), said
        assert ("it takes effect" in said) == (became.outcome == "granted"), said
        warned = any("requesting persistence" in line for line in told.run.stderr)
        if became.outcome == "refused":
            assert ("warns and" in said, "silently" in said) == (warned, not warned), said
        assert answer["in_force"] == (became.outcome == "granted")


def test_the_words_of_sync_and_pmem_are_those_of_the_tree() -> None:
    def words(name: str, option: str, text: str) -> str:
        line = ["-object", f"memory-backend-file,id=m0,size=16M,mem-path=/mnt/x{text}"]
        effects = explain(line, REVISIONS[name], "sim:ext4").effects
        return next(one.data for one in effects if one.option.startswith(option))

    assert "share is on too" in words("v6", "sync=on", ",sync=on")
    assert "QEMU stops where sync=on cannot be met" in words("v6", "sync=on", ",sync=on")
    assert "share and pmem are on too" in words("v8", "sync=on", ",sync=on")
    assert "stops" not in words("v8", "sync=on", ",sync=on")
    assert "MAP_SYNC is requested" in words("v6", "sync not given (auto)", "")
    assert "MAP_SYNC" not in words("v1", "pmem=on", ",pmem=on")
    assert "MAP_SYNC becomes possible" in words("qemu-4.1", "pmem=on", ",pmem=on")
    with pytest.raises(StopIteration):
        words("qemu-7.2", "sync", "")


def test_anonymous_memory_that_v1_asks_for_is_refused_and_says_so() -> None:
    line = ["-object", "memory-backend-ram,id=m0,size=4M,share=on"]
    told = explain(line, REVISIONS["v1"], "sim:ext4-dax")
    assert told.because == (
        "the kernel refuses MAP_SYNC for anonymous memory; QEMU silently maps without it"
    )
