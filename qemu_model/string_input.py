"""``qapi/string-input-visitor.c``: values of properties that are given as text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import messages
from .cutils import qemu_strtoi64, qemu_strtou64
from .error import Error
from .globals import Qemu
from .qapi_util import Booleans, qapi_bool_parse
from .qapi_visit_core import _as_int32, _as_uint, input_type_enum
from .qemu_option import parse_option_size

C_FILE = "qapi/string-input-visitor.c"


def _boolean_expected(name: str) -> Error:
    return messages.INVALID_TYPE.error(name=name, type="boolean")


#: What a boolean could be before 5.2, in upper or lower case.
_BOOLEANS: Final = Booleans(
    ("on", "yes", "true"), ("off", "no", "false"), _boolean_expected, any_case=True
)


class StringInputVisitor:
    """Reads one value from ``text``, as -machine and -device give it."""

    def __init__(self, qemu: Qemu, text: str) -> None:
        self.text = text
        self._qemu = qemu

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises what ``qapi_bool_parse`` raises.

        Until 5.1: ``Invalid parameter type for '<name>', expected: boolean``.
        """
        return qapi_bool_parse(self._qemu, name, self.text, _BOOLEANS)

    def type_str(self, _name: str) -> str:
        """Read a string."""
        return self.text

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises what ``parse_option_size`` raises."""
        return parse_option_size(self._qemu, name, self.text)

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises what ``input_type_enum`` raises."""
        return input_type_enum(name, self.text, values)

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects int64``."""
        number = qemu_strtoi64(self.text)
        if number is None:
            raise messages.STRING_EXPECTS_NUMBER.error(name=name, type="int64")
        return number

    def type_uint64(self, name: str) -> int:
        """Read a number; a negative one wraps.  Raises ``Parameter '<name>' expects uint64``."""
        number = qemu_strtou64(self.text)
        if number is None:
            raise messages.STRING_EXPECTS_NUMBER.error(name=name, type="uint64")
        return number

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects uint64`` or ``uint32_t``."""
        return _as_uint(name, self.type_uint64(name), 32)

    def type_int32(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects int64`` or ``int32_t``."""
        return _as_int32(name, self.type_int64(name))
