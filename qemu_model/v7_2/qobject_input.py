"""``qapi/qobject-input-visitor.c``: reading values from JSON."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..glib import GHashTable
from ..qobject_input import QObjectInputVisitor, is_integer
from ..qom import qdict_order
from . import messages

C_FILE = "qapi/qobject-input-visitor.c"
UINT32_MAX = 0xFFFF_FFFF


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

    def type_uint32(self, name: str) -> int:
        """Read a number.

        Raises ``Parameter '<name>' expects uint64`` and ``... expects uint32_t``.
        """
        self._read(name)
        value = self.values[name]
        if not is_integer(value) or not -(1 << 63) <= value < 1 << 64:
            raise messages.EXPECTS.error(name=name, what="uint64")
        if not 0 <= value <= UINT32_MAX:
            raise messages.EXPECTS.error(name=name, what="uint32_t")
        return int(value)

    def type_any(self, name: str) -> Any:
        """Read a value of any type."""
        self._read(name)
        return self.values[name]

    def check_struct(self) -> None:
        """Raise ``Parameter '<name>' is unexpected`` for the first member nobody read."""
        for name in self._unread:
            raise messages.UNEXPECTED.error(name=name)
