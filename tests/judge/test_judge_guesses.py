"""Answers that a log does not have: those with which QEMU would make the calls that follow."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from qemu_model.host.protocol import StatFs
from qemu_model.judge.backend_calls import LoggedBlock
from qemu_model.judge.guesses import GuessedAnswers
from qemu_model.judge.strace import Call

HUGETLBFS = 0x958458F6
HUGE, PAGE = 2 << 20, 4096
RESERVED = (0, 8 << 20, 0, 0x22, -1, 0)
RW, CREATE = os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL


def call(name: str, *args: Any, result: int | None = 0, out: StatFs | None = None) -> Call:
    return Call(1, 1, name, args, result, b"", out)


def before(*calls: Call) -> GuessedAnswers:
    """Return what invents answers where the log goes on with these calls."""
    return GuessedAnswers(lambda place: calls[place] if place < len(calls) else None)


def block(reserved: int, mapped: int, address: int = 0x7F0000200000) -> list[Call]:
    """Return the calls of a block: reserved, mapped over."""
    reservation = call("mmap", 0, reserved, 0, 0x22, -1, 0, result=0x7F0000000000)
    mapping = call("mmap", address, mapped, 3, 0x11, 3, 0, result=address)
    made = LoggedBlock(0x7F0000000000, 0x7F0000000000 + reserved, reservation, True, mapping)
    reservation.block = mapping.block = made
    return [reservation, mapping]


def test_an_opening_answers_with_the_descriptor_that_is_used_next() -> None:
    for name, args in (("open", ("/a", RW, None)), ("memfd_create", ("m", 1))):
        for following in (
            call("lseek", 7, 0, 2),
            call("fstatfs", 7),
            call("ftruncate", 7, 1),
            call("fcntl", 7, 1033, 5),
            call("fallocate", 7, 0, 0, 1),
            call("close", 7),
        ):
            answer = before(following).answer(name, args)
            assert (answer.name, answer.args, answer.result) == (name, args, 7)
            assert (answer.line, answer.pid, answer.text) == (0, None, b"")


def test_an_opening_of_a_file_that_is_then_made_was_refused() -> None:
    """hostmem-file.c: ENOENT makes the file, EISDIR one in the directory; so open(2) says."""
    made = before(call("open", "/a", CREATE, 0o644))
    within = before(call("open", "/a/qemu_back_mem.m.XyZabc", CREATE, 0o600))
    assert made.answer("open", ("/a", RW, None)).result == -errno.ENOENT
    assert within.answer("open", ("/a", RW, None)).result == -errno.EISDIR
    assert made.answer("open", ("/b", RW, None)).result == -errno.EISDIR
    assert made.answer("open", ("/a", CREATE, 0o644)).result == 1_000_001
    assert made.answer("memfd_create", ("m", CREATE)).result == 1_000_002
    assert (made.unknown_count, within.unknown_count) == (2, 0)
    assert before(call("open", "/m", RW, None)).answer("memfd_create", ("m", 1)).result == 1_000_001


def test_a_descriptor_that_the_log_does_not_show_is_like_no_other() -> None:
    for other in ("unlink", "statfs"):
        assert before(call(other, "/a")).answer("open", ("/a", RW, None)).result == 1_000_001
    unknown = before(call("mmap", *RESERVED))
    found = [unknown.answer("open", (path, RW, None)).result for path in ("/a", "/b")]
    assert found == [1_000_001, 1_000_002]
    assert unknown.unknown_count == 2
    blind = before(call("close", 7), call("close", 7))
    blind.log_not_reached = True
    assert blind.answer("open", ("/a", RW, None)).result == 1_000_001
    assert before().answer("open", ("/a", RW, None)).result == 1_000_001


@pytest.mark.parametrize(
    ("following", "size"),
    [
        ([call("ftruncate", 3, 4096)], 0),
        ([call("fstatfs", 3), call("ftruncate", 3, 4096)], 0),
        ([call("fstatfs", 3)] * 5 + [call("ftruncate", 3, 4096)], 0),
        ([call("fstatfs", 3)] * 6 + [call("ftruncate", 3, 4096)], 1 << 62),
        ([call("mmap", *RESERVED)], 1 << 62),
        ([call("exit_group", 1), call("ftruncate", 3, 4096)], 1 << 62),
        ([call("exited", 1), call("ftruncate", 3, 4096)], 1 << 62),
        ([call("killed", "SIGABRT"), call("ftruncate", 3, 4096)], 1 << 62),
        ([], 1 << 62),
    ],
)
def test_a_file_is_empty_if_it_is_given_its_size_soon(following: list[Call], size: int) -> None:
    """Only an empty file is truncated; the size of any other is large enough."""
    assert before(*following).answer("lseek", (3, 0, 2)).result == size
    blind = before(*following)
    blind.log_not_reached = True
    assert blind.answer("lseek", (3, 0, 2)).result == 1 << 62


def test_a_file_system_is_the_one_that_the_log_shows() -> None:
    huge, other = StatFs(HUGETLBFS, HUGE), StatFs(0xEF53, PAGE)
    soon = before(call("lseek", 3, 0, 2), call("fstatfs", 3, out=huge))
    soon.file_system_seen = other
    assert soon.answer("fstatfs", (3,)).out == huge
    assert soon.answer("statfs", ("/a",)).out == other, "it is another call"
    unanswered = before(call("statfs", "/a"))
    unanswered.file_system_seen = huge
    assert unanswered.answer("statfs", ("/a",)).out == huge
    assert before().answer("statfs", ("/a",)).out == StatFs(0, PAGE)
    assert before().answer("ftruncate", (3, 1)).out is None


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (block(8 << 20, 6 << 20), StatFs(HUGETLBFS, HUGE)),
        (block(4 << 20, 2 << 20), StatFs(HUGETLBFS, HUGE)),
        (block((4 << 20) + PAGE, 4 << 20), StatFs(0, PAGE)),
        (block((4 << 20) + 2048, 4 << 20), StatFs(0, PAGE)),
        (block((4 << 20) + 2 * PAGE, 4 << 20), StatFs(HUGETLBFS, 2 * PAGE)),
        (block((4 << 20) + 3 * PAGE, 4 << 20), StatFs(0, PAGE)),
        (block(8 << 20, 6 << 20)[1:], StatFs(0, PAGE)),
        ([call("mmap", *RESERVED)], StatFs(0, PAGE)),
        ([call("close", 3)], StatFs(0, PAGE)),
    ],
)
def test_the_page_of_a_file_is_by_how_much_the_block_was_reserved_larger(
    calls: list[Call], expected: StatFs
) -> None:
    """mmap-alloc.c reserves size + align, and align is the file system's page."""
    assert before(*calls).answer("fstatfs", (3,)).out == expected
    reserved_alone = LoggedBlock(0, 8 << 20, call("mmap", *RESERVED))
    assert reserved_alone.reservation is not None
    reserved_alone.reservation.block = reserved_alone
    assert before(reserved_alone.reservation).answer("fstatfs", (3,)).out == StatFs(0, PAGE)


