"""Mapping memory and files in 7.2: ``util/mmap-alloc.c``, ``softmmu/physmem.c``, ``util/memfd.c``.

What a recorded run of Debian's 7.2 shows is in ``test_v7_2_recorded.py``; here is what
every argument and every answer of the kernel leads to, with the kernel's own numbers.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import itertools
import signal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, dax_device, qemu_on

from qemu_model.error import Abort, Error, Killed, Livelock
from qemu_model.globals import Qemu
from qemu_model.host.protocol import Platform
from qemu_model.memfd import qemu_memfd_check, qemu_memfd_create
from qemu_model.memory import (
    memory_region_init_ram_flags_nomigrate,
    memory_region_init_ram_from_fd,
    memory_region_init_ram_from_file,
)
from qemu_model.mmap_alloc import (
    MAP_FAILED,
    mmap_errno,
    qemu_ram_mmap,
    qemu_ram_munmap,
)
from qemu_model.oslib_posix import (
    Preallocation,
    do_madv_populate_write_pages,
    get_memset_num_threads,
    qemu_anon_ram_alloc,
    qemu_anon_ram_free,
    qemu_prealloc_mem,
)
from qemu_model.physmem import (
    drain_call_rcu,
    file_ram_open,
    find_ram_offset,
    qemu_ram_alloc,
    qemu_ram_alloc_from_fd,
    qemu_ram_alloc_from_file,
)
from qemu_model.ram_addr import (
    NO_FLAGS,
    RAM_NORESERVE,
    RAM_PMEM,
    RAM_READONLY,
    RAM_READONLY_FD,
    RAM_SHARED,
    MemoryRegion,
    RAMBlock,
    RamFlags,
)
from qemu_model.revision import QEMU_7_2

# Numbers of Linux on x86_64, written out: the kernel's, not the package's.
PROT_NONE, READ, READ_WRITE = 0, 1, 3
SHARED, PRIVATE, VALIDATE, FIXED, ANONYMOUS = 0x1, 0x2, 0x3, 0x10, 0x20
NORESERVE, SYNC = 0x4000, 0x80000
O_RDONLY, O_RDWR, O_CREAT_EXCL = 0, 2, 0o300
MERGEABLE, HUGEPAGE, DONTDUMP, DONTFORK, POPULATE_WRITE = 12, 14, 16, 10, 23
MIB, GIB = 1 << 20, 1 << 30
ENOENT, EEXIST, EISDIR, EINTR = -errno.ENOENT, -errno.EEXIST, -errno.EISDIR, -errno.EINTR

NOTHING = NO_FLAGS
READ_ONLY = RAM_READONLY | RAM_READONLY_FD
ALL_SYNC = RAM_SHARED | RAM_PMEM


def on(host: ToldHost, **values: Any) -> Qemu:
    return qemu_on(host, QEMU_7_2, **values)


def region(name: str = "m0", align: int = 0) -> MemoryRegion:
    return MemoryRegion(name, 0, align)


@given(place=st.integers(1, 1 << 34), size=st.integers(1, 1 << 32), shift=st.integers(0, 18))
def test_of_a_reservation_exactly_the_block_and_one_guard_page_remain(
    place: int, size: int, shift: int
) -> None:
    """As every recorded run shows."""
    align, start = PAGE << shift, place * PAGE
    host = ToldHost(mmap=[start, lambda addr, *_: addr])
    block = qemu_ram_mmap(on(host), 9, size, align, NOTHING)
    assert (block % align, start <= block < start + align) == (0, True)
    assert host.made("mmap") == [
        ("mmap", 0, size + align, PROT_NONE, PRIVATE | ANONYMOUS, -1, 0),
        ("mmap", block, size, READ_WRITE, PRIVATE | FIXED, 9, 0),
    ]
    cut = [(first, first + length) for _, first, length in host.made("munmap")]
    before = [(start, block)] if block > start else []
    after = (block + size + PAGE, start + size + align)
    assert cut == before + ([after] if after[0] < after[1] else [])


@pytest.mark.parametrize(
    ("fd", "flags", "prot", "expected"),
    [
        (-1, NOTHING, READ_WRITE, FIXED | PRIVATE | ANONYMOUS),
        (-1, RAM_SHARED, READ_WRITE, FIXED | SHARED | ANONYMOUS),
        (3, NOTHING, READ_WRITE, FIXED | PRIVATE),
        (0, NOTHING, READ_WRITE, FIXED | PRIVATE),
        (3, RAM_SHARED, READ_WRITE, FIXED | SHARED),
        (3, RAM_READONLY, READ, FIXED | PRIVATE),
        (3, RAM_READONLY | RAM_SHARED, READ, FIXED | SHARED),
        (3, RAM_PMEM, READ_WRITE, FIXED | PRIVATE),
        (3, RAM_NORESERVE, READ_WRITE, FIXED | PRIVATE | NORESERVE),
        (-1, RAM_NORESERVE, READ_WRITE, FIXED | PRIVATE | ANONYMOUS | NORESERVE),
        (3, ALL_SYNC, READ_WRITE, FIXED | VALIDATE | SYNC),
        (3, ALL_SYNC | RAM_READONLY, READ, FIXED | VALIDATE | SYNC),
    ],
)
def test_the_flags_of_a_mapping(fd: int, flags: RamFlags, prot: int, expected: int) -> None:
    """Recorded: SHARED and SYNC together ask for MAP_SYNC."""
    host = ToldHost()
    block = qemu_ram_mmap(on(host), fd, MIB, 2 * MIB, flags)
    assert host.made("mmap")[1:] == [("mmap", block, MIB, prot, expected, fd, 0)]


@given(st.sampled_from(sorted(errno.errorcode)))
def test_a_refused_map_sync_is_tried_again_and_one_errno_is_warned_of(number: int) -> None:
    """spec: a retry on any errno, a warning on ENOTSUP alone."""
    host = ToldHost(mmap=[ADDRESS, -number, lambda addr, *_: addr], readlink=["/some/file"])
    qemu = on(host)
    block = qemu_ram_mmap(qemu, 3, MIB, 2 * MIB, ALL_SYNC)
    assert [call[3:] for call in host.made("mmap")[1:]] == [
        (READ_WRITE, FIXED | VALIDATE | SYNC, 3, 0),
        (READ_WRITE, FIXED | SHARED, 3, 0),
    ]
    assert [call[1] for call in host.made("mmap")[1:]] == [block, block]
    warned = [
        "Warning: requesting persistence across crashes for backend file /some/file failed. "
        "Proceeding without persistence, data might become corrupted in case of host crash.",
        "qemu: warning: Using non DAX backing file with 'pmem=on' option is deprecated",
    ]
    assert qemu.stderr == (warned if number == errno.EOPNOTSUPP else [])


def test_where_the_system_has_no_map_sync_there_is_no_second_try() -> None:
    host = ToldHost(
        Platform("darwin", map_sync=0, map_shared_validate=0), mmap=[ADDRESS, -errno.EOPNOTSUPP]
    )
    qemu = on(host)
    assert qemu_ram_mmap(qemu, 3, MIB, PAGE, ALL_SYNC) == -errno.EOPNOTSUPP
    assert (len(host.made("mmap")), qemu.stderr) == (2, [])


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOMEM])
def test_a_mapping_that_fails_leaves_no_reservation(number: int) -> None:
    """Recorded with faults."""
    host = ToldHost(mmap=[ADDRESS, -number, -number])
    assert qemu_ram_mmap(on(host), 3, MIB, 2 * MIB, ALL_SYNC) == -number
    assert host.made("munmap") == [("munmap", ADDRESS, 3 * MIB)]
    nothing = ToldHost(mmap=[-number])
    assert qemu_ram_mmap(on(nothing), 3, MIB, 2 * MIB, NOTHING) == -number
    assert len(nothing.calls) == 1


def test_address_0_is_no_failure_and_nothing_is_unmapped_there() -> None:
    """mmap(2): only MAP_FAILED is; a pointer that is NULL is none to munmap."""
    host = ToldHost(mmap=[0, lambda addr, *_: addr])
    assert qemu_ram_mmap(on(host), 3, PAGE, PAGE, NOTHING) == 0
    assert host.made("munmap") == []
    synchronous = ToldHost(mmap=[0, lambda addr, *_: addr])
    assert qemu_ram_mmap(on(synchronous), 3, PAGE, PAGE, ALL_SYNC) == 0
    assert len(synchronous.made("mmap")) == 2
    qemu_ram_munmap(on(host), 3, 0, PAGE)
    assert host.made("munmap") == []
    for size in (PAGE, MIB):
        other = ToldHost()
        qemu_ram_munmap(on(other), 3, ADDRESS, size)
        qemu_anon_ram_free(on(other), ADDRESS, size)
        assert other.calls == [("munmap", ADDRESS, size + PAGE)] * 2


def test_a_reservation_wraps_at_2_to_the_64() -> None:
    """C adds size and alignment in 64 bits."""
    for surplus in (0, 1):
        host = ToldHost(mmap=[-errno.EINVAL])
        size = (1 << 64) - 2 * MIB + surplus
        assert qemu_ram_mmap(on(host), 3, size, 2 * MIB, NOTHING) == -errno.EINVAL
        assert [call[2] for call in host.calls] == [surplus]


@pytest.mark.parametrize("align", [0, 1, 2048, 3 * PAGE])
def test_an_alignment_that_is_no_power_of_two_or_below_a_page_is_an_assertion(align: int) -> None:
    host = ToldHost()
    # From a power of two below a page on it is the assertion that a run can show.
    with pytest.raises(Abort if align in (1, 2048) else AssertionError):
        qemu_ram_mmap(on(host), 3, MIB, align, NOTHING)
    assert len(host.made("mmap")) == 1


PPC64 = Platform("linux", "ppc64le", 65536)


@pytest.mark.parametrize(
    ("platform", "fd", "page", "reserved", "guard"),
    [
        (PPC64, 3, 16 * MIB, (PRIVATE | NORESERVE, 3), 16 * MIB),
        (PPC64, 0, 16 * MIB, (PRIVATE | NORESERVE, 0), 16 * MIB),
        (PPC64, 3, 65536, (PRIVATE | ANONYMOUS, -1), 65536),
        (PPC64, -1, 16 * MIB, (PRIVATE | ANONYMOUS, -1), 65536),
        (attrs.evolve(PPC64, system="darwin"), 3, 16 * MIB, (PRIVATE | ANONYMOUS, -1), 65536),
        (attrs.evolve(PPC64, system="zos"), 3, 16 * MIB, (PRIVATE | ANONYMOUS, -1), 65536),
        (attrs.evolve(PPC64, machine="ppc"), 3, 16 * MIB, (PRIVATE | ANONYMOUS, -1), 65536),
        (Platform(), 3, 2 * MIB, (PRIVATE | ANONYMOUS, -1), 4096),
    ],
)
def test_on_ppc64_reservation_and_guard_have_the_files_pages(
    platform: Platform, fd: int, page: int, reserved: tuple[int, int], guard: int
) -> None:
    """All mappings of a segment share one page size there."""
    host = ToldHost(
        platform, fstatfs=[attrs.evolve(HUGE, f_bsize=page)], mmap=[1 << 40, lambda addr, *_: addr]
    )
    block = qemu_ram_mmap(on(host), fd, 16 * MIB, 32 * MIB, NOTHING)
    assert host.made("mmap")[0][4:6] == reserved
    assert host.made("munmap")[-1][1] == block + 16 * MIB + guard
    qemu_ram_munmap(on(host), fd, block, 16 * MIB)
    assert host.made("munmap")[-1] == ("munmap", block, 16 * MIB + guard)


def test_on_ppc64_too_anonymous_memory_is_of_no_file() -> None:
    """The guard is a page of the machine's, and no descriptor is asked for its own."""
    host = ToldHost(PPC64, fstatfs=[HUGE], mmap=[1 << 40, lambda addr, *_: addr])
    block, _ = qemu_anon_ram_alloc(on(host), MIB, shared=False, noreserve=False)
    host.calls.clear()
    qemu_anon_ram_free(on(host), block, MIB)
    assert host.calls == [("munmap", block, MIB + 65536)]


