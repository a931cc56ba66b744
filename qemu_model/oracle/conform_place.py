"""Where conformance cases keep their files: directories that are gone with their process.

As root, file systems are mounted in a mount namespace of the process's own, which
nobody else sees and which ends with the process.  Without root there is what there is.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Final

from .cases import Place

_CLONE_NEWNS: Final = 0x20000
_HUGE_PAGES: Final = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
#: Fewer free huge pages than this are not enough for the cases.
_HUGE_PAGES_NEEDED: Final = 16


def make_place(scratch: Path, shared_memory: Path | None) -> Place:
    """Make the directories below ``scratch`` and mount what can be mounted.

    ``shared_memory`` is a directory on a tmpfs, for where nothing can be mounted.
    Once per process: as root it leaves for a mount namespace of its own.
    """
    files = scratch / "files"
    files.mkdir(parents=True)
    if not own_namespace():
        return Place(str(files), None if shared_memory is None else str(shared_memory))
    huge = free_huge_pages() >= _HUGE_PAGES_NEEDED
    return Place(
        str(files),
        mounted(scratch / "tmpfs", "tmpfs", "size=64m"),
        mounted(scratch / "small", "tmpfs", "size=2m"),
        mounted(scratch / "huge", "hugetlbfs", "pagesize=2M") if huge else None,
    )


def own_namespace() -> bool:
    """Leave for a mount namespace of our own; return whether that was possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return _mount("--make-rprivate", "/")


def mounted(path: Path, kind: str, options: str) -> str | None:
    """Mount a file system and return where, or None if that is refused."""
    path.mkdir()
    return str(path) if _mount("-t", kind, "-o", options, "none", str(path)) else None


def _mount(*words: str) -> bool:
    """Run mount; return whether it is there and did it."""
    try:
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def free_huge_pages() -> int:
    """Return how many huge pages of 2 MiB are free."""
    try:
        return int(_HUGE_PAGES.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
