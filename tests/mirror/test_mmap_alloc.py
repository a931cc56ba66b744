"""``util/mmap-alloc.c`` and ``osdep.h``: where a block is mapped, and with which flags.

The expected side is the function that a test names, in C, with the kernel's own numbers.
What a recorded run shows is in ``../recorded``; here is what no kernel of those runs
answered, other systems and processors, and sizes that no machine has.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, qemu_on
from mirror_numbers import (
    ANONYMOUS,
    ASKS,
    EVERY_TREE,
    FIXED,
    MIB,
    NORESERVE,
    PRIVATE,
    PROT_NONE,
    READ,
    READ_WRITE,
    SHARED,
    SYNC,
    VALIDATE,
)

from qemu_model.error import Abort, Exit, Livelock
from qemu_model.host.protocol import Platform, StatFs
from qemu_model.mmap_alloc import (
    MAP_FAILED,
    _mmap_errno,
    qemu_fd_getpagesize,
    qemu_mempath_getpagesize,
    qemu_ram_mmap,
    qemu_ram_munmap,
)
from qemu_model.osdep import (
    host_page_align,
    is_power_of_2,
    off_t,
    qemu_align_up,
    qemu_madvise,
    round_up,
)
from qemu_model.oslib_posix import qemu_anon_ram_alloc, qemu_anon_ram_free
from qemu_model.ram_addr import (
    NO_FLAGS,
    RAM_NORESERVE,
    RAM_PMEM,
    RAM_READONLY,
    RAM_SHARED,
    RAM_SYNC,
    RAM_SYNC_OR_STOP,
)
from qemu_model.records.ram_flags import RamFlags
from qemu_model.revision import find

DARWIN = Platform("darwin", map_sync=0, map_shared_validate=0, vmalloc_align=PAGE)
PPC64 = Platform("linux", "ppc64le", 65536)
#: A file system whose number is larger than hugetlbfs's.
SMB2 = StatFs(0xFE534D42, 1024)


@EVERY_TREE
@given(place=st.integers(1, 1 << 34), size=st.integers(1, 1 << 32), shift=st.integers(0, 18))
def test_of_a_reservation_exactly_the_block_and_one_guard_page_remain(
    tree: str, place: int, size: int, shift: int
) -> None:
    """qemu_ram_mmap."""
    align, start = PAGE << shift, place * PAGE
    host = ToldHost(mmap=[start, lambda addr, *_: addr])
    block = qemu_ram_mmap(qemu_on(host, find(tree)), 9, size, align, NO_FLAGS)
    assert (block % align, start <= block < start + align) == (0, True)
    assert [call[:7] for call in host.made("mmap")] == [
        ("mmap", 0, size + align, PROT_NONE, PRIVATE | ANONYMOUS, -1, 0),
        ("mmap", block, size, READ_WRITE, PRIVATE | FIXED, 9, 0),
    ]
    cut = [(first, first + length) for _, first, length in host.made("munmap")]
    before = [(start, block)] if block > start else []
    after = (block + size + PAGE, start + size + align)
    assert cut == before + ([after] if after[0] < after[1] else [])


@EVERY_TREE
@pytest.mark.parametrize(
    ("fd", "flags", "prot", "expected"),
    [
        (-1, RAM_SHARED, READ_WRITE, SHARED | ANONYMOUS),
        (0, NO_FLAGS, READ_WRITE, PRIVATE),
        (3, RAM_READONLY | RAM_SHARED, READ, SHARED),
        (3, RAM_PMEM | RAM_SYNC, READ_WRITE, PRIVATE),
        (3, RAM_SHARED | RAM_SYNC, READ_WRITE, SHARED),
        (-1, RAM_NORESERVE, READ_WRITE, PRIVATE | ANONYMOUS | NORESERVE),
    ],
)
def test_flags_of_a_block_become_flags_of_mmap(
    tree: str, fd: int, flags: RamFlags, prot: int, expected: int
) -> None:
    """mmap_activate."""
    host = ToldHost()
    block = qemu_ram_mmap(qemu_on(host, find(tree)), fd, MIB, 2 * MIB, flags)
    assert host.made("mmap")[1:] == [("mmap", block, MIB, prot, FIXED | expected, fd, 0)]


@pytest.mark.parametrize("tree", ASKS)
@given(number=st.sampled_from(sorted(errno.errorcode)))
def test_refused_map_sync_is_tried_again_without_whatever_the_errno(tree: str, number: int) -> None:
    """The letter of V8; qemu_ram_mmap since 4.1 warns of ENOTSUP alone."""
    host = ToldHost(mmap=[ADDRESS, -number, lambda addr, *_: addr])
    qemu = qemu_on(host, find(tree))
    block = qemu_ram_mmap(qemu, 3, MIB, 2 * MIB, ASKS[tree])
    assert host.made("mmap")[1:] == [
        ("mmap", block, MIB, READ_WRITE, FIXED | VALIDATE | SYNC, 3, 0),
        ("mmap", block, MIB, READ_WRITE, FIXED | SHARED, 3, 0),
    ]
    assert len(qemu.stderr) == (2 if number == errno.EOPNOTSUPP and tree != "v8" else 0)


@pytest.mark.parametrize(
    ("tree", "flags", "expected"),
    [
        ("v6", RAM_SHARED | RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EOPNOTSUPP),
        ("v6", RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EINVAL),
        ("v7", RAM_SHARED | RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EINVAL),
        ("v7", ASKS["v8"] | RAM_SYNC_OR_STOP, -errno.EOPNOTSUPP),
        ("v6", RAM_SHARED | RAM_SYNC, ADDRESS),
        ("v2", RAM_SHARED | RAM_SYNC, -errno.EOPNOTSUPP),
    ],
)
def test_sync_on_before_v8_fails_where_map_sync_is_refused(
    tree: str, flags: RamFlags, expected: int
) -> None:
    """The letters of V2 to V7."""
    refuse = {True: -errno.EOPNOTSUPP}
    host = ToldHost(
        mmap=[lambda addr, _l, _p, kind, *_: refuse.get(bool(kind & SYNC), addr or ADDRESS)]
    )
    assert qemu_ram_mmap(qemu_on(host, find(tree)), 3, MIB, PAGE, flags) == expected
    left = [("munmap", ADDRESS, MIB + PAGE)] if expected < 0 else []
    assert host.made("munmap") == left


@pytest.mark.parametrize("tree", ASKS)
def test_system_without_map_sync_makes_no_second_try(tree: str) -> None:
    """Both flags are 0 there: include/qemu/mmap-alloc.h."""
    host = ToldHost(DARWIN, mmap=[ADDRESS, -errno.EOPNOTSUPP])
    qemu = qemu_on(host, find(tree))
    assert qemu_ram_mmap(qemu, 3, MIB, PAGE, ASKS[tree]) == -errno.EOPNOTSUPP
    assert (len(host.made("mmap")), qemu.stderr) == (2, [])


@EVERY_TREE
def test_size_and_alignment_are_added_in_64_bits(tree: str) -> None:
    """qemu_ram_mmap: size_t."""
    for surplus in (0, 1):
        host = ToldHost(mmap=[-errno.EPERM])
        size = (1 << 64) - 2 * MIB + surplus
        assert qemu_ram_mmap(qemu_on(host, find(tree)), 3, size, 2 * MIB, NO_FLAGS) == -errno.EPERM
        assert [call[2] for call in host.made("mmap")] == [surplus]


@EVERY_TREE
def test_null_is_not_unmapped(tree: str) -> None:
    """qemu_ram_munmap."""
    host = ToldHost()
    qemu_ram_munmap(qemu_on(host, find(tree)), -1, 0, PAGE)
    assert host.calls == []


@EVERY_TREE
@pytest.mark.parametrize("align", [0, 1, 2048, 3 * PAGE])
def test_odd_alignment_or_one_below_a_page_is_an_assertion(tree: str, align: int) -> None:
    """qemu_ram_mmap asserts both, once it has its reservation."""
    host = ToldHost()
    # From a power of two below a page on it is the assertion that a run can show.
    with pytest.raises(Abort if align in (1, 2048) else AssertionError):
        qemu_ram_mmap(qemu_on(host, find(tree)), 3, MIB, align, NO_FLAGS)
    assert len(host.made("mmap")) == 1


@pytest.mark.parametrize(
    ("platform", "fd", "page", "own"),
    [
        (PPC64, 3, 16 * MIB, True),
        (PPC64, 0, 16 * MIB, True),
        (PPC64, 3, 65536, False),
        (PPC64, -1, 16 * MIB, False),
        (attrs.evolve(PPC64, system="darwin"), 3, 16 * MIB, False),
        (attrs.evolve(PPC64, system="zos"), 3, 16 * MIB, False),
        (attrs.evolve(PPC64, machine="ppc"), 3, 16 * MIB, False),
        (Platform(), 3, 2 * MIB, False),
    ],
)
@EVERY_TREE
def test_on_ppc64_huge_pages_are_reserved_from_their_own_file(
    tree: str, platform: Platform, fd: int, page: int, own: bool
) -> None:
    """mmap_reserve; since 4.0 the guard is a page of the file too."""
    host = ToldHost(
        platform, fstatfs=[attrs.evolve(HUGE, f_bsize=page)], mmap=[1 << 40, lambda addr, *_: addr]
    )
    qemu = qemu_on(host, find(tree))
    block = qemu_ram_mmap(qemu, fd, 16 * MIB, 32 * MIB, NO_FLAGS)
    reserved = (PRIVATE | NORESERVE, fd) if own else (PRIVATE | ANONYMOUS, -1)
    assert host.made("mmap")[0][4:6] == reserved
    guard = page if own and tree not in ("base", "v8") else platform.page_size
    assert host.made("munmap")[-1][1] == block + 16 * MIB + guard
    qemu_ram_munmap(qemu, fd, block, 16 * MIB)
    assert host.made("munmap")[-1] == ("munmap", block, 16 * MIB + guard)


def test_on_ppc64_anonymous_memory_has_a_guard_of_the_system_page_size() -> None:
    """qemu_anon_ram_free passes no descriptor."""
    host = ToldHost(PPC64, fstatfs=[HUGE], mmap=[1 << 40, lambda addr, *_: addr])
    qemu = qemu_on(host, find("qemu-7.2"))
    block, _ = qemu_anon_ram_alloc(qemu, MIB, shared=False, noreserve=False)
    host.calls.clear()
    qemu_anon_ram_free(qemu, block, MIB)
    assert host.calls == [("munmap", block, MIB + 65536)]


@pytest.mark.parametrize("tree", ["qemu-7.2", "qemu-11.1"])
@pytest.mark.parametrize(
    ("fd", "flags", "answer", "mode", "said"),
    [
        (-1, NO_FLAGS, EXT4, 2, None),
        (-1, RAM_NORESERVE, EXT4, 1, None),
        (-1, RAM_NORESERVE, EXT4, None, "Could not read"),
        (-1, RAM_NORESERVE, EXT4, "1 x", "Could not read"),
        (-1, RAM_NORESERVE | RAM_SHARED, EXT4, 2, 'is "2"'),
        (3, RAM_NORESERVE, EXT4, 2, 'is "2"'),
        (0, RAM_NORESERVE | RAM_SHARED, EXT4, 2, None),
        (3, RAM_NORESERVE | RAM_READONLY, EXT4, 2, None),
        (3, RAM_NORESERVE, HUGE, 2, None),
    ],
)
def test_reserve_off_fails_where_the_kernel_always_reserves(
    tree: str, fd: int, flags: RamFlags, answer: Any, mode: int | str | None, said: str | None
) -> None:
    """map_noreserve_effective; proc(5): overcommit_memory 2 always reserves."""
    host = ToldHost(fstatfs=[answer], read_file=[-errno.ENOENT if mode is None else f"{mode}\n"])
    qemu = qemu_on(host, find(tree))
    made = qemu_ram_mmap(qemu, fd, 2 * MIB, 2 * MIB, flags)
    if said is None:
        assert (made % (2 * MIB), qemu.stderr) == (0, [])
        return
    assert (made, _mmap_errno(made), len(host.made("mmap"))) == (MAP_FAILED, 0, 1)
    assert len(qemu.stderr) == 1
    assert said in qemu.stderr[0]


@pytest.mark.parametrize(
    ("tree", "expected"), [("base", SHARED), ("v8", SHARED), ("v7", PRIVATE), ("qemu-7.2", SHARED)]
)
def test_shared_anonymous_memory_is_private_in_v7_alone(tree: str, expected: int) -> None:
    """The letter of V8 on V7's wrong constant."""
    host = ToldHost()
    block, align = qemu_anon_ram_alloc(qemu_on(host, find(tree)), MIB, shared=True, noreserve=False)
    assert (block % (2 * MIB), align) == (0, 2 * MIB)
    assert host.made("mmap")[1][4] == FIXED | ANONYMOUS | expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([HUGE], 2 * MIB),
        ([attrs.evolve(EXT4, f_bsize=1024)], PAGE),
        ([SMB2], PAGE),
        ([-errno.EINTR, -errno.EINTR, HUGE], 2 * MIB),
    ],
)
def test_page_size_is_that_of_hugetlbfs_or_the_systems(answers: list[Any], expected: int) -> None:
    """qemu_fd_getpagesize, qemu_mempath_getpagesize: both ask again after EINTR."""
    host = ToldHost(fstatfs=answers, statfs=answers)
    qemu = qemu_on(host)
    assert qemu_fd_getpagesize(qemu, 0) == qemu_mempath_getpagesize(qemu, "") == expected
    assert host.made("fstatfs") == [("fstatfs", 0)] * len(answers)
    assert host.made("statfs") == [("statfs", "")] * len(answers)


