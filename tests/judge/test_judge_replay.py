"""The host that answers from a log: what it adds to the answers that stand in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Any

import pytest
from test_judge_alignment import LSEEK, MAP, MAPPED, OPEN, RESERVE, RESERVED, START, Held, held

from qemu_model.host.protocol import Platform, StatFs
from qemu_model.inspect.cannot_judge import CannotJudge
from qemu_model.judge.replay import ReplayHost

HUGETLBFS, PAGE, MIB = 0x958458F6, 4096, 1 << 20
DEVICE = '1 openat(AT_FDCWD, "/a", O_RDWR) = 3</a<char 251:0>>'


@contextlib.contextmanager
def replayed(*lines: str, **options: Any) -> Iterator[tuple[ReplayHost, Held]]:
    with held(*lines, **options) as one:
        yield ReplayHost(one.alignment, one.alignment._search, Platform()), one


def reclaim_ramblock(call: Any, *args: int) -> int:
    """Make a call as exec.c's function of this name does, in the RCU thread."""
    answer: int = call(*args)
    return answer


def test_each_call_is_held_against_the_log_and_answers_as_it_does() -> None:
    lines = [
        OPEN,
        LSEEK,
        "1 ftruncate(3, 4096) = -1 EINVAL (Invalid argument)",
        '1 memfd_create("memory-backend-memfd", MFD_CLOEXEC) = 4',
        "1 fcntl(4, F_ADD_SEALS, F_SEAL_GROW) = 0",
        RESERVE,
        MAP,
        "1 madvise(0x7f0000200000, 4194304, MADV_HUGEPAGE) = -1 EINVAL (Invalid argument)",
        "1 mbind(0x7f0000200000, 4194304, MPOL_BIND, [0x5], 4, MPOL_MF_MOVE) = 0",
        "1 mbind(0x7f0000200000, 4194304, MPOL_DEFAULT, NULL, 0, 0) = ?",
        "1 munmap(0x7f0000200000, 4198400) = 0",
        "1 close(3) = -1 EIO (Input/output error)",
        '1 unlink("/a") = -1 ENOENT (No such file or directory)',
    ]
    with replayed(*lines) as (host, one):
        assert host.open("/a", 2, None) == 3
        assert host.lseek(3, 0, 2) == 4 * MIB
        assert host.ftruncate(3, 4096) == -errno.EINVAL
        assert host.memfd_create("memory-backend-memfd", 1) == 4
        assert host.fcntl(4, 1033, 4) == 0
        assert host.mmap(*RESERVED[1]) == 0x7F0000001000
        assert host.mmap(*MAPPED[1]) == START
        assert host.madvise(START, 4 * MIB, 14) == -errno.EINVAL
        assert host.mbind(START, 4 * MIB, 2, [0, 2], 4, 2) == 0
        assert host.mbind(START, 4 * MIB, 0, None, 0, 0) == 0, "without an answer it is 0"
        assert host.munmap(START, 4 * MIB + PAGE) == 0
        assert host.close(3) == -errno.EIO
        assert host.unlink("/a") == -errno.ENOENT
        assert (one.report.matched, one.told) == (len(lines), [])


def test_what_the_rcu_thread_does_is_answered_at_once_and_may_come_later() -> None:
    unmap = "9 munmap(0x7f0000200000, 4198400) = 0"
    with replayed(OPEN, RESERVE, MAP, LSEEK, unmap, "9 close(3) = 0") as (host, one):
        host.open("/a", 2, None)
        host.mmap(*RESERVED[1])
        host.mmap(*MAPPED[1])
        assert reclaim_ramblock(host.munmap, START, 4 * MIB + PAGE) == 0
        assert reclaim_ramblock(host.close, 3) == 0
        assert (one.report.matched, one.told) == (3, [])
        assert host.lseek(3, 0, 2) == 4 * MIB
        assert one.rest == []
        assert (one.report.matched, one.told) == (6, [])


