"""How far the judge goes: what is just not passed over, not lost and not anybody's.

Each log here is one that is told apart from its neighbour by one thing alone.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from test_judge_alignment import (
    EXIT,
    HUGEPAGE,
    MAP,
    MAPPED,
    MIB,
    OPEN,
    OPENED,
    PAGE,
    RESERVE,
    RESERVED,
    RESERVED_AT,
    START,
    block,
    held,
)

#: Where a second block of 4 MiB lies, above the other or below.
ABOVE, BELOW = 0x7F20_0020_0000, 0x7E00_0020_0000


def test_with_a_mapping_that_is_elsewhere_nothing_else_is_lost() -> None:
    """Only of an altered reservation it is unknown what belongs to it."""
    elsewhere = MAP.replace("0x7f0000200000", "0x7f0000a01000")
    advise = "1 madvise(0x7f0000200000, 4194304, MADV_MERGEABLE) = 0"
    tail = "1 munmap(0x7f0000600000, 4096) = 0"
    with held(RESERVE, elsewhere, advise, tail) as one:
        one.expect(RESERVED, MAPPED, ("madvise", (START, 4 * MIB, 12)))
        one.expect(("munmap", (START + 4 * MIB, PAGE)))
        assert (one.told, one.report.matched) == ([("altered", 2, "mmap")], 3)
    with held(RESERVE, elsewhere, advise, *block(BELOW - PAGE)) as one:
        one.expect(RESERVED, MAPPED, ("madvise", (START, 4 * MIB, 12)), RESERVED)
        one.expect(("mmap", (BELOW, *MAPPED[1][1:])))
        assert (one.told, one.report.matched) == ([("altered", 2, "mmap")], 4)


def test_with_a_reservation_nothing_is_lost_unless_a_mapping_follows() -> None:
    altered = RESERVE.replace("MAP_ANONYMOUS", "MAP_ANONYMOUS|MAP_NORESERVE")
    tail = f"1 munmap({ABOVE + 4 * MIB:#x}, 4096) = 0"
    advise = HUGEPAGE.replace("0x7f0000200000", f"{ABOVE:#x}")
    with held(*block(ABOVE - 2 * MIB + PAGE)[:2], altered, tail, advise) as one:
        one.expect(RESERVED, ("mmap", (ABOVE, *MAPPED[1][1:])), RESERVED)
        one.expect(("munmap", (ABOVE + 4 * MIB, PAGE)), ("madvise", (ABOVE, 4 * MIB, 14)))
        assert (one.told, one.report.matched) == ([("altered", 3, "mmap")], 4)


@pytest.mark.parametrize(("first", "second"), [(7000, 8000), (8000, 7000)])
def test_a_later_part_is_populated_earlier_only_by_another_thread(first: int, second: int) -> None:
    populate = "{} madvise(0x7f0000{}00000, 1048576, MADV_POPULATE_WRITE) = 0"
    asked = [("madvise", (START + part * MIB, MIB, 23)) for part in range(2)]
    with held(RESERVE, MAP, populate.format(first, 3), populate.format(second, 2)) as one:
        assert one.expect(RESERVED, MAPPED, *asked) == [RESERVED_AT, START, 0, 0]
        assert (one.told, one.report.matched) == ([], 4)
    with held(RESERVE, MAP, populate.format(first, 3), populate.format(first, 2)) as one:
        one.expect(RESERVED, MAPPED, asked[0])
        assert one.told == [("extra", 3, "madvise")]


def test_a_name_is_mkstemps_only_where_the_file_is_made_anew() -> None:
    """mkstemp(3) opens with O_EXCL; a flag that is a greater number does not make it so."""
    with held('1 openat(AT_FDCWD, "/a/qemu_back_mem.m.AbCdEf", O_RDWR|O_CLOEXEC) = 3') as one:
        assert one.alignment.temporary_name() == "XXXXXX"


def test_before_a_file_is_removed_no_opening_is_passed_over() -> None:
    with held(OPEN, OPEN, '1 unlink("/b") = 0', paths=("/a", "/b")) as one:
        assert one.expect(OPENED, ("unlink", ("/b",))) == [3, 0]
        assert (one.told, one.report.matched) == ([("extra", 2, "unlink")], 2)


def test_memory_with_another_flag_than_glibcs_is_not_nobodys() -> None:
    """Of 128 MiB, which could not be reserved: huge pages, or the place alone, are not glibc's."""
    for flag in ("MAP_HUGETLB", "MAP_FIXED_NOREPLACE", "MAP_LOCKED", "MAP_POPULATE"):
        failing = (
            f"1 mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|{flag}, -1, 0)"
            " = -1 ENOMEM (Cannot allocate memory)"
        )
        with held(failing, OPEN) as one:
            one.expect(OPENED)
            assert one.told == [("extra", 1, "open")], flag
        with held(OPEN, failing, EXIT) as one:
            one.expect(OPENED)
            assert one.rest == [2, 3], flag


