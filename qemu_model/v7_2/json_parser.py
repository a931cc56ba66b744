"""``qobject/json-lexer.c`` and ``qobject/json-parser.c``: JSON as QEMU reads it.

Single quotes are allowed; the first thing that is wrong is the error.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..options import c_integer
from . import messages

C_FILE = "qobject/json-parser.c"

INT64_MIN: Final = -(1 << 63)
UINT64_MAX: Final = (1 << 64) - 1
#: How many brackets and braces may be open at once.
MAX_NESTING: Final = 1024

_WHITE: Final = " \t\r\n"
_PUNCTUATION: Final = "{}[]:,"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<float>\.[0-9]+)?(?P<exp>[eE][+-]?[0-9]+)?")
#: What the lexer has taken in when the next character is the one it stumbles over.
_PARTIAL_NUMBER: Final = re.compile(
    r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:(?<=[0-9])[eE][+-]?)?)?"
)
_ESCAPES: Final = MappingProxyType({
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    '"': '"', "'": "'", "\\": "\\", "/": "/",
})  # fmt: skip


@attrs.frozen
class Token:
    """A token: its kind (``string``, ``integer``, ``float``, ``keyword``, or itself)."""

    kind: str
    text: str


class JsonError(Exception):
    """What the parser says after ``JSON parse error, ``."""


def lex(text: str) -> Iterator[Token]:
    """Give the tokens of ``text``.  Raises :class:`JsonError` ``stray '...'``."""
    position = 0
    while position < len(text):
        first = text[position]
        if first in _WHITE:
            position += 1
        elif first in _PUNCTUATION:
            yield Token(first, first)
            position += 1
        elif first in "\"'":
            end = _end_of_string(text, position)
            yield Token("string", text[position:end])
            position = end
        elif first == "-" or (first.isascii() and first.isdigit()):
            end, kind = _end_of_number(text, position)
            yield Token(kind, text[position:end])
            position = end
        elif "a" <= first <= "z":
            match = re.compile("[a-z]+").match(text, position)
            assert match is not None
            yield Token("keyword", match[0])
            position = match.end()
        else:
            raise JsonError(f"stray '{first}'")


def _end_of_string(text: str, start: int) -> int:
    quote = text[start]
    position = start + 1
    while position < len(text):
        character = text[position]
        if character < " ":
            raise JsonError(f"stray '{text[start : position + 1]}'")
        if character == "\\":
            position += 1
            if position < len(text) and text[position] < " ":
                raise JsonError(f"stray '{text[start : position + 1]}'")
        elif character == quote:
            return position + 1
        position += 1
    raise JsonError(f"stray '{text[start:]}'")


def _end_of_number(text: str, start: int) -> tuple[int, str]:
    match = _NUMBER.match(text, start)
    end = match.end() if match else start
    following = text[end : end + 1]
    whole = match is not None and not match["exp"]
    leading_zero = match is not None and match[0] in ("0", "-0") and following.isdigit()
    unfinished = whole and (
        following in ("e", "E") or (match is not None and not match["float"] and following == ".")
    )
    if match is None or leading_zero or (following and unfinished):
        partial = _PARTIAL_NUMBER.match(text, start)
        assert partial is not None
        raise JsonError(f"stray '{text[start : partial.end() + 1]}'")
    return end, "float" if match["float"] or match["exp"] else "integer"


class Parser:
    """Reads one value from tokens, with QEMU's words for what is wrong."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def _peek(self) -> Token:
        if self._position == len(self._tokens):
            raise JsonError("premature EOI")
        return self._tokens[self._position]

    def _pop(self) -> Token:
        token = self._peek()
        self._position += 1
        return token

    def value(self) -> Any:
        """Read a value, nested as deep as it may be.  Raises :class:`JsonError`."""
        around: list[dict[str, Any] | list[Any]] = []
        keys: list[str | None] = []
        while True:
            begun = self._begin()
            if isinstance(begun, (dict, list)) and not self._ends("}" if begun == {} else "]"):
                around.append(begun)
                keys.append(None)
                continue
            while True:
                if not around:
                    return begun
                outer, key = around[-1], keys[-1]
                if isinstance(outer, dict) and key is None:
                    keys[-1] = self._key(begun)
                    break
                if isinstance(outer, list):
                    outer.append(begun)
                elif key in outer:
                    raise JsonError("duplicate key")
                else:
                    assert key is not None
                    outer[key] = begun
                if not self._closes(outer):
                    keys[-1] = None
                    break
                begun = around.pop()
                keys.pop()

    def _begin(self) -> Any:
        """Read a value, or how one begins that holds others: empty, then."""
        token = self._peek()
        if token.kind not in ("string", "integer", "float", "keyword", "{", "["):
            raise JsonError("expecting value")
        self._pop()
        if token.kind == "{":
            return {}
        if token.kind == "[":
            return []
        if token.kind == "string":
            return _string(token.text)
        if token.kind == "keyword":
            return _keyword(token.text)
        return _number(token)

    def _ends(self, bracket: str) -> bool:
        """Take ``bracket`` if it comes next; return whether it did."""
        if self._peek().kind != bracket:
            return False
        self._pop()
        return True

    def _key(self, key: Any) -> str:
        """Return what was read as a key, and take the colon behind it."""
        if not isinstance(key, str):
            raise JsonError("key is not a string in object")
        if self._pop().kind != ":":
            raise JsonError("missing : in object pair")
        return key

    def _closes(self, outer: dict[str, Any] | list[Any]) -> bool:
        """Take what stands behind an element: return whether it was the last."""
        bracket, what = ("}", "dict") if isinstance(outer, dict) else ("]", "list")
        token = self._pop()
        if token.kind not in (bracket, ","):
            raise JsonError(f"expected separator in {what}")
        return token.kind == bracket


