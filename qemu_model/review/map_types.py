"""Why MAP_SHARED_VALIDATE: the same mmap with and without it, on one kernel after another."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..host import linux
from ..host.linux import (
    MAP_SHARED,
    MAP_SHARED_VALIDATE,
    MAP_SYNC,
    O_CREAT,
    O_RDWR,
    PROT_READ,
    PROT_WRITE,
)
from .hosts import PROBED_LENGTH, ReviewHost, simulated

#: The hosts to ask, and what they are in short.
HOSTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ext4-dax": "ext4 with DAX",
        "ext4": "ext4 without DAX",
        "tmpfs": "tmpfs",
        "linux-4.14-ext4-dax": "DAX, Linux 4.14",
    }
)


@attrs.frozen
class Answer:
    """What one kernel does with one file: asked without and with MAP_SHARED_VALIDATE.

    Each answer is ``granted``, ``ignored`` (mapped, and MAP_SYNC does nothing) or the
    errno of a refusal.
    """

    host: str
    title: str
    without: str
    validated: str


def ask(host: ReviewHost, flags: int) -> int:
    """Map the host's file with ``flags`` and return the address or the negative errno."""
    made = host.make()
    fd = made.open(host.path, O_RDWR | O_CREAT, 0o600)
    made.ftruncate(fd, PROBED_LENGTH)
    return made.mmap(0, PROBED_LENGTH, PROT_READ | PROT_WRITE, flags, fd, 0)


def answers() -> list[Answer]:
    """Return what the simulated hosts answer."""
    found = []
    for name, title in HOSTS.items():
        host = simulated(name)
        supported = host.supports_map_sync()

        def said(flags: int, host: ReviewHost = host, supported: bool = supported) -> str:
            result = ask(host, flags)
            if result < 0:
                return linux.errno_name(-result)
            return "granted" if supported else "ignored"

        found.append(
            Answer(name, title, said(MAP_SHARED | MAP_SYNC), said(MAP_SHARED_VALIDATE | MAP_SYNC))
        )
    return found
