"""Where conformance cases keep their files: directories that end with their process.

As root, file systems are mounted in a mount namespace of the process's own, which no other
process sees and which ends with the process.  Without root only existing file systems are
used.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Final

import attrs

from ..inspect.cannot_judge import CannotJudge
from ..inspect.machine_path import PathJudgement, judge_path
from .cases import Place

_CLONE_NEWNS: Final = 0x20000
_HUGE_PAGES: Final = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
#: Fewer free huge pages than this are not enough for the cases.
_HUGE_PAGES_NEEDED: Final = 16


@attrs.frozen
class Target:
    """Where the user wants the cases to work: a directory, or a device DAX."""

    path: str
    is_device: bool
    judgement: PathJudgement

    def in_words(self) -> str:
        """Return what the place is on this machine, as one sentence."""
        judged = self.judgement
        mount = judged.mount
        kind = "device DAX" if self.is_device or mount is None else mount.file_system
        dax = "" if self.is_device else ", on DAX" if judged.dax else ", not on DAX"
        sync = {True: "possible", False: "not possible", None: "not known"}[judged.map_sync]
        return f"{self.path}: {kind}{dax}, MAP_SYNC {sync}"


def find_target(path: str) -> Target:
    """Return the target at ``path``: the kernel is asked what it is.

    Raises :class:`~qemu_model.inspect.cannot_judge.CannotJudge` if cases cannot work there.
    """
    judgement = judge_path(os.path.abspath(path))
    is_device = judgement.kind == "character device" and judgement.dax is True
    if not is_device and judgement.kind != "directory":
        raise CannotJudge(
            f"{path} is neither a directory nor device DAX, but a {judgement.kind}"
            if judgement.exists
            else f"there is no directory {path}"
        )
    if not os.access(path, os.R_OK | os.W_OK | (0 if is_device else os.X_OK)):
        raise CannotJudge(f"{path}: this user may not write there")
    return Target(judgement.path, is_device, judgement)


def make_place(
    scratch: Path,
    shared_memory: Path | None,
    files: Path | None = None,
    device: str | None = None,
) -> Place:
    """Make the directories below ``scratch`` and mount what can be mounted.

    ``shared_memory`` is a directory on a tmpfs, for where nothing can be mounted.
    ``files`` is where files are kept if not there, and ``device`` a device DAX.
    To be called once per process: as root it enters a mount namespace of its own.
    """
    files = files or scratch / "files"
    files.mkdir(parents=True, exist_ok=True)
    if not own_namespace():
        memory = None if shared_memory is None else str(shared_memory)
        return Place(str(files), memory, device=device)
    huge = free_huge_pages() >= _HUGE_PAGES_NEEDED
    return Place(
        str(files),
        mounted(scratch / "tmpfs", "tmpfs", "size=64m"),
        mounted(scratch / "small", "tmpfs", "size=2m"),
        mounted(scratch / "huge", "hugetlbfs", "pagesize=2M") if huge else None,
        device,
    )


def own_namespace() -> bool:
    """Enter a new mount namespace; return whether that was possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return _mount("--make-rprivate", "/")


def mounted(path: Path, kind: str, options: str) -> str | None:
    """Mount a file system and return where, or None if that is refused."""
    path.mkdir()
    return str(path) if _mount("-t", kind, "-o", options, "none", str(path)) else None


def _mount(*words: str) -> bool:
    """Run mount; return whether there is such a program and it succeeded."""
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
