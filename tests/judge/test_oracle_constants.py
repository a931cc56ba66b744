"""The numbers behind the names that strace prints are those of the kernel's own headers."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import needs_program

from qemu_model.host import linux
from qemu_model.judge import strace
from qemu_model.judge.strace import read_flags

#: Where the names come from; ``linux/fcntl.h`` and glibc's own cannot be had in one program.
HEADERS = (
    ("fcntl.h", "sys/mman.h", "unistd.h", "linux/magic.h", "linux/mempolicy.h", "linux/memfd.h"),
    ("asm/mman.h", "linux/mman.h", "linux/fcntl.h"),
)
#: These are no macros, and so cannot be asked for.
ENUMERATED = (
    "MPOL_DEFAULT",
    "MPOL_PREFERRED",
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_LOCAL",
    "MPOL_PREFERRED_MANY",
)
#: What strace calls otherwise than the headers.
OTHERWISE = {"EXT2_SUPER_MAGIC": "EXT4_SUPER_MAGIC", "XFS_SB_MAGIC": "XFS_SUPER_MAGIC"}
#: glibc's own; strace prints it for architectures of 32 bits.
NOT_HERE = {"O_LARGEFILE"}
NAMES = sorted({*strace._OTHER_CONSTANTS, *(name for name in vars(linux) if name.isupper())})


@functools.cache
def numbers() -> dict[str, int]:
    """Return the numbers that the headers give to the names they have."""
    found: dict[str, int] = {}
    for place, headers in enumerate(HEADERS):
        lines = ["#define _GNU_SOURCE", "#include <stdio.h>"]
        lines += [f"#include <{header}>" for header in headers]
        lines.append("int main(void) {")
        for name in NAMES:
            real = OTHERWISE.get(name, name)
            show = f'printf("{name} %lld\\n", (long long)({real}));'
            asked = name in ENUMERATED and place == 0
            lines.append(show if asked else f"#ifdef {real}\n{show}\n#endif")
        lines.append("}")
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory, "names")
            subprocess.run(
                [needs_program("gcc"), "-x", "c", "-", "-o", program],
                input="\n".join(lines),
                text=True,
                check=True,
                capture_output=True,
            )
            shown = subprocess.run([program], capture_output=True, text=True, check=True).stdout
        for line in shown.splitlines():
            name, _, number = line.partition(" ")
            found.setdefault(name, int(number))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_for_the_number_that_the_kernels_headers_give(name: str) -> None:
    known = numbers().get(name)
    if known is None or name in NOT_HERE or not isinstance(read_flags(name.encode()), int):
        return
    assert known == read_flags(name.encode())


def test_only_names_newer_than_the_headers_are_in_none() -> None:
    newer = {"F_SEAL_EXEC", "MFD_EXEC", "MFD_NOEXEC_SEAL"}
    read = {name for name in NAMES if isinstance(read_flags(name.encode()), int)}
    # devtmpfs has no number of its own: it answers with tmpfs's.
    assert read - set(numbers()) <= newer | {"DEVTMPFS_MAGIC"}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("F_SEAL_EXEC", 0x20),
        ("MFD_NOEXEC_SEAL", 0x8),
        ("MFD_EXEC", 0x10),
        ("O_LARGEFILE", 0),
        ("DEVTMPFS_MAGIC", 0x01021994),
    ],
)
def test_what_these_headers_do_not_have_is_in_those_of_linux_6_3(name: str, number: int) -> None:
    """fcntl.h and memfd.h of Linux 6.3; of x86-64's O_LARGEFILE nothing is set."""
    assert read_flags(name.encode()) == number