@pytest.mark.parametrize(
    ("fd", "flags", "answer", "mode", "maps", "said"),
    [
        (-1, NOTHING, EXT4, 2, True, None),
        (-1, RAM_NORESERVE, EXT4, 0, True, None),
        (-1, RAM_NORESERVE, EXT4, 1, True, None),
        (-1, RAM_NORESERVE, EXT4, 2, False, '"/proc/sys/vm/overcommit_memory" is "2"'),
        (-1, RAM_NORESERVE, EXT4, None, False, "cannot determine"),
        (-1, RAM_NORESERVE | RAM_SHARED, EXT4, 2, False, 'is "2"'),
        (3, RAM_NORESERVE, EXT4, 2, False, 'is "2"'),
        (3, RAM_NORESERVE | RAM_SHARED, EXT4, 2, True, None),
        (0, RAM_NORESERVE | RAM_SHARED, EXT4, 2, True, None),
        (3, RAM_NORESERVE | RAM_READONLY, EXT4, 2, True, None),
        (3, RAM_NORESERVE, HUGE, 2, True, None),
    ],
)
def test_whether_no_reserve_is_heeded(
    fd: int, flags: RamFlags, answer: Any, mode: int | None, maps: bool, said: str | None
) -> None:
    """proc(5): overcommit_memory 2 reserves always; huge pages and shared files do not ask it."""
    host = ToldHost(fstatfs=[answer], read_file=[-errno.ENOENT if mode is None else f"{mode}\n"])
    qemu = on(host)
    made = qemu_ram_mmap(qemu, fd, 2 * MIB, 2 * MIB, flags)
    if maps:
        assert made % (2 * MIB) == 0
        assert qemu.stderr == []
    else:
        assert (made, mmap_errno(made)) == (MAP_FAILED, 0)
        assert len(host.made("mmap")) == 1
        assert len(qemu.stderr) == 1
        assert said is not None
        assert said.lower() in qemu.stderr[0].lower() or mode is None
    assert mmap_errno(-12) == 12


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("noreserve", [True, False])
def test_anonymous_memory_is_aligned_to_2_mib(shared: bool, noreserve: bool) -> None:
    host = ToldHost()
    block, align = qemu_anon_ram_alloc(on(host), MIB, shared=shared, noreserve=noreserve)
    kind = (SHARED if shared else PRIVATE) | (NORESERVE if noreserve else 0)
    assert (block % (2 * MIB), align) == (0, 2 * MIB)
    assert host.made("mmap")[1][3:6] == (READ_WRITE, FIXED | ANONYMOUS | kind, -1)


