"""``explain`` says what a run does, and what the letter makes of share, pmem and sync."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from conftest import Surroundings, needs
from hypothesis import given, settings
from hypothesis import strategies as st

from qemu_model.calls.map_sync import map_sync
from qemu_model.cli import main
from qemu_model.explain.explanation import explain
from qemu_model.host import profiles
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import REVISIONS, find

SWITCH = st.sampled_from([None, "on", "off"])
#: Files on these can be mapped synchronously (the kernel's table of MAP_SYNC).
GRANTS = {"ext4-dax", "xfs-dax", "aarch64", "ppc64", "device-dax"}
#: These have kernels before 4.15.
OLD_KERNELS = {"linux-4.14-ext4-dax", "linux-4.14-ext4"}
#: These cannot run a line with pmem=on: QEMU without libpmem.
NO_LIBPMEM = {"no-libpmem", "s390x", "not-linux"}


def line(path: str, more: str = "", **values: str | None) -> list[str]:
    """Return a line with one file backend of 2 MiB."""
    given = "".join(f",{name}={value}" for name, value in values.items() if value is not None)
    size = "16M" if "huge" in path else "2M"
    return ["-object", f"memory-backend-file,id=m0,size={size},mem-path={path}{given}{more}"]


def answer(args: list[str], host: str = "", revision: str = "v8") -> dict[str, Any]:
    """Return the JSON form of an explanation."""
    return explain(args, find(revision), host).to_json()


def expected_block(
    profile: str, share: str | None, pmem: str | None, sync: str | None
) -> str | None:
    """Return what the letter and the kernel's table say blocks first."""
    if pmem == "on" and profile in NO_LIBPMEM:
        return "error"
    for name, value in (("sync", sync), ("share", share), ("pmem", pmem)):
        if value != "on":
            return name
    if profile in OLD_KERNELS:
        return "kernel"
    return None if profile in GRANTS else "file"


@settings(max_examples=150)
@given(st.sampled_from(profiles.names()), SWITCH, SWITCH, SWITCH)
def test_the_first_blocking_condition_is_the_letters(
    name: str, share: str | None, pmem: str | None, sync: str | None
) -> None:
    profile = profiles.load(name)
    args = line(profile.mem_path, share=share, pmem=pmem, sync=sync)
    if name == "device-dax":
        if share != "on":
            return  # a device DAX refuses a private mapping: another test
        args[1] += ",align=2M"
    expected = expected_block(name, share, pmem, sync)
    done = run(args, SimulatedHost(profile), find("v8"))
    if done.exit != 0:
        expected = "error"
    told = answer(args, f"sim:{name}")["map_sync"]
    assert told["blocked_by"] == expected
    assert told["in_force"] == (expected is None)


@settings(max_examples=100)
@given(st.sampled_from(profiles.names()), st.sampled_from(sorted(REVISIONS)), SWITCH, SWITCH)
def test_explain_and_run_agree(
    name: str, revision: str, share: str | None, pmem: str | None
) -> None:
    profile = profiles.load(name)
    sync = "on" if find(revision).hostmem_file.has_sync else None
    args = line(profile.mem_path, share=share, pmem=pmem, sync=sync)
    done = run(args, SimulatedHost(profile), find(revision))
    told = answer(args, f"sim:{name}", revision)
    assert told["map_sync"]["requested"] == map_sync(done.events).requested
    assert told["messages"] == list(done.stderr)
    assert [call["call"] for call in told["calls"]] == [event.call for event in done.events]
    if done.exit != 0:
        assert told["map_sync"]["blocked_by"] == "error"


def test_a_blocked_platform_is_said(tmp_path: Path) -> None:
    profile = {
        "name": "bsd",
        "title": "not Linux, with libpmem",
        "based_on": "not-linux",
        "evidence": {"profile": "documentation"},
        "platform": {"libpmem": True},
    }
    file = tmp_path / "bsd.json"
    file.write_text(json.dumps(profile))
    told = explain(line("/mnt/a", share="on", pmem="on", sync="on"), find("v8"), f"sim:{file}")
    assert (told.blocked_by, told.requested, told.in_force) == ("platform", False, False)


@pytest.mark.parametrize(
    ("values", "blocked"),
    [
        ({}, "sync"),
        ({"share": "on", "pmem": "on"}, "sync"),
        ({"pmem": "on", "sync": "on"}, "share"),
        ({"share": "on", "sync": "on"}, "pmem"),
    ],
)
def test_without_a_host_what_the_line_decides_is_said(values: dict[str, str], blocked: str) -> None:
    told = answer(line("/mnt/a", **values))
    assert told["map_sync"] | {"because": ""} == {
        "requested": False,
        "in_force": False,
        "outcome": "not asked",
        "blocked_by": blocked,
        "because": "",
    }
    assert told["survives_host_crash"] is False


