"""The RAM flags are a type of their own: what is no RAM flag is an error before it runs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import qemu_model

#: Each line marked ``# wrong`` must be an error, and no other.
PROGRAM = """\
import enum

from qemu_model.globals import Qemu
from qemu_model.host.linux import MAP_FIXED, MAP_SHARED
from qemu_model.memory import memory_region_init_ram_from_file
from qemu_model.ram_addr import MemoryRegion
from qemu_model.mmap_alloc import qemu_ram_mmap
from qemu_model.physmem import qemu_ram_alloc_from_fd
from qemu_model.ram_addr import NO_FLAGS, RAM_PMEM, RAM_SHARED, RAM_SYNC
from qemu_model.records.ram_flags import RamFlags


def passing(qemu: Qemu, mr: MemoryRegion) -> None:
    qemu_ram_mmap(qemu, -1, 4096, 4096, RAM_SHARED)
    qemu_ram_mmap(qemu, -1, 4096, 4096, RAM_SHARED | RAM_PMEM | RAM_SYNC)
    qemu_ram_mmap(qemu, -1, 4096, 4096, NO_FLAGS)
    qemu_ram_mmap(qemu, -1, 4096, 4096, True)  # wrong
    qemu_ram_mmap(qemu, -1, 4096, 4096, MAP_SHARED)  # wrong
    qemu_ram_mmap(qemu, -1, 4096, 4096, 2)  # wrong
    qemu_ram_mmap(qemu, -1, 4096, 4096, RAM_SHARED | MAP_FIXED)  # wrong
    qemu_ram_mmap(qemu, -1, 4096, 4096, RAM_SHARED | True)  # wrong
    qemu_ram_mmap(qemu, -1, 4096, 4096, MAP_SHARED | RAM_SHARED)  # wrong
    qemu_ram_alloc_from_fd(qemu, 4096, mr, False, 3)  # wrong
    qemu_ram_alloc_from_fd(qemu, 4096, mr, MAP_SHARED, 3)  # wrong
    memory_region_init_ram_from_file(qemu, mr, "m0", 4096, 0, MAP_SHARED, "/f")  # wrong
    memory_region_init_ram_from_file(qemu, mr, "m0", 4096, 0, RAM_SHARED, "/f")


def masking(flags: RamFlags) -> bool:
    return bool(flags & RAM_SHARED) or bool(flags & MAP_SHARED)  # wrong
"""


def lines_with_errors(program: str, directory: Path) -> list[int]:
    """Return the lines of ``program`` in which mypy finds an error."""
    path = directory / "program.py"
    path.write_text(program)
    root = Path(qemu_model.__file__).parent.parent
    environment = dict(os.environ)
    if root.name != "site-packages":
        environment["MYPYPATH"] = str(root)
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "mypy", "--strict", "--no-error-summary", "--config-file", os.devnull),
            *("--follow-imports", "silent", "--cache-dir", str(directory / "cache"), str(path)),
        ],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "cannot find" not in done.stdout.lower(), done.stdout
    found = re.findall(r"^program\.py:(\d+): error", done.stdout.replace(f"{directory}/", ""), re.M)
    return sorted({int(number) for number in found})


def test_a_bool_or_a_flag_of_mmap_where_ram_flags_belong_is_an_error(tmp_path: Path) -> None:
    wrong = [
        number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")
    ]
    assert lines_with_errors(PROGRAM, tmp_path) == wrong
