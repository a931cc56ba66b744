"""What makes a line one on a backend's block, told from its neighbours by one thing alone."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs
import pytest
from test_judge_calls import ADVISE, MAP, RESERVE, calls, found
from test_oracle_strace import BEGINNING, log_of

from qemu_model.judge import log as log_module
from qemu_model.judge.backend_calls import BackendCalls

UNMAP = "1 munmap(0x7f0000200000, 4194304) = 0"


@pytest.mark.parametrize("call", ["madvise", "mbind", "mprotect"])
def test_a_call_in_two_halves_has_its_arguments_wherever_its_name_ends(call: str) -> None:
    """Behind a process id of any length."""
    rest = {"madvise": "MADV_HUGEPAGE", "mbind": "MPOL_BIND, [0x1], 2, 0", "mprotect": "PROT_READ"}
    for pid in ("1", "12", "123"):
        begun = f"{pid} {call}(0x7f0000200000, 4194304, {rest[call]} <unfinished ...>"
        ended = f"{pid} <... {call} resumed>) = 0"
        (one,) = calls(RESERVE, MAP, begun, ended)[2:]
        assert (one.line, one.name, one.pid, one.result) == (3, call, int(pid), 0)
        assert one.args[:2] == (0x7F00_0020_0000, 4 << 20)


@pytest.mark.parametrize("count", range(6))
def test_every_line_is_counted(count: int) -> None:
    with log_of(b"1 read(0) = 0\n" * count) as log:
        backend = BackendCalls(log, [], BEGINNING)
        assert list(backend) == []
        assert (backend.lines, backend.calls) == (count, count)
    with log_of(b"1 read(0 <unfinished ...>\n1 <... read resumed>) = 0\n" * count) as log:
        backend = BackendCalls(log, [], BEGINNING)
        assert list(backend) == []
        assert (backend.lines, backend.calls) == (2 * count, count)


def test_a_mapping_by_a_backends_number_is_on_it_whatever_its_name() -> None:
    """Behind a symbolic link the file has another path, which is what -y shows."""
    opened = '1 openat(AT_FDCWD</>, "/a", O_RDWR) = 3</disk/file>'
    mapped = "1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</disk/file>, 0) = 0x7f0000200000"
    assert found(opened, mapped) == [1, 2]
    assert found(opened, mapped.replace("3<", "4<")) == [1]


@pytest.mark.parametrize("descriptor", ["9", "9</lib/libc.so.6>"])
def test_where_a_library_was_mapped_over_a_reservation_no_block_is(descriptor: str) -> None:
    library = (
        "1 mmap(0x7f0000201000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, "
        f"{descriptor}, 0) = 0x7f0000201000"
    )
    advise = "1 madvise(0x7f0000300000, 4096, MADV_MERGEABLE) = 0"
    assert found(RESERVE, library, advise) == []
    assert found(RESERVE, advise) == [1, 2]


@pytest.mark.parametrize(
    ("address", "size", "twice"),
    [
        (0x7F00001FF000, 4096, True),
        (0x7F00001FF000, 4097, False),
        (0x7F00005FF000, 4096, False),
        (0x7F0000600000, 4096, True),
    ],
)
@pytest.mark.parametrize("halves", [False, True])
def test_what_was_mapped_since_is_not_unmapped_twice(
    address: int, size: int, twice: bool, halves: bool
) -> None:
    """A mapping that begins below the range may reach into it, begun and ended on two lines."""
    line = f"2 mmap(NULL, {size}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"
    mapping = [f"{line}) = {address:#x}"]
    if halves:
        # Another thread's, in between, is none of it.
        other = "3 mmap(NULL, 8, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>"
        end = f"2 <... mmap resumed>) = {address:#x}"
        mapping = [f"{line} <unfinished ...>", other, end, "3 <... mmap resumed>) = 0x5000"]
    lines = (RESERVE, MAP, ADVISE, UNMAP, *mapping, UNMAP)
    assert found(*lines) == [1, 2, 3, 4, *([len(lines)] if twice else [])]


def test_what_was_mapped_since_is_found_by_all_of_the_range() -> None:
    """Wherever it begins; the end is the start and the length, carries and all."""
    reserve = RESERVE.replace("0x7f0000001000", "0x7f0000201000")
    lines = [line.replace("0x7f0000200000", "0x7f0000400000") for line in (MAP, ADVISE, UNMAP)]
    mapping = "2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000500000"
    assert found(reserve, *lines, mapping, lines[2]) == [1, 2, 3, 4]
    before = ["2 read(0) = 0"] * 5
    assert found(*before, reserve, *lines, mapping, lines[2]) == [6, 7, 8, 9]
    assert found(reserve, *lines, lines[2]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("size", [4096, 8 << 20])
def test_only_the_same_call_is_made_twice(size: int) -> None:
    assert found(RESERVE, MAP, UNMAP, UNMAP.replace("4194304", str(size))) == [1, 2, 3]
    assert found(RESERVE, MAP, UNMAP, UNMAP) == [1, 2, 3, 4]


def test_what_is_mapped_afterwards_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor how the log is read, piece by piece."""
    later = "2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000200000"
    for size in (64, 256, 1 << 20):
        monkeypatch.setattr(log_module, "PIECE", size)
        for behind in ([], [later], ["2 read(0) = 0"] * 50, [*["2 read(0) = 0"] * 50, later]):
            assert found(RESERVE, MAP, UNMAP, UNMAP, *behind) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("access", "flags", "is_block"),
    [
        ("PROT_READ|PROT_EXEC", "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS", False),
        ("PROT_EXEC", "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS", False),
        ("PROT_NONE", "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS", False),
        ("PROT_WRITE", "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS", True),
        ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE", True),
        ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB", False),
        ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_SYNC|MAP_HUGETLB", False),
        ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE", False),
        ("PROT_READ|PROT_WRITE", "MAP_SHARED|MAP_FIXED|MAP_ANONYMOUS|MAP_HUGETLB", True),
        # MAP_UNINITIALIZED, for which strace has no name on every machine.
        ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS|0x4000000", False),
        ("PROT_READ|PROT_WRITE", "0xzz", False),
        ("0xzz", "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS", False),
    ],
)
def test_a_block_without_its_reservation_has_access_and_flags(
    access: str, flags: str, is_block: bool
) -> None:
    """Writable, anonymous and at its address; greater flags or more access are not these."""
    for address, aligned in (
        (0x7F00_0020_0000, True),
        (0x7F00_0040_0000, True),
        (0x7F00_0030_0000, False),
        (0x7F00_0060_1000, False),
    ):
        line = f"1 mmap({address:#x}, 4194304, {access}, {flags}, -1, 0) = {address:#x}"
        assert found(line) == ([1] if is_block and aligned else [])


