"""Blocks of RAM: opening a file, mapping it, keeping and giving back blocks, memfds.

``exec.c``, ``memory.c``, ``ram_addr.h`` and ``util/memfd.c``; calls are named with the
kernel's numbers.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import itertools
import signal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, qemu_on
from mirror_numbers import (
    ALL_SYNC,
    BASE,
    DONTDUMP,
    DONTFORK,
    FIXED,
    HUGEPAGE,
    MERGEABLE,
    MIB,
    O_CREAT_EXCL,
    O_RDWR,
    SHARED,
    SYNC,
    V8,
    VALIDATE,
)

from qemu_model.error import Abort, Error, Livelock
from qemu_model.globals import Qemu
from qemu_model.memfd import qemu_memfd_create
from qemu_model.memory import (
    memory_region_init_ram_flags_nomigrate,
    memory_region_init_ram_from_fd,
    memory_region_init_ram_from_file,
)
from qemu_model.mmap_alloc import qemu_ram_mmap
from qemu_model.physmem import (
    drain_call_rcu,
    file_ram_open,
    find_ram_offset,
    qemu_ram_alloc,
    qemu_ram_alloc_from_fd,
    qemu_ram_alloc_from_file,
    reclaim_ramblock,
)
from qemu_model.ram_addr import (
    NO_FLAGS,
    RAM_SHARED,
    RAM_SYNC_OR_STOP,
    MemoryRegion,
    RAMBlock,
    RamFlags,
)

pages = st.integers(1, 1 << 20)

OPEN = ("open", "/f", O_RDWR, None)
CREATE = ("open", "/f", O_RDWR | O_CREAT_EXCL, 0o644)
TEMPORARY = "/f/qemu_back_mem._objects_m0.abcdef"
MKSTEMP = ("open", TEMPORARY, O_RDWR | O_CREAT_EXCL, 0o600)
ENOENT, EEXIST, EISDIR, EINTR = -errno.ENOENT, -errno.EEXIST, -errno.EISDIR, -errno.EINTR


@pytest.mark.parametrize(
    ("answers", "result", "calls"),
    [
        ([7], (7, False), [OPEN]),
        ([0], (0, False), [OPEN]),
        ([ENOENT, 7], (7, True), [OPEN, CREATE]),
        ([ENOENT, 0], (0, True), [OPEN, CREATE]),
        ([ENOENT, EEXIST, 7], (7, False), [OPEN, CREATE, OPEN]),
        ([EINTR, 7], (7, False), [OPEN, OPEN]),
        ([ENOENT, EINTR, ENOENT, 7], (7, True), [OPEN, CREATE, OPEN, CREATE]),
        ([EISDIR, 7], (7, False), [OPEN, MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, 0], (0, False), [OPEN, MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, EEXIST, 7], (7, False), [OPEN, MKSTEMP, MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, EINTR, 7], (7, False), [OPEN, MKSTEMP, OPEN]),
        ([EEXIST, 7], (7, False), [OPEN, OPEN]),
    ],
)
def test_a_file_is_opened_or_created_or_made_in_its_directory(
    answers: list[int], result: tuple[int, bool], calls: list[Any]
) -> None:
    """exec.c:file_ram_open; the first of each kind is in the recordings."""
    host = ToldHost(open=answers)
    assert file_ram_open(qemu_on(host), "/f", "/objects/m0") == result
    assert host.calls == calls


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([-errno.EACCES], "Permission denied"),
        ([ENOENT, -errno.EROFS], "Read-only file system"),
        ([ENOENT, ENOENT], "No such file or directory"),
        ([EISDIR, -errno.EACCES], "Permission denied"),
        ([EISDIR, ENOENT], "No such file or directory"),
        ([EINTR, -errno.EACCES], "Permission denied"),
        ([ENOENT, EISDIR], "Is a directory"),
        ([-errno.EPERM], "Operation not permitted"),
        ([ENOENT, -errno.EPERM], "Operation not permitted"),
        ([EISDIR, -errno.EPERM], "Operation not permitted"),
        ([EISDIR, -errno.ENOSPC], "No space left on device"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_error_with_its_path(
    answers: list[int], text: str
) -> None:
    """exec.c:file_ram_open: the last errno counts."""
    host = ToldHost(open=answers)
    with pytest.raises(Error) as error:
        qemu_ram_alloc_from_file(qemu_on(host), MIB, region("/objects/m0"), NO_FLAGS, "/f")
    assert error.value.text_in(V8) == f"can't open backing store /f for guest RAM: {text}"
    assert len(host.calls) == len(answers)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _path, flags, _mode: EEXIST if flags & O_CREAT_EXCL else ENOENT,
        lambda _path, _flags, _mode: EINTR,
        lambda path, _flags, _mode: EEXIST if path == TEMPORARY else EISDIR,
    ],
    ids=["symbolic link to nothing", "always interrupted", "no free name"],
)
def test_what_qemu_would_try_for_ever_is_named(answer: Any) -> None:
    """exec.c:file_ram_open: no way out of its loop; the first was seen to spin in QEMU 7.2."""
    with pytest.raises(Livelock) as livelock:
        file_ram_open(qemu_on(ToldHost(open=[answer])), "/f", "/objects/m0")
    assert livelock.value.function == "file_ram_open"


def test_another_answer_before_does_not_hide_an_endless_loop() -> None:
    """The same, where it begins later."""
    host = ToldHost(open=[ENOENT, EEXIST, EINTR])
    with pytest.raises(Livelock):
        file_ram_open(qemu_on(host), "/f", "/objects/m0")
    assert len(host.calls) == 2 + 16


def test_a_free_name_is_looked_for_as_often_as_the_c_library_does() -> None:
    """glibc's mkstemp(3): 62 to the power of 3 names, three of six letters' worth."""
    host = ToldHost(open=[lambda path, *_: EEXIST if path == TEMPORARY else EISDIR])
    with pytest.raises(Livelock):
        file_ram_open(qemu_on(host), "/f", "/objects/m0")
    assert len(host.calls) == 1 + 238328


def test_an_answer_that_changes_late_is_no_endless_loop() -> None:
    """exec.c:file_ram_open goes on as long as it takes; the model as long as answers differ."""
    interrupted = [EINTR] * 15
    endless = ToldHost(open=[EINTR])
    with pytest.raises(Livelock):
        file_ram_open(qemu_on(endless), "/f", "x")
    assert len(endless.calls) == 16
    host = ToldHost(open=[*interrupted, ENOENT, EEXIST, *interrupted, 7])
    assert file_ram_open(qemu_on(host), "/f", "x") == (7, False)


def test_the_flags_of_a_block_are_qemus_bits() -> None:
    """include/exec/memory.h of 3.1, RAM_SYNC after them, and RAM_NORESERVE of 7.2."""
    bits = {
        "RAM_PREALLOC": 0,
        "RAM_SHARED": 1,
        "RAM_RESIZEABLE": 2,
        "RAM_UF_ZEROPAGE": 3,
        "RAM_MIGRATABLE": 4,
        "RAM_PMEM": 5,
        "RAM_SYNC": 6,
        "RAM_NORESERVE": 7,
    }
    assert {name: RamFlags[name].value for name in bits} == {
        name: 1 << bit for name, bit in bits.items()
    }
    assert RAM_SYNC_OR_STOP.value.bit_count() == 1
    assert RAM_SYNC_OR_STOP not in [RamFlags[name] for name in bits]


def test_a_block_begins_without_memory() -> None:
    """include/exec/ram_addr.h: no address, no place, no file."""
    block = RAMBlock(region(), MIB, MIB, NO_FLAGS, PAGE)
    assert (block.host, block.offset, block.fd) == (0, 0, -1)


def region(name: str = "/objects/m0", align: int = 0) -> MemoryRegion:
    """Return a region as a backend has it before it is initialised."""
    return MemoryRegion(name, 0, align)


#: The flags that ``share`` stands for.
SHARING = MappingProxyType({True: RAM_SHARED, False: NO_FLAGS})


def from_fd(host: ToldHost, size: int, align: int = 0, **values: Any) -> tuple[Qemu, RAMBlock]:
    """Make a block of descriptor 3."""
    qemu = qemu_on(host, **values)
    return qemu, qemu_ram_alloc_from_fd(qemu, size, region(align=align), RAM_SHARED, 3)


@pytest.mark.parametrize(
    ("size", "align", "answer", "block_align", "mapped"),
    [
        (MIB, 0, EXT4, PAGE, MIB),
        (MIB - 1, 0, EXT4, PAGE, MIB),
        (MIB, PAGE, EXT4, PAGE, MIB),
        (MIB, 2 * MIB, EXT4, 2 * MIB, MIB),
        (3 * MIB, 0, HUGE, 2 * MIB, 4 * MIB),
        (2 * MIB, 4 * MIB, HUGE, 4 * MIB, 2 * MIB),
        (PAGE, 0, EXT4, PAGE, PAGE),
    ],
)
def test_a_file_is_mapped_in_whole_pages_of_its_own_at_its_alignment(
    size: int, align: int, answer: Any, block_align: int, mapped: int
) -> None:
    """exec.c:file_ram_alloc, as in the recordings on ext4 and hugetlbfs."""
    host = ToldHost(fstatfs=[answer])
    _, block = from_fd(host, size, align)
    assert (block.mr.align, block.page_size) == (block_align, answer.f_bsize)
    assert [call[2] for call in host.made("mmap")] == [mapped + block_align, mapped]
    assert (block.fd, block.host % block_align) == (3, 0)
    rounded = (size + PAGE - 1) // PAGE * PAGE
    assert (block.used_length, block.max_length, block.flags) == (rounded, rounded, RAM_SHARED)


@pytest.mark.parametrize(
    ("size", "align", "answer", "text"),
    [
        (MIB, 1, EXT4, "alignment 0x1 must be multiples of page size 0x1000"),
        (MIB, PAGE, HUGE, "alignment 0x1000 must be multiples of page size 0x200000"),
        (MIB, 3 * PAGE, EXT4, "alignment 0x3000 must be a power of two"),
        (MIB, 0, HUGE, "memory size 0x100000 must be equal to or larger than page size 0x200000"),
        (2 * MIB - PAGE, 0, HUGE, "memory size 0x1ff000 must be equal to or larger than "
         "page size 0x200000"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_is_refused_before_any_call(
    size: int, align: int, answer: Any, text: str
) -> None:
    """exec.c:file_ram_alloc, as in the recordings."""
    host = ToldHost(fstatfs=[answer])
    with pytest.raises(Error) as error:
        from_fd(host, size, align)
    assert error.value.text_in(V8) == text
    assert host.made("mmap", "ftruncate") == []


@pytest.mark.parametrize(
    ("found", "truncated"),
    [(0, True), (-errno.ESPIPE, False), (MIB, False), (MIB + 1, False), (1 << 40, False)],
)
def test_only_an_empty_file_is_given_a_size(found: int, truncated: bool) -> None:
    """exec.c:qemu_ram_alloc_from_fd: a file that cannot be measured is not empty."""
    host = ToldHost(lseek=[found])
    from_fd(host, MIB)
    assert host.made("lseek") == [("lseek", 3, 0, 2)]
    assert host.made("ftruncate") == [("ftruncate", 3, MIB)] * truncated


@pytest.mark.parametrize(("path", "shown"), [(None, "(null)"), ("/other", "/other")])
@pytest.mark.parametrize("found", [1, MIB - 1])
def test_a_file_that_is_too_small_is_refused_under_the_wrong_name(
    path: str | None, shown: str, found: int
) -> None:
    """exec.c:qemu_ram_alloc_from_fd prints -mem-path: a known defect, also in 7.2."""
    host = ToldHost(lseek=[found])
    with pytest.raises(Error) as error:
        from_fd(host, MIB, mem_path=path)
    assert error.value.text_in(V8) == (
        f"backing store {shown} size {found:#x} does not match 'size' option 0x100000"
    )
    assert host.made("mmap") == []


def test_a_file_that_cannot_grow_is_mapped_all_the_same() -> None:
    """exec.c:file_ram_alloc prints and goes on."""
    host = ToldHost(ftruncate=[-errno.EFBIG])
    qemu, block = from_fd(host, MIB)
    assert (qemu.stderr, block.fd) == (["ftruncate: File too large"], 3)


def test_a_length_beyond_2_to_the_63_is_negative_for_ftruncate() -> None:
    """off_t, as recorded with the largest sizes."""
    host = ToldHost(mmap=[-errno.ENOMEM])
    with pytest.raises(Error, match=r"^unable to map backing store for guest RAM: Cannot alloc"):
        from_fd(host, 1 << 63)
    assert host.made("ftruncate") == [("ftruncate", 3, -(1 << 63))]


@pytest.mark.parametrize("flag", [1 << 0, 1 << 2, 1 << 3, 1 << 4])
def test_flags_that_no_file_can_have_are_an_assertion(flag: int) -> None:
    """exec.c:qemu_ram_alloc_from_fd asserts that it knows them all."""
    with pytest.raises(AssertionError):
        qemu_ram_alloc_from_fd(qemu_on(ToldHost()), MIB, region(), RamFlags(flag), 3)


@pytest.mark.parametrize("revision", [BASE, V8])
def test_before_patch_2_only_shared_reaches_the_mapping(revision: Any) -> None:
    """Patch 2: the flags are handed on. MAP_SYNC is patch 3's."""
    host = ToldHost()
    qemu = qemu_on(host, revision)
    block = qemu_ram_alloc_from_fd(qemu, MIB, region(), ALL_SYNC, 3)
    wanted = FIXED | (VALIDATE | SYNC if revision is V8 else SHARED)
    assert host.made("mmap")[1][4] == wanted
    assert block.flags == ALL_SYNC