def test_without_a_host_what_the_host_decides_is_null() -> None:
    told = answer(line("/mnt/a", share="on", pmem="on", sync="on"))
    assert told["map_sync"] | {"because": ""} == {
        "requested": True,
        "in_force": None,
        "outcome": None,
        "blocked_by": None,
        "because": "",
    }
    assert told["survives_host_crash"] is None
    assert told["host"] is None
    assert told["depends_on_host"]


@pytest.mark.parametrize("name", ["v8", "base", "v7.2"])
def test_a_line_that_fails_is_an_error_on_any_host(name: str) -> None:
    for host in ("", "sim:ext4-dax"):
        told = answer(line("/mnt/a", ",shre=on"), host, name)
        assert (told["map_sync"]["blocked_by"], told["exit"]) == ("error", 1)
        assert any("did you mean share?" in text for text in told["advice"])


def test_base_cannot_ask_and_says_which_trees_can() -> None:
    told = answer(line("/mnt/a", share="on", pmem="on"), "sim:ext4-dax", "base")
    assert told["map_sync"]["blocked_by"] == "sync"
    assert any("V8, with sync=on too" in text for text in told["advice"])


def test_later_trees_need_no_sync() -> None:
    for name in ("qemu-4.2", "qemu-7.2"):
        told = answer(line("/mnt/a", share="on", pmem="on"), "sim:ext4-dax", name)
        assert told["map_sync"]["in_force"] is True
        told = answer(line("/mnt/a", share="on"), "sim:ext4-dax", name)
        assert told["map_sync"]["blocked_by"] == "pmem"


@pytest.mark.parametrize(
    ("profile", "values", "survives", "words"),
    [
        ("ext4-dax", {"share": "on", "pmem": "on", "sync": "on"}, True, "on the medium"),
        ("ext4-dax", {"share": "on", "pmem": "on"}, False, "new to the file"),
        ("ext4", {"share": "on", "pmem": "on", "sync": "on"}, False, "not yet written back"),
        ("tmpfs", {"share": "on"}, False, "in memory itself"),
        ("ext4-dax", {"pmem": "on", "sync": "on"}, False, "never reach the file"),
        ("device-dax", {"share": "on", "pmem": "on", "align": "2M"}, True, "device DAX"),
        ("virtio-pmem", {"share": "on", "pmem": "on", "sync": "on"}, False, "new to the file"),
    ],
)
def test_what_a_crash_takes_is_said(
    profile: str, values: dict[str, str], survives: bool, words: str
) -> None:
    path = profiles.load(profile).mem_path
    told = answer(line(path, **values), f"sim:{profile}")
    assert told["survives_host_crash"] is survives
    assert words in told["crash"]


def test_following_the_advice_leads_to_map_sync() -> None:
    args = line("/mnt/a,,b", share="off")
    told = answer(args, "sim:ext4-dax")
    advised = next(text for text in told["advice"] if "-object" in text).partition("-object ")[2]
    assert answer(["-object", advised], "sim:ext4-dax")["map_sync"]["in_force"] is True


def test_each_given_option_is_explained() -> None:
    args = [
        "-m", "64M", "-mem-prealloc",
        *line("/mnt/a", ",merge=off,dump=off,discard-data=on,policy=bind,host-nodes=0", share="on"),
    ]  # fmt: skip
    told = [effect["option"] for effect in answer(args)["options"] if effect["given"]]
    assert told == [
        "size=2M",
        "mem-path=/mnt/a",
        "share=on",
        "merge=off",
        "dump=off",
        "discard-data=on",
        "policy=bind",
        "host-nodes=0",
        "-m 64M",
        "-mem-prealloc",
    ]


def every_property() -> set[tuple[str, str]]:
    """Return the properties of all backends of all trees."""
    from qemu_model.front_ends import front_end_of

    return {
        (kind, name)
        for revision in REVISIONS.values()
        for kind, info in front_end_of(revision).types(revision.release).items()
        if kind.startswith("memory-backend-")
        for name in info.properties
    }


@pytest.mark.parametrize(("kind", "name"), sorted(every_property()))
def test_every_property_has_its_words(kind: str, name: str) -> None:
    if name in ("type", "x-use-canonical-path-for-ramblock-id"):
        return  # neither does anything to data, memory or sharing
    args = ["-object", f"{kind},id=m0,{name}=on"]
    told = [effect for effect in answer(args)["options"] if effect["given"]]
    assert [effect["option"] for effect in told] == [f"{name}=on"]
    assert any(told[0][what] for what in ("data", "memory", "sharing"))


def snapshot(directory: Path) -> dict[str, tuple[int, ...]]:
    """Return what can be seen of all files there: sizes, times, blocks."""
    found = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def test_live_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_bytes(b"data" * 1024)
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    before = snapshot(tmp_path)
    descriptors = set(os.listdir("/proc/self/fd"))
    for name in ("empty", "full", "directory", "dangling", "fifo", "new", "no/such"):
        for more in ("", ",prealloc=on,discard-data=on"):
            for revision in ("v8", "v7.2"):
                told = explain(
                    line(str(tmp_path / name), more, share="on", pmem="on"), find(revision), "live"
                )
                assert told.host == "live"
    assert snapshot(tmp_path) == before
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert (tmp_path / "full").read_bytes() == b"data" * 1024