@pytest.mark.parametrize(
    ("shown", "answer"),
    [
        ("{f_type=EXT2_SUPER_MAGIC, f_bsize=1024}) = 0", StatFs(0xEF53, 1024)),
        ("{f_type=HUGETLBFS_MAGIC, f_bsize=2097152}) = 0", StatFs(HUGETLBFS, 2 << 20)),
        ("{f_type=HUGETLBFS_MAGIC, f_bsize=4096}) = 0", StatFs(HUGETLBFS, PAGE)),
        ("0x7ffd) = -1 EINTR (Interrupted system call)", -errno.EINTR),
        ("0x7ffd) = 0", StatFs(0, PAGE)),
        ("0x7ffd) = ?", StatFs(0, PAGE)),
    ],
)
def test_a_file_system_is_what_the_log_shows(shown: str, answer: StatFs | int) -> None:
    with replayed(OPEN, f"1 fstatfs(3, {shown}", f'1 statfs("/a", {shown}') as (host, one):
        host.open("/a", 2, None)
        assert host.fstatfs(3) == answer
        assert host.statfs("/a") == answer
        assert one.report.matched == 3


@pytest.mark.parametrize("size", [0, 1, 2048, 4097, 12288, (2 << 20) + 1])
def test_a_huge_page_that_none_can_be_is_not_judged(size: int) -> None:
    """A page is a power of two, and no smaller than the system's."""
    line = f"1 fstatfs(3, {{f_type=HUGETLBFS_MAGIC, f_bsize={size}}}) = 0"
    with replayed(OPEN, line) as (host, _):
        host.open("/a", 2, None)
        with pytest.raises(CannotJudge) as reason:
            host.fstatfs(3)
    assert str(reason.value) == f"fstatfs answers that a huge page has {size} bytes: none has"


def test_pages_are_touched_unless_a_signal_follows() -> None:
    bus = "1 --- SIGBUS {si_signo=SIGBUS, si_addr=0x7f0000200000} ---"
    with replayed(OPEN, bus, LSEEK) as (host, _):
        host.open("/a", 2, None)
        assert host.touch_pages(START, 4 * MIB, PAGE) == -errno.EFAULT
        assert host.touch_pages(START, 4 * MIB, PAGE) == 0


def test_memory_is_never_overcommitted_where_none_is_mapped() -> None:
    """Documentation/vm/overcommit-accounting: 0 is the default, 2 is never."""
    with replayed(RESERVE, MAP) as (host, _):
        assert host.overcommit_memory() == 0
    with replayed(OPEN) as (host, _):
        assert host.overcommit_memory() == 2
    with replayed() as (host, _):
        assert host.overcommit_memory() == 2


def test_the_size_of_a_device_is_large_enough_unless_it_is_given_up() -> None:
    for following, size in (("1 close(3) = 0", 1), (RESERVE, 1 << 62), (LSEEK, None)):
        with replayed(DEVICE, following, MAP) as (host, _):
            assert host.open("/a", 2, None) == 3
            assert host.dax_device_size(3) == size
            assert host.dax_device_size(4) is None
    with replayed(OPEN, RESERVE, MAP) as (host, _):
        host.open("/a", 2, None)
        assert host.dax_device_size(3) is None


def test_what_a_log_does_not_show_and_what_it_does() -> None:
    made = '1 openat(AT_FDCWD, "/a/qemu_back_mem.m.AbCdEf", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</a/x>'
    with replayed(made, '1 memfd_create("test", MFD_CLOEXEC) = -1 ENOSYS (x)') as (host, _):
        assert host.vm_flags(START) is None
        assert host.describe() == {"name": "replay"}
        assert host.temporary_name() == "AbCdEf"
        host.open("/a/qemu_back_mem.m.AbCdEf", 0o302, 0o600)
        assert host.fd_path(3) == "/a/x"
        assert not host.memfd_probe(1)
        assert host.memfd_probe(5)
