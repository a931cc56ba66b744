"""What a profile says of a machine: its platform, kernel, file systems and files.

A profile is data; :mod:`qemu_model.host.profiles` reads it from JSON and builds the
classes here, which :mod:`qemu_model.host.simulated` runs.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..records import Value
from . import linux
from .protocol import Platform, StatFs

#: The kinds of evidence for an answer, from the strongest to the weakest.
EVIDENCE: Final = ("live test", "guest", "documentation")

#: The combinations of mmap's flags that a file's row answers, as profiles spell them.
COLUMNS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "MAP_SHARED_VALIDATE|MAP_SYNC": linux.MAP_SHARED_VALIDATE | linux.MAP_SYNC,
        "MAP_SHARED|MAP_SYNC": linux.MAP_SHARED | linux.MAP_SYNC,
        "MAP_PRIVATE|MAP_SYNC": linux.MAP_PRIVATE | linux.MAP_SYNC,
        "MAP_SHARED_VALIDATE": linux.MAP_SHARED_VALIDATE,
        "MAP_SHARED": linux.MAP_SHARED,
        "MAP_PRIVATE": linux.MAP_PRIVATE,
    }
)


@attrs.frozen(eq=False, repr=False)
class FileRules(Value):
    """How the kernel treats files of one kind.

    ``answers`` holds, for mmap's type and MAP_SYNC bits, a negative errno or the bits
    that the mapping's flags gain.  ``page_size`` is the unit in which memory is given,
    in bytes; ``huge`` says that it comes from a pool.  ``alignment`` is what addresses
    and lengths of mappings must be multiples of, in bytes.  ``largest_file`` in bytes.
    ``accepts_sync``: MAP_SHARED_VALIDATE lets MAP_SYNC through to the file, which may still
    refuse it.  ``in_memory``: its pages are the machine's memory.  ``filled_by_reading``: reading a
    hole through a private mapping gives the file a page.
    """

    name: str
    statfs: StatFs
    answers: Mapping[int, int]
    page_size: int
    alignment: int
    largest_file: int
    accepts_sync: bool = False
    dax: bool = False
    huge: bool = False
    in_memory: bool = False
    filled_by_reading: bool = False
    punch_hole: bool = True


@attrs.frozen(eq=False, repr=False)
class MountPlan(Value):
    """A mount point: where, what, how much of it in bytes (None: no limit)."""

    path: str
    rules: FileRules
    size: int | None = None
    read_only: bool = False


@attrs.frozen(eq=False, repr=False)
class FilePlan(Value):
    """A file that is there at the start; ``size`` and ``alignment`` in bytes.

    ``kind``: ``file``, ``directory``, ``symlink``, ``fifo``, ``device`` or ``absent``;
    ``rules`` those of a device, else None: the file system's.  ``open_error`` is the
    errno of every attempt to open it, or 0.
    """

    path: str
    kind: str
    size: int = 0
    target: str = ""
    rules: FileRules | None = None
    open_error: int = 0


@attrs.frozen(eq=False, repr=False)
class Kernel(Value):
    """The kernel of a profile: version, memory and limits (bytes), and what it lacks.

    ``mbind_error`` and ``memfd_error`` are the errno that such a call always gives, or
    0.  ``transparent_huge_page`` is their size in bytes, 0 without them.
    """

    version: tuple[int, int]
    memory: int
    swap: int
    overcommit: int
    address_bits: int
    transparent_huge_page: int
    same_page_merging: bool
    open_files: int
    mbind_error: int
    memfd_error: int


@attrs.frozen(eq=False, repr=False)
class Profile:
    """A machine for a simulated host: read it with :func:`qemu_model.host.profiles.load`.

    ``name`` is what follows ``sim:``; ``title`` says in one line what the machine is;
    ``mem_path`` is a path on it whose file is of the kind the profile is about.
    ``node_huge_pages`` are the huge pages by size in bytes and by node, where the profile
    says on which nodes they are.  ``document`` is the whole profile as JSON data, defaults
    filled in.
    """

    name: str
    title: str
    evidence: str
    mem_path: str
    platform: Platform
    kernel: Kernel
    nodes: frozenset[int]
    huge_pages: Mapping[int, int]
    node_huge_pages: Mapping[int, Mapping[int, int]]
    default_huge_page: int
    root: MountPlan
    mounts: Mapping[str, MountPlan]
    files: Mapping[str, FilePlan]
    planned_directories: frozenset[str]
    unknown_file: FileRules | None
    anonymous: FileRules
    memfd: FileRules
    huge_memfd: Mapping[int, FileRules]
    implied_directories: bool | tuple[str, ...]
    document: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Profile {self.name}>"

    def describe(self) -> dict[str, Any]:
        """Return the profile for people and programs, each answer with its evidence."""
        import copy

        return copy.deepcopy(dict(self.document))
