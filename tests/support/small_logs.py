"""Small logs: a block of 4 MiB of anonymous memory, a file of 4 MiB, and what is around them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, Final

from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.judge.verdict import Verdict
from qemu_model.revision import find

MIB: Final = 1 << 20
EXIT: Final = "1 exit_group(0) = ?"
#: A reservation, the mapping in it, and what of the reservation lies before that.
RESERVE: Final = (
    "1 mmap(NULL, 6291456, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000"
)
MAP: Final = (
    "1 mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, "
    "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f0000200000"
)
HEAD: Final = "1 munmap(0x7f0000001000, 2093056) = 0"
RAM_OPTIONS: Final = ("-M", "none", "-object", "memory-backend-ram,id=m0,size=4M")
FILE_OPTIONS: Final = (
    *("-M", "none", "-object"),
    "memory-backend-file,id=m0,mem-path=/a,size=4M,share=on",
)


@contextlib.contextmanager
def log_of(data: bytes, on_progress: Callable[[int, int], None] | None = None) -> Iterator[Log]:
    """Give a log with these lines."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Log(file, on_progress)


def verdict_on(*lines: str, tree: str = "v8", **options: Any) -> Verdict:
    """Judge a log of these lines."""
    with log_of("".join(f"{line}\n" for line in lines).encode()) as log:
        return judge(log, find(tree), **options)


def found(*lines: str, **options: Any) -> tuple[str, int, list[tuple[str, int | None]]]:
    """Return the verdict, how many calls matched, and kind and line of each divergence."""
    verdict = verdict_on(*lines, **options)
    told = [(one.kind, one.line) for one in verdict.divergences]
    return verdict.verdict, verdict.matched, told


def mapped(start: int, *, size: int = 4 * MIB) -> list[str]:
    """Return the lines with which QEMU makes a block of anonymous memory at ``start``."""
    place = f"{start:#x}, {size}"
    return [
        f"1 mmap(NULL, {size + 2 * MIB}, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {start:#x}",
        f"1 mmap({place}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)"
        f" = {start:#x}",
        f"1 munmap({start + size + 4096:#x}, {2 * MIB - 4096}) = 0",
        f"1 madvise({place}, MADV_MERGEABLE) = 0",
        f"1 madvise({place}, MADV_HUGEPAGE) = 0",
        f"1 madvise({place}, MADV_DONTFORK) = 0",
    ]


def backend(start: int) -> list[str]:
    """Return the lines of a memory-backend-ram of 4 MiB: advised on twice, bound to nodes."""
    place = f"{start:#x}, {4 * MIB}"
    return [
        *mapped(start),
        f"1 madvise({place}, MADV_MERGEABLE) = 0",
        f"1 mbind({place}, MPOL_DEFAULT, NULL, 1, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0",
    ]


def file_backend(descriptor: int = 3) -> list[str]:
    """Return the lines of a memory-backend-file on a new file, /a."""
    start, name = 0x7F00_0000_0000, f"{descriptor}</a>"
    place = f"{start:#x}, {4 * MIB}"
    return [
        '1 openat(AT_FDCWD, "/a", O_RDWR) = -1 ENOENT (No such file or directory)',
        f'1 openat(AT_FDCWD, "/a", O_RDWR|O_CREAT|O_EXCL, 0644) = {name}',
        f"1 lseek({name}, 0, SEEK_END) = 0",
        f"1 fstatfs({name}, {{f_type=EXT2_SUPER_MAGIC, f_bsize=4096}}) = 0",
        f"1 ftruncate({name}, {4 * MIB}) = 0",
        f"1 mmap(NULL, {4 * MIB + 4096}, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {start:#x}",
        f"1 mmap({place}, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, {name}, 0) = {start:#x}",
        f"1 madvise({place}, MADV_HUGEPAGE) = 0",
        f"1 madvise({place}, MADV_DONTFORK) = 0",
        f"1 madvise({place}, MADV_MERGEABLE) = 0",
        f"1 mbind({place}, MPOL_DEFAULT, NULL, 1, MPOL_MF_STRICT|MPOL_MF_MOVE) = 0",
    ]
