"""``qapi/qobject-input-visitor.c``: reading values from JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import messages
from ..glib import GHashTable
from ..qemu_option import UINT64_MAX, parse_integer
from ..qobject_input import QObjectInputVisitor, is_integer
from ..qom import qdict_order
from .qemu_option import FALSE, TRUE, do_strtosz

C_FILE = "qapi/qobject-input-visitor.c"
UINT32_MAX = 0xFFFF_FFFF


def as_uint32(name: str, value: int) -> int:
    """Return a number that has 32 bits.  Raises ``Parameter '<name>' expects uint32_t``."""
    if value > UINT32_MAX:
        raise messages.EXPECTS.error(name=name, what="uint32_t")
    return value


def as_int32(name: str, value: int) -> int:
    """Return a number that has 32 bits.  Raises ``Parameter '<name>' expects int32_t``."""
    if not -(1 << 31) <= value < 1 << 31:
        raise messages.EXPECTS.error(name=name, what="int32_t")
    return value


class QObjectInputVisitor72(QObjectInputVisitor):
    """Reads properties from JSON by property name, and keeps which were read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._unread = GHashTable(qdict_order(values))

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return name in self.values

    def _read(self, name: str) -> None:
        if name not in self.values:
            raise messages.MISSING_PARAMETER.error(name=name)
        self._unread.remove(name)

    def type_size(self, name: str) -> int:
        """Read a size in bytes; a negative number wraps."""
        self._read(name)
        return super().type_size(name)

    def type_bool(self, name: str) -> bool:
        """Read a boolean."""
        self._read(name)
        return super().type_bool(name)

    def type_str(self, name: str) -> str:
        """Read a string."""
        self._read(name)
        return super().type_str(name)

    def uint16_list(self, name: str) -> list[int]:
        """Read a list of numbers."""
        self._read(name)
        return super().uint16_list(name)

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises ``Parameter '<name>' does not accept value ...``."""
        value = self.type_str(name)
        if value not in values:
            raise messages.VALUE_NOT_ACCEPTED.error(name=name, value=value)
        return value

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects uint64``."""
        self._read(name)
        value = self.values[name]
        if not is_integer(value) or not -(1 << 63) <= value < 1 << 64:
            raise messages.EXPECTS.error(name=name, what="uint64")
        return int(value) & UINT64_MAX

    def type_uint32(self, name: str) -> int:
        """Read a number.

        Raises ``Parameter '<name>' expects uint64`` and ``... expects uint32_t``.
        """
        return as_uint32(name, self.type_uint64(name))

    def type_int32(self, name: str) -> int:
        """Read a number with a sign.

        Raises ``Invalid parameter type for '<name>', expected: integer`` and
        ``Parameter '<name>' expects int32_t``.
        """
        self._read(name)
        value = self.values[name]
        if not is_integer(value) or value >= 1 << 63:
            raise messages.INVALID_TYPE.error(name=name, type="integer")
        return as_int32(name, int(value))

    def type_any(self, name: str) -> Any:
        """Read a value of any type."""
        self._read(name)
        return self.values[name]

    def check_struct(self) -> None:
        """Raise ``Parameter '<name>' is unexpected`` for the first member nobody read."""
        for name in self._unread:
            raise messages.UNEXPECTED.error(name=name)


class KeyvalInputVisitor:
    """Reads properties that are given as text, ``values`` by name (-machine and -device)."""

    def __init__(self, values: Mapping[str, str], warn_of_hex: Callable[[str], None]) -> None:
        self.values = values
        self._warn_of_hex = warn_of_hex

    def type_str(self, name: str) -> str:
        """Read a string."""
        return self.values[name]

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises ``Parameter '<name>' does not accept value ...``."""
        value = self.values[name]
        if value not in values:
            raise messages.VALUE_NOT_ACCEPTED.error(name=name, value=value)
        return value

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Parameter '<name>' expects 'on' or 'off'``."""
        value = self.values[name]
        if value not in TRUE and value not in FALSE:
            raise messages.EXPECTS.error(name=name, what="'on' or 'off'")
        return value in TRUE

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects size``."""
        text = self.values[name]
        read = do_strtosz(text)
        if isinstance(read, int):
            raise messages.EXPECTS.error(name=name, what="size")
        size, warn = read
        if warn:
            self._warn_of_hex(text)
        return size

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects integer``."""
        number = parse_integer(self.values[name])
        if number is None or not -(1 << 63) <= number < 1 << 63:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number

    def type_int32(self, name: str) -> int:
        """Read a number with a sign.  Raises ``... expects integer`` and ``expects int32_t``."""
        return as_int32(name, self.type_int64(name))

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects integer``."""
        number = parse_integer(self.values[name])
        if number is None or abs(number) > UINT64_MAX:
            raise messages.EXPECTS.error(name=name, what="integer")
        return number & UINT64_MAX

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``... expects integer`` and ``expects uint32_t``."""
        return as_uint32(name, self.type_uint64(name))
