"""``check --pid`` and ``check --smaps``: each block of a QEMU's memory, by its id."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import needs_program

import qemu_model
from qemu_model.cli import check
from qemu_model.inspect.machine import CannotJudge, judge_pid, judge_smaps, read_mappings

SCHEMA = json.loads(
    (Path(qemu_model.__file__).parent / "schemas" / "check-pid.schema.json").read_text()
)
MIB = 1 << 20
QUIET = ["-nodefaults", "-display", "none", "-S", "-M", "pc,memory-backend=ram0", "-m", "64M"]


def wait_for_mappings(pid: int) -> None:
    """Wait until QEMU has mapped its file, and its mappings stay as they are while it waits."""
    deadline = time.monotonic() + 240
    seen, same = None, 0
    while same < 5 and time.monotonic() < deadline:
        mappings = [(one.address, one.size, one.path) for one in read_mappings(pid)]
        waits = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
        made = any(path.endswith("f.img") for _, _, path in mappings)
        same = same + 1 if made and waits and mappings == seen else 0
        seen = mappings
        time.sleep(0.1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """Run a QEMU whose guest RAM is a memfd, with a file and anonymous memory beside it."""
    options = [
        *QUIET,
        *("-object", "memory-backend-ram,id=extra,size=8M,prealloc=on"),
        *("-object", "memory-backend-memfd,id=ram0,size=64M,share=on"),
        *("-object", f"memory-backend-file,id=f0,mem-path={tmp_path}/f.img,size=16M,share=on"),
    ]
    process = subprocess.Popen([needs_program("qemu-system-x86_64"), *options])
    try:
        wait_for_mappings(process.pid)
        yield process.pid, options
    finally:
        process.kill()
        process.wait()


def blocks(mappings: list[Any]) -> list[tuple[str | None, str | None, int, bool]]:
    known = [one for one in mappings if one["id"]]
    return [(one["id"], one["use"], one["size"], one["shared"]) for one in known]


def test_a_running_qemu_shows_guest_ram_first_and_device_memory_last(
    running: tuple[int, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    pid, _ = running
    shown = judge_pid(pid).to_json()
    jsonschema.validate(shown, SCHEMA)
    mappings: Any = shown["mappings"]
    assert blocks(mappings) == [
        ("ram0", "guest RAM", 64 * MIB, True),
        ("extra", "backend", 8 * MIB, False),
        ("f0", "backend", 16 * MIB, True),
    ]
    assert {one["use"] for one in mappings[3:]} == {"device"}
    assert mappings[1]["resident"] == 8 * MIB, "prealloc=on touched every page"
    assert {one["page_size"] for one in mappings[:3]} == {4096}
    findings: Any = shown["findings"]
    assert [one["object"] for one in findings if one["code"] == "QM101"] == ["extra", "f0"]
    assert check.main(["--pid", str(pid)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("guest RAM ram0: 64 MiB at 0x")
    assert "memory of devices (ROM, VGA and the like):" in lines


def test_a_copy_of_smaps_shows_the_same_blocks_given_the_options(
    running: tuple[int, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pid, options = running
    copy = tmp_path / "smaps"
    copy.write_bytes(Path(f"/proc/{pid}/smaps").read_bytes())
    assert check.main(["--smaps", str(copy), "--json", "--", *options]) == 0
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, SCHEMA)
    assert blocks(shown["mappings"]) == blocks(judge_pid(pid).to_json()["mappings"])  # type: ignore[arg-type]
    assert shown["pid"] is None
    by_id = {one["id"]: one for one in shown["mappings"] if one["id"]}
    assert (by_id["f0"]["synchronous"], by_id["f0"]["because"]) == (False, "no sf in VmFlags")
    assert check.main(["--smaps", str(copy), "--json"]) == 0
    without = json.loads(capsys.readouterr().out)
    assert {one["use"] for one in without["mappings"]} == {None}


SMAPS = """\
7f0000000000-7f0000400000 rw-s 00000000 103:05 12  /mnt/pmem/a.img
Size:               4096 kB
KernelPageSize:        4 kB
Rss:                 128 kB
FilePmdMapped:      2048 kB
VmFlags: rd wr sh mr mw me ms dc sf lo
7f0000800000-7f0000c00000 rw-s 00000000 00:0e 31  /dev/hugepages/b (deleted)
KernelPageSize:     2048 kB
Rss:                   0 kB
VmFlags: rd wr sh mr mw me ms de ht dc
"""


def test_smaps_says_page_size_huge_pages_and_locks_and_leaves_sf_to_the_host() -> None:
    first, second = judge_smaps(SMAPS).mappings
    assert (first.nature, first.synchronous, first.locked) == ("unknown", None, True)
    assert (first.mapping.page_size, first.mapping.huge) == (4096, 2 * MIB)
    assert (second.nature, second.synchronous, second.locked) == ("memory", False, False)
    assert (second.mapping.page_size, second.mapping.huge) == (2 * MIB, 4 * MIB)


@pytest.mark.parametrize("text", ["", "hello", "VmFlags: rd\n"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CannotJudge, match=r"^this is not a copy of /proc/PID/smaps"):
        judge_smaps(text)
