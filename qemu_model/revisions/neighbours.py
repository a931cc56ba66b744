"""The tree of a release, and the releases before and after it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from .release import Release, is_between
from .releases import BASE, RELEASES
from .revision import Revision

#: A third number from here on is a development tree, on the way to the next release.
_DEVELOPMENT: Final = 50


_BY_RELEASE: Final = MappingProxyType({tree.release: tree for tree in RELEASES})


def release_named(release: Release) -> Revision | None:
    """Return the tree of a release, also for a stable one (9.1.2); None for an unknown release."""
    return _BY_RELEASE.get(release[:2])


def is_development(release: Release) -> bool:
    """Return whether a version is a development tree's, such as 9.1.50."""
    return is_between(release[2:3], (_DEVELOPMENT,), None)


def may_be_the_series(release: Release) -> bool:
    """Return whether a version is one that the series was built on: 3.1 and 3.1.50."""
    return release_named(release) is release_named(BASE.release)


def nearest(release: Release) -> Revision:
    """Return the tree of a release, of the next one for a development tree, else the nearest."""
    tree = release_named(release)
    later = [tree for tree in RELEASES if not is_between(release[:2], tree.release, None)]
    if is_development(release):
        return later[0] if later else RELEASES[-1]
    return tree or (RELEASES[-1 - len(later)] if len(later) < len(RELEASES) else RELEASES[0])


def releases_after(tree: Revision) -> list[Revision]:
    """Return the releases that came after a tree, oldest first."""
    return [other for other in RELEASES if not is_between(tree.release, other.release, None)]


def releases_between(one: Revision, other: Revision) -> list[Revision]:
    """Return the releases from the older of two trees to the newer; none for one and the same."""
    if one == other:
        return []
    older, newer = (one, other) if is_between(other.release, one.release, None) else (other, one)
    within = [
        tree for tree in releases_after(older) if not is_between(tree.release, newer.release, None)
    ]
    return [older, *within, newer]


def trees_that_may_have(trees: Sequence[Revision], release: Release) -> list[Revision]:
    """Return the trees not older than a release, its own first, else in the order they are in."""
    able = [tree for tree in trees if is_between(tree.release, release, None)]
    return sorted(able, key=lambda tree: not is_between(release, tree.release, None))
