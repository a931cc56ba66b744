"""``softmmu/physmem.c`` (``exec.c``), ``memory.c``, ``util/memfd.c``: files, blocks, memfds.

The expected side is the function that a test names, in C, with the kernel's own numbers.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import itertools
import signal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, dax_device, qemu_on
from mirror_numbers import EVERY_TREE, MIB, O_CREAT_EXCL, O_RDONLY, O_RDWR

from qemu_model.error import Abort, Error, Livelock
from qemu_model.globals import Qemu
from qemu_model.host.protocol import Platform
from qemu_model.memfd import qemu_memfd_check, qemu_memfd_create
from qemu_model.memory import memory_region_init_ram_flags_nomigrate, memory_region_init_ram_from_fd
from qemu_model.physmem import (
    drain_call_rcu,
    file_ram_open,
    find_ram_offset,
    qemu_ram_alloc,
    qemu_ram_alloc_from_fd,
    qemu_ram_alloc_from_file,
)
from qemu_model.ram_addr import NO_FLAGS, RAM_NORESERVE, RAM_SHARED, MemoryRegion, RAMBlock
from qemu_model.records.ram_flags import RamFlags
from qemu_model.revision import find

ENOENT, EEXIST, EISDIR, EINTR = -errno.ENOENT, -errno.EEXIST, -errno.EISDIR, -errno.EINTR
CREATE = ("open", "/f", O_RDWR | O_CREAT_EXCL, 0o644)
TEMPORARY = "/f/qemu_back_mem._objects_m0.abcdef"
MKSTEMP = ("open", TEMPORARY, O_RDWR | O_CREAT_EXCL, 0o600)
UNLINK = ("unlink", TEMPORARY)
#: From 8.2 on a file that shall be read only is not created.
CREATES = pytest.mark.parametrize(
    ("tree", "readonly"),
    [("base", False), ("v8", False), ("qemu-7.2", False), ("qemu-7.2", True), ("qemu-11.1", False)],
)


def region(name: str = "m0", align: int = 0) -> MemoryRegion:
    return MemoryRegion(name, 0, align)


def said(call: Any, tree: str) -> str:
    with pytest.raises(Error) as error:
        call()
    return error.value.text_in(find(tree))


@CREATES
@pytest.mark.parametrize(
    ("answers", "result", "rest"),
    [
        ([0], (0, False), []),
        ([ENOENT, 0], (0, True), [CREATE]),
        ([ENOENT, EEXIST, 7], (7, False), [CREATE, None]),
        ([EINTR, 7], (7, False), [None]),
        ([ENOENT, EINTR, ENOENT, 7], (7, True), [CREATE, None, CREATE]),
        ([EISDIR, 0], (0, False), [MKSTEMP, UNLINK]),
        ([EISDIR, EEXIST, 7], (7, False), [MKSTEMP, MKSTEMP, UNLINK]),
        ([EISDIR, EINTR, 7], (7, False), [MKSTEMP, None]),
    ],
)
def test_file_is_opened_or_created_or_made_in_its_directory(
    tree: str, readonly: bool, answers: list[int], result: tuple[int, bool], rest: list[Any]
) -> None:
    """file_ram_open."""
    host = ToldHost(open=answers)
    opened = ("open", "/f", O_RDONLY if readonly else O_RDWR, None)
    qemu = qemu_on(host, find(tree))
    assert file_ram_open(qemu, "/f", "/objects/m0", readonly) == result
    assert host.calls == [opened, *(call or opened for call in rest)]


@EVERY_TREE
@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([ENOENT, ENOENT], "No such file or directory"),
        ([ENOENT, EISDIR], "Is a directory"),
        ([EISDIR, -errno.EPERM], "Operation not permitted"),
        ([EINTR, -errno.EMFILE], "Too many open files"),
    ],
)
def test_last_errno_of_open_is_the_error(tree: str, answers: list[int], text: str) -> None:
    """file_ram_open."""
    host = ToldHost(open=answers)
    qemu, mr = qemu_on(host, find(tree)), region("/objects/m0")
    found = said(lambda: qemu_ram_alloc_from_file(qemu, MIB, mr, NO_FLAGS, "/f"), tree)
    # Since 8.2 a private file that could be opened read-only has a hint (not EACCES here).
    assert found == f"can't open backing store /f for guest RAM: {text}"
    assert len(host.calls) == len(answers)


@EVERY_TREE
@pytest.mark.parametrize(
    "answer",
    [
        lambda _path, flags, _mode: EEXIST if flags & O_CREAT_EXCL else ENOENT,
        lambda _path, _flags, _mode: EINTR,
        lambda path, _flags, _mode: EEXIST if path == TEMPORARY else EISDIR,
    ],
    ids=["symbolic link to nothing", "always interrupted", "no free name"],
)
def test_open_that_qemu_would_try_for_ever_is_named(
    tree: str, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """file_ram_open: the first was seen to spin in 7.2; glibc tries 62**3 names, here 5."""
    monkeypatch.setattr("qemu_model.physmem.MKSTEMP_ATTEMPTS", 5)
    host = ToldHost(open=[answer])
    with pytest.raises(Livelock) as livelock:
        file_ram_open(qemu_on(host, find(tree)), "/f", "/objects/m0")
    assert livelock.value.function == "file_ram_open"
    names = [call for call in host.calls if call[1] == TEMPORARY]
    assert len(names) in (0, 5 * (len(host.calls) - len(names)))


def test_changing_answers_of_open_are_no_loop() -> None:
    """file_ram_open."""
    changing = ToldHost(open=[*[EINTR] * 15, ENOENT, EEXIST, *[EINTR] * 15, 7])
    assert file_ram_open(qemu_on(changing), "/f", "m0") == (7, False)


def from_fd(host: ToldHost, size: int, tree: str, align: int = 0, **values: Any) -> RAMBlock:
    qemu = qemu_on(host, find(tree), **values)
    return qemu_ram_alloc_from_fd(qemu, size, region(align=align), RAM_SHARED, 3)


@EVERY_TREE
@pytest.mark.parametrize(
    ("size", "align", "answer", "block_align", "mapped"),
    [
        (MIB - 1, 0, EXT4, PAGE, MIB),
        (MIB, 2 * MIB, EXT4, 2 * MIB, MIB),
        (3 * MIB, 0, HUGE, 2 * MIB, 4 * MIB),
        (2 * MIB, 4 * MIB, HUGE, 4 * MIB, 2 * MIB),
        (PAGE, 0, EXT4, PAGE, PAGE),
    ],
)
def test_file_is_mapped_in_whole_pages_at_its_alignment(
    tree: str, size: int, align: int, answer: Any, block_align: int, mapped: int
) -> None:
    """file_ram_alloc."""
    host = ToldHost(fstatfs=[answer])
    block = from_fd(host, size, tree, align)
    assert (block.mr.align, block.page_size) == (block_align, answer.f_bsize)
    assert [call[2] for call in host.made("mmap")] == [mapped + block_align, mapped]
    rounded = (size + PAGE - 1) // PAGE * PAGE
    assert (block.used_length, block.max_length, block.flags) == (rounded, rounded, RAM_SHARED)
    assert (block.fd, block.host % block_align) == (3, 0)


@EVERY_TREE
@pytest.mark.parametrize(
    ("size", "align", "answer", "text"),
    [
        (MIB, 1, EXT4, "alignment 0x1 must be multiples of page size 0x1000"),
        (MIB, 3 * PAGE, EXT4, "alignment 0x3000 must be a power of two"),
        (MIB, 0, HUGE, "memory size 0x100000 must be equal to or larger than page size 0x200000"),
    ],
)
def test_wrong_alignment_or_size_is_refused_before_any_call(
    tree: str, size: int, align: int, answer: Any, text: str
) -> None:
    """file_ram_alloc."""
    host = ToldHost(fstatfs=[answer])
    assert said(lambda: from_fd(host, size, tree, align), tree) == text
    assert host.made("mmap", "ftruncate") == []


@EVERY_TREE
@pytest.mark.parametrize(
    ("found", "truncated"), [(0, True), (-1, False), (MIB, False), (1 << 40, False)]
)
def test_only_an_empty_file_is_given_a_size(tree: str, found: int, truncated: bool) -> None:
    """qemu_ram_alloc_from_fd: a file that cannot be measured is not empty."""
    host = ToldHost(lseek=[found])
    from_fd(host, MIB, tree)
    assert host.made("lseek")[:1] == [("lseek", 3, 0, 2)]
    assert host.made("ftruncate") == [("ftruncate", 3, MIB)] * truncated


def test_size_of_a_device_dax_is_asked_of_sysfs() -> None:
    """get_file_size: a device that is too small is refused without an lseek."""
    host = ToldHost(**dax_device(MIB - 1))
    expected = "backing store size 0xfffff does not match 'size' option 0x100000"
    assert said(lambda: from_fd(host, MIB, "qemu-7.2"), "qemu-7.2") == expected
    assert host.made("lseek") == []


def test_device_dax_without_its_files_is_measured_with_lseek_and_mapped_as_any_file() -> None:
    """get_file_size, get_file_align: with libdaxctl, of which a file is no device."""
    platform = Platform(libdaxctl=True)
    for answers in ({**dax_device(MIB), "read_file": [ENOENT]}, {"fstat": [EINTR]}):
        host = ToldHost(platform, lseek=[MIB], **answers)
        assert from_fd(host, MIB, "qemu-7.2").mr.align == PAGE
        assert host.made("lseek") == [("lseek", 3, 0, 2)]


@pytest.mark.parametrize("found", [1, MIB - 1])
@pytest.mark.parametrize(
    ("tree", "path", "name"),
    [("v8", None, "(null) "), ("v8", "/other", "/other "), ("qemu-7.2", "/other", "")],
)
def test_file_that_is_too_small_is_refused(
    tree: str, path: str | None, name: str, found: int
) -> None:
    """qemu_ram_alloc_from_fd before 5.0 prints -mem-path: the wrong name."""
    host = ToldHost(lseek=[found])
    expected = f"backing store {name}size {found:#x} does not match 'size' option 0x100000"
    assert said(lambda: from_fd(host, MIB, tree, mem_path=path), tree) == expected
    assert host.made("mmap") == []


@EVERY_TREE
def test_file_that_cannot_grow_is_mapped_all_the_same(tree: str) -> None:
    """file_ram_alloc; 2**63 bytes are negative in off_t."""
    host = ToldHost(ftruncate=[-errno.EPERM])
    qemu = qemu_on(host, find(tree))
    block = qemu_ram_alloc_from_fd(qemu, MIB, region(), RAM_SHARED, 3)
    assert (qemu.stderr, block.fd) == (["ftruncate: Operation not permitted"], 3)
    large = ToldHost(mmap=[-errno.ENOMEM])
    text = "unable to map backing store for guest RAM: Cannot allocate memory"
    assert said(lambda: from_fd(large, 1 << 63, tree), tree) == text
    assert large.made("ftruncate") == [("ftruncate", 3, -(1 << 63))]


@EVERY_TREE
def test_flags_that_no_file_can_have_are_an_assertion(tree: str) -> None:
    """qemu_ram_alloc_from_fd asserts that it knows them all."""
    for flag in (1 << 0, 1 << 2, 1 << 3, 1 << 4):
        with pytest.raises(AssertionError):
            qemu_ram_alloc_from_fd(
                qemu_on(ToldHost(), find(tree)), MIB, region(), RamFlags(flag), 3
            )


def test_mem_prealloc_touches_a_file_before_5_0_and_unmaps_it_after_a_failure() -> None:
    """exec.c:file_ram_alloc."""
    host = ToldHost(fstatfs=[HUGE])
    from_fd(host, 3 * MIB, "v8", mem_prealloc=True)
    assert [call[2:] for call in host.made("touch_pages")] == [(4 * MIB, 2 * MIB)]
    failing = ToldHost(touch_pages=[signal.SIGBUS])
    with pytest.raises(Error, match="Insufficient free host memory"):
        from_fd(failing, MIB, "v8", mem_prealloc=True)
    assert failing.calls[-1] == ("munmap", ADDRESS, MIB + PAGE)


def test_refused_reservation_has_no_errno_in_its_message() -> None:
    """mmap_activate: no system call failed."""
    for allocate, text in (
        (lambda qemu: qemu_ram_alloc_from_fd(qemu, MIB, region(), RAM_NORESERVE, 3),
         "unable to map backing store for guest RAM"),
        (lambda qemu: qemu_ram_alloc(qemu, MIB, region(), RAM_NORESERVE),
         "cannot set up guest memory 'm0'"),
    ):  # fmt: skip
        qemu = qemu_on(ToldHost(read_file=["2\n"]), find("qemu-7.2"))
        assert said(lambda: allocate(qemu), "qemu-7.2") == text  # noqa: B023 - called at once


@EVERY_TREE
def test_region_that_failed_has_no_size(tree: str) -> None:
    """memory.c; the descriptor stays open."""
    host = ToldHost(mmap=[-errno.ENOMEM])
    qemu, ram, file = qemu_on(host, find(tree)), region(), region()
    with pytest.raises(Error):
        memory_region_init_ram_flags_nomigrate(qemu, ram, "r", MIB, NO_FLAGS)
    with pytest.raises(Error):
        memory_region_init_ram_from_fd(qemu, file, "f", MIB, NO_FLAGS, 3)
    assert (ram.size, file.size, host.made("close")) == (0, 0, [])


@EVERY_TREE
@given(steps=st.lists(st.tuples(st.integers(1, 1 << 20), st.booleans()), max_size=12))
@example(steps=[(1, False), (1, False), (2, False), (1, False)])
def test_blocks_are_sorted_by_size_and_lie_apart(tree: str, steps: list[tuple[int, bool]]) -> None:
    """ram_block_add and find_ram_offset: at multiples of 64 pages, no overlap."""
    qemu = qemu_on(ToldHost(), find(tree))
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


def blocks_at(*places: tuple[int, int]) -> Qemu:
    """Return a process with blocks at offsets, both in units of 64 pages."""
    qemu, unit = qemu_on(ToldHost()), 64 * PAGE
    for offset, size in places:
        block = RAMBlock(region(), size * unit, size * unit, NO_FLAGS, PAGE, 1, offset * unit)
        qemu.ram_blocks.append(block)
    return qemu


@pytest.mark.parametrize(
    ("places", "size", "expected"),
    [
        ([(0, 4), (6, 4)], 2, 4),
        ([(0, 4), (6, 4)], 3, 10),
        ([(0, 4), (9, 4), (15, 4)], 2, 13),
        ([(0, 4), (6, 4), (15, 4)], 2, 4),
        ([(0, 4), (7, 4), (14, 4)], 3, 4),
        ([(2, 4)], 1, 6),
        ([(5, 1), (0, 5)], 1, 6),
    ],
)
def test_block_goes_into_the_smallest_gap_that_fits(
    places: list[tuple[int, int]], size: int, expected: int
) -> None:
    """find_ram_offset; of two gaps of one size the first found."""
    unit = 64 * PAGE
    assert find_ram_offset(blocks_at(*places), size * unit) == expected * unit


def test_without_a_gap_qemu_aborts() -> None:
    """find_ram_offset."""
    qemu = blocks_at((0, 4))
    largest = (1 << 64) - 1 - 4 * 64 * PAGE
    assert find_ram_offset(qemu, largest) == 4 * 64 * PAGE
    with pytest.raises(Abort, match=f"^Failed to find gap of requested size: {largest + 1}$"):
        find_ram_offset(qemu, largest + 1)


def test_blocks_are_reclaimed_first_come_first() -> None:
    """util/rcu.c, reclaim_ramblock: with the file; descriptor 0 is a file too."""
    host = ToldHost()
    qemu = qemu_on(host)
    for place, fd in enumerate((-1, 0, 3)):
        block = RAMBlock(region(), MIB, MIB, NO_FLAGS, PAGE, ADDRESS + place * MIB, 0, fd)
        qemu.call_rcu.append(block)
    drain_call_rcu(qemu)
    assert host.calls == [
        ("munmap", ADDRESS, MIB + PAGE),
        ("munmap", ADDRESS + MIB, MIB + PAGE),
        ("close", 0),
        ("munmap", ADDRESS + 2 * MIB, MIB + PAGE),
        ("close", 3),
    ]


CLOEXEC, SEALING, HUGETLB, ADD_SEALS, SEALS = 1, 2, 4, 1033, 0x7


@EVERY_TREE
@pytest.mark.parametrize(
    ("hugetlb", "hugetlbsize", "seals", "flags"),
    [
        (False, 2 * MIB, 0, CLOEXEC),
        (True, 2 * MIB, SEALS, CLOEXEC | SEALING | HUGETLB | 21 << 26),
        (True, 1 << 63, 0, CLOEXEC | HUGETLB | (63 << 26) & 0xFFFF_FFFF),
        (True, 2 * MIB + 1, 0, CLOEXEC | HUGETLB),
    ],
)
def test_memfd_is_made_sized_and_sealed(
    tree: str, hugetlb: bool, hugetlbsize: int, seals: int, flags: int
) -> None:
    """qemu_memfd_create: log2 of the page size from bit 26 on, in an unsigned int."""
    host = ToldHost(memfd_create=[0])
    made = qemu_memfd_create(
        qemu_on(host, find(tree)),
        "m",
        1 << 63,
        hugetlb=hugetlb,
        hugetlbsize=hugetlbsize,
        seals=seals,
    )
    assert made == 0
    sized = ("ftruncate", 0, -(1 << 63))
    sealed = [("fcntl", 0, ADD_SEALS, seals)] * bool(seals)
    assert host.calls == [("memfd_create", "m", flags), sized, *sealed]


@pytest.mark.parametrize(
    ("failing", "text", "calls"),
    [
        ("memfd_create", "failed to create memfd with flags 0x3", ["memfd_create"]),
        ("ftruncate", "failed to resize memfd to 1048576", ["memfd_create", "ftruncate", "close"]),
        ("fcntl", "failed to add seals 0x7", ["memfd_create", "ftruncate", "fcntl", "close"]),
    ],
)
@EVERY_TREE
def test_failing_call_of_a_memfd_is_named_since_4_0_and_leaves_nothing(
    tree: str, failing: str, text: str, calls: list[str]
) -> None:
    """qemu_memfd_create."""
    host = ToldHost(**{failing: [-errno.EPERM]})
    create = {"hugetlb": False, "hugetlbsize": 0, "seals": SEALS}
    found = said(lambda: qemu_memfd_create(qemu_on(host, find(tree)), "m", MIB, **create), tree)
    text = "failed to create memfd" if tree in ("base", "v8") else text
    assert found == f"{text}: Operation not permitted"
    assert [call[0] for call in host.calls] == calls


@EVERY_TREE
def test_size_of_a_huge_page_is_a_power_of_two(tree: str) -> None:
    """qemu_memfd_create, hugetlb or not; an odd size passes."""
    for size in (6, 2 * MIB + 2):
        create = {"hugetlb": False, "hugetlbsize": size, "seals": 0}
        qemu = qemu_on(ToldHost(), find(tree))
        found = said(lambda: qemu_memfd_create(qemu, "m", MIB, **create), tree)  # noqa: B023
        assert found == "Hugepage size must be a power of 2"


def test_kernel_is_asked_once_for_each_kind_of_memfd() -> None:
    """qemu_memfd_check."""
    host = ToldHost(memfd_probe=[False, True])
    qemu = qemu_on(host)
    assert [qemu_memfd_check(qemu, flags) for flags in (SEALING, HUGETLB, SEALING)] == [0, 1, 0]
    assert host.made("memfd_probe") == [("memfd_probe", SEALING), ("memfd_probe", HUGETLB)]
