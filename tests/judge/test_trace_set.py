"""``--trace SET``: strace's spelling of what it was told to log."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest

from qemu_model.judge.trace_set import DOCUMENTED, read_trace_set

ON_MEMORY = {"mmap", "munmap", "madvise", "mbind"}
ON_FILES = {"open", "close", "lseek", "fstatfs", "statfs", "ftruncate", "unlink"}
ALL = {*ON_MEMORY, *ON_FILES, "fallocate", "memfd_create", "fcntl"}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("documented", ALL),
        (DOCUMENTED, ALL),
        (f"trace={DOCUMENTED}", ALL),
        ("all", ALL),
        ("none", set()),
        ("%memory", {"mmap", "munmap", "madvise", "mbind"}),
        ("memory", {"mmap", "munmap", "madvise", "mbind"}),
        ("%file", {"open", "statfs", "unlink"}),
        ("%desc,mbind", ALL - {"statfs", "unlink", "munmap", "madvise"}),
        ("openat", {"open"}),
        ("?mmap2,/^fstat", {"mmap", "fstatfs"}),
        ("!mbind,close", ALL - {"mbind", "close"}),
        ("write,futex", set()),
    ],
)
def test_names_classes_patterns_and_negation_are_read(text: str, calls: set[str]) -> None:
    assert set(read_trace_set(text).calls) == calls


@pytest.mark.parametrize("text", ["", "mmap,,close", "a b", "mmap;close", "/["])
def test_what_strace_does_not_take_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"--trace") as refused:
        read_trace_set(text)
    assert "\n" not in str(refused.value)
