"""A log held against calls of the model's, one by one, and on after a difference."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Any

import pytest
from test_oracle_strace import BEGINNING, log_of

from qemu_model.host.protocol import StatFs
from qemu_model.judge.alignment import Alignment, LogEnded, ProcessEnded
from qemu_model.judge.backend_calls import BackendCalls
from qemu_model.judge.search import LogSearch
from qemu_model.judge.verdict import Report

MIB, PAGE = 1 << 20, 4096
RW, CREATE = 2, 0o302
OPEN = '1 openat(AT_FDCWD, "/a", O_RDWR) = 3'
OPENED = ("open", ("/a", RW, None))
SIZE = ("lseek", (3, 0, 2))
LSEEK = "1 lseek(3, 0, SEEK_END) = 4194304"
#: The same kind of call, which is on no backend.
ELSEWHERE = "2 lseek(9, 0, SEEK_CUR) = 0"
CLOSE = "1 close(3) = 0"
CLOSED = ("close", (3,))
EXIT, EXITED = "1 exit_group(0) = ?", "1 +++ exited with 0 +++"

#: A block of 4 MiB of anonymous memory, and what the model asks for it.
RESERVE = "1 mmap(NULL, 6291456, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000"
RESERVED = ("mmap", (0, 6 * MIB, 0, 0x22, -1, 0))
START, RESERVED_AT = 0x7F00_0020_0000, 0x7F00_0000_1000
MAP = (
    "1 mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, "
    "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f0000200000"
)
MAPPED = ("mmap", (START, 4 * MIB, 3, 0x32, -1, 0))
HEAD = "1 munmap(0x7f0000001000, 2093056) = 0"
TRIMMED = ("munmap", (RESERVED_AT, 2093056))
HUGEPAGE = "1 madvise(0x7f0000200000, 4194304, MADV_HUGEPAGE) = 0"
DONTFORK = "1 madvise(0x7f0000200000, 4194304, MADV_DONTFORK) = 0"
ADVISED = ("madvise", (START, 4 * MIB, 14))
NO_FORK = ("madvise", (START, 4 * MIB, 10))


class Held:
    """A log, held against calls."""

    def __init__(self, alignment: Alignment, report: Report) -> None:
        self.alignment, self.report = alignment, report
        self.on_line: list[int] = []

    def expect(self, *calls: tuple[str, tuple[Any, ...]]) -> list[int | None]:
        """Return the answers to calls."""
        return [self.alignment.expect(*call).result for call in calls]

    @property
    def told(self) -> list[tuple[str, int | None, str]]:
        """What was found: kind, line, and the call that was expected."""
        return [(one.kind, one.line, one.allowed[0].call) for one in self.report.divergences]

    @property
    def rest(self) -> list[int]:
        """The lines of the calls that are left."""
        found = []
        while (call := self.alignment.rest()) is not None:
            found.append(call.line)
        return found


@contextlib.contextmanager
def held(
    *lines: str,
    paths: tuple[str, ...] = ("/a",),
    pid: int | None = 1,
    ram: bool = False,
    attached: bool = False,
    first_may_be_missing: bool = False,
    filtered: bool = False,
) -> Iterator[Held]:
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        calls = BackendCalls(log, paths, BEGINNING, attached=attached)
        notes: list[int] = []
        report = Report(on_line=lambda line, _text: notes.append(line))
        alignment = Alignment(
            calls,
            LogSearch(log, calls),
            report,
            pid=pid,
            machine_has_ram=ram,
            attached=attached,
            first_may_be_missing=lambda _call: first_may_be_missing,
            filtered_by_path=lambda: filtered,
        )
        trial = Held(alignment, report)
        trial.on_line = notes
        yield trial


# As it should be.


def test_calls_that_are_as_expected_match_and_answer_as_in_the_log() -> None:
    with held(OPEN, LSEEK, "1 read(9) = 0", CLOSE, EXIT) as one:
        assert one.expect(OPENED, SIZE, CLOSED) == [3, 4 * MIB, 0]
        assert (one.report.matched, one.told, one.on_line) == (3, [], [1, 2, 4])
        assert one.rest == [5]
    with held(RESERVE, MAP, HEAD, HUGEPAGE, DONTFORK) as one:
        assert one.expect(RESERVED, MAPPED, TRIMMED, ADVISED, NO_FORK) == [
            RESERVED_AT,
            START,
            0,
            0,
            0,
        ]
        assert (one.report.matched, one.told, one.rest) == (5, [], [])


def test_a_log_that_ends_says_which_call_was_expected() -> None:
    with held(OPEN, LSEEK) as one:
        one.expect(OPENED, SIZE)
        with pytest.raises(LogEnded) as ended:
            one.expect(SIZE)
        assert (ended.value.expected.call, ended.value.expected.args) == SIZE
        assert str(ended.value) == "lseek"
        assert one.told == []


def test_a_call_that_occurs_nowhere_is_answered_and_told() -> None:
    """interface.md: a call name that never occurs in the whole log is not judged."""
    with held(OPEN, CLOSE) as one:
        assert one.expect(OPENED, SIZE, RESERVED, CLOSED) == [3, 1 << 62, (1 << 56) + (1 << 48), 0]
        assert one.report.not_in_log == {"lseek", "mmap of anonymous memory"}
        assert (one.report.matched, one.told) == (2, [])


def test_the_end_of_the_process_where_a_call_is_expected() -> None:
    """The call is missing, unless QEMU failed before it or was ended from outside."""
    for end in (
        "1 +++ killed by SIGABRT +++",
        "1 +++ killed by SIGSEGV +++",
        "1 exit_group(1) = ?",
    ):
        with held(ELSEWHERE, OPEN, end) as one:
            one.expect(OPENED)
            one.expect(SIZE)
            assert one.told == []
            early = one.alignment.ended_early
            assert (early.divergence.kind, early.divergence.line) == ("missing", 3)
            assert early.expected.call == "lseek"
    for end in (EXIT, EXITED):
        with held(ELSEWHERE, OPEN, end) as one:
            one.expect(OPENED)
            with pytest.raises(ProcessEnded):
                one.expect(SIZE)
            assert one.told == [("missing", 3, "lseek")]
    for signal in ("SIGKILL", "SIGTERM", "SIGINT"):
        with held(ELSEWHERE, OPEN, f"1 +++ killed by {signal} +++") as one:
            one.expect(OPENED)
            with pytest.raises(LogEnded):
                one.expect(SIZE)
            assert one.told == []


def test_another_threads_end_is_nothing() -> None:
    for end in ("2 +++ exited with 0 +++", "2 exit_group(0) = ?", "2 +++ killed by SIGABRT +++"):
        with held(OPEN, end, LSEEK) as one:
            assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
    with held(ELSEWHERE, OPEN.replace("1 open", "7 open"), "7 +++ exited with 0 +++") as one:
        one.expect(OPENED)
        with pytest.raises(ProcessEnded):
            one.expect(SIZE)
    for end, pid in (("2 +++ exited with 0 +++", None), ("+++ exited with 0 +++", 1)):
        with held(ELSEWHERE, end, pid=pid) as one:
            with pytest.raises(ProcessEnded):
                one.expect(SIZE)
            assert one.told == [("missing", 2, "lseek")], "whose it is, is not known"


# What goes on beside.


def test_memory_files_of_others_are_nobodys() -> None:
    """QEMU's clipboard and its like; a memfd backend's name is its type's."""
    other = '1 memfd_create("ui-clipboard", MFD_CLOEXEC) = 9'
    own = '1 memfd_create("memory-backend-memfd", MFD_CLOEXEC) = 4'
    made = ("memfd_create", ("memory-backend-memfd", 1))
    with held(other, "1 ftruncate(9, 1) = 0", "1 close(9) = 0", OPEN, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.told == []
    with held(own, OPEN, LSEEK) as one:
        one.expect(OPENED)
        assert one.told == [("extra", 1, "open")]
    with held(other, "1 close(9) = 0", own) as one:
        assert one.expect(made) == [4]
        assert (one.told, one.report.matched) == ([], 1)
    with held(other, EXIT) as one:
        assert one.expect(made) == [9], "where none follows its name is altered"
        assert one.told == [("altered", 1, "memfd_create")]
    for answer in ("= -1 EMFILE (Too many open files)", "= ?"):
        with held(other.replace("= 9", answer), OPEN) as one:
            assert one.expect(OPENED) == [3]


def test_a_number_is_ignored_until_it_is_closed() -> None:
    other = '1 memfd_create("ui-clipboard", MFD_CLOEXEC) = 9'
    again = OPEN.replace("= 3", "= 9")
    with held(other, "1 close(9) = 0", again, "1 ftruncate(9, 5) = 0", LSEEK, CLOSE) as one:
        assert one.expect(OPENED) == [9]
        one.expect(("ftruncate", (9, 5)))
        assert one.report.matched == 2


def test_a_signal_is_nothing_unless_pages_are_touched() -> None:
    bus = "1 --- SIGBUS {si_signo=SIGBUS, si_addr=0x7f0000200000} ---"
    with held(OPEN, bus, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.told == []


@pytest.mark.parametrize(
    ("address", "touched"),
    [
        ("0x7f0000200000", False),
        ("0x7f00005fffff", False),
        ("NULL", False),
        ("0x7f00001fffff", True),
        ("0x7f0000600000", True),
        ("0x7f0000600001", True),
    ],
)
def test_pages_cannot_be_touched_where_the_kernel_sent_sigbus(address: str, touched: bool) -> None:
    bus = f"1 --- SIGBUS {{si_signo=SIGBUS, si_addr={address}}} ---"
    with held(OPEN, "2 +++ exited with 0 +++", bus, bus, LSEEK) as one:
        one.expect(OPENED)
        assert one.alignment.touch(START, 4 * MIB) == touched
        assert one.alignment.touch(START, 4 * MIB) == touched
        assert one.alignment.touch(START, 4 * MIB)
        assert one.expect(SIZE) == [4 * MIB]
    with held(OPEN, LSEEK, bus) as one:
        one.expect(OPENED)
        assert one.alignment.touch(START, 4 * MIB), "another call comes first"
    with held(OPEN) as one:
        one.expect(OPENED)
        assert one.alignment.touch(START, 4 * MIB)
    with held(bus, attached=True) as one:
        assert one.alignment.touch(START, 4 * MIB), "of start-up nothing is in the log"


# What the RCU thread does, any time or never.

UNMAP = "9 munmap(0x7f0000200000, 4198400) = 0"
UNMAPPED = ("munmap", (START, 4 * MIB + PAGE))
AGAIN = '1 openat(AT_FDCWD, "/a", O_RDWR) = 5'


def test_a_release_may_come_any_time_once_or_never() -> None:
    for extra in ([], [UNMAP], ["9 close(3) = 0"], [UNMAP, "9 close(3) = 0"]):
        for place in (0, 1):
            rest = [AGAIN, "1 lseek(5, 0, SEEK_END) = 0", EXIT]
            rest[place:place] = extra
            with held(OPEN, RESERVE, MAP, *rest) as one:
                one.expect(OPENED, RESERVED, MAPPED)
                one.alignment.release(*UNMAPPED)
                one.alignment.release(*CLOSED)
                assert one.expect(OPENED, ("lseek", (5, 0, 2))) == [5, 0]
                assert one.told == []
                assert one.report.matched == 5 + len(extra)
                assert len(one.on_line) == 5 + len(extra)
                assert len(one.rest) == 1
    with held(OPEN, RESERVE, MAP, UNMAP, UNMAP, AGAIN) as one:
        one.expect(OPENED, RESERVED, MAPPED)
        one.alignment.release(*UNMAPPED)
        one.expect(OPENED)
        assert one.told == [("extra", 5, "open")]


def test_what_has_a_number_or_an_address_anew_was_released_before() -> None:
    close = "1 close(3) = 0"
    with held(OPEN, OPEN, close, close, LSEEK) as one:
        one.expect(OPENED)
        one.alignment.release(*CLOSED)
        one.expect(OPENED)
        assert one.expect(CLOSED) == [0]
        assert one.report.matched == 3
    first = OPEN.replace("= 3", "= 0")
    with held(first, first, "1 close(0) = 0", LSEEK) as one:
        one.expect(OPENED)
        one.alignment.release("close", (0,))
        one.expect(OPENED)
        assert one.expect(("close", (0,))) == [0]
        assert (one.report.matched, one.told) == (3, [])
    with held(RESERVE, MAP, UNMAP, RESERVE, MAP, OPEN) as one:
        one.expect(RESERVED, MAPPED)
        one.alignment.release(*UNMAPPED)
        assert one.expect(RESERVED, MAPPED, OPENED) == [RESERVED_AT, START, 3]
        assert (one.told, one.report.matched) == ([], 6)
    with held(RESERVE, MAP, RESERVE, MAP, UNMAP, OPEN) as one:
        one.expect(RESERVED, MAPPED)
        one.alignment.release(*UNMAPPED)
        assert one.expect(RESERVED, MAPPED, OPENED) == [RESERVED_AT, START, 3]
        assert one.told == [("extra", 5, "open")]


def test_only_memory_in_the_same_place_was_released_before() -> None:
    """A mapping that ends where the released range begins, or begins where it ends, is apart."""
    other = "1 mmap(NULL, {}, PROT_READ, MAP_SHARED, 3, 0) = {:#x}"
    for start, size, gone in (
        (START - 2 * PAGE, 2 * PAGE, False),
        (START - 3 * PAGE, PAGE, False),
        (START - 2 * PAGE, 2 * PAGE + 1, True),
        (START, 8 * MIB, True),
        (START + 4 * MIB + PAGE, PAGE, False),
    ):
        with held(OPEN, RESERVE, MAP, HEAD, other.format(size, start), UNMAP, EXIT) as one:
            one.expect(OPENED, RESERVED, MAPPED, TRIMMED)
            one.alignment.release(*UNMAPPED)
            assert one.expect(("mmap", (0, size, 1, 1, 3, 0))) == [start]
            assert one.rest == ([6, 7] if gone else [7]), hex(start)
            assert one.report.matched == (5 if gone else 6)


def test_other_calls_release_nothing() -> None:
    with held(OPEN, RESERVE, MAP, LSEEK, CLOSE, UNMAP, EXIT) as one:
        one.expect(OPENED, RESERVED, MAPPED)
        one.alignment.release(*UNMAPPED)
        assert one.expect(SIZE, CLOSED) == [4 * MIB, 0]
        assert (one.rest, one.report.matched) == ([7], 6)


def test_no_more_than_a_thousand_releases_are_waited_for() -> None:
    with held(OPEN, *[OPEN.replace("= 3", "= 7"), "1 close(7) = 0"], EXIT) as one:
        one.expect(OPENED, OPENED)
        for number in range(7, 1007):
            one.alignment.release("close", (number,))
        assert one.rest == [4]
        assert one.report.matched == 3
    with held(OPEN, *[OPEN.replace("= 3", "= 7"), "1 close(7) = 0"], EXIT) as one:
        one.expect(OPENED, OPENED)
        for number in range(7, 1008):
            one.alignment.release("close", (number,))
        assert one.rest == [3, 4]


def test_at_start_up_of_a_log_that_begins_later_nothing_is_compared() -> None:
    with held(OPEN, LSEEK, attached=True) as one:
        alignment = one.alignment
        assert not alignment.started
        assert one.expect(OPENED, OPENED) == [1_000_001, 1_000_002]
        alignment.release("close", (3,))
        alignment.has_started()
        assert alignment.started
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.report.matched == 2


# Differences.


def test_a_call_with_one_argument_altered_is_told_and_answers() -> None:
    with held(OPEN, LSEEK.replace("END", "SET"), CLOSE) as one:
        assert one.expect(OPENED, SIZE, CLOSED) == [3, 4 * MIB, 0]
        assert one.told == [("altered", 2, "lseek")]
        assert one.report.matched == 2


@pytest.mark.parametrize(
    ("line", "elsewhere", "expected"),
    [
        ("1 close(3) = 0", "2 fstatfs(9, 0x7ffd) = 0", ("fstatfs", (3,))),
        ("1 fstatfs(3, 0x7ffd) = 0", "2 close(9) = 0", ("close", (3,))),
        ('1 unlink("/a") = 0', '2 statfs("/z/z", 0x7ffd) = 0', ("statfs", ("/a",))),
        ('1 statfs("/a", 0x7ffd) = 0', '2 unlink("/z/z") = 0', ("unlink", ("/a",))),
    ],
)
def test_a_call_with_the_same_arguments_is_another_call(
    line: str, elsewhere: str, expected: tuple[str, tuple[Any, ...]]
) -> None:
    with held(elsewhere, OPEN, line, LSEEK) as one:
        one.expect(OPENED, expected)
        assert one.told == [("missing", 3, expected[0])]


def test_a_call_too_many_is_told_and_the_next_one_matches() -> None:
    with held(OPEN, "1 ftruncate(3, 0) = 0", LSEEK, CLOSE) as one:
        assert one.expect(OPENED, SIZE, CLOSED) == [3, 4 * MIB, 0]
        assert one.told == [("extra", 2, "lseek")]
        assert one.report.matched == 3


def test_a_call_that_is_missing_is_told_and_the_next_one_matches() -> None:
    trunc = "1 ftruncate(3, 4096) = 0"
    with held(OPEN, LSEEK, CLOSE, OPEN, trunc, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.expect(("ftruncate", (3, 8192)), CLOSED) == [0, 0]
        assert one.told == [("missing", 3, "ftruncate")]
        assert one.report.matched == 3


def test_where_the_answer_is_nothing_the_altered_call_may_be_the_next_one() -> None:
    """QEMU does not look at what madvise says: either is possible until the next call."""
    with held(RESERVE, MAP, DONTFORK, EXIT) as one:
        one.expect(RESERVED, MAPPED, ADVISED)
        assert one.told == [("altered", 3, "madvise")]
        assert one.expect(NO_FORK) == [0]
        assert one.told == [("missing", 3, "madvise")]
        assert (one.report.matched, one.rest) == (3, [4])
    with held(RESERVE, MAP, HUGEPAGE.replace("HUGEPAGE", "NOHUGEPAGE"), DONTFORK, EXIT) as one:
        assert one.expect(RESERVED, MAPPED, ADVISED, NO_FORK) == [RESERVED_AT, START, 0, 0]
        assert one.told == [("altered", 3, "madvise")]
        assert (one.report.matched, one.rest) == (3, [5])
    failing = DONTFORK.replace("= 0", "= -1 EINVAL (Invalid argument)")
    with held(RESERVE, MAP, failing) as one:
        assert one.expect(RESERVED, MAPPED, ADVISED)[-1] == -errno.EINVAL


def test_a_call_far_off_is_not_looked_for() -> None:
    """Five calls ahead at most, and not behind the end of the process."""
    size = ("ftruncate", (3, 4096))
    trunc = "1 ftruncate(3, 4096) = 0"
    with held(OPEN, *[LSEEK] * 5, trunc) as one:
        one.expect(OPENED, size)
        assert one.told[-1:] == [("extra", 6, "ftruncate")]
        assert len(one.told) == 5
    with held(OPEN, *[LSEEK] * 6, trunc) as one:
        one.expect(OPENED, size)
        assert one.told == [("missing", 2, "ftruncate")]
    with held(OPEN, LSEEK, EXIT, trunc) as one:
        one.expect(OPENED, size)
        assert one.told == [("missing", 2, "ftruncate")]


def test_a_call_on_a_descriptor_that_is_nobodys_is_found_by_all_else() -> None:
    """It is not on the backend, and but for its descriptor it is the call that is missing."""
    trunc = "1 ftruncate(4, 4096) = 0"
    with held(OPEN, trunc, LSEEK) as one:
        assert one.expect(OPENED, ("ftruncate", (3, 4096)), SIZE) == [3, 0, 4 * MIB]
        assert one.told == [("altered", 2, "ftruncate")]
        assert one.report.matched == 2
    other_thread = trunc.replace("1 ftr", "2 ftr")
    with held(OPEN, other_thread, LSEEK) as one:
        one.expect(OPENED, ("ftruncate", (3, 4096)), SIZE)
        assert one.told == [("missing", 3, "ftruncate")]


def test_a_reservation_without_its_mapping_is_found() -> None:
    advice = "1 madvise(0x7f0000300000, 4096, MADV_HUGEPAGE) = 0"
    with held(OPEN, RESERVE, advice, LSEEK) as one:
        assert one.expect(OPENED, RESERVED) == [3, RESERVED_AT]
        assert one.told == [("missing", 3, "mmap")]
        assert one.expect(("madvise", (RESERVED_AT, PAGE, 14)), SIZE) == [0, 4 * MIB]
        assert one.told == [("missing", 3, "mmap")], "nothing on it is looked for"
        assert one.report.matched == 3
    with held(OPEN, RESERVE, LSEEK) as one:
        one.expect(OPENED, RESERVED)
        assert one.told == [("missing", 3, "mmap")]
    for address, line in ((0x7F0000600FFF, 3), (0x7F0000601000, 4), (0x7F0000000FFF, 4)):
        advice = f"1 madvise({address:#x}, 4096, MADV_HUGEPAGE) = 0"
        with held(OPEN, RESERVE, advice, LSEEK) as one:
            one.expect(OPENED, RESERVED)
            assert one.told == [("missing", line, "mmap")]
            one.expect(("madvise", (address, PAGE, 14)))
            assert len(one.told) == (1 if line == 3 else 2), "beyond it nothing is lost"


def test_a_reservation_with_a_flag_more_is_found() -> None:
    """It looks like one of glibc's arenas, and so was taken for nobody's."""
    arena = RESERVE.replace("MAP_ANONYMOUS", "MAP_ANONYMOUS|MAP_NORESERVE")
    with held(OPEN, arena, MAP, HUGEPAGE) as one:
        assert one.expect(OPENED, RESERVED) == [3, RESERVED_AT]
        assert one.told == [("altered", 2, "mmap")]
        assert one.expect(TRIMMED, MAPPED, ADVISED) == [0, START, 0]
        assert one.told == [("altered", 2, "mmap")]
        assert one.report.matched == 3


def test_what_lies_around_a_block_of_such_a_reservation_is_lost_with_it() -> None:
    """At its head and at its end: neither was told from other memory, so neither is missing."""
    at, start = 0x7F0000801000, 0x7F0000A00000
    lines = [
        OPEN,
        RESERVE.replace("6291456", "8388608")
        .replace("MAP_ANONYMOUS", "MAP_ANONYMOUS|MAP_NORESERVE")
        .replace("0x7f0000001000", f"{at:#x}"),
        MAP.replace("0x7f0000200000", f"{start:#x}").replace("4194304", "6291456"),
        CLOSE,
    ]
    reserved = ("mmap", (0, 8 * MIB, 0, 0x22, -1, 0))
    for address, length, lost in (
        (at, PAGE, True),
        (start - PAGE, PAGE, True),
        (start + 6 * MIB, PAGE, True),
        (at + 8 * MIB - PAGE, PAGE, True),
        (start + PAGE, PAGE, False),
        (start + 4 * MIB, PAGE, False),
        (at + 8 * MIB, PAGE, False),
        (at - PAGE, PAGE, False),
    ):
        unmap = ("munmap", (address, length))
        with held(*lines, "2 munmap(0x1000, 4096) = 0") as one:
            assert one.expect(OPENED, reserved) == [3, at]
            assert one.told == [("altered", 2, "mmap")]
            one.expect(("mmap", (start, 6 * MIB, *MAPPED[1][2:])), unmap)
            assert len(one.told) == (1 if lost else 2), hex(address)


def test_after_a_hundred_divergences_lines_between_are_no_longer_searched() -> None:
    trunc = "1 ftruncate(4, 4096) = 0"
    for count, kind in ((100, "altered"), (101, "missing")):
        with held(OPEN, *["1 lseek(3, 0, SEEK_SET) = 0"] * count, trunc, CLOSE) as one:
            one.expect(OPENED, *[SIZE] * count)
            assert len(one.told) == count
            one.expect(("ftruncate", (3, 4096)))
            assert one.told[-1][0] == kind
            assert one.expect(CLOSED) == [0]


# Openings.


def test_openings_before_the_backend_is_made_are_dropped() -> None:
    """libnuma reads /proc/self/status at start-up, which may be somebody's mem-path."""
    look = ['1 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 9', "1 close(9) = 0"]
    with held(*look, *look, OPEN, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert (one.told, one.report.matched) == ([], 2)
    with held(*look, RESERVE, MAP) as one:
        assert one.expect(RESERVED, MAPPED) == [RESERVED_AT, START]
        assert one.told == []
    with held(*look, OPEN.replace("= 3", "= 0"), LSEEK.replace("3,", "0,")) as one:
        assert one.expect(OPENED, ("lseek", (0, 0, 2))) == [0, 4 * MIB]
        assert (one.told, one.report.matched) == ([], 2)
    with held(look[0], "1 lseek(9, 0, SEEK_END) = 1", look[1], RESERVE, MAP) as one:
        assert one.expect(RESERVED, MAPPED) == [RESERVED_AT, START]
        assert (one.told, one.report.matched) == ([], 2)
    with held(*look, '1 unlink("/a") = 0', OPEN) as one:
        assert one.expect(OPENED) == [3]
        assert one.told[-1] == ("extra", 3, "open"), "what is done to the path is no look"
    with held(OPEN, *look, '1 unlink("/a") = 0') as one:
        one.expect(OPENED, ("unlink", ("/a",)))
        assert one.told == [("extra", 2, "unlink"), ("extra", 3, "unlink")]
    with held(OPEN, *look, LSEEK) as one:
        one.expect(OPENED, SIZE)
        assert one.told[:1] == [("extra", 2, "lseek")]
    missing = '1 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)'
    with held(missing, OPEN, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.told == []


def test_of_several_openings_the_one_most_like_it_is_compared() -> None:
    look = '1 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 9'
    like = '1 openat(AT_FDCWD, "/a", O_RDWR|O_CLOEXEC) = 3'
    with held(look, "1 close(9) = 0", like, LSEEK) as one:
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert one.told == [("altered", 3, "open")]
    for path in ("/b", "/A"):
        other = f'1 openat(AT_FDCWD, "{path}", O_RDWR|O_CLOEXEC) = 4'
        with held(other, like, LSEEK, paths=("/a", path)) as one:
            assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
            assert one.told == [("altered", 2, "open")]
        with held(like, other, LSEEK, paths=("/a", path)) as one:
            assert one.expect(OPENED) == [3]
            assert one.told == [("altered", 1, "open")]


def test_a_second_backend_may_be_looked_at_too_before_it_is_opened() -> None:
    look = ['1 openat(AT_FDCWD, "/b", O_RDONLY) = 9', "1 close(9) = 0"]
    second = '1 openat(AT_FDCWD, "/b", O_RDWR) = 4'
    with held(OPEN, *look, second, paths=("/a", "/b")) as one:
        assert one.expect(OPENED, ("open", ("/b", RW, None))) == [3, 4]
        assert one.told == []
    look_again = ['1 openat(AT_FDCWD, "/a", O_RDONLY) = 9', "1 close(9) = 0"]
    with held(OPEN, *look_again, AGAIN) as one:
        one.expect(OPENED, OPENED)
        assert one.told[0][:2] == ("extra", 2)


def test_openings_where_no_backend_is_made_are_nobodys() -> None:
    look = ['1 openat(AT_FDCWD, "/a", O_RDONLY) = 9', "1 close(9) = 0", EXIT]
    with held(*look) as one:
        assert one.rest == [3]
    with held('1 unlink("/a") = 0', *look) as one:
        assert one.rest == [1, 4]
    with held(OPEN, *look) as one:
        assert one.rest == [1, 4]
    with held(OPEN, *look) as one:
        one.expect(OPENED)
        assert one.rest == [2, 3, 4]


def test_openings_before_memory_that_is_altered_are_dropped_too() -> None:
    look = ['1 openat(AT_FDCWD, "/a", O_RDONLY) = 9', "1 close(9) = 0"]
    larger = RESERVE.replace("6291456", "6295552")
    with held(*look, larger, MAP) as one:
        one.expect(RESERVED)
        assert one.told == [("altered", 3, "mmap")]
    with held(*look, OPEN, larger, MAP) as one:
        one.expect(RESERVED)
        assert one.told[0] == ("missing", 3, "mmap"), "to write is a backend's"
    other = "2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1000000000"
    with held(other, *look, OPEN) as one:
        one.expect(RESERVED)
        assert one.told == [("missing", 4, "mmap")]


def test_memory_of_another_size_that_could_not_be_reserved_is_nobodys_with_glibcs_flags() -> None:
    arena = (
        "1 mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS{}, -1, 0)"
        " = -1 ENOMEM (Cannot allocate memory)"
    )
    for flag in ("|0x4000", "|0x20000"):
        with held(arena.format(flag), OPEN) as one:
            assert one.expect(OPENED) == [3]
            assert one.told == []
        smaller = arena.format(flag).replace("134217728", "4194304")
        with held(OPEN, smaller, RESERVE, MAP) as one:
            assert one.expect(OPENED, RESERVED) == [3, RESERVED_AT]
            assert one.told == []
        with held(OPEN, arena.format(flag), RESERVE, MAP) as one:
            assert one.expect(OPENED, RESERVED) == [3, RESERVED_AT]
            assert one.told == []
        with held(OPEN, arena.format(flag).replace("134217728", "6291456"), EXIT) as one:
            one.expect(OPENED, RESERVED)
            assert one.told == [("altered", 2, "mmap")]
        with held(OPEN, arena.format(flag), EXIT) as one:
            one.expect(OPENED)
            assert one.rest == [3]
    with held(arena.format(""), OPEN) as one:
        one.expect(OPENED)
        assert one.told == [("extra", 1, "open")]


def test_what_a_library_maps_over_its_own_reservation_is_nobodys() -> None:
    """The reservation is larger by another step than QEMU's 2 MiB, and none of the size is due."""
    heap = RESERVE.replace("6291456", "1073741824")
    with held(heap, MAP, OPEN) as one:
        one.expect(OPENED)
        assert one.told == []
    with held(OPEN, heap, MAP) as one:
        one.expect(OPENED)
        assert one.rest == []
    with held(RESERVE, MAP, OPEN) as one:
        one.expect(OPENED)
        assert one.told == [("extra", 1, "open"), ("extra", 2, "open")]
    smaller = [RESERVE.replace("6291456", "4194304"), MAP.replace("4194304", "2097152")]
    with held(*smaller, OPEN) as one:
        one.expect(OPENED)
        assert one.told == [("extra", 1, "open"), ("extra", 2, "open")]
    with held(MAP, OPEN) as one:
        one.expect(OPENED)
        assert one.told == [], "aligned by chance"
    with held(OPEN, MAP) as one:
        one.expect(OPENED, RESERVED)
        assert one.told == [("missing", 2, "mmap")], "of the size that is due"


def test_a_release_of_what_the_log_did_not_show_is_known_by_its_size() -> None:
    unmap = "9 munmap(0x7f0000200000, 4198400) = 0"
    with held(unmap, OPEN, attached=True) as one:
        (reserved,) = one.expect(RESERVED)
        assert reserved is not None
        one.alignment.has_started()
        one.alignment.release("munmap", (reserved, 4 * MIB + PAGE))
        assert one.expect(OPENED) == [3]
        assert (one.told, one.report.matched) == ([], 2)
    with held(unmap, OPEN, attached=True) as one:
        one.expect(RESERVED)
        one.alignment.has_started()
        one.alignment.release("munmap", (reserved, 4 * MIB))
        assert one.expect(OPENED) == [3]
        assert (one.told, one.report.matched) == ([], 1)


def test_in_a_log_that_begins_late_calls_on_unknown_memory_are_nobodys() -> None:
    with held(HUGEPAGE, OPEN, HUGEPAGE, EXIT, attached=True) as one:
        one.alignment.has_started()
        assert one.expect(OPENED) == [3]
        assert (one.told, one.rest) == ([], [4])


# The machine's own memory, and libraries'.


def block(at: int, pid: int = 1, size: int = 4 * MIB) -> list[str]:
    """Return the calls that make an anonymous block at an address."""
    start = at + 2 * MIB - at % (2 * MIB)
    return [
        f"{pid} mmap(NULL, {size + 2 * MIB}, PROT_NONE, "
        f"MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {at:#x}",
        f"{pid} mmap({start:#x}, {size}, PROT_READ|PROT_WRITE, "
        f"MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = {start:#x}",
        f"{pid} madvise({start:#x}, {size}, MADV_MERGEABLE) = 0",
        f"{pid} madvise({start:#x}, {size}, MADV_HUGEPAGE) = 0",
        f"{pid} madvise({start:#x}, {size}, MADV_DONTFORK) = 0",
    ]


def test_of_blocks_that_are_alike_the_backends_is_advised_on_twice() -> None:
    first, second = block(0x7F1000001000), block(0x7F2000001000)
    twice = second[2]
    with held(*first, *second, twice, ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F2000001000]
    with held(*first, *second, twice, ram=True) as one:
        assert one.expect(RESERVED) == [0x7F1000001000], "at start-up they come in order"
    with held(*first, *second, twice, ram=False) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F1000001000]
    with held(*first, *second, twice, first[2], ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F1000001000], "both are: the first"
    bound = "1 mbind(0x7f2000200000, 4194304, MPOL_BIND, [0x1], 2, MPOL_MF_MOVE) = 0"
    with held(*first, *second, bound, ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F2000001000]
        assert one.told == []
        assert one.rest == [7, 8, 9, 10, 11]
    with held(*first, *second, OPEN, ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F1000001000]
    with held(*first, first[2], *second, second[2], ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F1000001000]
    with held(*first, OPEN, *second, second[2], ram=True) as one:
        one.alignment.has_started()
        assert one.expect(RESERVED) == [0x7F1000001000], "what was opened is the next backend's"


def test_blocks_that_nobody_expects_are_the_machines() -> None:
    other = block(0x7F1000001000, size=8 * MIB)
    with held(*other, OPEN, LSEEK, ram=True) as one:
        one.alignment.has_started()
        assert one.expect(OPENED, SIZE) == [3, 4 * MIB]
        assert (one.told, one.rest) == ([], [])
    file = MAP.replace("MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1", "MAP_SHARED|MAP_FIXED, 3")
    with held(OPEN, RESERVE, file, LSEEK, ram=True) as one:
        one.alignment.has_started()
        one.expect(OPENED, SIZE)
        assert one.told == [("extra", 2, "lseek"), ("extra", 3, "lseek")], "a file's is a backend's"
    with held(*other, OPEN, LSEEK, ram=False) as one:
        one.alignment.has_started()
        one.expect(OPENED)
        assert one.told[:1] == [("extra", 1, "open")]
    with held(*other, OPEN, ram=True) as one:
        one.expect(OPENED)
        assert one.told[:1] == [("extra", 1, "open")], "at start-up none is the machine's"
    with held(OPEN, *other, ram=True) as one:
        one.alignment.has_started()
        one.expect(OPENED)
        assert one.rest == []
    with held(OPEN, *other) as one:
        one.alignment.has_started()
        one.expect(OPENED)
        assert one.rest == [2, 3, 4, 5, 6]


def test_pages_are_populated_by_several_threads_in_any_order() -> None:
    """oslib-posix.c of 7.2: each thread has its own part of the block."""
    populate = "{} madvise(0x7f0000{}00000, 1048576, MADV_POPULATE_WRITE) = 0"
    lines = [populate.format(7, 3), populate.format(6, 2), populate.format(8, 4)]
    asked = [("madvise", (START + part * MIB, MIB, 23)) for part in range(3)]
    with held(RESERVE, MAP, *lines) as one:
        assert one.expect(RESERVED, MAPPED, *asked) == [RESERVED_AT, START, 0, 0, 0]
        assert (one.told, one.report.matched) == ([], 5)
    with held(RESERVE, MAP, *lines[::-1]) as one:
        assert one.expect(RESERVED, MAPPED, *asked) == [RESERVED_AT, START, 0, 0, 0]
        assert (one.told, one.report.matched) == ([], 5)
    same = [line.replace("6 mad", "7 mad") for line in lines]
    with held(RESERVE, MAP, *same) as one:
        one.expect(RESERVED, MAPPED, asked[0])
        assert one.told == [("extra", 3, "madvise")], "one thread goes in order"
    with held(RESERVE, MAP, lines[0], HUGEPAGE, *lines[1:]) as one:
        one.expect(RESERVED, MAPPED, asked[0])
        assert one.told[:1] == [("extra", 3, "madvise")]


# Small questions.


def test_the_name_that_mkstemp_chose_is_in_the_log() -> None:
    opening = '1 openat(AT_FDCWD, "/a/qemu_back_mem.m.{}", O_RDWR|O_CREAT{}, 0600) = 3'
    with held(opening.format("AbCdEf", "|O_EXCL")) as one:
        assert one.alignment.temporary_name() == "AbCdEf"
    with held(opening.format("AbCdEf", "")) as one:
        assert one.alignment.temporary_name() == "XXXXXX"
    with held(OPEN, *[LSEEK] * 4, opening.format("AbCdEf", "|O_EXCL")) as one:
        assert one.alignment.temporary_name() == "AbCdEf"
    with held(OPEN, *[LSEEK] * 5, opening.format("AbCdEf", "|O_EXCL")) as one:
        assert one.alignment.temporary_name() == "XXXXXX"
    with held('1 unlink("/a/qemu_back_mem.m.AbCdEf") = 0') as one:
        assert one.alignment.temporary_name() == "XXXXXX"
    with held() as one:
        assert one.alignment.temporary_name() == "XXXXXX"


def test_what_comes_next_is_of_the_backend() -> None:
    with held("2 +++ exited with 0 +++", OPEN, LSEEK) as one:
        assert one.alignment.next_is("open")
        assert not one.alignment.next_is("lseek")
        one.expect(OPENED)
        assert one.alignment.next_is("lseek")
        one.expect(SIZE)
        assert not one.alignment.next_is("lseek")
        assert not one.alignment.is_device(3)
        assert one.alignment.descriptor_path(3) == ""
    device = '1 openat(AT_FDCWD, "/a", O_RDWR) = 3</a<char 251:0>>'
    with held(device) as one:
        one.expect(OPENED)
        assert one.alignment.is_device(3)
        assert not one.alignment.is_device(4)
        assert one.alignment.descriptor_path(3) == "/a"


def test_a_file_in_a_directory_is_not_in_a_log_filtered_by_the_directory() -> None:
    """strace -P knows no path that does not exist yet."""
    directory = OPEN.replace("= 3", "= -1 EISDIR (Is a directory)")
    made = ("open", ("/a/qemu_back_mem.m.XXXXXX", CREATE, 0o600))
    with held(directory, directory, filtered=True) as one:
        assert one.expect(OPENED, made)[0] == -errno.EISDIR
        assert one.report.not_traced == {"open of a file in the directory"}
    with held(directory, filtered=False) as one:
        one.expect(OPENED)
        with pytest.raises(LogEnded):
            one.expect(made)
    with held(directory, filtered=True) as one:
        one.expect(OPENED)
        with pytest.raises(LogEnded):
            one.expect(("open", ("/b", CREATE, 0o600)))


def test_the_first_call_may_be_the_second_in_a_log_filtered_by_path() -> None:
    create = '1 openat(AT_FDCWD, "/a", O_RDWR|O_CREAT|O_EXCL, 0644) = 3'
    created = ("open", ("/a", CREATE, 0o644))
    with held(create, first_may_be_missing=True) as one:
        assert one.expect(OPENED, created) == [-errno.ENOENT, 3]
        assert (one.report.not_traced, one.told) == ({"the first open"}, [])
    with held(create, LSEEK) as one:
        one.expect(OPENED)
        assert one.told != []


def test_a_file_system_that_was_seen_answers_for_one_that_was_not() -> None:
    seen = "1 fstatfs(3, {f_type=HUGETLBFS_MAGIC, f_bsize=2097152}) = 0"
    with held(OPEN, seen, LSEEK) as one:
        one.expect(OPENED, ("fstatfs", (3,)))
        answer = one.alignment.expect("fstatfs", (3,))
        assert answer.out == StatFs(0x958458F6, 2 << 20)
        assert one.told == [("missing", 3, "fstatfs")]


def test_unknown_descriptors_are_known_once_they_are_used() -> None:
    """Where the log lacks an opening, its number is that of the calls that follow."""
    lines = ["1 lseek(5</a>, 0, SEEK_END) = 1", "1 ftruncate(5</a>, 7) = 0", "1 close(5</a>) = 0"]
    with held(*lines, attached=True) as one:
        (number,) = one.expect(OPENED)
        one.alignment.has_started()
        assert number == 1_000_001
        assert one.expect(("lseek", (number, 0, 2)), ("ftruncate", (number, 7))) == [1, 0]
        assert one.expect(("close", (number,))) == [0]
        assert (one.told, one.report.matched) == ([], 3)
    with held(OPEN, "1 ftruncate(3, 4096) = 0", attached=True) as one:
        one.expect(OPENED)
        one.alignment.has_started()
        one.expect(OPENED, ("ftruncate", (9, 4096)))
        assert one.told == [("altered", 2, "ftruncate")], "what is known is compared"
    other = [lines[0], lines[1].replace("5</a>", "6</a>")]
    with held(*other, attached=True) as one:
        (number,) = one.expect(OPENED)
        one.alignment.has_started()
        one.expect(("lseek", (number, 0, 2)), ("ftruncate", (number, 7)))
        assert one.told == [("altered", 2, "ftruncate")]


def test_unknown_addresses_are_known_once_they_are_used() -> None:
    advice = "1 madvise({:#x}, {}, MADV_{}) = 0"
    lines = [
        advice.format(START, 4 * MIB, "MERGEABLE"),
        advice.format(START + PAGE, PAGE, "DONTNEED"),
        advice.format(START + MIB, PAGE, "DONTNEED"),
        advice.format(START + 2 * MIB, PAGE, "DONTNEED"),
    ]
    with held(*lines, attached=True) as one:
        (reserved,) = one.expect(RESERVED)
        assert reserved is not None
        start = reserved
        one.alignment.has_started()
        one.expect(("madvise", (start, 4 * MIB, 12)))
        for offset in (PAGE, MIB, 2 * MIB):
            assert one.expect(("madvise", (start + offset, PAGE, 4))) == [0]
        assert (one.told, one.report.matched) == ([], 4)
    with held(*lines[:2], attached=True) as one:
        one.expect(RESERVED)
        one.alignment.has_started()
        one.expect(("madvise", (start, 4 * MIB, 12)))
        with pytest.raises(LogEnded):
            one.expect(("madvise", (start, PAGE, 4)))
    with held(*lines[:2], attached=True) as one:
        one.expect(RESERVED)
        one.alignment.has_started()
        one.expect(("madvise", (start, 4 * MIB, 12)))
        with pytest.raises(LogEnded):
            one.expect(("madvise", (start + 2 * PAGE, PAGE, 4)))
    with held(*lines[1:], attached=True) as one:
        one.expect(RESERVED)
        one.alignment.has_started()
        for offset in (PAGE, MIB):
            assert one.expect(("madvise", (start + offset, PAGE, 4))) == [0]
        assert (one.told, one.report.matched) == ([], 2)
    with held(MAP, attached=True) as one:
        one.expect(RESERVED)
        one.alignment.has_started()
        with pytest.raises(LogEnded):
            one.expect(("mmap", (start, *MAPPED[1][1:])))
