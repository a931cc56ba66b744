"""Fields of a tree that decide whether it says a message at all."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..revisions.revision import Revision


def from_patch_4(tree: Revision) -> bool:
    """Patch 4: errors name the property."""
    return tree.hostmem.errors_name_the_property


def where_map_sync_warns(tree: Revision) -> bool:
    """The tree asks for MAP_SYNC, and warns where the kernel refuses."""
    return tree.mmap_alloc.passes_map_sync and tree.policy.warns