def test_lines_before_the_first_that_is_read_are_counted_as_read() -> None:
    with log_of(b"1 read(0) = 0\n" * 9) as log:
        for line in (1, 2, 5):
            assert BackendCalls(log, [], attrs.evolve(BEGINNING, first_line=line)).lines == line - 1


def test_a_block_reaches_from_its_start_by_its_length() -> None:
    """Carries and all, whether it was reserved or not, and so does what is given back of it."""
    reserve = RESERVE.replace("0x7f0000001000", "0x7f0000401000")
    last = "1 madvise({:#x}, 4096, MADV_MERGEABLE) = 0"
    assert found(reserve, last.format(0x7F0000A00000)) == [1, 2]
    assert found(reserve, last.format(0x7F0000A01000)) == []
    mapping = MAP.replace("0x7f0000200000", "0x7f0000400000")
    assert found(mapping, last.format(0x7F00007FF000)) == [1, 2]
    assert found(mapping, last.format(0x7F0000800000)) == [1]
    mapping = MAP.replace("0x7f0000200000", "0x7f0000600000")
    head = "1 munmap(0x7f0000401000, 2093056) = 0"
    assert found(reserve, mapping, head, last.format(0x7F00005FF000)) == [1, 2, 3]
    assert found(reserve, mapping, head, last.format(0x7F0000600000)) == [1, 2, 3, 4]


def test_a_block_that_is_given_back_hides_none_behind_it() -> None:
    behind = RESERVE.replace("0x7f0000001000", "0x7f0000601000")
    advise = "1 madvise({:#x}, 4096, MADV_MERGEABLE) = 0"
    unmap = "1 munmap(0x7f0000001000, 6291456) = 0"
    lines = (RESERVE, advise.format(0x7F0000200000), behind, unmap, advise.format(0x7F0000601000))
    assert sorted(found(*lines)) == [1, 2, 3, 4, 5]
    longer = unmap.replace("6291456", "8388608")
    lines = (*lines[:3], longer, advise.format(0x7F0000900000))
    assert sorted(found(*lines)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("line", [MAP, UNMAP, ADVISE, RESERVE])
@pytest.mark.parametrize("unreadable", ["(0x7f0000200000", "(NULL", "4194304", "6291456"])
def test_a_call_whose_range_cannot_be_read_is_on_no_block(line: str, unreadable: str) -> None:
    """Whichever of address and length it is; a block is there for it to be on."""
    strange = line.replace(unreadable, "(zz" if unreadable.startswith("(") else "zz")
    if strange != line:
        assert found(RESERVE, MAP, ADVISE, strange) == [1, 2, 3]


def test_a_reservation_does_not_wait_for_as_long_as_other_calls_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Eight pieces behind it, it is given where it is mapped over after all."""
    monkeypatch.setattr(log_module, "PIECE", 160)
    others = ["1 read(0) = 0", '1 unlink("/a") = 0'] * 80
    unlinks = list(range(3, 162, 2))
    assert found(RESERVE, *others, MAP) == [*unlinks, 1, 162]
    assert found(RESERVE, *others[:8], MAP) == [1, *unlinks[:4], 10]


def test_a_mapping_whose_beginning_the_log_lacks_is_where_it_answers() -> None:
    ended = "2 <... mmap resumed>) = {:#x}"
    for address, twice in ((0x7F0000200000, False), (0x7F00001FF000, True)):
        lines = (RESERVE, MAP, ADVISE, UNMAP, ended.format(address), UNMAP)
        assert found(*lines) == [1, 2, 3, 4, *([6] if twice else [])]
