"""What a backend's file is on, as far as a host crash is concerned."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from ..host.linux import HUGETLBFS_MAGIC, MAP_SHARED_VALIDATE, MAP_SYNC
from ..records import Value

if TYPE_CHECKING:
    from ..host.profile import FileRules, Profile

#: The first kernel that has MAP_SYNC and MAP_SHARED_VALIDATE.
MAP_SYNC_SINCE: Final = (4, 15)

#: ``disk``: a file that goes through the page cache; ``dax``: file DAX; ``device``:
#: device DAX; ``memory``: tmpfs, hugetlbfs and what else is gone after a reboot.
Kind = Literal["disk", "dax", "device", "memory", "unknown"]


@attrs.frozen(eq=False, repr=False)
class Place(Value):
    """Where a path is: the ``kind``, the file system's name, and what the host says of it.

    ``grants`` tells whether a mapping there can be synchronous, None if that is not
    known; ``judgement`` is what ``check --path`` finds, on this machine.
    """

    path: str
    kind: Kind
    file_system: str
    grants: bool | None
    judgement: dict[str, Any] | None = None


def unknown_place(path: str) -> Place:
    """Return what can be said of a path without a host: by its name, if at all."""
    return Place(path, "device" if path.startswith("/dev/dax") else "unknown", "", None)


def simulated_place(profile: Profile, path: str) -> Place:
    """Return what ``path`` is on a simulated host."""
    rules = _rules(profile, path)
    kind: Kind = "disk"
    if rules.name == "device-dax":
        kind = "device"
    elif rules.in_memory or rules.huge:
        kind = "memory"
    elif rules.dax:
        kind = "dax"
    granted = rules.answers.get(MAP_SHARED_VALIDATE | MAP_SYNC, -1) >= 0
    return Place(path, kind, rules.name, granted)


def _rules(profile: Profile, path: str) -> FileRules:
    plan = profile.files.get(path)
    if plan is not None and plan.rules is not None:
        return plan.rules
    if profile.unknown_file is not None and not path.startswith("/dev/"):
        return profile.unknown_file
    parent = path
    while parent and parent != "/":
        if parent in profile.mounts:
            return profile.mounts[parent].rules
        parent = parent.rpartition("/")[0]
    return profile.root.rules


def live_place(path: str) -> Place:
    """Return what ``path`` is on this machine, as ``check --path`` finds it."""
    from ..inspect.cannot_judge import CannotJudge
    from ..inspect.machine_path import judge_path

    known = known_place(path)
    if known is not None:
        return known
    try:
        if not _asks_in_silence(path):
            return Place(path, "unknown", "", None)
        found = judge_path(path)
    except (CannotJudge, ValueError):
        return Place(path, "unknown", "", None)
    file_system = found.mount.file_system if found.mount else ""
    kind: Kind = "disk"
    if found.kind == "character device" and found.dax:
        kind = "device"
    elif file_system in ("tmpfs", "hugetlbfs", "ramfs", "devtmpfs"):
        kind = "memory"
    elif found.dax:
        kind = "dax"
    elif found.dax is None and not found.exists:
        kind = "unknown"
    return Place(path, kind, file_system, found.map_sync, found.to_json())


def known_place(path: str) -> Place | None:
    """Return what is clear without a trial: on hugetlbfs even that would date the directory."""
    from ..host.live import LiveHost

    directory = path if os.path.isdir(path) else os.path.dirname(path) or "."
    answer = LiveHost().statfs(directory)
    if isinstance(answer, int) or answer.f_type != HUGETLBFS_MAGIC:
        return None
    return Place(path, "memory", "hugetlbfs", False)


def _asks_in_silence(path: str) -> bool:
    """Whether the kernel can be asked about ``path`` without a file that others see."""
    if os.path.exists(path) and not os.path.isdir(path):
        return True
    directory = path if os.path.isdir(path) else os.path.dirname(path) or "."
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError:
        return False
    return True


def live_kernel() -> tuple[int, int]:
    """Return the version of this kernel, (0, 0) if it is unknown."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return (int(found[1]), int(found[2])) if found else (0, 0)
