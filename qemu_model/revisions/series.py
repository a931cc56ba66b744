"""The five patches of V8, each a function from one tree to the next."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from .releases import BASE
from .revision import Revision


def patch_1(tree: Revision) -> Revision:
    """numa: fix the memory leak of the numa error message."""
    return attrs.evolve(
        tree,
        name="v8/1",
        meaning="V8 after patch 1",
        numa=tree.numa.replace(frees_the_memdev_name=True),
    )


def patch_2(tree: Revision) -> Revision:
    """util/mmap-alloc: switch qemu_ram_mmap() to a 'flags' parameter."""
    return attrs.evolve(
        tree,
        name="v8/2",
        meaning="V8 after patch 2",
        mmap_alloc=tree.mmap_alloc.replace(takes_flags=True),
    )


def patch_3(tree: Revision) -> Revision:
    """util/mmap-alloc: support MAP_SYNC in qemu_ram_mmap()."""
    return attrs.evolve(
        tree,
        name="v8/3",
        meaning="V8 after patch 3",
        mmap_alloc=tree.mmap_alloc.replace(passes_map_sync=True),
    )


def patch_4(tree: Revision) -> Revision:
    """hostmem: more information in error messages."""
    return attrs.evolve(
        tree,
        name="v8/4",
        meaning="V8 after patch 4",
        hostmem=tree.hostmem.replace(errors_name_the_property=True),
    )


def patch_5(tree: Revision) -> Revision:
    """hostmem-file: add the 'sync' option."""
    return attrs.evolve(
        tree,
        name="v8",
        meaning="V8, the whole series of January 2019",
        hostmem_file=tree.hostmem_file.replace(has_sync=True),
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