def test_under_mem_prealloc_a_files_pages_are_touched_and_unmapped_if_they_fail() -> None:
    """exec.c:file_ram_alloc."""
    host = ToldHost(fstatfs=[HUGE])
    from_fd(host, 3 * MIB, mem_prealloc=True)
    (touched,) = host.made("touch_pages")
    assert touched[2:] == (4 * MIB, 2 * MIB)
    failing = ToldHost(touch_pages=[signal.SIGBUS])
    with pytest.raises(Error, match="Insufficient free host memory"):
        from_fd(failing, MIB, mem_prealloc=True)
    assert failing.calls[-2:] == [
        ("touch_pages", ADDRESS, MIB, PAGE),
        ("munmap", ADDRESS, MIB + PAGE),
    ]


@pytest.mark.parametrize(("answers", "removed"), [([7], False), ([ENOENT, 7], True)])
def test_after_an_error_the_file_is_closed_and_removed_if_it_is_new(
    answers: list[int], removed: bool
) -> None:
    """exec.c:qemu_ram_alloc_from_file, as files_after in the recordings shows."""
    host = ToldHost(open=answers, mmap=[-errno.ENOMEM])
    mr = region()
    with pytest.raises(Error):
        memory_region_init_ram_from_file(qemu_on(host), mr, "m0", MIB, 0, NO_FLAGS, "/f")
    assert host.calls[-1:] == [("close", 7)]
    assert host.made("unlink") == [("unlink", "/f")] * removed
    assert (mr.size, mr.ram_block, mr.name) == (0, None, "m0")


