"""``qapi/qobject-input-visitor.c``: reading values from JSON, and from text by name."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        if self.values.keys() <= set(self._read):
            return
        unread = GHashTable(_qdict_order(self.values))
        for name in self._read:
            unread.remove(name)
        raise messages.UNEXPECTED.error(name=next(iter(unread)))


class _KeyvalInputVisitor:
    """Reads properties that are given as text, ``values`` by name (-machine and -device)."""

    def __init__(self, qemu: Qemu, values: Mapping[str, str]) -> None:
        self.values = values
        self._qemu = qemu

    def type_str(self, name: str) -> str:
        """Read a string."""
        return self.values[name]

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises what ``input_type_enum`` raises."""
        return input_type_enum(name, self.values[name], values)

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Parameter '<name>' expects 'on' or 'off'``."""
        return qapi_bool_parse(self._qemu, name, self.values[name])

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects size``."""
        size = qemu_strtosz(self._qemu, self.values[name])
        if size is None:
            raise messages.EXPECTS.error(name=name, what="size")
        return size

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects integer``."""
        number = qemu_strtoi64(self.values[name])
        if number is None:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number

    def type_int32(self, name: str) -> int:
        """Read a number with a sign.  Raises ``... expects integer`` and ``expects int32_t``."""
        return _as_int32(name, self.type_int64(name))

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects integer``."""
        number = qemu_strtou64(self.values[name])
        if number is None:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``... expects integer`` and ``expects uint32_t``."""
        return _as_uint(name, self.type_uint64(name), 32)


def qobject_input_visitor_new_keyval(qemu: Qemu, values: Mapping[str, str]) -> _KeyvalInputVisitor:
    """Return a visitor of properties that are given as text."""
    return _KeyvalInputVisitor(qemu, values)