# Preallocation.


@pytest.mark.parametrize(
    ("cpus", "most", "size", "threads"),
    [
        (1, 16, GIB, 1),
        (2, 16, GIB, 2),
        (64, 64, 4 * GIB, 16),
        (64, 3, 4 * GIB, 3),
        (8, 8, 128 * MIB, 2),
        (8, 8, 128 * MIB - PAGE, 1),
        (8, 8, 64 * MIB, 1),
        (8, 8, PAGE, 1),
    ],
)
def test_how_many_threads_preallocate(cpus: int, most: int, size: int, threads: int) -> None:
    """At most 16, one for each processor, for 64 MiB at least, as many as are asked for."""
    qemu = on(ToldHost(Platform(online_cpus=cpus)))
    assert get_memset_num_threads(qemu, PAGE, size // PAGE, most) == threads
    assert get_memset_num_threads(qemu, 1 << 31, 3, 16) == min(cpus, 3)


@given(cpus=st.integers(1, 20), pages=st.integers(1, 200_000), most=st.integers(1, 20))
def test_the_threads_populate_every_page_once_in_equal_parts(
    cpus: int, pages: int, most: int
) -> None:
    """util/oslib-posix.c:touch_all_pages: the first parts are a page longer."""
    host = ToldHost(Platform(online_cpus=cpus))
    qemu_prealloc_mem(on(host), -1, ADDRESS, pages * PAGE, Preallocation(most))
    tried, *parts = [(call[1], call[2]) for call in host.made("madvise")]
    assert {call[3] for call in host.made("madvise")} == {POPULATE_WRITE}
    assert tried == (ADDRESS, PAGE)
    assert parts[0][0] == ADDRESS
    assert sum(length for _, length in parts) == pages * PAGE
    for (first, length), (following, _) in itertools.pairwise(parts):
        assert first + length == following
    lengths = [length for _, length in parts]
    assert sorted(lengths, reverse=True) == lengths
    assert lengths[0] - lengths[-1] in (0, PAGE)
    assert len(parts) <= min(16, cpus, most, max(1, pages * PAGE // (64 * MIB)))


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([0, -errno.ENOMEM], "Cannot allocate memory"),
        ([0, -errno.EIO, 0], "Input/output error"),
        ([0, 0, -errno.EPERM], "Operation not permitted"),
        ([-errno.EPERM, 0, -errno.ENOMEM], "Cannot allocate memory"),
        ([0, -errno.EFAULT, -errno.ENOMEM], "Cannot allocate memory"),
    ],
)
def test_a_page_that_cannot_be_populated_is_an_error(answers: list[int], text: str) -> None:
    """The last failure of a thread is told; the first try says only whether there is a way."""
    host = ToldHost(Platform(online_cpus=2), madvise=[*answers, 0])
    with pytest.raises(Error) as error:
        qemu_prealloc_mem(on(host), -1, ADDRESS, 256 * MIB, Preallocation(2))
    assert (
        error.value.text_in(QEMU_7_2) == f"qemu_prealloc_mem: preallocating memory failed: {text}"
    )
    assert len(host.made("madvise")) == 3


def test_without_that_advice_every_page_is_touched() -> None:
    """Before Linux 5.14: EINVAL."""
    host = ToldHost(madvise=[-errno.EINVAL], fstatfs=[HUGE])
    qemu_prealloc_mem(on(host), 3, ADDRESS, 3 * MIB, Preallocation(1))
    assert host.made("touch_pages") == [("touch_pages", ADDRESS, 4 * MIB, 2 * MIB)]
    failing = ToldHost(madvise=[-errno.EINVAL], touch_pages=[signal.SIGBUS])
    with pytest.raises(Error, match=r"preallocating memory failed: Bad address$"):
        qemu_prealloc_mem(on(failing), -1, ADDRESS, MIB, Preallocation(1))
    read_only = ToldHost(madvise=[-errno.EINVAL], touch_pages=[signal.SIGSEGV])
    with pytest.raises(Killed) as killed:
        qemu_prealloc_mem(on(read_only), -1, ADDRESS, MIB, Preallocation(1))
    assert killed.value.number == 11


def test_no_pages_are_no_call() -> None:
    host = ToldHost()
    assert do_madv_populate_write_pages(on(host), ADDRESS, PAGE, 0) == 0
    assert host.calls == []
    assert do_madv_populate_write_pages(on(host), ADDRESS, PAGE, 2) == 0
    assert host.calls == [("madvise", ADDRESS, 2 * PAGE, POPULATE_WRITE)]


# Files.

CREATE = ("open", "/f", O_RDWR | O_CREAT_EXCL, 0o644)
TEMPORARY = "/f/qemu_back_mem._objects_m0.abcdef"
MKSTEMP = ("open", TEMPORARY, O_RDWR | O_CREAT_EXCL, 0o600)


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize(
    ("answers", "result", "rest"),
    [
        ([7], (7, False), []),
        ([0], (0, False), []),
        ([ENOENT, 7], (7, True), [CREATE]),
        ([ENOENT, 0], (0, True), [CREATE]),
        ([ENOENT, EEXIST, 7], (7, False), [CREATE, None]),
        ([EINTR, 7], (7, False), [None]),
        ([EISDIR, 7], (7, False), [MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, 0], (0, False), [MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, EEXIST, 7], (7, False), [MKSTEMP, MKSTEMP, ("unlink", TEMPORARY)]),
        ([EISDIR, EINTR, 7], (7, False), [MKSTEMP, None]),
    ],
)
def test_a_file_is_opened_or_created_or_made_in_its_directory(
    readonly: bool, answers: list[int], result: tuple[int, bool], rest: list[Any]
) -> None:
    """Recorded; what is not there is created for writing even if it is to be read only."""
    host = ToldHost(open=answers)
    opened = ("open", "/f", O_RDONLY if readonly else O_RDWR, None)
    assert file_ram_open(on(host), "/f", "/objects/m0", readonly=readonly) == result
    assert host.calls == [opened, *(call or opened for call in rest)]


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([-errno.EACCES], "Permission denied"),
        ([ENOENT, -errno.EROFS], "Read-only file system"),
        ([ENOENT, -errno.EPERM], "Operation not permitted"),
        ([EISDIR, -errno.EPERM], "Operation not permitted"),
        ([-errno.EPERM], "Operation not permitted"),
        ([EINTR, -errno.EACCES], "Permission denied"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_error_with_its_path(
    answers: list[int], text: str
) -> None:
    host = ToldHost(open=answers)
    with pytest.raises(Error) as error:
        qemu_ram_alloc_from_file(on(host), MIB, region("/objects/m0"), NO_FLAGS, "/f")
    assert error.value.text_in(QEMU_7_2) == f"can't open backing store /f for guest RAM: {text}"
    assert len(host.calls) == len(answers)


def test_what_qemu_would_try_for_ever_is_named() -> None:
    """Seen to spin in 7.2: a symbolic link to nothing."""
    endless = [
        lambda _path, flags, _mode: EEXIST if flags & O_CREAT_EXCL else ENOENT,
        lambda _path, _flags, _mode: EINTR,
    ]
    for answer, calls in zip(endless, (32, 16), strict=True):
        host = ToldHost(open=[answer])
        with pytest.raises(Livelock) as livelock:
            file_ram_open(on(host), "/f", "m0")
        assert (livelock.value.function, len(host.calls)) == ("file_ram_open", calls)
    late = ToldHost(open=[ENOENT, EEXIST, EINTR])
    with pytest.raises(Livelock):
        file_ram_open(on(late), "/f", "m0")
    assert len(late.calls) == 2 + 16
    changing = ToldHost(open=[*[EINTR] * 15, ENOENT, EEXIST, *[EINTR] * 15, 7])
    assert file_ram_open(on(changing), "/f", "m0") == (7, False)


def test_a_directory_without_a_free_name_is_tried_as_long_as_mkstemp_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """glibc gives up after 62**3 names; here after 5, for the time it takes."""
    monkeypatch.setattr("qemu_model.physmem.MKSTEMP_ATTEMPTS", 5)
    host = ToldHost(open=[lambda path, *_: EEXIST if path == TEMPORARY else EISDIR])
    with pytest.raises(Livelock):
        file_ram_open(on(host), "/f", "/objects/m0")
    names = [call for call in host.calls if call[1] == TEMPORARY]
    assert len(names) == 5 * (len(host.calls) - len(names))


def from_fd(
    host: ToldHost, size: int, align: int = 0, flags: RamFlags = RAM_SHARED, **values: Any
) -> RAMBlock:
    qemu = on(host, **values)
    return qemu_ram_alloc_from_fd(qemu, size, region(align=align), flags, 3)


@pytest.mark.parametrize(
    ("size", "align", "answer", "block_align", "mapped"),
    [
        (MIB, 0, EXT4, PAGE, MIB),
        (MIB - 1, 0, EXT4, PAGE, MIB),
        (MIB, 2 * MIB, EXT4, 2 * MIB, MIB),
        (3 * MIB, 0, HUGE, 2 * MIB, 4 * MIB),
        (2 * MIB, 4 * MIB, HUGE, 4 * MIB, 2 * MIB),
        (PAGE, 0, EXT4, PAGE, PAGE),
        (2 * MIB, 0, HUGE, 2 * MIB, 2 * MIB),
    ],
)
def test_a_file_is_mapped_in_whole_pages_of_its_own_at_its_alignment(
    size: int, align: int, answer: Any, block_align: int, mapped: int
) -> None:
    host = ToldHost(fstatfs=[answer])
    block = from_fd(host, size, align)
    assert (block.mr.align, block.page_size) == (block_align, answer.f_bsize)
    assert [call[2] for call in host.made("mmap")] == [mapped + block_align, mapped]
    rounded = (size + PAGE - 1) // PAGE * PAGE
    assert (block.used_length, block.max_length, block.flags) == (rounded, rounded, RAM_SHARED)
    assert (block.fd, block.host % block_align) == (3, 0)


@pytest.mark.parametrize(
    ("size", "align", "answer", "text"),
    [
        (MIB, 1, EXT4, "alignment 0x1 must be multiples of page size 0x1000"),
        (MIB, PAGE, HUGE, "alignment 0x1000 must be multiples of page size 0x200000"),
        (MIB, 3 * PAGE, EXT4, "alignment 0x3000 must be a power of two"),
        (MIB, 0, HUGE, "memory size 0x100000 must be equal to or larger than page size 0x200000"),
    ],
)
def test_what_cannot_be_mapped_is_refused_before_any_call(
    size: int, align: int, answer: Any, text: str
) -> None:
    host = ToldHost(fstatfs=[answer])
    with pytest.raises(Error) as error:
        from_fd(host, size, align)
    assert error.value.text_in(QEMU_7_2) == text
    assert host.made("mmap", "ftruncate") == []


@pytest.mark.parametrize(
    ("found", "truncated"),
    [(0, True), (-errno.ESPIPE, False), (-1, False), (MIB, False), (1 << 40, False)],
)
def test_only_an_empty_file_is_given_a_size(found: int, truncated: bool) -> None:
    host = ToldHost(lseek=[found])
    from_fd(host, MIB)
    assert host.made("lseek") == [("lseek", 3, 0, 2)]
    assert host.made("ftruncate") == [("ftruncate", 3, MIB)] * truncated


@pytest.mark.parametrize("found", [1, MIB - 1])
@pytest.mark.parametrize("device", [True, False])
def test_a_file_that_is_too_small_is_refused(found: int, device: bool) -> None:
    """The size of a device DAX is asked of sysfs, and no lseek is made."""
    host = ToldHost(lseek=[found], **(dax_device(found) if device else {}))
    with pytest.raises(Error) as error:
        from_fd(host, MIB)
    assert error.value.text_in(QEMU_7_2) == (
        f"backing store size {found:#x} does not match 'size' option 0x100000"
    )
    assert len(host.made("lseek")) == (0 if device else 1)


def test_a_file_that_cannot_grow_is_mapped_all_the_same() -> None:
    for number in (errno.EFBIG, errno.EPERM):
        host = ToldHost(ftruncate=[-number])
        qemu = on(host)
        block = qemu_ram_alloc_from_fd(qemu, MIB, region(), RAM_SHARED, 3)
        assert (len(qemu.stderr), block.fd) == (1, 3)
        assert qemu.stderr[0].startswith("ftruncate: ")
    large = ToldHost(mmap=[-errno.ENOMEM])
    with pytest.raises(Error, match=r"^unable to map backing store for guest RAM: Cannot alloc"):
        from_fd(large, 1 << 63)
    assert large.made("ftruncate") == [("ftruncate", 3, -(1 << 63))]


@pytest.mark.parametrize("flag", [1 << 0, 1 << 2, 1 << 3, 1 << 4])
def test_flags_that_no_file_can_have_are_an_assertion(flag: int) -> None:
    with pytest.raises(AssertionError):
        from_fd(ToldHost(), MIB, flags=RamFlags(flag))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (NO_FLAGS, (READ_WRITE, FIXED | PRIVATE)),
        (RAM_SHARED | RAM_READONLY, (READ, FIXED | SHARED)),
        (RAM_SHARED | RAM_PMEM, (READ_WRITE, FIXED | VALIDATE | SYNC)),
        (RAM_PMEM, (READ_WRITE, FIXED | PRIVATE)),
        (RAM_NORESERVE, (READ_WRITE, FIXED | PRIVATE | NORESERVE)),
    ],
)
def test_the_flags_of_a_block_become_those_of_its_mapping(
    flags: RamFlags, expected: tuple[int, int]
) -> None:
    host = ToldHost()
    block = qemu_ram_alloc_from_fd(on(host), MIB, region(), flags, 3)
    assert host.made("mmap")[1][3:5] == expected
    assert block.flags == flags


