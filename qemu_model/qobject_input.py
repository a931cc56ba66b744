"""``qapi/qobject-input-visitor.c``: reading values from JSON, and from text by name."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from . import messages
from .cutils import UINT64_MAX, qemu_strtoi64, qemu_strtosz, qemu_strtou64
from .error import Error
from .glib import GHashTable
from .globals import Qemu
from .qapi_util import qapi_bool_parse
from .qapi_visit_core import _as_int32, _as_uint, input_type_enum
from .qdict import _qdict_order

C_FILE = "qapi/qobject-input-visitor.c"


def _invalid_type(name: str, expected: str) -> Error:
    """Return ``Invalid parameter type for '<name>', expected: <expected>``."""
    return messages.INVALID_TYPE.error(name=name, type=expected)


def _is_integer(value: object) -> bool:
    """Return whether a JSON value is an integer; a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _uint64(name: str, value: Any) -> int:
    """Return a number of 64 bits; a negative one wraps, as it did before unsigned ones existed.

    Raises ``Parameter '<name>' expects uint64``.
    """
    if not _is_integer(value) or not -(1 << 63) <= value < 1 << 64:
        raise messages.EXPECTS.error(name=name, what="uint64")
    return int(value) & UINT64_MAX


def _first_unread(values: Mapping[str, Any], read: Collection[str]) -> str | None:
    """Return the member that QEMU finds first among those that were not read."""
    if values.keys() <= set(read):
        return None
    unread = GHashTable(_qdict_order(values))
    for name in read:
        unread.remove(name)
    return next(iter(unread))


class QObjectInputVisitor:
    """Reads properties from ``values``, JSON by property name, and keeps which were read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self._read: list[str] = []

    def has(self, name: str) -> bool:
        """Whether there is a member of that name (``qobject_input_optional``)."""
        return name in self.values

    def _get_object(self, name: str) -> Any:
        """Return a member's value.  Raises ``Parameter '<name>' is missing``."""
        if name not in self.values:
            raise messages.MISSING_PARAMETER.error(name=name)
        self._read.append(name)
        return self.values[name]

    def type_any(self, name: str) -> Any:
        """Read a value of any type."""
        return self._get_object(name)

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Invalid parameter type for '<name>', expected: boolean``."""
        value = self._get_object(name)
        if not isinstance(value, bool):
            raise _invalid_type(name, "boolean")
        return value

    def type_str(self, name: str) -> str:
        """Read a string.  Raises ``Invalid parameter type for '<name>', expected: string``."""
        value = self._get_object(name)
        if not isinstance(value, str):
            raise _invalid_type(name, "string")
        return value

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises what ``input_type_enum`` raises."""
        return input_type_enum(name, self.type_str(name), values)

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects uint64``."""
        return self.type_uint64(name)

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects uint64``."""
        return _uint64(name, self._get_object(name))

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects uint64`` or ``uint32_t``."""
        return _as_uint(name, self.type_uint64(name), 32)

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.

        Raises ``Invalid parameter type for '<name>', expected: integer``.
        """
        value = self._get_object(name)
        if not _is_integer(value) or value >= 1 << 63:
            raise _invalid_type(name, "integer")
        return int(value)

    def type_int32(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_int64` raises, and ``expects int32_t``."""
        return _as_int32(name, self.type_int64(name))

    def start_list(self, name: str) -> list[Any]:
        """Read a list.  Raises ``Invalid parameter type for '<name>', expected: array``."""
        value = self._get_object(name)
        if not isinstance(value, list):
            raise _invalid_type(name, "array")
        return value

    def enum_list(self, name: str, values: Sequence[str]) -> list[str]:
        """Read a list of words, each one of ``values``.

        Raises ``Invalid parameter type for '<name>', expected: array``, and for an element
        ``Invalid parameter type for '<name>[<i>]', expected: string`` or what
        ``input_type_enum`` raises for ``null``.
        """
        words = self.start_list(name)
        for position, word in enumerate(words):
            if not isinstance(word, str):
                raise _invalid_type(f"{name}[{position}]", "string")
            input_type_enum("null", word, values)
        return words

    def uint16_list(self, name: str) -> list[int]:
        """Read a list of numbers.

        Raises ``Invalid parameter type for '<name>', expected: array``, and for an element
        ``Parameter '<name>[<i>]' expects uint64`` or ``Parameter 'null' expects uint16_t``.
        """
        value = self.start_list(name)
        for position, element in enumerate(value):
            _as_uint("null", _uint64(f"{name}[{position}]", element), 16)
        return list(value)

    def check_struct(self) -> None:
        """Raise ``Parameter '<name>' is unexpected`` for the first member that was not read."""
        unread = _first_unread(self.values, self._read)
        if unread is not None:
            raise messages.UNEXPECTED.error(name=unread)


class _KeyvalInputVisitor:
    """Reads properties that are given as text, ``values`` by name (-machine and -device)."""

    def __init__(self, qemu: Qemu, values: Mapping[str, Any]) -> None:
        self.values = values
        self._qemu = qemu

    def _text(self, name: str) -> str:
        """Return a value (``qobject_input_get_keyval``).

        Raises ``Parameters '<name>.*' are unexpected``.
        """
        value = self.values[name]
        if not isinstance(value, str):
            raise messages.UNEXPECTED_BELOW.error(name=name)
        return value

    def type_str(self, name: str) -> str:
        """Read a string."""
        return self._text(name)

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises what ``input_type_enum`` raises."""
        return input_type_enum(name, self._text(name), values)

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Parameter '<name>' expects 'on' or 'off'``."""
        return qapi_bool_parse(self._qemu, name, self._text(name))

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects size``."""
        size = qemu_strtosz(self._qemu, self._text(name))
        if size is None:
            raise messages.EXPECTS.error(name=name, what="size")
        return size

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects integer``."""
        number = qemu_strtoi64(self._text(name))
        if number is None:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number

    def type_int32(self, name: str) -> int:
        """Read a number with a sign.  Raises ``... expects integer`` and ``expects int32_t``."""
        return _as_int32(name, self.type_int64(name))

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects integer``."""
        number = qemu_strtou64(self._text(name))
        if number is None:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``... expects integer`` and ``expects uint32_t``."""
        return _as_uint(name, self.type_uint64(name), 32)


def qobject_input_visitor_new_keyval(qemu: Qemu, values: Mapping[str, Any]) -> _KeyvalInputVisitor:
    """Return a visitor of properties that are given as text."""
    return _KeyvalInputVisitor(qemu, values)


def _visit_struct(qemu: Qemu, name: str, value: Any, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a property, read from text; ``kinds`` are all that there may be.

    Raises ``Invalid parameter type for '<name>', expected: object``, ``Parameter
    '<name>.<member>' is unexpected`` and what reading a member raises.
    """
    if not isinstance(value, dict):
        raise _invalid_type(name, "object")
    full = {f"{name}.{member}": text for member, text in value.items()}
    v = qobject_input_visitor_new_keyval(qemu, full)
    found = {}
    for member, kind in kinds.items():
        if member in value:
            found[member] = getattr(v, f"type_{kind}")(f"{name}.{member}")
    unread = _first_unread(value, found)
    if unread is not None:
        raise messages.UNEXPECTED.error(name=f"{name}.{unread}")
    return found
