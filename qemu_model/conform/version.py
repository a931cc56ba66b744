"""Which revision models a QEMU of a given version."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..revision import BASE, RELEASES, V8, Revision
from .binary import Qemu

#: A third number from here on is a development tree, on the way to the next release.
_DEVELOPMENT: Final = 50
#: The series' base, on which V8 was built too.
_FIRST_BASE: Final = (3, 1, _DEVELOPMENT)


def releases() -> dict[tuple[int, ...], Revision]:
    """Return the releases that the model knows, by their numbers."""
    return {tree.release: tree for tree in RELEASES if tree.name != BASE.name}


def revision_of(qemu: Qemu, knows_sync: bool = False) -> tuple[Revision, str]:
    """Return the revision that models ``qemu``, and a sentence on how sure that is.

    A build from git is modelled as the release that it leads to.  ``knows_sync``: its
    memory-backend-file has the property ``sync``.
    """
    number = ".".join(map(str, qemu.release))
    if qemu.release[:2] == (3, 1) and (knows_sync or qemu.release >= _FIRST_BASE):
        tree = V8 if knows_sync else BASE
        has = "has" if knows_sync else "has no"
        return tree, f"QEMU {number}, which {has} sync: revision {tree.name}"
    known = releases()
    development = qemu.release[2:3] >= (_DEVELOPMENT,)
    if not development and qemu.release[:2] in known:
        tree = known[qemu.release[:2]]
        return tree, f"QEMU {number}: revision {tree.name}"
    later = sorted(release for release in known if release > qemu.release[:2])
    earlier = sorted(release for release in known if release <= qemu.release[:2])
    tree = known[later[0] if later and (development or not earlier) else earlier[-1]]
    why = "is on the way to the next release" if development else "is not a release the model knows"
    return tree, f"QEMU {number} {why}: taken for {tree.name}, the nearest"