def test_a_refused_reservation_says_no_errno() -> None:
    """No system call failed: the text ends without one."""
    for allocate, text in (
        (lambda qemu: qemu_ram_alloc_from_fd(
            qemu, MIB, region(), RAM_NORESERVE, 3),
         "unable to map backing store for guest RAM"),
        (lambda qemu: qemu_ram_alloc(qemu, MIB, region(), RAM_NORESERVE),
         "cannot set up guest memory 'm0'"),
    ):  # fmt: skip
        with pytest.raises(Error) as error:
            allocate(on(ToldHost(read_file=["2\n"])))
        assert error.value.text_in(QEMU_7_2) == text


@pytest.mark.parametrize(("answers", "removed"), [([7], False), ([ENOENT, 7], True)])
def test_after_an_error_the_file_is_closed_and_removed_if_it_is_new(
    answers: list[int], removed: bool
) -> None:
    host = ToldHost(open=answers, mmap=[-errno.ENOMEM])
    mr = region()
    with pytest.raises(Error):
        memory_region_init_ram_from_file(on(host), mr, "m0", MIB, PAGE, NO_FLAGS, "/f")
    assert host.calls[-1:] == [("close", 7)]
    assert host.made("unlink") == [("unlink", "/f")] * removed
    assert (mr.size, mr.ram_block, mr.name, mr.align) == (0, None, "m0", PAGE)
    good = ToldHost(open=answers)
    block = qemu_ram_alloc_from_file(on(good), MIB, region(), READ_ONLY, "/f")
    assert (block.fd, block.flags, good.made("close", "unlink")) == (7, READ_ONLY, [])


