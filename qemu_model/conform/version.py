"""Which revision models a QEMU of a given version."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

from ..revision import REVISIONS, Revision, find
from .binary import Qemu

_RELEASE: Final = re.compile(r"(?:qemu-|v)(\d+)\.(\d+)")
#: A third number from here on is a development tree, on the way to the next release.
_DEVELOPMENT: Final = 50
#: The series' base, on which V8 was built too.
_BASE: Final = (3, 1, _DEVELOPMENT)


def releases() -> dict[tuple[int, int], str]:
    """Return the names of the releases that the model knows, by their numbers."""
    named = ((_RELEASE.fullmatch(name), name) for name in REVISIONS)
    return {(int(match[1]), int(match[2])): name for match, name in named if match and name != "v8"}


def revision_of(qemu: Qemu, knows_sync: bool = False) -> tuple[Revision, str]:
    """Return the revision that models ``qemu``, and a sentence on how sure that is.

    A build from git is modelled as the release that it leads to.  ``knows_sync``: its
    memory-backend-file has the property ``sync``.
    """
    number = ".".join(map(str, qemu.release))
    if qemu.release[:2] == (3, 1) and (knows_sync or qemu.release >= _BASE):
        name = "v8" if knows_sync else "base"
        has = "has" if knows_sync else "has no"
        tree = find(name)
        return tree, f"QEMU {number}, which {has} sync: revision {tree.name}"
    known = releases()
    development = qemu.release[2:3] >= (_DEVELOPMENT,)
    if not development and qemu.release[:2] in known:
        tree = find(known[qemu.release[0], qemu.release[1]])
        return tree, f"QEMU {number}: revision {tree.name}"
    later = sorted(release for release in known if release > qemu.release[:2])
    earlier = sorted(release for release in known if release <= qemu.release[:2])
    tree = find(known[later[0] if later and (development or not earlier) else earlier[-1]])
    why = "is on the way to the next release" if development else "is no release the model knows"
    return tree, f"QEMU {number} {why}: taken for {tree.name}, the nearest"
