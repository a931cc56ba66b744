"""Reading logs of strace: what a line says, whatever stands in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from conftest import needs, needs_program
from hypothesis import given
from hypothesis import strategies as st
from recordings import recordings
from run_with_faults import patience
from small_logs import log_of

from qemu_model.judge.backend_calls import BackendCalls
from qemu_model.judge.log import LONGEST_LINE, Piece
from qemu_model.judge.strace import Call, read_call, read_execve, read_string

BEGINNING = Piece(1, 0, b"")


def call_on(line: bytes) -> Call | None:
    """Read a line that is a call and nothing else."""
    name, _, _ = line.partition(b"(")
    return read_call(1, None, name.decode(), line, len(name) + 1)


def calls_in(data: bytes, *paths: str) -> list[tuple[int, str, tuple[Any, ...], int | None]]:
    with log_of(data) as log:
        calls = BackendCalls(log, paths, log.command_line()[1])
        return [(call.line, call.name, call.args, call.result) for call in calls]


# Words.


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_a_string_is_read_back(name: bytes) -> None:
    """As strace writes it: octal, and with the letters that C has."""
    letters = {9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
    written = "".join(
        f"\\{letters[byte]}"
        if byte in letters
        else chr(byte)
        if 32 <= byte < 127
        else f"\\{byte:03o}"
        for byte in name
    )
    hexadecimal = "".join(f"\\x{byte:02x}" for byte in name)
    assert read_string(f'"{written}"'.encode()) == os.fsdecode(name)
    assert read_string(f'"{hexadecimal}"'.encode()) == os.fsdecode(name)


# Calls.


@given(st.binary(max_size=120))
def test_any_bytes_are_some_call_or_none(text: bytes) -> None:
    for name in ("openat", "mmap", "mbind", "fstatfs", "munmap", "close", "fcntl", "creat"):
        read_call(1, None, name, name.encode() + b"(" + text, len(name) + 1)
    read_execve(1, None, b"execve(" + text, 7)


# Logs.


STRANGE_NAMES = [
    b"plain",
    b"a) = 3",
    b"x>y<z",
    b'q"uo\\te',
    b"\xc3\xa4\xff\xfe",
    b"new\nline\ttab",
    b"c, 5<z>, 0) = 7",
    b"sp ace(deleted)",
    b"\x01\x7f\x1b[31m",
    b"=,()[]{}|/*x*/"[:12],
]

STRANGE = """
import mmap, os
for name in {names!r}:
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o640)
    os.lseek(fd, 0, os.SEEK_END)
    os.ftruncate(fd, 8192)
    os.fstatvfs(fd)
    os.unlink(name)
    os.close(fd)
"""


def test_a_real_strace_of_files_with_strange_names_is_read(tmp_path: Path) -> None:
    """The kernel's and strace's own words, for names of any bytes."""
    strace = needs_program("strace")
    names = [name.replace(b"/", b"_") for name in STRANGE_NAMES]
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            strace,
            "-f",
            "-yy",
            "-o",
            trace,
            sys.executable,
            "-I",
            "-S",
            "-c",
            STRANGE.format(names=names),
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    needs(done.returncode == 0, "leave to trace a process with strace")
    paths = [os.fsdecode(name) for name in names]
    found = [
        (name, args[0] if isinstance(args[0], str) else "fd", args[1:])
        for _, name, args, result in calls_in(trace.read_bytes(), *paths)
        if result is not None and result >= 0 and name not in ("exit_group", "exited")
    ]
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    expected: list[tuple[str, str, tuple[object, ...]]] = []
    for path in paths:
        expected += [
            ("open", path, (flags, 0o640)),
            ("lseek", "fd", (0, os.SEEK_END)),
            ("ftruncate", "fd", (8192,)),
            ("fstatfs", "fd", ()),
            ("unlink", path, ()),
            ("close", "fd", ()),
        ]
    assert found == expected


def test_lines_have_the_numbers_that_an_editor_shows() -> None:
    """Also behind a line longer than any that strace prints."""
    long = b'1 write(1, "' + b"x" * (LONGEST_LINE + 5) + b'", 1) = 1\n'
    call = b'1 unlink("/a") = 0\n'
    log = call + b"\n" + b"garbage\0\xff\n" + long + call + b"1 read(0) = 0\n" * 70000 + call[:-1]
    assert [line for line, *_ in calls_in(log, "/a")] == [1, 5, 70006]


def test_glibcs_arenas_and_stacks_are_no_blocks() -> None:
    """What QEMU reserves where it makes no backend is nobody's."""
    for run in recordings("v8"):
        if run.machine == ["-M", "none"] and not run.args and "object-add" not in str(run.qmp):
            assert [call[1] for call in calls_in(run.log)] == ["exit_group"], run.name
    base = next(run for run in recordings("base") if run.name == "object-non-backend")
    assert [call[1] for call in calls_in(base.log)] == ["exit_group"]


def memory_of(data: bytes) -> int:
    """Return the peak of what is allocated, with Python's own limits of garbage.

    A command that another test ran in this process may have left larger ones.
    """
    limits = gc.get_threshold()
    with log_of(data) as log:
        gc.set_threshold(700, 10, 10)
        tracemalloc.start()
        try:
            for _ in BackendCalls(log, ["/mnt/ext4/h.img"], BEGINNING):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.set_threshold(*limits)


@pytest.mark.whole
def test_memory_does_not_grow_with_the_log() -> None:
    """Eight times the backends made and removed, the same peak but for two pieces of the log."""
    run = next(run for run in recordings("v8") if run.name == "qmp-props-add-sync")
    begin = run.log.index(b'openat(AT_FDCWD</>, "/mnt/ext4/h.img", O_RDWR)') - 6
    block = run.log[begin : run.log.index(b"exit_group") - 6]
    block += b"1 munmap(0x7f743c27c000, 4198400) = 0\n" + b"1 futex(0x1, FUTEX_WAKE) = 0\n" * 2000
    small, large = memory_of(block * 200), memory_of(block * 1600)
    assert large < small + (1 << 20)


@pytest.mark.parametrize(
    "text",
    [
        b"mmap(" * 200_000,
        b"<" * 500_000,
        b'"' * 500_001,
        b"/*" * 300_000,
        b"1 mmap(NULL, " + b"1, " * 200_000,
        b"close(1<" * 100_000,
        b"\n" * 500_000,
        b"1 futex(0x1) = 0\n" * 60_000,
        b"(" * 500_000,
        b"= 1<a>" * 100_000,
        b"[" * 500_000,
    ],
)
def test_a_log_that_could_send_a_search_back_and_forth_is_read_to_its_end(text: bytes) -> None:
    """Half a megabyte; where time grew with the square of the length it would take hours."""
    with patience(60):
        calls_in(text + b"\n" + text, "/a")
        with log_of(text) as log:
            log.command_line()