def test_a_region_that_failed_has_no_size_and_one_that_did_not_has_what_it_was_given() -> None:
    """softmmu/memory.c."""
    failing, good = on(ToldHost(mmap=[-errno.ENOMEM])), on(ToldHost())
    anonymous, file = region(), region()
    with pytest.raises(Error):
        memory_region_init_ram_flags_nomigrate(failing, anonymous, "r", MIB, NO_FLAGS)
    with pytest.raises(Error):
        memory_region_init_ram_from_fd(failing, file, "f", MIB, NO_FLAGS, 3)
    assert (anonymous.size, file.size) == (0, 0)
    memory_region_init_ram_flags_nomigrate(good, anonymous, "r", MIB + 1, RAM_SHARED)
    memory_region_init_ram_from_fd(good, file, "f", MIB + 1, NO_FLAGS, 3)
    for mr, name, flags in ((anonymous, "r", RAM_SHARED), (file, "f", NO_FLAGS)):
        assert mr.ram_block is not None
        assert (mr.name, mr.size, mr.ram_block.flags) == (name, MIB + 1, flags)
        assert mr.ram_block.max_length == MIB + PAGE


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("dump", [True, False])
def test_what_a_block_is_advised(merge: bool, dump: bool) -> None:
    """Recorded: merging for anonymous memory alone, the rest for every block."""
    size = MIB + PAGE
    rest = [(size, DONTDUMP)] * (not dump) + [(size, HUGEPAGE), (size, DONTFORK)]
    for anonymous in (True, False):
        host = ToldHost()
        qemu = on(host)
        qemu.machine.mem_merge, qemu.machine.dump_guest_core = merge, dump
        if anonymous:
            qemu_ram_alloc(qemu, MIB + 1, region(), NO_FLAGS)
        else:
            qemu_ram_alloc_from_fd(qemu, MIB + 1, region(), NO_FLAGS, 3)
        made = [(call[2], call[3]) for call in host.made("madvise")]
        assert made == [(size, MERGEABLE)] * (merge and anonymous) + rest


