"""This machine as a profile, and directories on it of each kind of file system."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
from conftest import needs

from qemu_model.host import profiles
from qemu_model.host.profile import Profile

HUGE = 2 * 1024 * 1024
POOL_PAGES = 4
CASE = "case"

DIRECTORIES = MappingProxyType(
    {
        "ext4": "/mnt/ext4",
        "tmpfs": "/mnt/tmpfs",
        "hugetlbfs": "/mnt/huge",
        "small tmpfs": "/mnt/small",
        "small hugetlbfs": "/mnt/small_huge",
    }
)


def _memory() -> tuple[int, int]:
    numbers = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        key, _, value = line.partition(":")
        numbers[key] = int(value.split()[0]) * 1024
    return numbers["MemTotal"], numbers["SwapTotal"]


def _case_files(directory: str) -> list[dict[str, object]]:
    case = f"{directory}/{CASE}"
    common: list[dict[str, object]] = [
        {"path": f"{case}/directory", "kind": "directory"},
        {"path": f"{case}/fifo", "kind": "fifo"},
    ]
    if _without_links(directory):
        return common
    return [
        *common,
        {"path": f"{case}/dangling", "kind": "symlink", "target": "nowhere"},
        {"path": f"{case}/link", "kind": "symlink", "target": f"{case}/a"},
        {"path": f"{case}/loop", "kind": "symlink", "target": "loop"},
    ]


def _without_links(directory: str) -> bool:
    """Whether the file system has no room for the target of a link: hugetlbfs has not."""
    return "huge" in directory


@attrs.frozen(repr=False)
class Here:
    """The profile, which Hypothesis would print whole with each failing sequence."""

    profile: Profile

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text("here")


@contextlib.contextmanager
def this_machine() -> Iterator[Here]:
    """Mount what the profile says, beside the surroundings of the recordings."""
    small_huge = Path(DIRECTORIES["small hugetlbfs"])
    small_huge.mkdir()
    room = f"size={POOL_PAGES * HUGE},min_size={POOL_PAGES * HUGE}"
    done = subprocess.run(
        ["mount", "-t", "hugetlbfs", "-o", room, "hugetlbfs", str(small_huge)], check=False
    )
    needs(done.returncode == 0, f"{POOL_PAGES} huge pages for a pool of its own")
    memory, swap = _memory()
    files = [told for path in DIRECTORIES.values() for told in _case_files(path)]
    profile = profiles.build(
        {
            "name": "here",
            "title": "the machine that the test runs on",
            "kernel": {
                "version": ".".join(os.uname().release.split(".")[:2]),
                "memory": memory,
                "swap": swap,
                "overcommit": int(Path("/proc/sys/vm/overcommit_memory").read_text()),
            },
            "implied_directories": False,
            "mounts": [
                {"path": "/mnt", "file_system": "tmpfs"},
                {"path": "/mnt/ext4", "file_system": "ext4"},
                {"path": "/mnt/tmpfs", "file_system": "tmpfs"},
                {"path": "/mnt/huge", "file_system": "hugetlbfs"},
                {"path": "/mnt/small", "file_system": "tmpfs", "size": HUGE},
                {"path": "/mnt/small_huge", "file_system": "hugetlbfs", "size": POOL_PAGES * HUGE},
            ],
            "files": files,
        }
    )
    try:
        yield Here(profile)
    finally:
        subprocess.run(["umount", str(small_huge)], check=False)
        small_huge.rmdir()


def clean(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


def prepare(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    clean(directory)
    (directory / "directory").mkdir()
    os.mkfifo(directory / "fifo")
    if not _without_links(str(directory)):
        (directory / "dangling").symlink_to("nowhere")
        (directory / "link").symlink_to(directory / "a")
        (directory / "loop").symlink_to("loop")
