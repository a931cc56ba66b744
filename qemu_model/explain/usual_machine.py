"""The machine that a line is explained on where no host is given.

All that can succeed does; what fails there fails anywhere.  Paths are what they usually
are: ``/dev/shm`` is a tmpfs, a folder named for huge pages a hugetlbfs, ``/dev/dax0.0``
a device DAX.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..host.profile import FilePlan, Profile
from .parts import Part, size_of

MIB: Final = 1 << 20
GIB: Final = 1 << 30
#: As much of everything as a profile can say.
PLENTY: Final = 1 << 28
_HUGE_FOLDER: Final = re.compile(r"^(?:/[^/]+)*?/[^/]*huge[^/]*(?=/|$)", re.I)
_SIZED_FOLDER: Final = re.compile(
    r"/(?:kvm/)?(?:hugepages-)?(?:2|2048|1|1024|1048576)(?:[kKmMgG]i?[bB]?|kB)(?=/|$)"
)
#: Where libvirt makes a folder for each domain on huge pages.
_OF_LIBVIRT: Final = re.compile(r"huge[^/]*/libvirt/qemu/[^/]+$", re.I)
_GIGABYTE: Final = re.compile(r"1(?:048576k|024m|g)", re.I)


def shared_directories(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that are directories, to go by the line.

    Several backends with one path, and libvirt's folders on huge pages: QEMU makes a file
    without a name in a directory.
    """
    given = list(paths)
    return tuple(
        sorted({path for path in given if given.count(path) > 1 or _OF_LIBVIRT.search(path)})
    )


def with_directories(profile: Profile, paths: Iterable[str]) -> Profile:
    """Return the machine with the directories that the line takes for granted."""
    wanted = [path for path in shared_directories(paths) if path not in profile.files]
    if not wanted:
        return profile
    return _with_directories(profile, tuple(wanted))


@cache
def _with_directories(profile: Profile, paths: tuple[str, ...]) -> Profile:
    plans = {path: FilePlan(path, "directory") for path in paths if path not in profile.mounts}
    return attrs.evolve(profile, files=MappingProxyType({**profile.files, **plans}))


def usual_profile(paths: Iterable[str], existing: Iterable[tuple[str, int]] = ()) -> Profile:
    """Return the machine on which whatever can succeed with these paths does.

    ``existing`` are files that must be there, as those opened read-only, and their sizes
    in bytes.
    """
    paths = list(paths)
    mounts = sorted({mount for path in paths if (mount := _huge_mount(path)) is not None})
    devices = sorted({path for path in paths if re.fullmatch(r"/dev/dax\d+\.\d+", path)})
    usual = with_directories(_profile(tuple(mounts), tuple(devices)), paths)
    there = tuple(sorted((path, size) for path, size in existing if path not in usual.files))
    return _with_files(usual, there) if there else usual


@cache
def _with_files(profile: Profile, files: tuple[tuple[str, int], ...]) -> Profile:
    plans = {path: FilePlan(path, "file", size) for path, size in files}
    return attrs.evolve(profile, files=MappingProxyType({**profile.files, **plans}))


def read_only_files(parts: Iterable[Part]) -> list[tuple[str, int]]:
    """Return the files that a line opens for reading only, with offset and size together."""
    return [
        (part.params["mem-path"], part.size + size_of(part.params.get("offset", "")))
        for part in parts
        if part.option == "object" and part.on("readonly") and part.params.get("mem-path")
    ]


def _huge_mount(path: str) -> tuple[str, int] | None:
    """Return the mount point and page size, in bytes, of a path on huge pages by its name."""
    folder = _HUGE_FOLDER.match(path)
    if folder is None:
        return None
    mount = folder[0]
    sized = _SIZED_FOLDER.match(path, folder.end())
    if sized is not None:
        mount = path[: sized.end()]
    last = "/".join(mount.split("/")[-2:])
    return mount, GIB if _GIGABYTE.search(last) else 2 * MIB


@cache
def _profile(mounts: tuple[tuple[str, int], ...], devices: tuple[str, ...]) -> Profile:
    from ..host import profiles

    document: dict[str, Any] = {
        "name": "any",
        "title": "a machine on which all that can succeed does",
        "based_on": "ext4-dax",
        "evidence": {"profile": "documentation"},
        "kernel": {"version": "6.18", "memory": 1 << 50, "overcommit": 1},
        "nodes": list(range(128)),
        "mounts": [
            {"path": path, "file_system": "hugetlbfs", "page_size": size} for path, size in mounts
        ],
        "huge_pages": [{"size": 2 * MIB, "pages": PLENTY}, {"size": GIB, "pages": PLENTY >> 8}],
        "files": [
            {"path": path, "kind": "device", "device": "device-dax", "size": 1 << 42}
            for path in devices
        ],
    }
    return profiles.trusted(document)


@cache
def generous(profile: Profile) -> Profile:
    """Return the same machine with as many pages, nodes and bytes as a line could want."""
    from ..host import profiles

    document = dict(profile.document)
    document["kernel"] = {**document["kernel"], "memory": 1 << 50, "overcommit": 1}
    document["kernel"] |= {"mbind_error": None, "memfd_error": None}
    document["nodes"] = list(range(128))
    document["huge_pages"] = [
        {"size": size, "pages": PLENTY} for size in profile.huge_pages or (2 * MIB, GIB)
    ]
    document["mounts"] = [
        {name: value for name, value in mount.items() if name != "size"}
        for mount in document["mounts"]
    ]
    document["size"] = None
    return profiles.trusted(document)