@pytest.mark.parametrize(("number", "lines"), [(errno.EINVAL, 2), (errno.EPERM, 2), (0, 0)])
def test_a_refused_dontdump_is_told_in_two_lines(number: int, lines: int) -> None:
    qemu = on(ToldHost(madvise=[0, -number, 0]))
    qemu.machine.dump_guest_core = False
    qemu_ram_alloc(qemu, MIB, region(), NO_FLAGS)
    assert len(qemu.stderr) == lines


def test_blocks_are_kept_from_the_biggest_to_the_smallest() -> None:
    qemu = on(ToldHost())
    for place, pages in enumerate((2, 5, 5, 1, 3)):
        qemu_ram_alloc(qemu, pages * PAGE, region(str(place)), NO_FLAGS)
    assert [block.mr.name for block in qemu.ram_blocks] == ["1", "2", "4", "0", "3"]
    assert len({block.offset for block in qemu.ram_blocks}) == 5


def test_address_0_is_memory_too() -> None:
    """mmap(2): only MAP_FAILED is a failure."""
    answers = [0, lambda addr, *_: addr]
    anonymous = qemu_ram_alloc(on(ToldHost(mmap=answers)), MIB, region(), NO_FLAGS)
    assert (anonymous.host, from_fd(ToldHost(mmap=answers), MIB).host) == (0, 0)