def test_an_unknown_address_is_known_by_the_first_call_on_any_part_of_it() -> None:
    """The start of a block is the address in the log less the offset, carries and all."""
    advise = "1 madvise({:#x}, 4096, MADV_DONTNEED) = 0"
    begin = START + PAGE
    lines = [advise.format(begin + offset) for offset in (PAGE, MIB)]
    with held(*lines, attached=True) as one:
        (start,) = one.expect(RESERVED)
        assert start is not None
        one.alignment.has_started()
        one.expect(*(("madvise", (start + offset, PAGE, 4)) for offset in (PAGE, MIB)))
        assert (one.told, one.report.matched) == ([], 2)


def test_of_a_thousand_parts_the_next_may_be_any() -> None:
    """No more than 1024 calls ahead are looked at; the part behind them is another one."""
    populate = "{} madvise({:#x}, 4096, MADV_POPULATE_WRITE) = 0"
    parts = [populate.format(place, START + place * PAGE) for place in range(1024, -1, -1)]
    asked = ("madvise", (START, PAGE, 23))
    with held(RESERVE, MAP, *parts[1:]) as one:
        one.expect(RESERVED, MAPPED, asked)
        assert (one.told, one.report.matched) == ([], 3)
    with held(RESERVE, MAP, *parts) as one:
        one.expect(RESERVED, MAPPED, asked)
        assert one.told == [("altered", 3, "madvise")]


def test_memory_above_or_below_is_not_what_was_given_back() -> None:
    """A new mapping says that what was in its place is free, and nothing of other places."""
    unmap = "9 munmap(0x7f0000200000, 4194304) = 0"
    for other in (ABOVE, BELOW):
        with held(RESERVE, MAP, *block(other - 2 * MIB + PAGE)[:2], unmap, OPEN) as one:
            one.expect(RESERVED, MAPPED)
            one.alignment.release("munmap", (START, 4 * MIB))
            one.expect(RESERVED, ("mmap", (other, *MAPPED[1][1:])), OPENED)
            assert (one.told, one.report.matched) == ([], 6)


def test_what_was_passed_over_for_a_backends_block_stays_nobodys() -> None:
    """Also memory of a file, which would be a backend's otherwise."""
    first, second = block(ABOVE - 2 * MIB + PAGE), block(BELOW - 2 * MIB + PAGE)
    file = first[1].replace("MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1", "MAP_SHARED|MAP_FIXED, 3")
    lines = (OPEN, first[0], file, second[0], second[1], second[2], second[2], first[4], EXIT)
    with held(*lines, ram=True) as one:
        one.alignment.has_started()
        one.expect(OPENED, RESERVED, ("mmap", (BELOW, *MAPPED[1][1:])))
        one.expect(*[("madvise", (BELOW, 4 * MIB, 12))] * 2)
        assert (one.told, one.report.matched, one.rest) == ([], 5, [9])


def test_a_doubtful_call_that_was_a_release_is_no_longer_in_the_log() -> None:
    """What may be there at any time is looked over as soon as it is known to be allowed."""
    trim = "1 munmap(0x7f0000001000, 2093056) = 0"
    with held(RESERVE, MAP, trim, OPEN, EXIT) as one:
        one.expect(RESERVED, MAPPED, ("munmap", (RESERVED_AT, PAGE)))
        one.alignment.release("munmap", (RESERVED_AT, 2093056))
        assert one.alignment.next_is("open")
        assert one.expect(OPENED) == [3]
        assert (one.told, one.rest) == ([("altered", 3, "munmap")], [5])


