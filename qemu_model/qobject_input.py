"""``qapi/qobject-input-visitor.c``: reading values from JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import messages
from .error import Error
from .qemu_option import UINT64_MAX, uint16_expected

C_FILE = "qapi/qobject-input-visitor.c"


def invalid_type(name: str, expected: str) -> Error:
    """Return ``Invalid parameter type for '<name>', expected: <expected>``."""
    return messages.INVALID_TYPE.error(name=name, type=expected)


def is_integer(value: object) -> bool:
    """Whether a JSON value is a number without a fraction: a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def type_uint64(name: str, value: Any) -> int:
    """Read a number of 64 bits.  Raises ``Parameter '<name>' expects uint64``."""
    if not is_integer(value) or not -(1 << 63) <= value < 1 << 64:
        raise messages.EXPECTS.error(name=name, what="uint64")
    return int(value) & UINT64_MAX


class QObjectInputVisitor:
    """Reads properties from ``values``, JSON by property name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def type_size(self, name: str) -> int:
        """Read a size in bytes; a negative number wraps, as it did before unsigned ones existed.

        Raises ``Parameter '<name>' expects uint64``.
        """
        return type_uint64(name, self.values[name])

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Invalid parameter type for '<name>', expected: boolean``."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise invalid_type(name, "boolean")
        return value

    def type_str(self, name: str) -> str:
        """Read a string.  Raises ``Invalid parameter type for '<name>', expected: string``."""
        value = self.values[name]
        if not isinstance(value, str):
            raise invalid_type(name, "string")
        return value

    def uint16_list(self, name: str) -> list[int]:
        """Read a list of numbers.

        Raises ``Invalid parameter type for '<name>', expected: array``, and for an
        element ``Parameter '<name>[<i>]' expects uint64`` or ``... uint16_t``.
        """
        value = self.values[name]
        if not isinstance(value, list):
            raise invalid_type(name, "array")
        for position, element in enumerate(value):
            if type_uint64(f"{name}[{position}]", element) > 0xFFFF:
                raise uint16_expected()
        return list(value)