def test_memory_that_is_not_there_is_an_error_with_its_name() -> None:
    for number, text in ((errno.EPERM, "Operation not permitted"), (12, "Cannot allocate memory")):
        with pytest.raises(Error) as error:
            qemu_ram_alloc(on(ToldHost(mmap=[-number])), MIB, region(), NO_FLAGS)
        assert error.value.text_in(QEMU_7_2) == f"cannot set up guest memory 'm0': {text}"


def test_without_a_size_qemu_aborts() -> None:
    """Recorded with the largest size."""
    with pytest.raises(Abort, match=r"find_ram_offset: Assertion `size != 0' failed\.$"):
        find_ram_offset(on(ToldHost()), 0)
    assert find_ram_offset(on(ToldHost()), 1) == 0


def test_what_is_reclaimed_is_unmapped_first_come_first() -> None:
    """util/rcu.c: with its file, where it has one; descriptor 0 is a file too."""
    host = ToldHost()
    qemu = on(host)
    for place, fd in enumerate((-1, 0, 3)):
        block = RAMBlock(region(), MIB, MIB, NO_FLAGS, PAGE, ADDRESS + place * GIB, 0, fd)
        qemu.call_rcu.append(block)
    drain_call_rcu(qemu)
    assert host.calls == [
        ("munmap", ADDRESS, MIB + PAGE),
        ("munmap", ADDRESS + GIB, MIB + PAGE),
        ("close", 0),
        ("munmap", ADDRESS + 2 * GIB, MIB + PAGE),
        ("close", 3),
    ]
    assert qemu.call_rcu == []