def test_a_mapping_is_a_call_too_many_unless_only_its_reservation_is_missing() -> None:
    other = block(BELOW - 2 * MIB + PAGE)[:2]
    with held(OPEN, MAP, *other) as one:
        assert one.expect(OPENED, RESERVED)[0] == 3
        assert one.told == [("missing", 2, "mmap")]
    with held(RESERVE, MAP, *other) as one:
        assert one.expect(RESERVED, RESERVED) == [RESERVED_AT, BELOW - 2 * MIB + PAGE]
        assert one.told == [("extra", 2, "mmap")]


def test_a_release_that_is_known_is_allowed_beside_unknown_ones() -> None:
    with held("9 close(5</a>) = 0", OPEN, attached=True) as one:
        (unknown,) = one.expect(OPENED)
        assert unknown == 1_000_001
        one.alignment.has_started()
        one.alignment.release("close", (5,))
        assert one.expect(OPENED) == [3]
        assert (one.told, one.report.matched) == ([], 2)


def test_a_release_is_over_when_a_part_of_its_range_is_mapped_anew() -> None:
    start = 0x7F00_0040_0000
    mapping = "1 mmap(0x7f0000600000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 3, 0) = 0x7f0000600000"
    lines = block(start - 2 * MIB + PAGE)[:2]
    with held(*lines, OPEN, mapping, f"9 munmap({start:#x}, 4194304) = 0", EXIT) as one:
        one.expect(RESERVED, ("mmap", (start, *MAPPED[1][1:])), OPENED)
        one.alignment.release("munmap", (start, 4 * MIB))
        one.expect(("mmap", (0x7F00_0060_0000, PAGE, 1, 0x11, 3, 0)))
        assert (one.told, one.rest) == ([], [5, 6])


def test_all_of_a_reservation_without_its_mapping_is_lost() -> None:
    """From its first byte to its last, wherever it lies."""
    reserve = RESERVE.replace("0x7f0000001000", "0x7f0000401000")
    advice = "1 madvise(0x7f0000900000, 4096, MADV_HUGEPAGE) = 0"
    with held(OPEN, reserve, advice, OPEN) as one:
        one.expect(OPENED, RESERVED, ("madvise", (0x7F00_0090_0000, PAGE, 14)))
        assert one.told == [("missing", 3, "mmap")]


def test_a_block_that_is_too_many_is_told_call_by_call() -> None:
    """Its release too; and memory that was advised on is a block before it is mapped."""
    trim = "1 munmap(0x7f0000001000, 2093056) = 0"
    with held(RESERVE, MAP, trim, OPEN) as one:
        assert one.expect(OPENED) == [3]
        assert one.told == [("extra", line, "open") for line in (1, 2, 3)]
    advised = "1 madvise(0x7f0000200000, 4096, MADV_MERGEABLE) = 0"
    with held(RESERVE.replace("6291456", "8388608"), advised, OPEN) as one:
        assert one.expect(OPENED) == [3]
        assert one.told == [("extra", 1, "open"), ("extra", 2, "open")]


def test_before_a_file_is_made_in_a_directory_no_opening_is_passed_over() -> None:
    within = ("open", ("/a/qemu_back_mem.m.AbCdEf", 0o302, 0o600))
    made = '1 openat(AT_FDCWD, "/a/qemu_back_mem.m.AbCdEf", O_RDWR|O_CREAT|O_EXCL, 0600) = 5'
    other = '1 openat(AT_FDCWD, "/b", O_RDWR) = 4'
    with held(OPEN, other, made, paths=("/a", "/b")) as one:
        assert one.expect(OPENED, within) == [3, 5]
        assert one.told == [("extra", 2, "open")]


