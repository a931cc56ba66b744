"""``qobject/qdict.c``: the order in which QEMU walks its dictionaries."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final

C_FILE = "qobject/qdict.c"

_BUCKETS: Final = 512


def tdb_hash(name: str) -> int:
    """Return the hash that QEMU's dictionaries use."""
    key = name.encode("utf-8", "surrogateescape")
    value = 0x238F13AF * len(key)
    for position, byte in enumerate(key):
        value += byte << position * 5 % 24
    return (1103515243 * (value & 0xFFFF_FFFF) + 12345) & 0xFFFF_FFFF


@functools.lru_cache(maxsize=128)
def _bucket(name: str) -> int:
    return tdb_hash(name) % _BUCKETS


def _qdict_order(names: Iterable[str]) -> list[str]:
    """Return ``names``, in the order they were inserted, as QEMU walks its dictionary.

    That is by bucket, and in one bucket the last inserted first.
    """
    return list(_in_order(tuple(names)))


@functools.lru_cache(maxsize=128)
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    newest_first = names[::-1]
    return tuple(sorted(newest_first, key=_bucket))
