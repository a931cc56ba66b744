"""``util/oslib-posix.c``: which threads preallocate what, and what a failure leads to.

The expected side is the function that a test names, in C.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import itertools
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mirror_host import ADDRESS, EXT4, HUGE, PAGE, ToldHost, qemu_on
from mirror_numbers import GIB, MIB

from qemu_model.error import Error, Killed
from qemu_model.host.protocol import Platform
from qemu_model.oslib_posix import (
    Preallocation,
    do_madv_populate_write_pages,
    get_memset_num_threads,
    qemu_prealloc_mem,
)
from qemu_model.revision import find

POPULATE_WRITE = 23
SINCE_7_0 = pytest.mark.parametrize("tree", ["qemu-7.2", "qemu-11.1"])


@pytest.mark.parametrize(
    ("cpus", "most", "size", "threads"),
    [
        (2, 16, GIB, 2),
        (64, 64, 4 * GIB, 16),
        (64, 3, 4 * GIB, 3),
        (8, 8, 128 * MIB, 2),
        (8, 8, 128 * MIB - PAGE, 1),
        (8, 8, PAGE, 1),
    ],
)
def test_how_many_threads_preallocate(cpus: int, most: int, size: int, threads: int) -> None:
    """get_memset_num_threads: at most 16, one for each processor and for 64 MiB."""
    qemu = qemu_on(ToldHost(Platform(online_cpus=cpus)))
    assert get_memset_num_threads(qemu, PAGE, size // PAGE, most) == threads
    assert get_memset_num_threads(qemu, 1 << 31, 3, 16) == min(cpus, 3)


@SINCE_7_0
@given(cpus=st.integers(1, 20), pages=st.integers(1, 200_000), most=st.integers(1, 20))
def test_threads_populate_every_page_once_in_equal_parts(
    tree: str, cpus: int, pages: int, most: int
) -> None:
    """touch_all_pages: the first parts are a page longer, and one page is tried before."""
    host = ToldHost(Platform(online_cpus=cpus))
    qemu_prealloc_mem(qemu_on(host, find(tree)), -1, ADDRESS, pages * PAGE, Preallocation(most))
    tried, *parts = [(call[1], call[2]) for call in host.made("madvise")]
    assert {call[3] for call in host.made("madvise")} == {POPULATE_WRITE}
    assert (tried, parts[0][0]) == ((ADDRESS, PAGE), ADDRESS)
    assert sum(length for _, length in parts) == pages * PAGE
    for (first, length), (following, _) in itertools.pairwise(parts):
        assert first + length == following
    lengths = [length for _, length in parts]
    assert sorted(lengths, reverse=True) == lengths
    assert lengths[0] - lengths[-1] in (0, PAGE)
    assert len(parts) <= min(16, cpus, most, max(1, pages * PAGE // (64 * MIB)))


@SINCE_7_0
@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([0, -errno.EIO, 0], "Input/output error"),
        ([-errno.EPERM, 0, -errno.ENOMEM], "Cannot allocate memory"),
        ([0, -errno.EFAULT, -errno.ENOMEM], "Cannot allocate memory"),
    ],
)
def test_last_failure_of_a_thread_is_the_error(tree: str, answers: list[int], text: str) -> None:
    """touch_all_pages; the first try only says whether there is that advice."""
    host = ToldHost(Platform(online_cpus=2), madvise=[*answers, 0])
    with pytest.raises(Error) as error:
        qemu_prealloc_mem(qemu_on(host, find(tree)), -1, ADDRESS, 256 * MIB, Preallocation(2))
    said = f"qemu_prealloc_mem: preallocating memory failed: {text}"
    assert error.value.text_in(find(tree)) == said
    assert len(host.made("madvise")) == 3


@SINCE_7_0
def test_without_madv_populate_write_every_page_is_touched(tree: str) -> None:
    """madv_populate_write_possible: before Linux 5.14 it is EINVAL."""
    refused = {"madvise": [-errno.EINVAL]}

    def touch(**answers: Any) -> ToldHost:
        host = ToldHost(**refused, **answers)
        qemu_prealloc_mem(qemu_on(host, find(tree)), 3, ADDRESS, 3 * MIB, Preallocation(1))
        return host

    touched = touch(fstatfs=[HUGE]).made("touch_pages")
    assert touched == [("touch_pages", ADDRESS, 4 * MIB, 2 * MIB)]
    with pytest.raises(Error, match=r"preallocating memory failed: Bad address$"):
        touch(touch_pages=[signal.SIGBUS])
    with pytest.raises(Killed) as killed:
        touch(touch_pages=[signal.SIGSEGV])
    assert killed.value.number == signal.SIGSEGV


def test_thread_without_pages_makes_no_call() -> None:
    """do_madv_populate_write_pages."""
    host = ToldHost()
    assert do_madv_populate_write_pages(qemu_on(host), ADDRESS, PAGE, 0) == 0
    assert host.calls == []


@pytest.mark.parametrize(
    ("fd", "answer", "memory", "expected"),
    [
        (3, EXT4, PAGE + 1, (2 * PAGE, PAGE)),
        (3, HUGE, 2 * MIB + 1, (4 * MIB, 2 * MIB)),
        (-1, HUGE, 3 * PAGE, (3 * PAGE, PAGE)),
    ],
)
def test_before_7_0_every_page_of_the_file_is_touched(
    fd: int, answer: Any, memory: int, expected: tuple[int, int]
) -> None:
    """os_mem_prealloc."""
    host = ToldHost(fstatfs=[answer])
    qemu_prealloc_mem(qemu_on(host), fd, ADDRESS, memory, Preallocation(1))
    assert host.made("touch_pages", "madvise") == [("touch_pages", ADDRESS, *expected)]


@pytest.mark.parametrize("threads", [1 << 31, (1 << 32) - 1])
@pytest.mark.parametrize("tree", ["qemu-5.0", "qemu-5.2", "qemu-6.2"])
def test_a_negative_number_of_threads_kills_before_7_0(tree: str, threads: int) -> None:
    """touch_all_pages: g_new0 of an int below zero; Debian's 5.2 printed this text."""
    qemu = qemu_on(ToldHost(), find(tree))
    with pytest.raises(Killed) as killed:
        qemu_prealloc_mem(qemu, -1, ADDRESS, PAGE, Preallocation(threads))
    count = threads + (1 << 64) - (1 << 32)
    assert (killed.value.number, qemu.stderr) == (
        signal.SIGTRAP,
        [f"qemu: GLib: ../../../glib/gmem.c:365: overflow allocating {count}*232 bytes"],
    )


def test_any_number_of_threads_is_cut_down_since_7_0() -> None:
    """get_memset_num_threads: at most one for each page."""
    host = ToldHost(Platform(online_cpus=4))
    qemu_prealloc_mem(qemu_on(host, find("qemu-7.0")), -1, ADDRESS, PAGE, Preallocation(1 << 31))
