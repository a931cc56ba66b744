"""JSON objects that lost their quotes on the way through shells, terminals and logs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from typing import Any, Final

_QUOTES: Final = str.maketrans(
    {
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2018": "'",
        "\u2019": "'",
    }
)
_NUMBER: Final = re.compile(r"-?\d+")
#: Deeper than this no option of QEMU's goes.
_DEEPEST: Final = 32


class _Broken(Exception):
    """The text is not a JSON object, even without its quotes."""


def repaired(text: str) -> str:
    """Return ``text`` as JSON if it is an object with missing or altered quotes, else as it is."""
    if not text.startswith("{") or _is_json(text):
        return text
    plain = text.translate(_QUOTES).replace("&quot;", '"').replace('\\"', '"')
    if _is_json(plain):
        return plain
    try:
        value, end = _object(plain, 0, 0)
    except _Broken:
        return text
    return json.dumps(value, separators=(",", ":")) if not plain[end:].strip() else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _object(text: str, start: int, depth: int) -> tuple[dict[str, Any], int]:
    if depth > _DEEPEST:
        raise _Broken
    value: dict[str, Any] = {}
    position = _after_blanks(text, start + 1)
    while text[position : position + 1] != "}":
        name, position = _name(text, position)
        item, position = _value(text, _after_blanks(text, position), depth)
        value[name] = item
        position = _after_comma(text, position, "}")
    return value, position + 1


def _list(text: str, start: int, depth: int) -> tuple[list[Any], int]:
    if depth > _DEEPEST:
        raise _Broken
    value: list[Any] = []
    position = _after_blanks(text, start + 1)
    while text[position : position + 1] != "]":
        item, position = _value(text, position, depth)
        value.append(item)
        position = _after_comma(text, position, "]")
    return value, position + 1


def _after_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _after_comma(text: str, position: int, closing: str) -> int:
    position = _after_blanks(text, position)
    if text[position : position + 1] == ",":
        return _after_blanks(text, position + 1)
    if text[position : position + 1] != closing:
        raise _Broken
    return position


def _name(text: str, position: int) -> tuple[str, int]:
    end = text.find(":", position)
    if end < 0:
        raise _Broken
    name = text[position:end].strip().strip("'\"")
    if not name or any(letter in name for letter in "{}[],"):
        raise _Broken
    return name, end + 1


def _value(text: str, position: int, depth: int) -> tuple[Any, int]:
    first = text[position : position + 1]
    if first == "{":
        return _object(text, position, depth + 1)
    if first == "[":
        return _list(text, position, depth + 1)
    if first in ("'", '"'):
        end = text.find(first, position + 1)
        if end < 0:
            raise _Broken
        return text[position + 1 : end], end + 1
    end = min((found for mark in ",}]" if (found := text.find(mark, position)) >= 0), default=-1)
    if end < 0:
        raise _Broken
    return _bare(text[position:end].strip()), end


def _bare(word: str) -> Any:
    if _NUMBER.fullmatch(word) and len(word) < 21:
        return int(word)
    return {"true": True, "false": False, "null": None}.get(word, word)
