"""Names of files: what a path leads to, and what may be created there."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from typing import Final

from .. import errors
from ..profile import FilePlan, MountPlan, Profile
from .inodes import Inode, Mounted

_NAME_MAX: Final = 255
_PATH_MAX: Final = 4096
_LINKS_MAX: Final = 40


class Found:
    """Where a path leads: the resolved name, the inode there, the file system.

    ``inode`` is None where no file exists yet.  ``as_directory``: the path ends in a slash, so
    it must be a directory.
    """

    __slots__ = ("as_directory", "inode", "mounted", "path")

    def __init__(
        self, path: str, inode: Inode | None, mounted: Mounted, as_directory: bool = False
    ) -> None:
        self.path = path
        self.inode = inode
        self.mounted = mounted
        self.as_directory = as_directory


def _implies(profile: Profile, path: str) -> bool:
    implied = profile.implied_directories
    if isinstance(implied, bool):
        return implied
    return any(path == top or path.startswith(f"{top}/") for top in implied)


@functools.lru_cache(maxsize=256)
def _plain_directories(profile: Profile, path: str) -> tuple[tuple[str, MountPlan], ...]:
    """Return every directory on the way down to ``path``, with what is mounted there.

    Nothing where a name on the way is not that of a directory, or is not there at the start.
    """
    found = []
    here, plan = "", profile.root
    for name in path.split("/")[1:]:
        here = f"{here}/{name}"
        mount = profile.mounts.get(here)
        plain = name not in ("", ".", "..") and len(name) <= _NAME_MAX
        there = here in profile.planned_directories or (plain and _implies(profile, here))
        if mount is None and (here in profile.files or not there):
            return ()
        plan = mount or plan
        found.append((here, plan))
    return tuple(found)


class Names:
    """All names of a simulated machine.

    A file of the profile is made when it is first looked up.  Where the profile implies
    directories, every directory that a path goes through exists.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._inodes: dict[str, Inode | None] = {}
        self._mounted: dict[str, Mounted] = {}
        self._directories: dict[str, Mounted] = {}
        self._has_new_files = False

    def mounted(self, plan: MountPlan) -> Mounted:
        """Return the mounted file system of ``plan``, the same one each time."""
        mounted = self._mounted.get(plan.path)
        if mounted is None:
            mounted = Mounted(plan.rules, plan.size, plan.read_only)
            self._mounted[plan.path] = mounted
        return mounted

    def find(self, path: str, *, follow: bool = True) -> Found | int:
        """Return what ``path`` leads to, or the negative errno of path resolution.

        With ``follow`` a symbolic link at the end is followed.
        """
        if len(path) >= _PATH_MAX:
            return -errors.ENAMETOOLONG
        head, _, name = path.rpartition("/")
        mounted = self._directories.get(head)
        if mounted is None and not self._has_new_files:
            for directory, plan in _plain_directories(self._profile, head):
                mounted = self._directories[directory] = self.mounted(plan)
        if mounted is not None and name not in ("", ".", ".."):
            if len(name) > _NAME_MAX:
                return -errors.ENAMETOOLONG
            inode = self._at(path, mounted)
            if inode is None or inode.kind == "file" or inode.kind == "device":
                return Found(path, inode, mounted)
        return self._walk(path, follow)

    def _at(self, path: str, mounted: Mounted) -> Inode | None:
        """Return the inode with the resolved name ``path``, from the plan if need be."""
        if path in self._inodes:
            return self._inodes[path]
        profile = self._profile
        mount = profile.mounts.get(path)
        if mount is not None:
            above = self.mounted(mount)
            inode = Inode("directory", above.rules, above)
        else:
            file = profile.files.get(path)
            if file is None:
                if path in profile.planned_directories or path in self._directories:
                    inode = Inode("directory", mounted.rules, mounted)
                else:
                    return None
            elif file.kind == "absent":
                self._inodes[path] = None
                return None
            else:
                inode = self._planned(file, mounted)
        self._inodes[path] = inode
        return inode

    @staticmethod
    def _planned(file: FilePlan, mounted: Mounted) -> Inode:
        inode = Inode(file.kind, file.rules or mounted.rules, mounted)
        inode.size = file.size
        inode.target = file.target
        inode.open_error = file.open_error
        return inode

    def _walk(self, path: str, follow: bool) -> Found | int:
        if not path:
            return -errors.ENOENT
        ahead = [name for name in reversed(path.split("/")) if name not in ("", ".")]
        as_directory = path.endswith(("/", "/.", "/.."))
        root = self.mounted(self._profile.root)
        trail: list[tuple[str, Mounted]] = [("", root)]
        links = 0
        while ahead:
            name = ahead.pop()
            here, mounted = trail[-1]
            if name == "..":
                if len(trail) > 1:
                    trail.pop()
                continue
            if len(name) > _NAME_MAX:
                return -errors.ENAMETOOLONG
            there = f"{here}/{name}"
            inode = self._at(there, mounted)
            last = not ahead
            if inode is None:
                if last:
                    if not (as_directory and self._implies(there) and there not in self._inodes):
                        return Found(there, None, mounted, as_directory)
                elif not self._implies(there) or there in self._inodes:
                    return -errors.ENOENT
                inode = self._inodes[there] = Inode("directory", mounted.rules, mounted)
            if inode.kind == "symlink" and (follow or not last or as_directory):
                links += 1
                if links > _LINKS_MAX:
                    return -errors.ELOOP
                target = inode.target
                if target.startswith("/"):
                    trail = [("", root)]
                ahead += [part for part in reversed(target.split("/")) if part not in ("", ".")]
                if last and target.endswith("/"):
                    as_directory = True
            elif inode.kind == "directory":
                self._directories[there] = inode.mounted
                trail.append((there, inode.mounted))
            elif not last or as_directory:
                return -errors.ENOTDIR
            else:
                return Found(there, inode, mounted)
        here, mounted = trail[-1]
        return Found(here or "/", self._directory(here, mounted), mounted, as_directory)

    def _implies(self, path: str) -> bool:
        """Return whether a directory exists though the profile does not list it."""
        return _implies(self._profile, path)

    def _directory(self, path: str, mounted: Mounted) -> Inode:
        inode = self._at(path, mounted) if path else None
        return inode or Inode("directory", mounted.rules, mounted)

    def create(self, found: Found) -> Inode:
        """Put a new empty file where ``found`` found nothing; return it."""
        inode = Inode("file", found.mounted.rules, found.mounted)
        self._inodes[found.path] = inode
        self._has_new_files = True
        return inode

    def remove(self, found: Found) -> None:
        """Remove the name of the file that ``found`` found."""
        if found.path in self._profile.files:
            self._inodes[found.path] = None
        else:
            del self._inodes[found.path]

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of each regular file there is, by its name."""
        for path in self._profile.files:
            if path not in self._inodes:
                self.find(path, follow=False)
        return {
            path: inode.size
            for path, inode in self._inodes.items()
            if inode is not None and inode.kind == "file"
        }