@pytest.mark.parametrize("name", ["empty", "full", "new", "directory", "fifo", "no/such"])
@pytest.mark.parametrize("share", ["on", "off"])
def test_live_says_what_a_run_does(tmp_path: Path, name: str, share: str) -> None:
    from qemu_model.host.live import LiveHost

    (tmp_path / "empty").touch()
    (tmp_path / "full").write_bytes(bytes(2 << 20))
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    args = line(str(tmp_path / name), share=share, pmem="on", sync="on")
    told = explain(args, find("v8"), "live")
    done = run(args, LiveHost(), find("v8"))
    assert list(told.run.stderr) == list(done.stderr)
    assert told.run.exit == done.exit
    assert [(event.call, event.errno) for event in told.run.events] == [
        (event.call, event.errno) for event in done.events
    ]


def test_live_says_what_check_path_finds(tmp_path: Path) -> None:
    told = answer(line(str(tmp_path / "new"), share="on"), "live")
    assert [found["path"] for found in told["paths"]] == [str(tmp_path / "new")]
    assert told["paths"][0]["evidence"]


def test_a_device_that_could_act_is_not_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/dev/ptmx"
    needs(os.path.exists(path) and stat.S_ISCHR(os.stat(path).st_mode), path)
    status = main(["explain", "--host", "live", "--json", *line(path, share="on")])
    told = json.loads(capsys.readouterr().out)
    assert (status, told["host"]) == (0, None)
    assert any("could have effects" in note for note in told["notes"])


@given(st.lists(st.text(min_size=1, max_size=20), max_size=6))
def test_any_words_are_explained(words: list[str]) -> None:
    told = explain(words, find("v8")).to_json()
    assert json.loads(json.dumps(told)) == told


PIECES = (
    "-object memory-backend-file ,id=m0 ,size= 4M ,share =on ,mem-path=/a -m -numa node,memdev=m0 "
    '-device nvdimm,memdev=m0 { "a" } -S'
)


@given(st.lists(st.sampled_from(PIECES.split()), max_size=10))
def test_any_pieces_of_lines_are_explained(words: list[str]) -> None:
    for revision in ("v8", "v7.2"):
        told = explain(words, find(revision)).to_json()
        assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("name", ["empty", "new"])
def test_live_leaves_huge_pages_alone(surroundings: Surroundings, name: str) -> None:
    directory = Path("/mnt/huge")
    (directory / "empty").unlink(missing_ok=True)
    (directory / "empty").touch()
    pool = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
    numbers = ("nr_hugepages", "free_hugepages", "resv_hugepages")
    before = snapshot(directory), [(pool / number).read_text() for number in numbers]
    told = answer(line(str(directory / name), share="on", pmem="on", sync="on"), "live")
    assert (told["exit"], told["map_sync"]["blocked_by"]) == (0, "file")
    assert (snapshot(directory), [(pool / number).read_text() for number in numbers]) == before
    (directory / "empty").unlink()


def test_objects_that_commands_add_are_explained_like_those_of_the_line() -> None:
    """-object and object-add say the same, in the old style with props and in the new one."""
    values = {"share": True, "pmem": True, "sync": True, "size": 4 << 20, "mem-path": "/mnt/a"}
    named = {"qom-type": "memory-backend-file", "id": "m0"}
    told = explain(line("/mnt/a", share="on", pmem="on", sync="on"), find("v8"), "sim:ext4-dax")
    added = {"execute": "object-add", "arguments": {**named, "props": values}}
    same = explain(["-M", "none"], find("v8"), "sim:ext4-dax", qmp=[added])
    assert same.to_json()["map_sync"] == told.to_json()["map_sync"]
    assert [event.call for event in same.run.events] == [event.call for event in told.run.events]
    assert same.survives_host_crash == told.survives_host_crash is True
    assert {effect.option for effect in same.effects} >= {"share=on", "pmem=on", "sync=on"}
    later = {"execute": "object-add", "arguments": {**named, **values} | {"pmem": False}}
    del later["arguments"]["sync"]
    flat = explain(["-M", "none"], find("v7.2"), "sim:ext4-dax", qmp=[later])
    assert flat.blocked_by == "pmem"
    assert "pmem=on: -object memory-backend-file,id=m0,share=on,pmem=on" in flat.advice[0]


def test_what_a_command_is_refused_with_is_said() -> None:
    command = {"execute": "object-del", "arguments": {"id": "none"}}
    told = explain(["-M", "none"], find("v8"), "sim:ext4", qmp=[command]).to_json()
    assert told["messages"] == ["object 'none' not found"]