def test_a_file_that_is_mapped_stays_open() -> None:
    """exec.c:qemu_ram_alloc_from_file."""
    host = ToldHost()
    qemu = qemu_on(host)
    block = qemu_ram_alloc_from_file(qemu, MIB, region(), NO_FLAGS, "/f")
    assert (block.fd, host.made("close", "unlink")) == (7, [])


def test_a_region_that_failed_has_no_size() -> None:
    """memory.c: so its backend counts as one without memory; a descriptor stays open."""
    for share in (True, False):
        host = ToldHost(mmap=[-errno.ENOMEM])
        ram, file = region(), region()
        with pytest.raises(Error, match=r"^cannot set up guest memory 'r': Cannot alloc"):
            memory_region_init_ram_flags_nomigrate(qemu_on(host), ram, "r", MIB, SHARING[share])
        with pytest.raises(Error):
            memory_region_init_ram_from_fd(qemu_on(host), file, "f", MIB, SHARING[share], 3)
        assert (ram.size, file.size, host.made("close")) == (0, 0, [])


@pytest.mark.parametrize("share", [True, False])
def test_a_region_has_what_it_was_given(share: bool) -> None:
    """memory.c: size as given, the block's flag after ``share``."""
    qemu = qemu_on(ToldHost())
    ram, file = region(), region()
    memory_region_init_ram_flags_nomigrate(qemu, ram, "r", MIB + 1, SHARING[share])
    memory_region_init_ram_from_fd(qemu, file, "f", MIB + 1, SHARING[share], 3)
    flags = SHARING[share]
    for mr, name in ((ram, "r"), (file, "f")):
        assert mr.ram_block is not None
        assert (mr.name, mr.size, mr.ram_block.flags) == (name, MIB + 1, flags)
        assert (mr.ram_block.used_length, mr.ram_block.max_length) == (MIB + PAGE, MIB + PAGE)