def test_a_mapping_is_where_it_was_asked_for() -> None:
    at = before().answer("mmap", (0x7F0000000000, PAGE, 3, 0x11, 3, 0))
    assert at.result == 0x7F0000000000
    for name in ("munmap", "madvise", "mbind", "close", "unlink", "fcntl"):
        assert before().answer(name, (0x7F0000000000, PAGE)).result == 0


def test_a_reservation_begins_where_the_next_mapping_or_what_is_given_back_before_it_does() -> None:
    """mmap-alloc.c: the part before the block is unmapped, and ends where the block begins."""
    mapped = call("mmap", 0x7F0000200000, PAGE, 3, 0x11, 3, 0)
    head = call("munmap", 0x7F0000001000, 0x1FF000)
    tail = call("munmap", 0x7F0000202000, 0x1FF000)
    apart = [call("madvise", 0x7F0000200000, PAGE, 14)]
    assert before(mapped, head, tail).answer("mmap", RESERVED).result == 0x7F0000001000
    assert before(*apart, mapped, *apart, tail, head).answer("mmap", RESERVED).result == (
        0x7F0000001000
    )
    assert before(mapped, tail).answer("mmap", RESERVED).result == 0x7F0000200000
    apart_from_it = call("munmap", 0x7E0000000000, PAGE)
    assert before(mapped, apart_from_it).answer("mmap", RESERVED).result == 0x7F0000200000
    assert before(mapped, *apart * 4, head).answer("mmap", RESERVED).result == 0x7F0000001000
    assert before(mapped, *apart * 5, head).answer("mmap", RESERVED).result == 0x7F0000200000
    assert (
        before(mapped, call("madvise", 0x7F0000001000, 0x1FF000, 0)).answer("mmap", RESERVED).result
        == 0x7F0000200000
    )


def test_a_reservation_that_the_log_does_not_show_is_like_no_other() -> None:
    far = 1 << 56
    for following in (
        [],
        [call("mmap", *RESERVED)],
        [call("mmap", "?", PAGE, 3, 0x11, 3, 0)],
        [call("exit_group", 0), call("mmap", 0x7F0000200000, PAGE, 3, 0x11, 3, 0)],
    ):
        unknown = before(*following)
        found = [unknown.answer("mmap", RESERVED).result for _ in range(2)]
        assert found == [far + (1 << 48), far + (2 << 48)]
        assert unknown.unknown_count == 2
        unknown.unknown_count = 255
        assert unknown.answer("mmap", RESERVED).result == far + (256 << 48)
