"""The tree: before the series, after each of its patches, and the versions around it.

A revision is a small frozen value whose fields say what the tree can do.  Each
patch of the series is a function from one revision to the next.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import attrs

from .ram_addr import RAM_SHARED, RamFlags


@attrs.frozen
class Revision:
    """What a tree of QEMU can do.

    ``release`` is the tree that the mirrored modules follow.  The five fields
    after it are the series: each is set by one patch.  ``anonymous_shared_flag``
    is what ``qemu_anon_ram_alloc`` passes for a shared block.
    """

    name: str
    meaning: str
    release: Literal["3.1", "7.2"] = "3.1"
    numa_frees_the_memdev_name: bool = False
    ram_mmap_takes_flags: bool = False
    ram_mmap_passes_map_sync: bool = False
    hostmem_errors_name_the_property: bool = False
    hostmem_file_has_sync: bool = False
    anonymous_shared_flag: RamFlags = RAM_SHARED
    assert_size_line: int = 1757


BASE: Final = Revision("base", "QEMU 3.1.50, December 2018, before the series")


def patch_1(tree: Revision) -> Revision:
    """numa: fix the memory leak of the numa error message."""
    return attrs.evolve(
        tree, name="v8.1", meaning="V8 after patch 1", numa_frees_the_memdev_name=True
    )


def patch_2(tree: Revision) -> Revision:
    """util/mmap-alloc: switch qemu_ram_mmap() to a 'flags' parameter."""
    return attrs.evolve(tree, name="v8.2", meaning="V8 after patch 2", ram_mmap_takes_flags=True)


def patch_3(tree: Revision) -> Revision:
    """util/mmap-alloc: support MAP_SYNC in qemu_ram_mmap()."""
    return attrs.evolve(
        tree, name="v8.3", meaning="V8 after patch 3", ram_mmap_passes_map_sync=True
    )


def patch_4(tree: Revision) -> Revision:
    """hostmem: more information in error messages."""
    return attrs.evolve(
        tree, name="v8.4", meaning="V8 after patch 4", hostmem_errors_name_the_property=True
    )


def patch_5(tree: Revision) -> Revision:
    """hostmem-file: add the 'sync' option."""
    return attrs.evolve(
        tree,
        name="v8",
        meaning="V8, the whole series of January 2019",
        hostmem_file_has_sync=True,
    )


PATCHES: Final[tuple[Callable[[Revision], Revision], ...]] = (
    patch_1,
    patch_2,
    patch_3,
    patch_4,
    patch_5,
)


def _series() -> tuple[Revision, ...]:
    trees = [BASE]
    for patch in PATCHES:
        trees.append(patch(trees[-1]))
    return tuple(trees)


#: base, then the tree after each patch; the last is the whole series.
SERIES: Final = _series()
V8: Final = SERIES[-1]

REVISIONS: Final[Mapping[str, Revision]] = MappingProxyType({tree.name: tree for tree in SERIES})
ALIASES: Final[Mapping[str, str]] = MappingProxyType({"v8.5": "v8"})


class UnknownRevision(Exception):
    """No revision has that name; the text says which there are."""


def find(name: str) -> Revision:
    """Return the revision called ``name``.  Raises :class:`UnknownRevision`."""
    tree = REVISIONS.get(ALIASES.get(name, name))
    if tree is None:
        known = ", ".join([*REVISIONS, *ALIASES])
        raise UnknownRevision(f"no revision is called '{name}'; there are {known}")
    return tree
