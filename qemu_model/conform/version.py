"""Which revision models a QEMU of a given version."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..revision import BASE, V8, Revision
from ..revisions.neighbours import is_development, may_be_the_series, nearest, release_named
from .binary import Qemu


def revision_of(qemu: Qemu, knows_sync: bool = False) -> tuple[Revision, str]:
    """Return the revision that models ``qemu``, and a sentence on how sure that is.

    A build from git is modelled as the release that it leads to.  ``knows_sync``: its
    memory-backend-file has the property ``sync``.
    """
    number = ".".join(map(str, qemu.release))
    if may_be_the_series(qemu.release) and (knows_sync or is_development(qemu.release)):
        tree = V8 if knows_sync else BASE
        has = "has" if knows_sync else "has no"
        return tree, f"QEMU {number}, which {has} sync: revision {tree.name}"
    tree = nearest(qemu.release)
    if is_development(qemu.release):
        why = "is on the way to the next release"
    elif release_named(qemu.release) is None:
        why = "is not a release the model knows"
    else:
        return tree, f"QEMU {number}: revision {tree.name}"
    return tree, f"QEMU {number} {why}: taken for {tree.name}, the nearest"
