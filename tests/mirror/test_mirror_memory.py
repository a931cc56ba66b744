"""Mapping memory: ``util/mmap-alloc.c``, ``util/oslib-posix.c``, ``osdep.h``.

The expected side is what QEMU's files of that name are known to do, each statement of
which a recorded run of the trees of 2018 shows; where no run can show it (another
system, another processor, an errno that this kernel does not give) the source is the
tree itself: the function named in the test.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import signal
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, qemu_on
from mirror_numbers import (
    ALL_SYNC,
    ANONYMOUS,
    FIXED,
    HUGEPAGE,
    MIB,
    NORESERVE,
    PRIVATE,
    PROT_NONE,
    READ_WRITE,
    SHARED,
    SYNC,
    VALIDATE,
)

from qemu_model.error import Abort, Error, Exit, Livelock
from qemu_model.host.protocol import Platform, StatFs
from qemu_model.mmap_alloc import (
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
from qemu_model.oslib_posix import Preallocation, qemu_anon_ram_alloc, qemu_prealloc_mem
from qemu_model.ram_addr import (
    NO_FLAGS,
    RAM_PMEM,
    RAM_SHARED,
    RAM_SYNC,
    RAM_SYNC_OR_STOP,
    RamFlags,
)
from qemu_model.revision import find

DARWIN = Platform("darwin", map_sync=0, map_shared_validate=0, vmalloc_align=PAGE)
PPC64 = Platform("linux", "ppc64le", 65536)

#: A file system whose number is larger than hugetlbfs's.
SMB2 = StatFs(0xFE534D42, 1024)

pages = st.integers(1, 1 << 20)


@given(
    place=st.integers(1, 1 << 34),
    size=st.integers(1, 1 << 32),
    shift=st.integers(0, 18),
)
def test_of_a_reservation_exactly_the_block_and_one_guard_page_remain(
    place: int, size: int, shift: int
) -> None:
    """As every recorded run shows: util/mmap-alloc.c:qemu_ram_mmap."""
    align = PAGE << shift
    start = place * PAGE
    host = ToldHost(mmap=[start, lambda addr, *_: addr])
    block = qemu_ram_mmap(qemu_on(host), 9, size, align, NO_FLAGS)
    assert (block % align, start <= block < start + align) == (0, True)
    assert host.made("mmap") == [
        ("mmap", 0, size + align, PROT_NONE, PRIVATE | ANONYMOUS, -1, 0),
        ("mmap", block, size, READ_WRITE, PRIVATE | FIXED, 9, 0),
    ]
    cut = [(first, first + length) for _, first, length in host.made("munmap")]
    assert all(first < last for first, last in cut)
    before = [(start, block)] if block > start else []
    after = (block + size + PAGE, start + size + align)
    assert cut == before + ([after] if after[0] < after[1] else [])


@pytest.mark.parametrize(
    ("fd", "flags", "expected"),
    [
        (-1, NO_FLAGS, FIXED | PRIVATE | ANONYMOUS),
        (-1, RAM_SHARED, FIXED | SHARED | ANONYMOUS),
        (3, NO_FLAGS, FIXED | PRIVATE),
        (0, NO_FLAGS, FIXED | PRIVATE),
        (3, RAM_SHARED, FIXED | SHARED),
        (3, RAM_PMEM | RAM_SYNC, FIXED | PRIVATE),
        (3, RAM_SHARED | RAM_SYNC, FIXED | SHARED),
        (3, RAM_SHARED | RAM_PMEM, FIXED | SHARED),
        (3, ALL_SYNC, FIXED | VALIDATE | SYNC),
    ],
)
def test_map_sync_is_asked_for_with_all_three_flags_alone(
    fd: int, flags: RamFlags, expected: int
) -> None:
    """The letter: V8, patch 3."""
    host = ToldHost()
    block = qemu_ram_mmap(qemu_on(host), fd, MIB, 2 * MIB, flags)
    assert host.made("mmap")[1:] == [("mmap", block, MIB, READ_WRITE, expected, fd, 0)]


@given(st.sampled_from(sorted(errno.errorcode)))
def test_whatever_refuses_map_sync_the_file_is_mapped_once_more_without_it(number: int) -> None:
    """The letter, V8: MAP_SYNC is not passed where it is not supported."""
    host = ToldHost(mmap=[ADDRESS, -number, lambda addr, *_: addr])
    block = qemu_ram_mmap(qemu_on(host), 3, MIB, 2 * MIB, ALL_SYNC)
    assert (block % (2 * MIB), ADDRESS < block < ADDRESS + 2 * MIB) == (0, True)
    assert [call[4] for call in host.made("mmap")] == [
        PRIVATE | ANONYMOUS,
        FIXED | VALIDATE | SYNC,
        FIXED | SHARED,
    ]
    assert [call[1:4] for call in host.made("mmap")[1:]] == [(block, MIB, READ_WRITE)] * 2
    assert all(call[1] in (ADDRESS, block + MIB + PAGE) for call in host.made("munmap"))


def test_a_reservation_wraps_at_2_to_the_64() -> None:
    """C adds size and alignment in 64 bits; mmap(2) refuses a length of 0."""
    for surplus in (0, 1):
        host = ToldHost(mmap=[-errno.EINVAL])
        size = (1 << 64) - 2 * MIB + surplus
        assert qemu_ram_mmap(qemu_on(host), 3, size, 2 * MIB, NO_FLAGS) == -errno.EINVAL
        assert [call[2] for call in host.calls] == [surplus]


def test_where_the_system_has_no_map_sync_there_is_no_second_try() -> None:
    """The letter, V3 and V6: both flags are 0 there."""
    host = ToldHost(DARWIN, mmap=[ADDRESS, -errno.EOPNOTSUPP])
    assert qemu_ram_mmap(qemu_on(host), 3, MIB, PAGE, ALL_SYNC) == -errno.EOPNOTSUPP
    assert [call[4] for call in host.made("mmap")] == [PRIVATE | ANONYMOUS, FIXED | SHARED]


@pytest.mark.parametrize("flags", [NO_FLAGS, RAM_SHARED, ALL_SYNC])
def test_a_file_that_cannot_be_mapped_leaves_no_reservation(flags: RamFlags) -> None:
    """As recorded with a file that cannot be mapped: the whole reservation is unmapped."""
    host = ToldHost(mmap=[ADDRESS, -errno.ENODEV, -errno.ENODEV])
    assert qemu_ram_mmap(qemu_on(host), 3, MIB, 2 * MIB, flags) == -errno.ENODEV
    assert host.made("munmap") == [("munmap", ADDRESS, 3 * MIB)]


def test_without_address_space_nothing_else_is_tried() -> None:
    """util/mmap-alloc.c:qemu_ram_mmap: a failing reservation is the failure."""
    host = ToldHost(mmap=[-errno.ENOMEM])
    assert qemu_ram_mmap(qemu_on(host), 3, MIB, 2 * MIB, NO_FLAGS) == -errno.ENOMEM
    assert [call[0] for call in host.calls] == ["mmap"]


def test_address_0_is_no_failure() -> None:
    """mmap(2): only MAP_FAILED is."""
    for flags in (NO_FLAGS, ALL_SYNC):
        host = ToldHost(mmap=[0, lambda addr, *_: addr])
        assert qemu_ram_mmap(qemu_on(host), 3, PAGE, PAGE, flags) == 0
        assert (len(host.made("mmap")), host.made("munmap")) == (2, [])


@pytest.mark.parametrize("align", [0, 1, 2048, 3 * PAGE, 6 * PAGE])
def test_an_alignment_that_is_no_power_of_two_or_below_a_page_is_an_assertion(align: int) -> None:
    """util/mmap-alloc.c:qemu_ram_mmap asserts both, once it has its reservation."""
    host = ToldHost()
    with pytest.raises((AssertionError, Abort)):
        qemu_ram_mmap(qemu_on(host), 3, MIB, align, NO_FLAGS)
    assert len(host.made("mmap")) == 1


@pytest.mark.parametrize(
    ("machine", "system", "fd", "answer", "expected"),
    [
        ("ppc64", "linux", 3, HUGE, (3, PRIVATE | NORESERVE)),
        ("ppc64le", "linux", 3, HUGE, (3, PRIVATE | NORESERVE)),
        ("ppc64le", "linux", 1, HUGE, (1, PRIVATE | NORESERVE)),
        ("ppc64le", "linux", 3, EXT4, (-1, PRIVATE | ANONYMOUS)),
        ("ppc64le", "linux", -1, HUGE, (-1, PRIVATE | ANONYMOUS)),
        ("ppc", "linux", 3, HUGE, (-1, PRIVATE | ANONYMOUS)),
        ("x86_64", "linux", 3, HUGE, (-1, PRIVATE | ANONYMOUS)),
        ("ppc64", "darwin", 3, HUGE, (-1, PRIVATE | ANONYMOUS)),
    ],
)
def test_on_ppc64_huge_pages_are_reserved_from_their_own_file(
    machine: str, system: str, fd: int, answer: Any, expected: tuple[int, int]
) -> None:
    """util/mmap-alloc.c:qemu_ram_mmap: all mappings of a segment share one page size there."""
    host = ToldHost(Platform(system, machine, 65536), fstatfs=[answer])
    qemu_ram_mmap(qemu_on(host), fd, 16 * MIB, 16 * MIB, NO_FLAGS)
    _, address, length, prot, flags, of, offset = host.made("mmap")[0]
    assert (address, length, prot, offset) == (0, 32 * MIB, PROT_NONE, 0)
    assert (of, flags) == expected


def test_huge_pages_as_large_as_the_systems_need_no_reservation_of_their_own() -> None:
    """The same: only a page size that differs does."""
    for size, expected in ((65536, (PRIVATE | ANONYMOUS, -1)), (4096, (PRIVATE | NORESERVE, 3))):
        host = ToldHost(PPC64, fstatfs=[attrs.evolve(HUGE, f_bsize=size)])
        qemu_ram_mmap(qemu_on(host), 3, MIB, MIB, NO_FLAGS)
        assert host.made("mmap")[0][4:6] == expected


@pytest.mark.parametrize(
    ("value", "flags", "expected"),
    [
        ("v6", RAM_SHARED | RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EOPNOTSUPP),
        ("v6", RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EINVAL),
        ("v7", RAM_SHARED | RAM_SYNC | RAM_SYNC_OR_STOP, -errno.EINVAL),
        ("v7", ALL_SYNC | RAM_SYNC_OR_STOP, -errno.EOPNOTSUPP),
        ("v6", RAM_SHARED | RAM_SYNC, ADDRESS),
        ("v2", RAM_SHARED | RAM_SYNC, -errno.EOPNOTSUPP),
        ("v8", ALL_SYNC, ADDRESS),
    ],
)
def test_only_sync_on_before_v8_does_not_do_without(
    value: str, flags: RamFlags, expected: int
) -> None:
    """The letters of V2 to V8: what stops, what tries again."""
    refuse = {True: -errno.EOPNOTSUPP}
    host = ToldHost(
        mmap=[lambda addr, _l, _p, kind, *_: refuse.get(bool(kind & SYNC), addr or ADDRESS)]
    )
    qemu = qemu_on(host, find(value))
    assert qemu_ram_mmap(qemu, 3, MIB, PAGE, flags) == expected
    if expected < 0:
        assert host.made("munmap") == [("munmap", ADDRESS, MIB + PAGE)]


@pytest.mark.parametrize(
    ("number", "warned"), [(errno.EOPNOTSUPP, True), (errno.EINVAL, False), (errno.ENOBUFS, False)]
)
def test_upstream_warns_of_one_errno_alone_and_tries_again_on_all(
    number: int, warned: bool
) -> None:
    """QEMU 4.1: on ENOTSUP a warning first."""
    host = ToldHost(mmap=[ADDRESS, -number, lambda addr, *_: addr], readlink=["/some/file"])
    qemu = qemu_on(host, find("upstream"))
    assert qemu_ram_mmap(qemu, 3, MIB, PAGE, RAM_SHARED | RAM_PMEM) == ADDRESS
    text = (
        "Warning: requesting persistence across crashes for backend file /some/file failed. "
        "Proceeding without persistence, data might become corrupted in case of host crash."
    )
    assert qemu.stderr == ([text] if warned else [])


def test_block_and_guard_are_unmapped_in_one_call_and_null_in_none() -> None:
    """util/mmap-alloc.c:qemu_ram_munmap, as every object-del of the recordings shows."""
    for size in (PAGE, 3 * PAGE, MIB):
        host = ToldHost()
        qemu_ram_munmap(qemu_on(host), -1, ADDRESS, size)
        qemu_ram_munmap(qemu_on(host), -1, 0, size)
        assert host.calls == [("munmap", ADDRESS, size + PAGE)]


@pytest.mark.parametrize(
    ("fd", "answers", "expected", "asked"),
    [
        (-1, [HUGE], PAGE, 0),
        (0, [HUGE], 2 * MIB, 1),
        (3, [HUGE], 2 * MIB, 1),
        (3, [EXT4], PAGE, 1),
        (3, [attrs.evolve(EXT4, f_bsize=1024)], PAGE, 1),
        (3, [SMB2], PAGE, 1),
        (3, [-errno.EIO], PAGE, 1),
        (3, [-errno.EINTR, -errno.EINTR, HUGE], 2 * MIB, 3),
        (3, [-errno.EINTR, -errno.EIO], PAGE, 2),
    ],
)
def test_the_page_size_of_a_descriptor(
    fd: int, answers: list[Any], expected: int, asked: int
) -> None:
    """util/mmap-alloc.c:qemu_fd_getpagesize; a failure counts as no hugetlbfs."""
    host = ToldHost(fstatfs=answers)
    assert qemu_fd_getpagesize(qemu_on(host), fd) == expected
    assert host.calls == [("fstatfs", fd)] * asked


@pytest.mark.parametrize(
    ("path", "answers", "expected", "asked"),
    [
        (None, [HUGE], PAGE, 0),
        ("", [HUGE], 2 * MIB, 1),
        ("/x", [HUGE], 2 * MIB, 1),
        ("/x", [EXT4], PAGE, 1),
        ("/x", [attrs.evolve(EXT4, f_bsize=1024)], PAGE, 1),
        ("/x", [SMB2], PAGE, 1),
        ("/x", [-errno.EINTR, -errno.EINTR, HUGE], 2 * MIB, 3),
    ],
)
def test_the_page_size_of_a_path(
    path: str | None, answers: list[Any], expected: int, asked: int
) -> None:
    """util/mmap-alloc.c:qemu_mempath_getpagesize."""
    host = ToldHost(statfs=answers)
    assert qemu_mempath_getpagesize(qemu_on(host), path) == expected
    assert host.calls == [("statfs", path)] * asked


@pytest.mark.parametrize("before", [[], [-errno.EINTR]])
def test_a_path_that_cannot_be_asked_ends_qemu(before: list[int]) -> None:
    """The same: unlike with a descriptor, a failure is the end."""
    qemu = qemu_on(ToldHost(statfs=[*before, -errno.ENOENT]))
    with pytest.raises(Exit) as exit:
        qemu_mempath_getpagesize(qemu, "/x")
    assert (exit.value.status, qemu.stderr) == (
        1,
        ["Couldn't statfs() memory path: No such file or directory"],
    )


def test_a_question_that_is_interrupted_for_ever_is_named() -> None:
    """util/mmap-alloc.c: both loops go on as long as the answer is EINTR."""
    host = ToldHost(fstatfs=[-errno.EINTR], statfs=[-errno.EINTR])
    for ask, name in (
        (lambda qemu: qemu_fd_getpagesize(qemu, 3), "qemu_fd_getpagesize"),
        (lambda qemu: qemu_mempath_getpagesize(qemu, "/x"), "qemu_mempath_getpagesize"),
    ):
        with pytest.raises(Livelock) as livelock:
            ask(qemu_on(host))
        assert livelock.value.function == name
    assert len(host.calls) == 2 * 16


def test_other_systems_ask_for_no_page_size() -> None:
    """util/mmap-alloc.c: both questions are for Linux alone."""
    for system in ("darwin", "windows"):
        host = ToldHost(attrs.evolve(DARWIN, system=system), fstatfs=[HUGE], statfs=[HUGE])
        qemu = qemu_on(host)
        assert (qemu_fd_getpagesize(qemu, 3), qemu_mempath_getpagesize(qemu, "/x")) == (PAGE, PAGE)
        assert host.calls == []


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 40))
def test_rounding_up_gives_the_next_multiple_and_wraps(number: int, shift: int) -> None:
    """include/qemu/osdep.h: ROUND_UP and QEMU_ALIGN_UP, in 64 bits."""
    multiple = 1 << shift
    rounded = round_up(number, multiple)
    assert rounded % multiple == 0
    assert (rounded - number) % (1 << 64) < multiple
    assert 0 <= rounded < 1 << 64
    assert qemu_align_up(number, multiple) == rounded


def test_within_a_multiple_of_2_to_the_64_rounding_up_gives_0() -> None:
    """Recorded: the largest size becomes 0, and QEMU aborts."""
    for number in ((1 << 64) - 1, (1 << 64) - PAGE + 1):
        assert (round_up(number, PAGE), qemu_align_up(number, PAGE)) == (0, 0)
    last = (1 << 64) - PAGE
    assert (round_up(last, PAGE), qemu_align_up(last, PAGE)) == (last, last)


@given(st.integers(0, 1 << 40), st.integers(1, 1 << 30))
def test_any_multiple_can_be_aligned_to(number: int, multiple: int) -> None:
    """include/qemu/osdep.h: QEMU_ALIGN_UP divides, so it needs no power of two."""
    aligned = qemu_align_up(number, multiple)
    assert (aligned % multiple, number <= aligned < number + multiple) == (0, True)


@given(st.integers(0, (1 << 64) - 1))
@example((1 << 62) + 5)
@example((1 << 63) - 1)
@example(1 << 63)
@example((1 << 63) + 1)
@example((1 << 64) - 1)
def test_an_offset_is_signed_as_c_has_it(number: int) -> None:
    """off_t holds 64 bits with a sign: from 2**63 on a length is negative."""
    assert off_t(number) == int.from_bytes(number.to_bytes(8, "little"), "little", signed=True)


@pytest.mark.parametrize("number", range(70))
def test_a_power_of_two_has_one_bit(number: int) -> None:
    """include/qemu/host-utils.h: 0 is none."""
    assert is_power_of_2(number) == (number.bit_count() == 1)


def test_an_advice_that_the_platform_lacks_is_no_call() -> None:
    """util/osdep.c:qemu_madvise: EINVAL without a call."""
    linux = ToldHost(madvise=[-errno.EAGAIN])
    assert qemu_madvise(qemu_on(linux), ADDRESS, MIB, HUGEPAGE) == -errno.EAGAIN
    assert linux.calls == [("madvise", ADDRESS, MIB, HUGEPAGE)]
    for system in ("darwin", "windows"):
        other = ToldHost(attrs.evolve(DARWIN, system=system))
        assert qemu_madvise(qemu_on(other), ADDRESS, MIB, HUGEPAGE) == -errno.EINVAL
        assert other.calls == []


def test_sizes_are_rounded_to_the_hosts_pages() -> None:
    """HOST_PAGE_ALIGN: the real page size, 64 KiB on this ppc64."""
    qemu = qemu_on(ToldHost(PPC64))
    assert [host_page_align(qemu, number) for number in (0, 1, 65536, 65537)] == [
        0,
        65536,
        65536,
        131072,
    ]


@pytest.mark.parametrize(
    ("revision", "shared", "expected"),
    [("base", True, SHARED), ("base", False, PRIVATE), ("v8", True, SHARED), ("v7", True, PRIVATE)],
)
def test_anonymous_memory_is_aligned_to_2_mib_and_shared_if_asked(
    revision: str, shared: bool, expected: int
) -> None:
    """As recorded for memory-backend-ram; V7's wrong constant, after the letter of V8."""
    host = ToldHost()
    qemu = qemu_on(host, find(revision))
    block, align = qemu_anon_ram_alloc(qemu, MIB, shared=shared, noreserve=False)
    assert (block % (2 * MIB), align) == (0, 2 * MIB)
    assert host.made("mmap")[1][3:6] == (READ_WRITE, FIXED | ANONYMOUS | expected, -1)


