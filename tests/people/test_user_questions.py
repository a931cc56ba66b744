"""What users of memory backends ask, each answered by one command."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from program import start

from qemu_model.cli import main

LINE = "memory-backend-file,id=m0,size=64M,mem-path=/mnt/pmem0/nv.img"


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Return what the one command shows, in small letters and single blanks."""
    main(args)
    return " ".join(capsys.readouterr().out.lower().split())


def asked(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    """Return what the one command answers in JSON."""
    main([args[0], "--json", *args[1:]])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_is_this_guests_memory_really_dax_or_does_it_go_through_the_page_cache(
    tmp_path: Path,
) -> None:
    image = tmp_path / "nv.img"
    image.write_bytes(bytes(4096))
    done = start("check", "--path", str(image), "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert {"dax", "map_sync", "evidence"} <= answer.keys()
    assert answer["evidence"]


def test_does_this_line_silently_go_without_map_sync(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(
        capsys, "explain", "--host", "sim:ext4", "-object", f"{LINE},share=on,pmem=on,sync=on"
    )
    assert "the kernel refuses map_sync" in answer
    assert "ext4 without dax; qemu silently maps without it" in answer


def test_why_does_mmap_answer_eopnotsupp(capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(
        capsys, "explain", "--host", "sim:ext4", "-object", f"{LINE},share=on,pmem=on,sync=on"
    )
    refused = [call for call in answer["calls"] if call["errno"] == "EOPNOTSUPP"]
    assert [call["args"]["flags"] for call in refused] == [
        ["MAP_FIXED", "MAP_SHARED_VALIDATE", "MAP_SYNC"]
    ]
    assert answer["map_sync"]["blocked_by"] == "file"
    assert "without DAX" in answer["map_sync"]["because"]
    assert any("-o dax" in advice for advice in answer["advice"])


def test_is_pmem_on_safe_without_libpmem(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{LINE},share=on,pmem=on"
    asks = ["explain", "--revision", "base", "--host", "sim:no-libpmem", "-object", line]
    answer = asked(capsys, *asks)
    assert answer["map_sync"]["blocked_by"] == "error"
    assert "We can't ensure data persistence" in answer["messages"][-1]
    assert any("libpmem" in advice for advice in answer["advice"])


def test_why_invalid_argument_on_a_device_dax(capsys: pytest.CaptureFixture[str]) -> None:
    error = (
        "qemu-system-x86_64: -object memory-backend-file,id=m0,share=on,mem-path=/dev/dax0.0,"
        "size=1G: unable to map backing store for guest RAM: Invalid argument"
    )
    answer = ask(capsys, "why", error)
    assert "align=2m" in answer
    assert "cat /sys/bus/dax/devices/dax*/align" in answer


def test_what_share_off_does_to_my_data_and_my_memory(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "explain", "--all", "-object", f"{LINE},share=off")
    assert "data: what the guest writes never reaches the file, and is lost when qemu" in answer
    assert "memory: each page that the guest writes is copied" in answer


def test_why_share_off_silently_drops_map_sync(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(
        capsys, "explain", "--host", "sim:ext4-dax", "-object", f"{LINE},share=off,pmem=on,sync=on"
    )
    assert "a private mapping keeps nothing" in answer
    assert "fix: use -object" in answer
    assert "share=on" in answer


def test_why_cannot_bind_memory_in_a_container(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "why", "cannot bind memory to host NUMA nodes: Operation not permitted")
    assert "cap_sys_nice" in answer
    assert "seccomp' /proc/self/status" in answer


def test_why_insufficient_pages_when_pages_are_free(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(
        capsys,
        "why",
        "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
    )
    for cause in ("cgroup", "policy=bind", "reserved for others", "/dev/shm has 64 mib"):
        assert cause in answer
    for command in ("hugetlb.*.max", "node*/hugepages", "resv", "df -h"):
        assert command in answer


@pytest.mark.parametrize(
    ("revision", "sync", "readonly"),
    [("base", False, False), ("v8", True, False), ("v7.2", False, True)],
)
def test_which_of_these_options_does_my_version_know(
    capsys: pytest.CaptureFixture[str], revision: str, sync: bool, readonly: bool
) -> None:
    answer = ask(
        capsys, "run", "--host", "sim:default", "--revision", revision, "-object",
        "memory-backend-file,help",
    )  # fmt: skip
    assert ("sync=<bool>" in answer, "readonly=<bool>" in answer) == (sync, readonly)