def advice(host: ToldHost) -> list[tuple[int, int]]:
    """Return length and advice of each madvise."""
    return [(call[2], call[3]) for call in host.made("madvise")]


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("dump", [True, False])
def test_what_a_block_is_advised(merge: bool, dump: bool) -> None:
    """exec.c:ram_block_add: merging for anonymous memory alone, the rest for every block."""
    size = MIB + PAGE
    rest = [(size, DONTDUMP)] * (not dump) + [(size, HUGEPAGE), (size, DONTFORK)]
    for anonymous in (True, False):
        host = ToldHost()
        qemu = qemu_on(host)
        qemu.machine.mem_merge, qemu.machine.dump_guest_core = merge, dump
        if anonymous:
            qemu_ram_alloc(qemu, MIB + 1, region(), NO_FLAGS)
        else:
            qemu_ram_alloc_from_fd(qemu, MIB + 1, region(), NO_FLAGS, 3)
        assert advice(host) == [(size, MERGEABLE)] * (merge and anonymous) + rest


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL])
def test_a_refused_dontdump_is_told_in_two_lines(number: int) -> None:
    """exec.c:qemu_ram_setup_dump, whatever the errno."""
    qemu = qemu_on(ToldHost(madvise=[0, -number, 0]))
    qemu.machine.dump_guest_core = False
    qemu_ram_alloc(qemu, MIB, region(), NO_FLAGS)
    assert len(qemu.stderr) == 2


