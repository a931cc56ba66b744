"""``qobject/json-lexer.c`` and ``qobject/json-parser.c``: JSON as QEMU reads it.

Single quotes are allowed; the first mistake is the error.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from . import messages
from .cutils import INT64_MIN, UINT64_MAX, _c_integer
from .error import Message
from .globals import Qemu

C_FILE = "qobject/json-parser.c"

#: How many brackets and braces may be open at the same time.
MAX_NESTING: Final = 1024

#: A piece of the text: white space, a token, or what the lexer has read up to and with
#: the character that it refuses.
_PIECE: Final = r"""(?xs)
    [ \t\r\n]+
    | (?P<punctuation> [{}\[\]:,] )
    | (?P<string> "(?:[^"\\\0-\x1f] | \\[^\0-\x1f])*" | '(?:[^'\\\0-\x1f] | \\[^\0-\x1f])*' )
    | (?P<number>
        -?(?:
          0(?![0-9.])
          | (?:0(?=\.) | [1-9][0-9]*+)
            (?P<fraction> \.[0-9]++ | (?!\.) )
            (?P<exponent> [eE][+-]?[0-9]++ | (?![eE]) )
        )
      )
    | (?P<keyword> [a-z]+ )
    | (?P<stray>
        (?:
          "(?:[^"\\\0-\x1f] | \\[^\0-\x1f])*\\?
          | '(?:[^'\\\0-\x1f] | \\[^\0-\x1f])*\\?
          | -?(?:0 | [1-9][0-9]*)(?:\.[0-9]*)?(?:(?<=[0-9])[eE][+-]?)?
          | -
        ).?
        | .
      )
    """
_ESCAPES: Final = MappingProxyType({
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    '"': '"', "'": "'", "\\": "\\", "/": "/",
})  # fmt: skip
UNIT: Final = len(r"\uXXXX")
#: A piece of a string: two halves of a surrogate pair are one character.
_CHARACTER: Final = r"""(?xs)
    (?P<units>
        \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
        | \\u[0-9a-fA-F]{4}
    )
    | (?P<broken> \\u )
    | \\(?P<escape> . )
    | (?P<plain> [^\ud800-\udfff] )
    | .
    """
#: What Unicode assigns to no character: the last two of each plane, and 32 more.
_NONCHARACTERS: Final = frozenset(
    chr(code)
    for code in (
        *range(0xFDD0, 0xFDF0),
        *(plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)),
    )
)
_KEYWORDS: Final = MappingProxyType({"true": True, "false": False, "null": None})


class Token(NamedTuple):
    """A token: its kind (``string``, ``integer``, ``float``, ``keyword``, or itself), its place.

    ``at`` is the position of its first character in the text, or the one behind that where
    it ends a number or a keyword: only it shows that these are complete.
    """

    kind: str
    text: str
    at: int


class _JsonError(Exception):
    """What is wrong with a text, and where: the part after ``JSON parse error, ``."""

    def __init__(self, message: Message, at: int | None = None, **fields: object) -> None:
        super().__init__(message, at, fields)
        self.message = message
        self.at = at
        self.fields = fields


def _lex(text: str) -> Iterator[Token]:
    """Give the tokens of ``text``.  Raises :class:`JsonError` ``stray '...'``."""
    behind_open_end = 0
    for piece in re.finditer(_PIECE, text):
        at = piece.start() + behind_open_end
        behind_open_end = 0
        match piece.lastgroup:
            case None:
                pass
            case "punctuation":
                mark = piece["punctuation"]
                yield Token(mark, mark, at)
            case "number":
                whole = not piece["fraction"] and not piece["exponent"]
                yield Token("integer" if whole else "float", piece[0], at)
                behind_open_end = 1
            case "stray":
                raise _JsonError(messages.JSON_STRAY, at, text=piece[0])
            case "keyword":
                yield Token("keyword", piece[0], at)
                behind_open_end = 1
            case kind:
                yield Token(kind, piece[0], at)


class Parser:
    """Reads one value from tokens; ``expects_keys``: what may be no key is refused as such."""

    def __init__(self, tokens: Iterator[Token], *, expects_keys: bool) -> None:
        self._tokens = tokens
        self._next: Token | None = None
        self._expects_keys = expects_keys
        self._at = 0

    def _peek(self) -> Token:
        if self._next is None:
            self._next = next(self._tokens, None)
        if self._next is None:
            raise _JsonError(messages.JSON_PREMATURE)
        return self._next

    def _pop(self) -> Token:
        token = self._peek()
        self._next = None
        self._at = token.at
        return token

    def value(self) -> Any:
        """Read a value, nested as deep as it may be.  Raises :class:`JsonError`."""
        around: list[dict[str, Any] | list[Any]] = []
        keys: list[str | None] = []
        while True:
            wants_key = bool(around) and isinstance(around[-1], dict) and keys[-1] is None
            begun = self._begin(wants_key)
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
                else:
                    assert key is not None
                    if key in outer:
                        raise _JsonError(messages.JSON_DUPLICATE_KEY, self._at)
                    outer[key] = begun
                if not self._closes(outer):
                    keys[-1] = None
                    break
                begun = around.pop()
                keys.pop()

    def _begin(self, wants_key: bool) -> Any:
        """Read a value; of an array or an object only the beginning, as an empty one."""
        token = self._peek()
        if wants_key and self._expects_keys and token.kind != "string":
            raise _JsonError(messages.JSON_EXPECTING_KEY, token.at)
        value: Any
        match token.kind:
            case "{":
                value = {}
            case "[":
                value = []
            case "string":
                value = _string(token)
            case "keyword":
                value = _keyword(token)
            case "integer":
                value = _integer(token.text)
            case "float":
                value = float(token.text)
            case _:
                raise _JsonError(messages.JSON_EXPECTING_VALUE, token.at)
        self._pop()
        return value

    def _ends(self, bracket: str) -> bool:
        """Take ``bracket`` if it comes next; return whether it did."""
        if self._peek().kind != bracket:
            return False
        self._pop()
        return True

    def _key(self, key: Any) -> str:
        """Return what was read as a key, and take the colon after it."""
        if not isinstance(key, str):
            raise _JsonError(messages.JSON_KEY_NO_STRING, self._at)
        token = self._pop()
        if token.kind != ":":
            raise _JsonError(messages.JSON_MISSING_COLON, token.at)
        return key

    def _closes(self, outer: dict[str, Any] | list[Any]) -> bool:
        """Take what follows an element: return whether it was the last."""
        bracket, what = ("}", "dict") if isinstance(outer, dict) else ("]", "list")
        token = self._pop()
        if token.kind not in (bracket, ","):
            raise _JsonError(messages.JSON_SEPARATOR, token.at, what=what, bracket=bracket)
        return token.kind == bracket


def _string(token: Token) -> str:
    read = []
    text = token.text
    for piece in re.finditer(_CHARACTER, text[1:-1]):
        match piece.lastgroup:
            case "plain":
                read.append(piece[0])
            case "units":
                read.append(_code_point(token, piece["units"]))
            case "escape" if piece["escape"] in _ESCAPES:
                read.append(_ESCAPES[piece["escape"]])
            case "escape":
                raise _JsonError(messages.JSON_ESCAPE, token.at)
            case "broken":
                raise _no_character(token, text[1 + piece.start() :][:UNIT])
            case _:
                raise _JsonError(messages.JSON_UTF8, token.at)
    return "".join(read)


def _code_point(token: Token, units: str) -> str:
    """Return the character that ``\\uXXXX``, once or twice, stands for: what is UTF-16."""
    try:
        character = bytes.fromhex(units.replace("\\u", "")).decode("utf-16-be")
    except UnicodeDecodeError as error:
        raise _no_character(token, units) from error
    if character in _NONCHARACTERS:
        raise _no_character(token, units)
    return character


def _no_character(token: Token, text: str) -> _JsonError:
    return _JsonError(messages.JSON_CHARACTER, token.at, text=text)


def _keyword(token: Token) -> bool | None:
    if token.text not in _KEYWORDS:
        raise _JsonError(messages.JSON_KEYWORD, token.at, text=token.text)
    return _KEYWORDS[token.text]


def _integer(text: str) -> int | float:
    """Return a number that has 64 bits, with a sign or without, as it is; others are doubles."""
    value = _c_integer(text)
    return value if INT64_MIN <= value <= UINT64_MAX else float(text)


def qobject_from_json(qemu: Qemu, text: str) -> Any:
    """Read the one JSON value that ``text`` is.

    Raises ``JSON parse error, ...``, with line and column before it since 11.1, ``JSON
    nesting depth limit exceeded`` and ``Expecting at most one JSON value``.
    """
    tokens = _lex(text)
    try:
        parses_tokens_as_they_come = qemu.tree.json_parser.parses_tokens_as_they_come
        first = _tokens_of_value(tokens)
        if not parses_tokens_as_they_come:
            first = iter(list(first))
        value = Parser(first, expects_keys=parses_tokens_as_they_come).value()
    except _JsonError as error:
        line, column = _line_and_column(text, error.at)
        what = error.message.text_in(qemu.tree, 0, **error.fields)
        raise messages.JSON_PARSE.error(what=what, line=line, column=column) from error
    try:
        more = any(tokens)
    except _JsonError:
        more = True
    if more:
        raise messages.JSON_ONE_VALUE.error()
    return value


def _line_and_column(text: str, at: int | None) -> tuple[int, int]:
    """Return where a character is, both from 1, in bytes; None is the end of the text.

    A number or a keyword at the end is complete one byte later.
    """
    before = text[:at].encode("utf-8", "surrogateescape")
    column = len(before) - before.rfind(b"\n")
    if at is None and text[-1:].isalnum():
        column += 1
    return before.count(b"\n") + 1, column


def _tokens_of_value(tokens: Iterator[Token]) -> Iterator[Token]:
    """Give the tokens up to where as many brackets are closed as are open (``json-streamer.c``).

    A closing bracket without an opening one ends it as well.  Raises ``JSON nesting depth
    limit exceeded``.
    """
    braces = brackets = 0
    for token in tokens:
        yield token
        match token.kind:
            case "{":
                braces += 1
            case "}":
                braces -= 1
            case "[":
                brackets += 1
            case "]":
                brackets -= 1
        if braces + brackets > MAX_NESTING:
            raise messages.JSON_NESTING.error()
        if min(braces, brackets) < 0 or not (braces or brackets):
            return
