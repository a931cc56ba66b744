"""Releases as numbers, and the two questions that are asked of them.

Nothing else in the model compares releases: a text is looked up with :func:`value_in`, a
row of a table with :func:`is_between`.  What QEMU does differently is a field of the tree.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

#: A release: ``(9, 1)``.  ``(3, 1, 50)`` is the development tree between 3.1 and 4.0.
Release: TypeAlias = tuple[int, ...]

Value = TypeVar("Value")


@functools.cache
def parse_release(text: str) -> Release:
    """Return ``(9, 1)`` for ``9.1``.  Raises ValueError for text that is not a release."""
    return tuple(int(part) for part in text.split("."))


def release_text(release: Release) -> str:
    """Return ``9.1`` for ``(9, 1)``."""
    return ".".join(map(str, release))


def by_release(values: Mapping[str, Value]) -> tuple[tuple[Release, Value], ...]:
    """Return values with the release from which each holds, oldest first."""
    return tuple(sorted((parse_release(text), value) for text, value in values.items()))


def value_in(values: Sequence[tuple[Release, Value | None]], release: Release) -> Value | None:
    """Return what holds in ``release``: the value that came last before it, or with it.

    None before the first value, and where the value itself is None.
    """
    for since, value in reversed(values):
        if since <= release:
            return value
    return None


def is_between(release: Release, since: Release, until: Release | None) -> bool:
    """Return whether a row that came with ``since`` and left with ``until`` is in ``release``."""
    return since <= release and (until is None or release < until)
