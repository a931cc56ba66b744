"""``qapi/string-input-visitor.c``: values of properties that are given as text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence

from . import messages
from .qemu_option import UINT64_MAX, parse_integer, parse_option_size
from .qobject_input import invalid_type

C_FILE = "qapi/string-input-visitor.c"


class StringInputVisitor:
    """Reads one value from ``text``, as -machine and -device give it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Invalid parameter type for '<name>', expected: boolean``."""
        value = self.text.lower()
        if value in ("on", "yes", "true"):
            return True
        if value in ("off", "no", "false"):
            return False
        raise invalid_type(name, "boolean")

    def type_str(self, _name: str) -> str:
        """Read a string."""
        return self.text

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises what ``parse_option_size`` raises."""
        return parse_option_size(name, self.text)

    def type_enum(self, _name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises ``Invalid parameter '<value>'``."""
        if self.text not in values:
            raise messages.INVALID_PARAMETER.error(value=self.text)
        return self.text

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects int64``."""
        number = parse_integer(self.text)
        if number is None or not -(1 << 63) <= number < 1 << 63:
            raise messages.EXPECTS.error(name=name, what="int64")
        return number

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects uint64``."""
        number = parse_integer(self.text)
        if number is None or abs(number) > UINT64_MAX:
            raise messages.EXPECTS.error(name=name, what="uint64")
        return number & UINT64_MAX

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects uint64`` or ``uint32_t``."""
        number = self.type_uint64(name)
        if number >> 32:
            raise messages.EXPECTS.error(name=name, what="uint32_t")
        return number

    def type_int32(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects int64`` or ``int32_t``."""
        number = self.type_int64(name)
        if not -(1 << 31) <= number < 1 << 31:
            raise messages.EXPECTS.error(name=name, what="int32_t")
        return number