# Files without a name.

CLOEXEC, SEALING, HUGETLB, ADD_SEALS, SEALS = 1, 2, 4, 1033, 0x7


@pytest.mark.parametrize(
    ("hugetlb", "hugetlbsize", "seals", "flags"),
    [
        (False, 0, 0, CLOEXEC),
        (False, 0, SEALS, CLOEXEC | SEALING),
        (False, 2 * MIB, 0, CLOEXEC),
        (True, 0, 0, CLOEXEC | HUGETLB),
        (True, 2 * MIB, SEALS, CLOEXEC | SEALING | HUGETLB | 21 << 26),
        (True, GIB, 0, CLOEXEC | HUGETLB | 30 << 26),
        (True, 1 << 63, 0, CLOEXEC | HUGETLB | (63 << 26) & 0xFFFF_FFFF),
        (True, 1, 0, CLOEXEC | HUGETLB),
        (True, 2 * MIB + 1, 0, CLOEXEC | HUGETLB),
    ],
)
def test_a_memfd_is_made_sized_and_sealed(
    hugetlb: bool, hugetlbsize: int, seals: int, flags: int
) -> None:
    """Recorded; log2 of the page size from bit 26 on, in an unsigned int."""
    host = ToldHost()
    made = qemu_memfd_create(
        on(host), "m", MIB, hugetlb=hugetlb, hugetlbsize=hugetlbsize, seals=seals
    )
    assert made == 5
    assert host.calls == [("memfd_create", "m", flags), ("ftruncate", 5, MIB)] + [
        ("fcntl", 5, ADD_SEALS, seals)
    ] * bool(seals)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL])
@pytest.mark.parametrize(
    ("failing", "text", "calls"),
    [
        ("memfd_create", "failed to create memfd with flags 0x3", ["memfd_create"]),
        ("ftruncate", "failed to resize memfd to 1048576", ["memfd_create", "ftruncate", "close"]),
        (
            "fcntl",
            "failed to add seals 0x7",
            ["memfd_create", "ftruncate", "fcntl", "close"],
        ),
    ],
)
def test_each_call_of_a_memfd_can_fail_and_then_nothing_is_left(
    number: int, failing: str, text: str, calls: list[str]
) -> None:
    """Recorded with faults."""
    host = ToldHost(**{failing: [-number]})
    with pytest.raises(Error) as error:
        qemu_memfd_create(on(host), "m", MIB, hugetlb=False, hugetlbsize=0, seals=SEALS)
    said = {errno.EPERM: "Operation not permitted", errno.EINVAL: "Invalid argument"}[number]
    assert error.value.text_in(QEMU_7_2) == f"{text}: {said}"
    assert [call[0] for call in host.calls] == calls


@pytest.mark.parametrize("size", [6, 3 * MIB, 2 * MIB + 2])
def test_a_huge_page_is_a_power_of_two(size: int) -> None:
    with pytest.raises(Error, match=r"^Hugepage size must be a power of 2$"):
        qemu_memfd_create(on(ToldHost()), "m", MIB, hugetlb=False, hugetlbsize=size, seals=0)


def test_descriptor_0_is_a_memfd_and_the_kernel_is_asked_with_close_on_exec() -> None:
    host = ToldHost(memfd_create=[0])
    made = qemu_memfd_create(on(host), "m", 1 << 63, hugetlb=False, hugetlbsize=0, seals=0)
    assert made == 0
    assert host.made("ftruncate") == [("ftruncate", 0, -(1 << 63))]
    asked: list[int] = []
    host = ToldHost(memfd_probe=[lambda flags: not asked.append(flags)])
    assert qemu_memfd_check(on(host), HUGETLB, (SEALING, HUGETLB))
    assert asked == [CLOEXEC | SEALING, CLOEXEC | HUGETLB]
