"""Which tree a revision follows: that of 2018, or that of 7.2."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .revision import Revision
from .tree import Tree


def tree_of(revision: Revision) -> Tree:
    """Return the tree that a revision follows; 7.2 is imported only where it is asked for."""
    if revision.release == "7.2":
        from .v7_2.tree import TREE
    else:
        from .tree_2018 import TREE
    return TREE