def _string(text: str) -> str:
    read = []
    characters = iter(range(1, len(text) - 1))
    for place in characters:
        character = text[place]
        if character != "\\":
            if "\ud800" <= character <= "\udfff":
                raise JsonError("invalid UTF-8 sequence in string")
            read.append(character)
            continue
        escape = text[next(characters)]
        if escape in _ESCAPES:
            read.append(_ESCAPES[escape])
        elif escape == "u":
            start = place
            code, length = _code_point(text, place)
            if code is None:
                raise JsonError(f"{text[start : start + length]} is not a valid Unicode character")
            for _ in range(length - 2):
                next(characters)
            read.append(chr(code))
        else:
            raise JsonError("invalid escape sequence in string")
    return "".join(read)


def _code_point(text: str, place: int) -> tuple[int | None, int]:
    """Return the character of ``\\uXXXX`` at ``place``, None if it is none, and its length."""
    match = re.compile(r"\\u([0-9a-fA-F]{4})").match(text, place)
    if match is None:
        return None, 6
    code = int(match[1], 16)
    if 0xD800 <= code <= 0xDBFF:
        trailing = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(text, match.end())
        if trailing is None:
            return None, 6
        code = 0x10000 + ((code & 0x3FF) << 10) + (int(trailing[1], 16) & 0x3FF)
        return (None if _is_no_character(code) else code), 12
    return (None if 0xDC00 <= code <= 0xDFFF or _is_no_character(code) else code), 6


def _is_no_character(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _keyword(text: str) -> bool | None:
    if text not in ("true", "false", "null"):
        raise JsonError(f"invalid keyword '{text}'")
    return {"true": True, "false": False}.get(text)


def _number(token: Token) -> int | float:
    if token.kind == "integer":
        value = c_integer(token.text)
        if INT64_MIN <= value <= UINT64_MAX:
            return value
    return float(token.text)


def qobject_from_json(text: str) -> Any:
    """Read the one JSON value that ``text`` is.

    Raises ``JSON parse error, ...``, ``JSON nesting depth limit exceeded`` and
    ``Expecting at most one JSON value``.
    """
    tokens: list[Token] = []
    values: list[Any] = []
    depth = {"{": 0, "[": 0}
    try:
        for token in lex(text):
            if token.kind in "{[":
                depth[token.kind] += 1
            elif token.kind in "}]":
                depth["{" if token.kind == "}" else "["] -= 1
            tokens.append(token)
            if sum(depth.values()) > MAX_NESTING:
                raise messages.JSON_NESTING.error()
            if min(depth.values()) >= 0 and any(depth.values()):
                continue
            values.append(Parser(tokens).value())
            tokens, depth = [], {"{": 0, "[": 0}
            if len(values) > 1:
                raise messages.JSON_ONE_VALUE.error()
        if tokens:
            values.append(Parser(tokens).value())
    except JsonError as error:
        if values:
            raise messages.JSON_ONE_VALUE.error() from error
        raise messages.JSON_PARSE.error(what=str(error)) from error
    return values[0] if values else None