@pytest.mark.parametrize(
    ("fd", "answer", "memory", "expected"),
    [
        (3, EXT4, 1, (PAGE, PAGE)),
        (3, EXT4, PAGE, (PAGE, PAGE)),
        (3, EXT4, PAGE + 1, (2 * PAGE, PAGE)),
        (3, HUGE, 2 * MIB + 1, (4 * MIB, 2 * MIB)),
        (-1, HUGE, 3 * PAGE, (3 * PAGE, PAGE)),
    ],
)
def test_every_page_is_touched(
    fd: int, answer: Any, memory: int, expected: tuple[int, int]
) -> None:
    """util/oslib-posix.c:os_mem_prealloc: whole pages of the file; none is asked for without."""
    host = ToldHost(fstatfs=[answer])
    qemu_prealloc_mem(qemu_on(host), fd, ADDRESS, memory, Preallocation(1))
    assert host.made("touch_pages") == [("touch_pages", ADDRESS, *expected)]
    assert host.made("fstatfs") == [("fstatfs", fd)] * (fd != -1)


def test_a_page_that_is_not_there_is_an_error() -> None:
    """As recorded on a tmpfs of 2 MiB."""
    host = ToldHost(touch_pages=[signal.SIGBUS])
    with pytest.raises(Error, match=r"^os_mem_prealloc: Insufficient free host memory pages"):
        qemu_prealloc_mem(qemu_on(host), 3, ADDRESS, MIB, Preallocation(1))
