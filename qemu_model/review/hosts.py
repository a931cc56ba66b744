"""The hosts that reviews run on: each run gets a fresh one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from ..host import linux, profiles
from ..host.linux import MAP_SHARED_VALIDATE, MAP_SYNC, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE
from ..host.protocol import Host
from ..host.simulated import SimulatedHost
from ..records import Value

#: Large enough for one page of every file system there is, in bytes.
PROBED_LENGTH: Final = 16 * 1024 * 1024
VM_SYNC_NAME: Final = "sf"


@attrs.frozen(eq=False, repr=False)
class ReviewHost(Value):
    """A host to run on: ``name`` as outputs show it, ``path`` of a file there.

    ``make`` returns the host as it is before anything happens.  ``alignment`` in
    bytes is what a backend of that file must be aligned to, 0 for nothing special.
    """

    name: str
    title: str
    path: str
    alignment: int
    make: Callable[[], Host]

    def supports_map_sync(self) -> bool:
        """Return whether the kernel grants MAP_SYNC on the file, as only a fresh mapping tells.

        Asked with MAP_SHARED_VALIDATE: without it a kernel may accept MAP_SYNC and ignore it.
        """
        host = self.make()
        fd = host.open(self.path, O_RDWR | O_CREAT, 0o600)
        if fd < 0:
            fd = host.open(self.path, O_RDWR, None)
        if fd < 0:
            return False
        host.ftruncate(fd, PROBED_LENGTH)
        address = host.mmap(
            0, PROBED_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0
        )
        granted = address >= 0 and VM_SYNC_NAME in (host.vm_flags(address) or ())
        if address >= 0:
            host.munmap(address, PROBED_LENGTH)
        host.close(fd)
        return granted


def simulated(name: str) -> ReviewHost:
    """Return the simulated host of the profile ``name``, or of that profile file.

    Raises :class:`~qemu_model.host.profiles.ProfileError`.
    """
    profile = profiles.load(name)
    plan = profile.files.get(profile.mem_path)
    alignment = plan.rules.alignment if plan is not None and plan.rules is not None else 0
    return ReviewHost(
        profile.name,
        profile.title,
        profile.mem_path,
        alignment if alignment > profile.platform.page_size else 0,
        lambda: SimulatedHost(profile),
    )


def live(directory: str) -> ReviewHost:
    """Return this machine's kernel, with a file in ``directory`` that is not there yet."""
    from ..host.live import LiveHost

    return ReviewHost(
        "live", "this machine's kernel", f"{directory}/matrix.img", 0, lambda: LiveHost()
    )


def flag_names(flags: int) -> list[str]:
    """Return mmap's flags by name, sorted."""
    return linux.mmap_flag_names(flags)