@given(st.lists(st.tuples(st.integers(1, 3) | pages, st.booleans()), max_size=12))
@example([(1, False), (1, False), (2, False), (1, False)])
def test_blocks_are_kept_from_the_biggest_to_the_smallest_and_apart(
    steps: list[tuple[int, bool]],
) -> None:
    """exec.c:ram_block_add and find_ram_offset: sorted, at multiples of 64 pages, no overlap."""
    qemu = qemu_on(ToldHost())
    for number, (size, free) in enumerate(steps):
        block = qemu_ram_alloc(qemu, size * PAGE, region(str(number)), NO_FLAGS)
        assert block.offset % (64 * PAGE) == 0
        sizes = [one.max_length for one in qemu.ram_blocks]
        assert sizes == sorted(sizes, reverse=True)
        taken = sorted((one.offset, one.offset + one.max_length) for one in qemu.ram_blocks)
        assert all(last <= first for (_, last), (first, _) in itertools.pairwise(taken))
        same = [one.mr.name for one in qemu.ram_blocks if one.max_length == size * PAGE]
        assert same[-1] == str(number)
        if free:
            qemu.ram_blocks.pop(len(qemu.ram_blocks) // 2)


def blocks_at(qemu: Qemu, *places: tuple[int, int]) -> None:
    """Put blocks at offsets, both in units of 64 pages."""
    unit = 64 * PAGE
    for offset, size in places:
        block = RAMBlock(region(), size * unit, size * unit, NO_FLAGS, PAGE, 1, offset * unit)
        qemu.ram_blocks.append(block)


@pytest.mark.parametrize(
    ("places", "size", "expected"),
    [
        ([], 1, 0),
        ([(0, 4)], 1, 4),
        ([(0, 4), (6, 4)], 2, 4),
        ([(0, 4), (6, 4)], 3, 10),
        ([(0, 4), (9, 4), (15, 4)], 2, 13),
        ([(0, 4), (6, 4), (15, 4)], 2, 4),
        ([(0, 4), (7, 4), (14, 4)], 3, 4),
        ([(2, 4)], 1, 6),
        ([(5, 1), (0, 5)], 1, 6),
    ],
)
def test_a_block_goes_into_the_smallest_gap_that_fits(
    places: list[tuple[int, int]], size: int, expected: int
) -> None:
    """exec.c:find_ram_offset; of two gaps of one size the first found."""
    qemu = qemu_on(ToldHost())
    blocks_at(qemu, *places)
    unit = 64 * PAGE
    assert find_ram_offset(qemu, size * unit) == expected * unit


def test_without_a_size_or_without_a_gap_qemu_aborts() -> None:
    """exec.c:find_ram_offset: the first recorded with the largest size, the second its text."""
    qemu = qemu_on(ToldHost())
    with pytest.raises(Abort, match=r"find_ram_offset: Assertion `size != 0' failed\.$"):
        find_ram_offset(qemu, 0)
    blocks_at(qemu, (0, 4))
    largest = (1 << 64) - 1 - 4 * 64 * PAGE
    assert find_ram_offset(qemu, largest) == 4 * 64 * PAGE
    with pytest.raises(Abort, match=f"^Failed to find gap of requested size: {largest + 1}$"):
        find_ram_offset(qemu, largest + 1)


def test_a_block_is_given_back_with_its_file() -> None:
    """exec.c:reclaim_ramblock: descriptor 0 is a file too."""
    for fd in (-1, 0, 3):
        host = ToldHost()
        block = RAMBlock(region(), MIB, MIB, NO_FLAGS, PAGE, ADDRESS, 0, fd)
        reclaim_ramblock(qemu_on(host), block)
        assert host.calls == [("munmap", ADDRESS, MIB + PAGE)] + [("close", fd)] * (fd >= 0)


def test_what_is_reclaimed_is_unmapped_first_come_first() -> None:
    """util/rcu.c: the callbacks are a queue."""
    host = ToldHost()
    qemu = qemu_on(host)
    for place in range(3):
        block = RAMBlock(region(), MIB, MIB, NO_FLAGS, PAGE, ADDRESS + place * MIB, 0, 3 + place)
        qemu.call_rcu.append(block)
    drain_call_rcu(qemu)
    assert [call[1] for call in host.made("close")] == [3, 4, 5]
    assert [call[1] for call in host.made("munmap")] == [ADDRESS + n * MIB for n in range(3)]
    assert qemu.call_rcu == []


CLOEXEC, SEALING, HUGETLB = 1, 2, 4
ADD_SEALS, SEALS = 1033, 0x7


@pytest.mark.parametrize(
    ("hugetlb", "hugetlbsize", "seals", "flags"),
    [
        (False, 0, 0, CLOEXEC),
        (False, 0, SEALS, CLOEXEC | SEALING),
        (False, 2 * MIB, 0, CLOEXEC),
        (True, 0, 0, CLOEXEC | HUGETLB),
        (True, 2 * MIB, SEALS, CLOEXEC | SEALING | HUGETLB | 21 << 26),
        (True, 1 << 30, 0, CLOEXEC | HUGETLB | 30 << 26),
        (True, 1, 0, CLOEXEC | HUGETLB),
        (True, 3, 0, CLOEXEC | HUGETLB),
        (True, 2 * MIB + 1, 0, CLOEXEC | HUGETLB),
    ],
)
def test_a_memfd_is_made_sized_and_sealed(
    hugetlb: bool, hugetlbsize: int, seals: int, flags: int
) -> None:
    """util/memfd.c:qemu_memfd_create, as recorded; log2 of the page size from bit 26 on."""
    host = ToldHost()
    made = qemu_memfd_create(
        qemu_on(host), "m", MIB, hugetlb=hugetlb, hugetlbsize=hugetlbsize, seals=seals
    )
    assert made == 5
    assert host.calls == [("memfd_create", "m", flags), ("ftruncate", 5, MIB)] + [
        ("fcntl", 5, ADD_SEALS, seals)
    ] * bool(seals)


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ({"memfd_create": [-errno.EINVAL]}, ["memfd_create"]),
        ({"ftruncate": [-errno.EINVAL]}, ["memfd_create", "ftruncate", "close"]),
        ({"fcntl": [-errno.EINVAL]}, ["memfd_create", "ftruncate", "fcntl", "close"]),
    ],
)
def test_each_call_of_a_memfd_can_fail_and_then_nothing_is_left(
    answers: dict[str, list[int]], calls: list[str]
) -> None:
    """util/memfd.c:qemu_memfd_create: one message for all."""
    host = ToldHost(**answers)
    with pytest.raises(Error) as error:
        qemu_memfd_create(qemu_on(host), "m", MIB, hugetlb=False, hugetlbsize=0, seals=SEALS)
    assert error.value.text_in(V8) == "failed to create memfd: Invalid argument"
    assert [call[0] for call in host.calls] == calls


