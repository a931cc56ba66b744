"""File systems in the guest: the programs that make them, and the shell lines."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from .kernel import find_program

#: What makes a file system of each kind, and the Debian package that has it.
MAKERS: Final[Mapping[str, tuple[Sequence[str], str]]] = MappingProxyType(
    {
        "ext4": (("mkfs.ext4", "-q", "-F", "-b", "4096"), "e2fsprogs"),
        # Before Linux 6.0 there is no DAX with reflink.
        "xfs": (("mkfs.xfs", "-q", "-f", "-m", "reflink=0"), "xfsprogs"),
    }
)


def check_makers(kinds: Iterable[str]) -> None:
    """Raise :class:`GuestError` if file systems of ``kinds`` cannot be made in a guest.

    The guest's programs are the host's, so that the host can say which package is missing.
    """
    for kind in kinds:
        command, package = MAKERS[kind]
        find_program(command[0], package)


def make_lines(kind: str, device: str, mount_point: str, options: str) -> tuple[str, ...]:
    """Return the shell lines that make a file system and mount it, in place of another."""
    make = [*MAKERS[kind][0], device]
    there = shlex.quote(mount_point)
    return (
        f"if mountpoint -q {there}; then umount {there}; fi",
        shlex.join(make),
        *mount_lines(kind, device, mount_point, options),
    )


def mount_lines(kind: str, device: str, mount_point: str, options: str) -> tuple[str, str]:
    """Return the shell lines that mount a file system."""
    chosen = ["-o", options] if options else []
    mount = ["mount", "-t", kind, *chosen, device, mount_point]
    return shlex.join(["mkdir", "-p", mount_point]), shlex.join(mount)