def test_page_size_of_no_file_or_another_system_is_not_asked_for() -> None:
    for system in ("linux", "darwin", "windows"):
        host = ToldHost(attrs.evolve(DARWIN, system=system), fstatfs=[HUGE], statfs=[HUGE])
        qemu = qemu_on(host)
        fd, path = (-1, None) if system == "linux" else (3, "/x")
        assert qemu_fd_getpagesize(qemu, fd) == qemu_mempath_getpagesize(qemu, path) == PAGE
        assert host.calls == []


@pytest.mark.parametrize("before", [[], [-errno.EINTR]])
def test_failing_statfs_ends_qemu_and_failing_fstatfs_does_not(before: list[int]) -> None:
    """qemu_mempath_getpagesize, until 7.1."""
    answers = [*before, -errno.ENOENT]
    qemu = qemu_on(ToldHost(statfs=answers, fstatfs=answers))
    assert qemu_fd_getpagesize(qemu, 3) == PAGE
    with pytest.raises(Exit) as exit:
        qemu_mempath_getpagesize(qemu, "/x")
    said = ["Couldn't statfs() memory path: No such file or directory"]
    assert (exit.value.status, qemu.stderr) == (1, said)


def test_question_interrupted_for_ever_is_named() -> None:
    """Both loops go on as long as the answer is EINTR."""
    qemu = qemu_on(ToldHost(statfs=[-errno.EINTR]))
    with pytest.raises(Livelock) as livelock:
        qemu_mempath_getpagesize(qemu, "/x")
    assert livelock.value.function == "qemu_mempath_getpagesize"


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 40))
@example((1 << 64) - 1, 12)
@example((1 << 64) - PAGE, 12)
def test_rounding_up_gives_the_next_multiple_and_wraps(number: int, shift: int) -> None:
    """include/qemu/osdep.h: ROUND_UP and QEMU_ALIGN_UP, in 64 bits."""
    multiple = 1 << shift
    expected = -(-number // multiple) * multiple % (1 << 64)
    assert (round_up(number, multiple), qemu_align_up(number, multiple)) == (expected, expected)


@given(st.integers(0, 1 << 40), st.integers(1, 1 << 30))
def test_any_multiple_can_be_aligned_to(number: int, multiple: int) -> None:
    """include/qemu/osdep.h: QEMU_ALIGN_UP divides, so it needs no power of two."""
    assert qemu_align_up(number, multiple) == -(-number // multiple) * multiple


@given(st.integers(0, (1 << 64) - 1))
@example((1 << 63) - 1)
@example(1 << 63)
def test_offset_is_signed_as_c_has_it(number: int) -> None:
    """off_t holds 64 bits with a sign: from 2**63 on a length is negative."""
    assert off_t(number) == int.from_bytes(number.to_bytes(8, "little"), "little", signed=True)


@pytest.mark.parametrize("number", range(10))
def test_power_of_two_has_one_bit(number: int) -> None:
    """include/qemu/host-utils.h: 0 is none."""
    assert is_power_of_2(number) == (number.bit_count() == 1)


def test_advice_that_the_platform_lacks_is_no_call() -> None:
    """util/osdep.c:qemu_madvise: EINVAL without a call."""
    other = ToldHost(DARWIN)
    assert qemu_madvise(qemu_on(other), ADDRESS, MIB, 14) == -errno.EINVAL
    assert other.calls == []


def test_sizes_are_rounded_to_the_page_size_of_the_host() -> None:
    """HOST_PAGE_ALIGN: 64 KiB on this ppc64."""
    qemu = qemu_on(ToldHost(PPC64))
    sizes = [host_page_align(qemu, number) for number in (0, 1, 65536, 65537)]
    assert sizes == [0, 65536, 65536, 131072]
