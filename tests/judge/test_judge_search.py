"""What a verdict asks of the whole log: does a kind of call occur, what was passed over."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from test_oracle_strace import BEGINNING, log_of

from qemu_model.judge import log as log_module
from qemu_model.judge.backend_calls import BackendCalls
from qemu_model.judge.search import LogSearch, is_reservation
from qemu_model.judge.strace import Call

ANYWHERE = (0, 1000)
ANONYMOUS = (0, 4096, 0, 0x22, -1, 0)
FILE = (0x1000, 4096, 3, 0x11, 3, 0)


@contextlib.contextmanager
def searched(*lines: str) -> Iterator[LogSearch]:
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        calls = BackendCalls(log, [], BEGINNING)
        for _ in calls:
            pass
        yield LogSearch(log, calls)


def line_of(call: Call | None) -> int | None:
    return None if call is None else call.line


@pytest.mark.parametrize(
    ("line", "name", "args"),
    [
        ('1 openat(AT_FDCWD, "/a", O_RDWR) = 3', "open", ("/b", 2, None)),
        ('1 open("/a", O_RDWR) = 3', "open", ("/b", 2, None)),
        ('1 creat("/a", 0644) = 3', "open", ("/b", 2, None)),
        ('1 unlink("/a") = 0', "unlink", ("/b",)),
        ('1 unlinkat(AT_FDCWD, "/a", 0) = 0', "unlink", ("/b",)),
        ("1 close(3) = 0", "close", (5,)),
        ("1 mbind(0x1000, 4096, MPOL_DEFAULT, NULL, 0, 0) = 0", "mbind", (1,)),
        ("1 mmap(0x1000, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x1000", "mmap", FILE),
        ("1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0", "mmap", ANONYMOUS),
        ("1 mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0) = 0", "mmap", ANONYMOUS),
    ],
)
def test_a_kind_of_call_is_in_a_log_that_has_one(
    line: str, name: str, args: tuple[Any, ...]
) -> None:
    """interface.md: a call name that never occurs in the whole log is not judged."""
    with searched("1 read(0) = 0", line) as search:
        assert search.in_log(name, args)
        assert not search.in_log("fcntl", (3, 1, 0))
    with searched("1 read(0) = 0") as search:
        assert not search.in_log(name, args)


def test_anonymous_memory_is_a_kind_of_its_own() -> None:
    """A log filtered by path has mappings of the file alone."""
    with searched("1 mmap(0x1000, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x1000") as search:
        for fd in (3, 32, -1):
            file = (0x1000, 4096, 3, 0x11, fd, 0)
            assert search.in_log("mmap", file)
            assert search.kind("mmap", file) == "mmap"
        assert not search.in_log("mmap", ANONYMOUS)
        assert search.kind("mmap", ANONYMOUS) == "mmap of anonymous memory"
        assert search.kind("mmap", FILE) == "mmap"
        assert search.kind("close", (3,)) == "close"
        assert search.kind("mbind", (0, 0, 0, 0x22, 0, 0)) == "mbind"
        assert not search.in_log("mbind", (0, 0, 0, 0x22, 0, 0))


def test_a_reservation_is_new_memory_without_access() -> None:
    assert is_reservation("mmap", ANONYMOUS)
    assert is_reservation("mmap", (0, 4096, 0, 0x11, 3, 0))
    assert not is_reservation("mmap", (0x1000, *ANONYMOUS[1:]))
    for prot in (1, 2, 3, -1):
        assert not is_reservation("mmap", (0, 4096, prot, 0x22, -1, 0))
    assert not is_reservation("munmap", (0, 4096, 0))
    for name in ("madvise", "mbind", "mprotect", "lseek"):
        assert not is_reservation(name, (0, 4096, 0))


@pytest.mark.parametrize(
    ("lines", "line", "first"),
    [
        (["1 close(3) = 0", "1 close(4) = 0"], 1, True),
        (["1 close(3) = 0", "1 close(4) = 0"], 2, False),
        (["strace: Process 1 attached", "", "1 close(4) = 0"], 3, True),
        (["strace: Process 1 attached", "", "1 close(4) = 0"], 2, False),
        (["", "1 close(4) = 0"], 2, True),
        (["attached"] * 999 + ["1 close(4) = 0"], 1000, True),
        (["1 +++ exited with 0 +++"], 1, False),
        ([], 1, False),
    ],
)
def test_the_first_call_of_a_log(lines: list[str], line: int, first: bool) -> None:
    with searched(*lines) as search:
        assert search.is_first(Call(line, 1, "close", (3,), 0, b"")) == first


def test_what_qemu_found_out_about_memfd_create() -> None:
    """memfd.c: it asks as it starts, once for each kind of page."""
    with searched(
        '1 memfd_create("test", MFD_CLOEXEC) = 3',
        '1 memfd_create("test", MFD_CLOEXEC|MFD_HUGETLB) = -1 EINVAL (Invalid argument)',
        '1 memfd_create("other", MFD_CLOEXEC|MFD_ALLOW_SEALING) = -1 EINVAL (Invalid argument)',
    ) as search:
        assert [search.memfd_probe(flags) for flags in (1, 5, 3, 7)] == [True, False, True, True]
    with searched("1 close(3) = 0") as search:
        assert search.memfd_probe(5)


def test_it_asks_as_it_starts_and_not_further_on(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = '1 memfd_create("test", MFD_CLOEXEC) = -1 ENOSYS (Function not implemented)'
    read = "1 read(0) = 0"
    monkeypatch.setattr(log_module, "PIECE", 10 * len(read + "\n"))
    lines = [read] * 100
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        first_lines = [piece.first_line for piece in log.pieces()]
    for piece, probe in ((1, False), (4, False), (5, False), (6, True), (7, True)):
        place = first_lines[piece - 1] - 1
        with searched(*lines[:place], refused, *lines) as search:
            assert search.memfd_probe(1) == probe, piece


def test_libraries_are_known_where_the_log_shows_how_qemu_was_loaded() -> None:
    libc = '1 openat(AT_FDCWD, "/lib/libc.so.6", O_RDONLY) = 3'
    libnuma = '1 openat(AT_FDCWD, "/lib/libnuma.so.1", O_RDONLY) = 3'
    for lines, has in (([libc], False), ([libc, libnuma], True), ([], True), ([libnuma], True)):
        with searched(*lines) as search:
            assert search.has_library(b"libnuma.so") == has
    with searched(libc) as search:
        assert search.occurs("libc.so")
        assert not search.occurs("libnuma")


# Calls between two lines.


CLOSES = ("1 close(3) = 0", "2 close(4) = 0", "1 close(4) = 0", "1 close(3) = 0")


@pytest.mark.parametrize(
    ("args", "after", "before", "pid", "line"),
    [
        ((3,), 0, 9, 1, 1),
        ((3,), 0, 1, 1, None),
        ((3,), 0, 2, 1, 1),
        ((3,), 1, 9, 1, 4),
        ((3,), 1, 4, 1, None),
        ((3,), 1, 5, 1, 4),
        ((3,), 4, 9, 1, None),
        ((4,), 0, 9, 1, 3),
        ((4,), 0, 9, 2, 2),
        ((4,), 0, 9, None, 2),
        ((4,), 2, 9, None, 3),
        ((5,), 0, 9, 1, None),
    ],
)
@pytest.mark.parametrize("small", [False, True])
def test_a_call_is_looked_for_between_two_lines_and_of_one_thread(
    args: tuple[Any, ...],
    after: int,
    before: int,
    pid: int | None,
    line: int | None,
    small: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if small:
        monkeypatch.setattr(log_module, "PIECE", 16)
    with searched(*CLOSES) as search:
        assert line_of(search.exact("close", args, after, before, pid)) == line
    with searched("", *CLOSES) as search:
        expected = None if line is None else line + 1
        assert line_of(search.exact("close", args, after + 1, before + 1, pid)) == expected
    without = [text.partition(" ")[2] for text in CLOSES]
    with searched(*without) as search:
        found = search.exact("close", (4,), 0, 9, 1)
        assert found is not None
        assert (found.line, found.pid, found.text) == (2, None, b"close(4) = 0")


def test_every_name_of_a_call_is_looked_for_and_halves_are_not() -> None:
    lines = [
        '1 openat(AT_FDCWD, "/a", O_RDWR <unfinished ...>',
        '1 openat(AT_FDCWD, "/a", O_RDWR|O_CLOEXEC) = 3',
        '1 open("/a", O_RDWR) = 3',
        '1 unlinkat(AT_FDCWD, "/a", 0) = 0',
        '1 creat("/a", 0644) = 3',
    ]
    with searched(*lines) as search:
        assert line_of(search.exact("open", ("/a", 2, None), *ANYWHERE, 1)) == 3
        assert line_of(search.exact("open", ("/a", 0o1101, 0o644), *ANYWHERE, 1)) == 5
        assert line_of(search.exact("unlink", ("/a",), *ANYWHERE, 1)) == 4
        assert search.exact("close", (3,), *ANYWHERE, 1) is None


@pytest.mark.parametrize(
    ("line", "name", "args", "near"),
    [
        # One argument is another.
        ("ftruncate(3, 4096) = 0", "ftruncate", (3, 8192), True),
        ("ftruncate(3, 4096) = 0", "ftruncate", (4, 4096), True),
        ("ftruncate(3, 4096) = 0", "ftruncate", (4, 8192), False),
        ("ftruncate(3, 4096) = 0", "ftruncate", (3, 4096), False),
        ("munmap(0x1000, 4096) = 0", "munmap", (0x2000, 4096), True),
        ("madvise(0x1000, 4096, MADV_DONTFORK) = 0", "madvise", (0x1000, 4096, 11), True),
        ('memfd_create("x", MFD_CLOEXEC) = 3', "memfd_create", ("y", 1), True),
        # A descriptor alone says too little.
        ("close(3) = 0", "close", (4,), False),
        ("fstatfs(3, {f_type=0x1, f_bsize=4096}) = 0", "fstatfs", (4,), False),
        ("lseek(3, 0, SEEK_END) = 0", "lseek", (4, 0, 2), False),
        ("lseek(3, 0, SEEK_END) = 0", "lseek", (3, 0, 0), False),
        # A path is nearly another in the same directory, or of the same name.
        ('unlink("/d/a") = 0', "unlink", ("/d/b",), True),
        ('unlink("/d/a") = 0', "unlink", ("/e/a",), True),
        ('unlink("/d/file") = 0', "unlink", ("/e/file",), True),
        ('unlink("/d/a") = 0', "unlink", ("/e/b",), False),
        ('unlink("/e/a") = 0', "unlink", ("/d/b",), False),
        ('unlink("/d/b") = 0', "unlink", ("/e/a",), False),
        ('statfs("/d/a", {f_type=0x1, f_bsize=4096}) = 0', "statfs", ("/e/b",), False),
        ('statfs("/d/a", {f_type=0x1, f_bsize=4096}) = 0', "statfs", ("/d/b",), True),
        ('openat(AT_FDCWD, "/d/a", O_RDWR) = 3', "open", ("/d/b", 2, None), True),
        ('openat(AT_FDCWD, "/d/a", O_RDWR) = 3', "open", ("/e/b", 2, None), False),
        ('openat(AT_FDCWD, "/d/a", O_RDWR) = 3', "open", ("/d/a", 0, None), True),
        ('openat(AT_FDCWD, "/d/a", O_RDWR) = 3', "open", ("/d/a", 0, 0o644), False),
        # A reservation is no near miss unless it looks like glibc's: it was held against before.
        ("mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000", "mmap",
         (0, 8192, 0, 0x22, -1, 0), False),
        ("mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x1000",
         "mmap", (0, 4096, 0, 0x22, -1, 0), True),
        ("mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x1000",
         "mmap", (0, 4096, 0, 0x22, -1, 0), True),
        ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000", "mmap",
         (0, 4096, 0, 0x22, -1, 0), True),
    ],
)  # fmt: skip
def test_a_near_miss_differs_in_one_argument_that_tells(
    line: str, name: str, args: tuple[Any, ...], near: bool
) -> None:
    with searched("1 read(0) = 0", f"1 {line}", "1 read(0) = 0") as search:
        assert line_of(search.near_miss(name, args, *ANYWHERE, 1)) == (2 if near else None)


def test_the_last_near_miss_counts() -> None:
    with searched("1 ftruncate(3, 1) = 0", "1 ftruncate(3, 2) = 0", "2 ftruncate(3, 3) = 0") as s:
        assert line_of(s.near_miss("ftruncate", (3, 4), 0, 9, 1)) == 2
        assert line_of(s.near_miss("ftruncate", (3, 2), 0, 9, 1)) == 1
        assert line_of(s.near_miss("ftruncate", (3, 4), 0, 2, 1)) == 1
        assert line_of(s.near_miss("ftruncate", (3, 4), 2, 9, 1)) is None
        assert line_of(s.near_miss("ftruncate", (3, 4), 0, 9, None)) == 3


def test_the_first_call_in_a_range_of_addresses() -> None:
    lines = [
        "1 close(4096) = 0",
        "1 madvise(0x5000, 4096, MADV_DONTFORK) = 0",
        "1 mbind(0x4000, 4096, MPOL_DEFAULT, NULL, 0, 0) = 0",
        "1 munmap(0x3000, 4096) = 0",
        "1 mprotect(0x2000, 4096, PROT_READ) = 0",
        "1 mmap(0x1000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 3, 0) = 0x1000",
        "1 munmap(0x1fff, 4096) = 0",
        "1 madvise(?, 4096, MADV_DONTFORK) = 0",
    ]
    with searched(*lines) as search:
        for start, end, line in (
            (0x5000, 0x6000, 2),
            (0x4000, 0x5000, 3),
            (0x3000, 0x4000, 4),
            (0x2000, 0x3000, 5),
            (0x1000, 0x1001, 6),
            (0x1001, 0x2000, 7),
            (0x1000, 0x6000, 2),
            (0x1000, 0x4000, 4),
            (0x1000, 0x3001, 4),
            (0x6000, 0x9000, None),
            (0x5001, 0x9000, None),
        ):
            assert line_of(search.in_range(start, end, *ANYWHERE, 1)) == line, hex(start)
        assert line_of(search.in_range(0x1000, 0x6000, 2, 9, 1)) == 3
        assert line_of(search.in_range(0x1000, 0x6000, 0, 2, 1)) is None
        assert line_of(search.in_range(0x1000, 0x6000, *ANYWHERE, 2)) is None
