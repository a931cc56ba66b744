"""``check --pid``: what the mappings of a living process are, QEMU's above all."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

import jsonschema
import pytest
from conftest import needs_program

import qemu_model
from qemu_model.inspect.machine import CannotJudge, judge_pid, main_pid

#: Maps a file in each of the ways that matter, prints the addresses, and stays.
MAPPER: Final = """
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_long
libc.mmap.argtypes = [ctypes.c_long, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
import os
fd = os.open(sys.argv[1], os.O_RDWR)
for flags in map(int, sys.argv[2:]):
    address = libc.mmap(0, 4 << 20, 3, flags, fd, 0)
    print(address if address != -1 else -ctypes.get_errno(), flush=True)
print("ready", flush=True)
time.sleep(600)
"""
MAP_SHARED, MAP_PRIVATE, MAP_SYNC = 1, 2, 0x80000


@contextlib.contextmanager
def mapper(path: Path, *flags: int) -> Iterator[tuple[int, list[int]]]:
    """Run a process that maps ``path``; give its number and the addresses it got."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAPPER, str(path), *map(str, flags)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        addresses = [int(process.stdout.readline()) for _ in flags]
        assert process.stdout.readline() == "ready\n"
        yield process.pid, addresses
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def memory_file() -> Iterator[Path]:
    """A file of 4 MiB on a tmpfs."""
    path = Path("/dev/shm", f"qemu-model-test-{os.getpid()}")
    path.touch()
    os.truncate(path, 4 << 20)
    yield path
    path.unlink()


def natures(pid: int, path: Path) -> dict[int, tuple[str, bool | None]]:
    """Return what each mapping of ``path`` was judged to be, by its address."""
    return {
        judged.mapping.address: (judged.nature, judged.synchronous)
        for judged in judge_pid(pid).mappings
        if judged.mapping.path == str(path)
    }


def test_sf_without_support_is_not_taken_for_synchronous(memory_file: Path) -> None:
    # On tmpfs the kernel takes MAP_SYNC along without MAP_SHARED_VALIDATE, and sets sf.
    with mapper(memory_file, MAP_SHARED | MAP_SYNC) as (pid, (address,)):
        smaps = Path(f"/proc/{pid}/smaps").read_text().split(f"{address:x}-")[1]
        flags = smaps.split("VmFlags:")[1].splitlines()[0].split()
        assert "sf" in flags
        assert natures(pid, memory_file) == {address: ("memory", False)}


def test_a_mapping_of_a_file_on_disk_goes_through_the_page_cache(tmp_path: Path) -> None:
    file = tmp_path / "nvdimm"
    file.touch()
    os.truncate(file, 4 << 20)
    with mapper(file, MAP_SHARED) as (pid, (address,)):
        found = natures(pid, file)
    asked = ["stat", "-f", "-c", "%T", str(tmp_path)]
    kind = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    nature = "memory" if kind == "tmpfs" else "page cache"
    assert found == {address: (nature, False)}


def test_private_is_private(memory_file: Path) -> None:
    with mapper(memory_file, MAP_PRIVATE, MAP_PRIVATE | MAP_SYNC) as (pid, addresses):
        assert natures(pid, memory_file) == dict.fromkeys(addresses, ("private", False))


def test_a_file_that_was_deleted_is_still_asked(memory_file: Path) -> None:
    with mapper(memory_file, MAP_SHARED) as (pid, (address,)):
        memory_file.unlink()
        memory_file.touch()  # another file with the old name must not be asked in its place
        judged = [
            one.nature
            for one in judge_pid(pid).mappings
            if one.mapping.path == f"{memory_file} (deleted)"
        ]
        assert judged == ["memory"]
        assert natures(pid, memory_file) == {}
        assert address


#: What a real QEMU's memory is by its options, for one file on a tmpfs.
BACKENDS: Final = MappingProxyType(
    {
        "memory-backend-file,id=m0,size=4M,share=on,mem-path={path}": ("memory", "s"),
        "memory-backend-file,id=m0,size=4M,share=off,mem-path={path}": ("private", "p"),
        "memory-backend-ram,id=m0,size=4M": ("memory", "p"),
        "memory-backend-memfd,id=m0,size=4M": ("memory", "s"),
    }
)


@pytest.mark.parametrize("option", BACKENDS)
def test_the_memory_of_a_living_qemu_is_found_and_judged(option: str, memory_file: Path) -> None:
    line = [needs_program("qemu-system-x86_64"), "-M", "none", "-nodefaults", "-display", "none"]
    line += ["-S", "-monitor", "stdio", "-object", option.format(path=memory_file)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"QEMU" in process.stdout.readline()
        found = [
            (one.nature, one.mapping.permissions[3])
            for one in judge_pid(process.pid).mappings
            if one.mapping.size == 4 << 20
        ]
        assert found == [BACKENDS[option]]
        answer = judge_pid(process.pid).to_json()
        schema = Path(qemu_model.__file__).parent / "schemas" / "check-pid.schema.json"
        jsonschema.validate(answer, json.loads(schema.read_text()))
        assert answer["program"] == os.path.realpath(line[0])
    finally:
        process.kill()
        process.communicate()


def gone() -> str:
    """Return the number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return str(process.pid)


@pytest.mark.parametrize(
    "pid", ["0", "-1", "abc", "", "99999999999999", "1" * 5000, "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_a_number_that_no_process_can_have_is_one_line_and_status_2(
    pid: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_pid(pid) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_process_that_is_gone_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pid = gone()
    assert main_pid(pid) == 2
    assert capsys.readouterr().err == f"qemu-model: there is no process {pid}\n"
    with pytest.raises(CannotJudge):
        judge_pid(int(pid))


def test_a_process_without_guest_memory_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        time.sleep(0.2)
        assert main_pid(process.pid) == 0
        assert "no mapping of it can be guest memory" in capsys.readouterr().out
        assert main_pid(process.pid, True) == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["pid"], answer["mappings"]) == (process.pid, [])
    finally:
        process.kill()
        process.wait()
