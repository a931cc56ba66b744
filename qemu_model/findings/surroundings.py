"""What a line's host has: pools of huge pages, nodes, memory, room on a file system."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from ..records import Value

if TYPE_CHECKING:
    from ..host.profile import FileRules, Profile

_POOLS: Final = "/sys/kernel/mm/hugepages"
_NODES: Final = "/sys/devices/system/node"


class Surroundings(Protocol):
    """What is asked about a host; None is "not known"."""

    def pool(self, page_size: int) -> int | None:
        """Return how many huge pages of this size, in bytes, are free and not promised."""
        ...

    def pages_in_use(self, page_size: int) -> int:
        """Return how many huge pages of this size others use or have promised."""
        ...

    def node_pool(self, node: int, page_size: int) -> int | None:
        """Return how many huge pages of this size are free on a node."""
        ...

    def nodes(self) -> frozenset[int] | None:
        """Return the nodes that exist."""
        ...

    def memory(self) -> int | None:
        """Return how many bytes of RAM and swap there are."""
        ...

    def room(self, path: str) -> int | None:
        """Return how many bytes the file system of a path has free."""
        ...

    def mount_point(self, path: str) -> str:
        """Return where the file system of a path is mounted, empty if not known."""
        ...

    def file_system(self, path: str) -> str:
        """Return the kind of file system or device that a path is on, empty if not known."""
        ...


@attrs.frozen(eq=False, repr=False)
class Anywhere(Value):
    """No host in particular: nothing is known, except what usual paths are."""

    profile: Profile

    def pool(self, page_size: int) -> int | None:
        """Return None."""
        return None

    def pages_in_use(self, page_size: int) -> int:
        """Return 0."""
        return 0

    def node_pool(self, node: int, page_size: int) -> int | None:
        """Return None."""
        return None

    def nodes(self) -> frozenset[int] | None:
        """Return None."""
        return None

    def memory(self) -> int | None:
        """Return None."""
        return None

    def room(self, path: str) -> int | None:
        """Return None."""
        return None

    def mount_point(self, path: str) -> str:
        """Return the usual mount point that the path is below, empty if there is none."""
        return _mount_of(self.profile, path)

    def file_system(self, path: str) -> str:
        """Return what the path usually is, empty where that depends on the host."""
        plan = self.profile.files.get(path)
        if plan is not None and plan.rules is not None:
            return plan.rules.name
        mount = _mount_of(self.profile, path)
        return self.profile.mounts[mount].rules.name if mount else ""


@attrs.frozen(eq=False, repr=False)
class Simulated(Value):
    """A simulated host: everything is in its profile."""

    profile: Profile

    def pool(self, page_size: int) -> int | None:
        """Return the profile's number of huge pages of this size, 0 if it has none."""
        return self.profile.huge_pages.get(page_size, 0)

    def pages_in_use(self, page_size: int) -> int:
        """Return 0: all pages of a profile are free."""
        return 0

    def node_pool(self, node: int, page_size: int) -> int | None:
        """Return the profile's number of huge pages on a node, None if it does not say."""
        by_node = self.profile.node_huge_pages.get(page_size)
        return None if by_node is None else by_node.get(node, 0)

    def nodes(self) -> frozenset[int] | None:
        """Return the profile's nodes."""
        return self.profile.nodes

    def memory(self) -> int | None:
        """Return the profile's memory and swap, in bytes."""
        return self.profile.kernel.memory + self.profile.kernel.swap

    def room(self, path: str) -> int | None:
        """Return the size of the mount that the path is on, None without a limit."""
        mount = _mount_of(self.profile, path)
        plan = self.profile.mounts[mount] if mount else self.profile.root
        return plan.size

    def mount_point(self, path: str) -> str:
        """Return the mount point that the path is below."""
        return _mount_of(self.profile, path) or "/"

    def file_system(self, path: str) -> str:
        """Return the name of the rules for the path."""
        return rules_of(self.profile, path).name


def rules_of(profile: Profile, path: str) -> FileRules:
    """Return how the kernel of a profile treats the file at ``path``."""
    plan = profile.files.get(path)
    if plan is not None and plan.rules is not None:
        return plan.rules
    if profile.unknown_file is not None and not path.startswith("/dev/"):
        return profile.unknown_file
    mount = _mount_of(profile, path)
    return profile.mounts[mount].rules if mount else profile.root.rules


def _mount_of(profile: Profile, path: str) -> str:
    """Return the mount point that ``path`` is below, empty for the root."""
    parent = path
    while parent and parent != "/":
        if parent in profile.mounts:
            return parent
        parent = parent.rpartition("/")[0]
    return ""


@attrs.frozen(eq=False, repr=False)
class ThisMachine(Value):
    """This machine, from ``/proc`` and ``/sys``: nothing is opened that could have effects."""

    def pool(self, page_size: int) -> int | None:
        """Return the free huge pages less the promised ones."""
        folder = f"{_POOLS}/hugepages-{page_size >> 10}kB"
        free, promised = (
            _number(f"{folder}/{name}") for name in ("free_hugepages", "resv_hugepages")
        )
        return None if free is None or promised is None else free - promised

    def pages_in_use(self, page_size: int) -> int:
        """Return the pages of the pool less those that are free and not promised."""
        whole = _number(f"{_POOLS}/hugepages-{page_size >> 10}kB/nr_hugepages")
        return max(0, (whole or 0) - (self.pool(page_size) or 0))

    def node_pool(self, node: int, page_size: int) -> int | None:
        """Return the free huge pages of a node."""
        folder = f"{_NODES}/node{node}/hugepages/hugepages-{page_size >> 10}kB"
        return _number(f"{folder}/free_hugepages")

    def nodes(self) -> frozenset[int] | None:
        """Return the nodes that are online."""
        try:
            names = os.listdir(_NODES)
        except OSError:
            return None
        return frozenset(int(name[4:]) for name in names if re.fullmatch(r"node\d+", name))

    def memory(self) -> int | None:
        """Return the machine's RAM and swap."""
        try:
            text = _text("/proc/meminfo")
        except OSError:
            return None
        found = re.findall(r"^(?:MemTotal|SwapTotal): +(\d+) kB$", text, re.M)
        return sum(map(int, found)) << 10 or None

    def room(self, path: str) -> int | None:
        """Return the bytes that the file system has free."""
        try:
            status = os.statvfs(self._nearest(path))
        except (OSError, ValueError):
            return None
        return status.f_bavail * status.f_frsize if status.f_blocks else None

    def mount_point(self, path: str) -> str:
        """Return the mount point that the path is below."""
        place = self._nearest(path)
        while place != "/" and not os.path.ismount(place):
            place = os.path.dirname(place)
        return place

    def file_system(self, path: str) -> str:
        """Return the kind of file system, as ``/proc/self/mounts`` names it."""
        point = self.mount_point(path)
        try:
            lines = _text("/proc/self/mounts").splitlines()
        except OSError:
            return ""
        kinds = [words[2] for line in lines if len(words := line.split()) > 2 and words[1] == point]
        return kinds[-1] if kinds else ""

    @staticmethod
    def _nearest(path: str) -> str:
        place = os.path.abspath(path.replace("\0", ""))
        while place != "/" and not os.path.exists(place):
            place = os.path.dirname(place)
        return place


def _text(path: str) -> str:
    """Return what a file of the kernel's says.  Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _number(path: str) -> int | None:
    try:
        return int(_text(path))
    except (OSError, ValueError):
        return None
