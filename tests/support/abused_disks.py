"""File systems of one's own for a while: of any kind, full, read-only, or with a quota."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import needs, needs_program

MIB = 1 << 20
#: Bytes that the owner of a quota may use; btrfs wants a disk of so many at least.
QUOTA = 2 * MIB
SMALLEST_BTRFS = 120 * MIB


@contextmanager
def mounted(path: Path, *how: str) -> Iterator[Path]:
    """Mount something at ``path`` for a while; only this process and its children see it."""
    path.mkdir()
    done = subprocess.run(["mount", *how, str(path)], capture_output=True, text=True, check=False)
    try:
        needs(done.returncode == 0, f"mount {' '.join(how)}: {done.stderr.strip()}")
        yield path
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", str(path)], check=True)
        path.rmdir()


def fill(path: Path) -> int:
    """Write into a file until the disk, or the quota, is full; return the errno that says so."""
    with path.open("wb", buffering=0) as stream:
        for size in (MIB, 4096):
            told = 0
            while not told:
                try:
                    stream.write(b"z" * size)
                except OSError as error:
                    told = error.errno
    return told


@contextmanager
def disk_with_quota(scratch: Path) -> Iterator[Path]:
    """Give a directory with a quota of :data:`QUOTA` bytes, all of it used by ``full``.

    A file ``there`` was made before, and is empty.
    """
    btrfs, mkfs = needs_program("btrfs"), needs_program("mkfs.btrfs")
    disk = scratch / "disk"
    with disk.open("wb") as image:
        image.truncate(SMALLEST_BTRFS)
    subprocess.run([mkfs, "-q", str(disk)], check=True, capture_output=True)
    with mounted(scratch / "mounted", "-t", "btrfs", "-o", "loop", str(disk)) as top:
        place = top / "place"
        for words in (
            ("quota", "enable", str(top)),
            ("subvolume", "create", str(place)),
            ("qgroup", "limit", str(QUOTA), str(place)),
        ):
            subprocess.run([btrfs, *words], check=True, capture_output=True)
        (place / "there").touch()
        assert fill(place / "full") == errno.EDQUOT
        yield place
    disk.unlink()
