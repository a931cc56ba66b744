"""Dictionaries that keep only the latest of what is put into them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def remember(kept: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Keep ``value`` as the latest of at most ``most``."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
