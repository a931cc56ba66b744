"""``util/keyval.c``: ``KEY=VALUE,...`` where a dot in a key leads into a dictionary or a list."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from . import messages
from .cutils import decimal
from .qdict import _qdict_order
from .qemu_option import is_help_option

C_FILE = "util/keyval.c"

#: A dictionary of strings, lists and dictionaries.
QDict: TypeAlias = dict[str, Any]

_VALUE: Final = r"(?:,,|[^,])*"
_PARAMETER: Final = re.compile(
    rf"(?!\Z)(?:(?P<key>[^=,]*)=(?P<value>{_VALUE})|(?P<bare>[^=,]*))(?:,|\Z)", re.DOTALL
)
_QAPI_NAME: Final = re.compile(r"(?:__[a-z0-9.-]+_)?[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_INDEX: Final = re.compile(r"[0-9]+", re.ASCII)
#: The size of the buffer that holds a fragment of a key, with its final NUL.
_LONGEST: Final = 128
_INT_MAX: Final = (1 << 31) - 1


def key_to_index(key: str) -> int | None:
    """Return the index that a fragment is, or None for a name."""
    return min(decimal(key), _INT_MAX) if _INDEX.fullmatch(key) else None


def _fragments(key: str) -> list[str]:
    """Return the parts of a key between its dots: names, and indexes after the first.

    Raises ``Invalid parameter '<key>'``, ``Parameter '<key>' is too long`` and
    ``Parameter fragment '<part>' is too long``.
    """
    found = []
    at = 0
    while True:
        match = (at and _INDEX.match(key, at)) or _QAPI_NAME.match(key, at)
        if not match or (match.end() < len(key) and key[match.end()] != "."):
            raise messages.INVALID_KEY.error(name=key)
        if len(match[0]) >= _LONGEST:
            part = "" if match[0] == key else " fragment"
            raise messages.KEY_TOO_LONG.error(fragment=part, name=match[0])
        found.append(match[0])
        at = match.end() + 1
        if at > len(key):
            return found


def keyval_parse_put(cur: QDict, fragment: str, value: str | None, key: str) -> QDict:
    """Put ``value`` into a dictionary; with None make an inner dictionary.

    Returns the inner dictionary, or ``cur``.  Raises ``Parameters '<key>.*' used
    inconsistently``.
    """
    if fragment in cur and not isinstance(cur[fragment], dict if value is None else str):
        raise messages.USED_INCONSISTENTLY.error(key=f"{key}.")
    if value is not None:
        cur[fragment] = value
        return cur
    inner: QDict = cur.setdefault(fragment, {})
    return inner


def keyval_parse_into(qdict: QDict, text: str, implied_key: str | None) -> bool:
    """Parse ``text`` into ``qdict``; return whether ``help`` or ``?`` is among the parameters.

    A first parameter without ``=`` is the value of ``implied_key``.  Raises ``Expected '='
    after parameter '<name>'``, and what the names and putting them in order raise.
    """
    wants_help = False
    for position, parameter in enumerate(_PARAMETER.finditer(text)):
        key, bare = parameter["key"], parameter["bare"]
        value = (parameter["value"] or "").replace(",,", ",")
        if bare and is_help_option(bare):
            wants_help = True
            continue
        if bare and position == 0 and implied_key is not None:
            key, value, bare = implied_key, bare, None
        fragments = _fragments(key if bare is None else bare)
        if bare is not None:
            raise messages.EXPECTED_EQUALS.error(name=bare)
        cur, so_far = qdict, ""
        for fragment in fragments[:-1]:
            so_far = f"{so_far}.{fragment}" if so_far else fragment
            cur = keyval_parse_put(cur, fragment, None, so_far)
        keyval_parse_put(cur, fragments[-1], value, key)
    keyval_listify(qdict, ())
    return wants_help


def keyval_listify(cur: QDict, path: Sequence[str]) -> QDict | list[Any]:
    """Return ``cur`` with lists for the dictionaries whose keys are indexes, in it and itself.

    ``path`` has the fragments that lead to it.  Raises ``Parameters '<path>*' used
    inconsistently`` and ``Parameter '<path><index>' missing``.
    """
    for key in _qdict_order(cur):
        if isinstance(cur[key], dict):
            cur[key] = keyval_listify(cur[key], (*path, key))
    indexes = {key: key_to_index(key) for key in cur}
    prefix = "".join(f"{part}." for part in path)
    if all(index is None for index in indexes.values()):
        return cur
    if None in indexes.values():
        raise messages.USED_INCONSISTENTLY.error(key=prefix)
    elements = {index: cur[key] for key, index in indexes.items()}
    for index in range(len(elements)):
        if index not in elements:
            raise messages.ELEMENT_MISSING.error(key=f"{prefix}{index}")
    return [elements[index] for index in range(len(elements))]


def keyval_merge(dest: QDict, merged: QDict, prefix: str = "") -> None:
    """Merge ``merged`` into ``dest``: dictionaries are joined, lists are appended.

    Raises ``Parameter '<name>' used inconsistently``.
    """
    for key in _qdict_order(merged):
        value, old = merged[key], dest.get(key)
        if key in dest and type(old) is not type(value):
            raise messages.MERGED_INCONSISTENTLY.error(key=f"{prefix}{key}")
        if isinstance(old, dict):
            keyval_merge(old, value, f"{prefix}{key}.")
        elif isinstance(old, list):
            old.extend(value)
        else:
            dest[key] = value
