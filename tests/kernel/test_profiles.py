"""Profiles: what ships, what a user may write, and the table of MAP_SYNC they carry."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qemu_model.host import linux, profiles
from qemu_model.host.profile import COLUMNS, EVIDENCE, Profile
from qemu_model.host.simulated import SimulatedHost

MIB = 1024 * 1024
SIZE = 4 * MIB

#: What mmap answers by kind of file, as measured on Linux 6.1 with persistent memory
#: and on 6.18: the columns are those of COLUMNS.  "sf" is in force or without meaning.
TABLE = {
    "ext4-dax": "sf sf sf ok ok ok",
    "xfs-dax": "sf sf sf ok ok ok",
    "no-libpmem": "sf sf sf ok ok ok",
    "aarch64": "sf sf sf ok ok ok",
    "ppc64": "sf sf sf ok ok ok",
    "ext4": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok ok",
    "xfs": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok ok",
    "s390x": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok ok",
    "virtio-pmem": "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ok ok ok",
    "device-dax": "sf sf EINVAL ok ok EINVAL",
    "tmpfs": "EOPNOTSUPP sf sf ok ok ok",
    "hugetlbfs": "EOPNOTSUPP sf sf ok ok ok",
    "9p": "EOPNOTSUPP EINVAL sf EINVAL EINVAL ok",
    "linux-4.14-ext4": "EINVAL ok ok EINVAL ok ok",
    "linux-4.14-ext4-dax": "EINVAL ok ok EINVAL ok ok",
    "not-linux": "EINVAL ok ok EINVAL ok ok",
    "/dev/zero": "EOPNOTSUPP sf sf ok ok ok",
    "/dev/null": "EOPNOTSUPP ENODEV ENODEV ENODEV ENODEV ENODEV",
    "anonymous": "EINVAL sf sf EINVAL ok ok",
}


def answer(host: SimulatedHost, flags: int, fd: int) -> str:
    """Return in one word what mmap says, and what became of the mapping."""
    address = host.mmap(0, SIZE, 3, flags, fd, 0)
    if address < 0:
        return linux.errno_name(-address)
    return "sf" if "sf" in (host.vm_flags(address) or ()) else "ok"


@pytest.mark.parametrize("row", TABLE)
def test_a_simulated_kernel_answers_mmap_as_measured(row: str) -> None:
    name = row if row in profiles.names() else "default"
    profile = profiles.load(name)
    path = row if row.startswith("/dev/") else profile.mem_path
    answers = []
    for flags in COLUMNS.values():
        host = SimulatedHost(profile)
        fd = -1
        if row == "anonymous":
            flags |= linux.MAP_ANONYMOUS
        else:
            fd = host.open(path, linux.O_RDWR, None)
            if fd < 0:
                fd = host.open(path, linux.O_RDWR | linux.O_CREAT, 0o644)
            host.ftruncate(fd, SIZE)
        answers.append(answer(host, flags, fd))
    assert " ".join(answers) == TABLE[row]


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_is_as_the_schema_says(name: str) -> None:
    path = Path(profiles.__file__).parent / "profile_data" / "profiles" / f"{name}.json"
    document = json.loads(path.read_text())
    jsonschema.validate(document, dict(profiles.schema()))
    profile = profiles.load(name)
    assert document["name"] == profile.name == name
    jsonschema.validate(dict(profile.document), dict(profiles.schema()))


@pytest.mark.parametrize("name", profiles.names())
def test_every_answer_of_a_profile_carries_its_evidence(name: str) -> None:
    described = SimulatedHost(profiles.load(name)).describe()
    assert set(described["evidence"]) == {"profile", "platform", "kernel"}  # type: ignore[call-overload] # JSON data
    assert set(described["evidence"].values()) <= set(EVIDENCE)  # type: ignore[attr-defined] # JSON data
    rows: Any = described["file_systems"]
    assert described["file_system"] in rows
    for told in rows.values():
        assert set(told["mmap"]) == set(COLUMNS)
        assert {row["evidence"] for row in told["mmap"].values()} <= set(EVIDENCE)


def _same(one: Profile, other: Profile) -> None:
    for field in ("platform", "kernel", "nodes", "huge_pages", "root", "mounts", "files"):
        assert getattr(one, field) == getattr(other, field), field


@pytest.mark.parametrize("name", profiles.names())
def test_a_profile_that_is_printed_and_read_again_is_the_same(name: str, tmp_path: Path) -> None:
    profile = profiles.load(name)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(profile.describe()))
    _same(profiles.load(str(path)), profile)


@pytest.mark.parametrize(
    ("system", "machine", "page_size", "expected"),
    [
        ("linux", "x86_64", 4096, 2 * MIB),
        ("linux", "aarch64", 65536, 2 * MIB),
        ("linux", "ppc64", 65536, 2 * MIB),
        ("linux", "s390x", 4096, MIB),
        ("linux", "sparc64", 8192, 8192),
        ("linux", "riscv64", 4096, 4096),
        ("freebsd", "x86_64", 4096, 4096),
    ],
)
def test_the_alignment_of_anonymous_memory_is_that_of_osdep_h(
    system: str, machine: str, page_size: int, expected: int
) -> None:
    told = {"system": system, "machine": machine, "page_size": page_size}
    profile = profiles.build(
        {"name": "m", "title": "m", "platform": told, "huge_pages": [], "mounts": []}
    )
    assert profile.platform.vmalloc_align == expected


@pytest.mark.parametrize(
    ("name", "near"),
    [("ext4-dx", "ext4-dax"), ("hugetlb", "hugetlbfs"), ("device_dax", "device-dax")],
)
def test_a_misspelt_name_gets_the_nearest_ones(name: str, near: str) -> None:
    with pytest.raises(profiles.ProfileError) as raised:
        profiles.load(name)
    assert str(raised.value).startswith(f"there is no profile '{name}'; did you mean ")
    assert near in str(raised.value)


def _refused(path: Path | str) -> str:
    with pytest.raises(profiles.ProfileError) as raised:
        profiles.load(str(path))
    text = str(raised.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_a_file_that_is_not_there_or_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    assert "No such file or directory" in _refused(tmp_path / "absent.json")
    assert "Is a directory" in _refused(f"{tmp_path}/")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"17", b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b'"text"']
)
def test_a_file_that_is_not_a_profile_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    _refused(path)


WRONG = {
    "memory as text": ("kernel", "memory", "24G", "kernel.memory"),
    "a negative size": ("kernel", "swap", -1, "kernel.swap"),
    "an errno nobody has": ("kernel", "mbind_error", "EBOGUS", "kernel.mbind_error"),
    "a page size of three": ("platform", "page_size", 3, "platform.page_size"),
    "a key that is not there": ("kernel", "memroy", 1, "memroy"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_profile_that_says_something_wrong_is_told_where(what: str, tmp_path: Path) -> None:
    part, key, value, named = WRONG[what]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({"name": "w", "title": "w", part: {key: value}}))
    assert named in _refused(path)


def test_a_file_system_that_is_not_there_gets_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"name": "m", "title": "m", "file_system": "ext3"}))
    assert "did you mean ext4" in _refused(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(
    name=st.sampled_from(profiles.names()),
    key=st.sampled_from(sorted(profiles.schema()["properties"])),
    value=_JSON,
)
@example(name="ext4", key="file_system", value="\n")
@example(name="ext4", key="file_systems", value={"\n": {}})
@example(name="ext4", key="based_on", value="a\nb")
def test_any_value_in_a_profile_is_taken_or_refused_in_one_line(
    name: str, key: str, value: object
) -> None:
    document = {**profiles.load(name).describe(), key: value}
    refused = None
    try:
        profile = profiles.build(document, source="drawn")
    except profiles.ProfileError as error:
        refused = str(error)
    if refused is None:
        SimulatedHost(profile).open(profile.mem_path, linux.O_RDWR, None)
    else:
        assert refused.startswith("profile drawn: ")
        assert "\n" not in refused


def test_a_user_writes_a_machine_of_his_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps(
            {
                "name": "mine",
                "title": "a machine of my own",
                "based_on": "two-nodes",
                "file_systems": {
                    "odd": {
                        "title": "a file system that refuses all sharing",
                        "f_type": 4711,
                        "block_size": 512,
                        "largest_file": 8 * MIB,
                        "mmap": {
                            column: {
                                "answer": "ok" if "PRIVATE" in column else "EACCES",
                                "evidence": "documentation",
                            }
                            for column in COLUMNS
                        },
                    }
                },
                "file_system": "odd",
                "files": [{"path": "/there/already", "kind": "file", "size": 4096}],
            }
        )
    )
    host = SimulatedHost(profiles.load(os.fspath(path)))
    fd = host.open("/there/already", linux.O_RDWR, None)
    assert host.lseek(fd, 0, linux.SEEK_END) == 4096
    assert host.ftruncate(fd, 16 * MIB) == -linux.ERRNO_NUMBERS["EFBIG"]
    assert answer(host, linux.MAP_SHARED, fd) == "EACCES"
    assert answer(host, linux.MAP_PRIVATE, fd) == "ok"
    assert host.open("/there", linux.O_RDWR, None) == -linux.ERRNO_NUMBERS["EISDIR"]
    assert host.profile.nodes == {0, 1}