@pytest.mark.parametrize("size", [6, 3 * MIB, 2 * MIB + 2])
def test_a_huge_page_is_a_power_of_two(size: int) -> None:
    """util/memfd.c:qemu_memfd_create, hugetlb or not."""
    with pytest.raises(Error, match=r"^Hugepage size must be a power of 2$"):
        qemu_memfd_create(qemu_on(ToldHost()), "m", MIB, hugetlb=False, hugetlbsize=size, seals=0)


def test_descriptor_0_is_a_memfd_too() -> None:
    """memfd_create(2): any number from 0 on is a descriptor."""
    host = ToldHost(memfd_create=[0])
    made = qemu_memfd_create(qemu_on(host), "m", 1 << 63, hugetlb=False, hugetlbsize=0, seals=0)
    assert made == 0
    assert host.made("ftruncate") == [("ftruncate", 0, -(1 << 63))]


def test_a_file_at_address_0_is_no_failure() -> None:
    """exec.c:file_ram_alloc: the same, though a block without an address gets RAM of its own."""
    host = ToldHost(mmap=[0, 0, ADDRESS, lambda addr, *_: addr])
    _, block = from_fd(host, PAGE)
    assert (block.fd, block.host != 0, len(host.made("mmap"))) == (3, True, 4)


def test_every_errno_is_a_failure() -> None:
    """The kernel's negative answers begin at -1, EPERM."""
    for flags in (NO_FLAGS, ALL_SYNC):
        host = ToldHost(mmap=[ADDRESS, -errno.EPERM])
        assert qemu_ram_mmap(qemu_on(host), 3, PAGE, PAGE, flags) == -errno.EPERM
        assert host.made("munmap") == [("munmap", ADDRESS, 2 * PAGE)]
    host = ToldHost(mmap=[-errno.EPERM])
    assert qemu_ram_mmap(qemu_on(host), 3, PAGE, PAGE, NO_FLAGS) == -errno.EPERM
    assert len(host.calls) == 1
    refused: list[tuple[dict[str, list[int]], str]] = [
        ({"mmap": [-errno.EPERM]}, "unable to map backing store for guest RAM"),
        ({"touch_pages": [signal.SIGBUS]}, "os_mem_prealloc: Insufficient free host memory pages "),
    ]
    for answers, text in refused:
        with pytest.raises(Error, match=f"^{text}"):
            from_fd(ToldHost(**answers), MIB, mem_prealloc=True)
    qemu, _ = from_fd(ToldHost(ftruncate=[-errno.EPERM]), MIB)
    assert qemu.stderr == ["ftruncate: Operation not permitted"]
    with pytest.raises(Error, match=r"^cannot set up guest memory 'm': Operation not permitted$"):
        qemu_ram_alloc(qemu_on(ToldHost(mmap=[-errno.EPERM])), MIB, region("m"), NO_FLAGS)
    for call in ("memfd_create", "ftruncate", "fcntl"):
        with pytest.raises(Error) as error:
            qemu_memfd_create(
                qemu_on(ToldHost(**{call: [-errno.EPERM]})),
                "m",
                MIB,
                hugetlb=False,
                hugetlbsize=0,
                seals=SEALS,
            )
        assert error.value.text_in(V8) == "failed to create memfd: Operation not permitted"