def test_a_file_whose_file_system_was_asked_for_is_not_opened_yet() -> None:
    """Before QEMU opens it, others may look at it still."""
    asked = '1 statfs("/a", {f_type=EXT2_SUPER_MAGIC, f_bsize=4096}) = 0'
    looked = ('1 openat(AT_FDCWD, "/a", O_RDONLY) = 9', "1 close(9) = 0")
    with held(asked, *looked, OPEN) as one:
        assert one.expect(("statfs", ("/a",)), OPENED) == [0, 3]
        assert (one.told, one.report.matched) == ([], 2)


def test_an_opening_of_another_file_is_not_passed_over_where_its_own_is_missing() -> None:
    with held('1 openat(AT_FDCWD, "/b", O_RDWR) = 4', EXIT, paths=("/a", "/b")) as one:
        assert one.expect(OPENED) == [4]
        assert one.told == [("altered", 1, "open")]


def test_unknown_descriptors_and_addresses_are_each_known_by_themselves() -> None:
    sizes = ["1 lseek(5</a>, 0, SEEK_END) = 50", "1 lseek(9</a>, 0, SEEK_END) = 90"]
    with held(*sizes, attached=True) as one:
        numbers = one.expect(OPENED, OPENED)
        one.alignment.has_started()
        assert one.expect(*(("lseek", (number, 0, 2)) for number in numbers)) == [50, 90]
        assert (one.told, one.report.matched) == ([], 2)
    places = (ABOVE, BELOW, START)
    advise = [f"1 madvise({place + PAGE:#x}, 4096, MADV_DONTNEED) = 0" for place in places]
    with held(*advise, attached=True) as one:
        starts = one.expect(RESERVED, RESERVED, RESERVED)
        one.alignment.has_started()
        one.expect(*(("madvise", ((start or 0) + PAGE, PAGE, 4)) for start in starts))
        assert (one.told, one.report.matched) == ([], 3)


def test_beside_unknown_addresses_those_that_the_log_shows_are_compared() -> None:
    lines = [RESERVE, MAP, "1 munmap(0x7e0000600000, 4096) = 0", EXIT]
    with held(*lines, attached=True) as one:
        (unknown,) = one.expect(RESERVED)
        assert unknown == (1 << 56) + (1 << 48)
        one.alignment.has_started()
        one.expect(RESERVED, MAPPED, ("munmap", (START + 4 * MIB, PAGE)))
        assert one.told == [("altered", 3, "munmap")]


@pytest.mark.parametrize("size", [3, 11])
def test_an_unknown_descriptor_is_known_only_by_a_call_with_the_same_arguments(size: int) -> None:
    with held(f"1 ftruncate(5</a>, {size}) = 0", EXIT, attached=True) as one:
        (number,) = one.expect(OPENED)
        one.alignment.has_started()
        one.expect(("ftruncate", (number, 7)))
        assert one.told == [("altered", 1, "ftruncate")]


def test_before_the_first_call_files_may_be_looked_at_whatever_that_call_is() -> None:
    with held('1 openat(AT_FDCWD, "/a", O_RDONLY) = 9', "1 close(9) = 0", EXIT) as one:
        one.expect(("statfs", ("/a",)))
        assert (one.told, one.rest) == ([], [3])


def test_what_is_claimed_stays_a_backends_where_other_blocks_are_passed_over() -> None:
    passed, chosen = block(ABOVE - 2 * MIB + PAGE), block(BELOW - 2 * MIB + PAGE)
    lines = (RESERVE, MAP, *passed[:2], HUGEPAGE, *chosen[:3], chosen[2], HUGEPAGE, EXIT)
    with held(*lines, ram=True) as one:
        one.expect(RESERVED, MAPPED)
        one.alignment.has_started()
        one.expect(RESERVED, ("mmap", (BELOW, *MAPPED[1][1:])))
        one.expect(*[("madvise", (BELOW, 4 * MIB, 12))] * 2)
        assert (one.told, one.rest) == ([], [10, 11])


def test_a_reservation_is_not_a_mapping_that_was_altered() -> None:
    """The mapping is missing; what reserves memory is the next block's."""
    with held(OPEN, *block(BELOW - 2 * MIB + PAGE)[:2]) as one:
        one.expect(OPENED, ("mmap", (0, PAGE, 3, 1, 3, 0)))
        assert one.told == [("missing", 2, "mmap")]
