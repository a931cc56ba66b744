"""``qapi/opts-visitor.c``: reading typed values from the parameters of an option."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Final

from . import messages
from .cutils import parse_uint, qemu_strtoi64, qemu_strtosz
from .error import Error
from .glib import GHashTable
from .globals import Qemu
from .qapi_util import Booleans, qapi_bool_parse
from .qapi_visit_core import _as_uint, input_type_enum
from .qemu_option import QemuOpts

C_FILE = "qapi/opts-visitor.c"

#: The largest list that a range in ``host-nodes`` may stand for (``OPTS_VISITOR_RANGE_MAX``).
RANGE_MAX: Final = 65536


def _expects_one_of_six(name: str) -> Error:
    return messages.EXPECTS.error(name=name, what="on|yes|y|off|no|n")


#: The words for a boolean before 5.2.
_BOOLEANS: Final = Booleans(("on", "yes", "y"), ("off", "no", "n"), _expects_one_of_six)


class OptsVisitor:
    """Reads properties from the text of an option, and keeps which were read."""

    def __init__(self, qemu: Qemu, opts: QemuOpts) -> None:
        self.opts = opts
        self.values: Mapping[str, str] = opts.values
        self._qemu = qemu
        self._read: list[str] = []

    def has(self, name: str) -> bool:
        """Whether the option has a parameter of that name (``opts_optional``)."""
        return (self.opts.id is not None) if name == "id" else name in self.opts.values

    def _lookup(self, name: str) -> str:
        value = self.opts.id if name == "id" else self.values.get(name)
        if value is None:
            raise messages.MISSING_PARAMETER.error(name=name)
        return value

    def type_str(self, name: str) -> str:
        """Read a string.  Raises ``Parameter '<name>' is missing``."""
        value = self._lookup(name)
        self._read.append(name)
        return value

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises what ``input_type_enum`` raises."""
        return input_type_enum(name, self.type_str(name), values)

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises what ``qapi_bool_parse`` raises."""
        value = qapi_bool_parse(self._qemu, name, self._lookup(name), _BOOLEANS)
        self._read.append(name)
        return value

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects a size value``."""
        size = qemu_strtosz(self._qemu, self._lookup(name))
        if size is None:
            raise messages.EXPECTS.error(name=name, what="a size value")
        self._read.append(name)
        return size

    def type_uint64(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects a uint64 value``."""
        text = self._lookup(name)
        read = parse_uint(text)
        if read is None or text[read[1] :]:
            raise messages.EXPECTS.error(name=name, what="a uint64 value")
        self._read.append(name)
        return read[0]

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint32_t``."""
        return _as_uint(name, self.type_uint64(name), 32)

    def type_uint16(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint16_t``."""
        return _as_uint(name, self.type_uint64(name), 16)

    def type_uint8(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint8_t``."""
        return _as_uint(name, self.type_uint64(name), 8)

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects an int64 value``."""
        number = qemu_strtoi64(self._lookup(name))
        if number is None:
            raise messages.EXPECTS.error(name=name, what="an int64 value")
        self._read.append(name)
        return number

    def uint16_list(self, name: str) -> list[int]:
        """Read numbers and ranges, of every time the parameter is given; none if it is not.

        Raises ``Parameter '<name>' expects a uint64 value or range``, and for a number that
        is too large ``Parameter 'null' expects uint16_t``.
        """
        numbers: list[int] = []
        for key, value in self.opts.params:
            if key == name:
                numbers.extend(_uint16_range(name, value))
        self._read.append(name)
        return numbers

    def check_struct(self) -> None:
        """Raise ``Invalid parameter '<name>'`` for the first parameter that was not read."""
        name = _first_unread(self.opts.params, self.opts.id, tuple(self._read))
        if name is not None:
            raise messages.INVALID_KEY.error(name=name)


@functools.lru_cache(maxsize=256)
def _first_unread(
    params: tuple[tuple[str, str], ...], id: str | None, read: tuple[str, ...]
) -> str | None:
    """Return the parameter that QEMU finds first among those that were not read."""
    names = [name for name, _ in params]
    if id is not None:
        names.append("id")
    unread = GHashTable(names)
    for name in read:
        unread.remove(name)
    return next(iter(unread), None)


def _uint16_range(name: str, text: str) -> range:
    first = parse_uint(text)
    wrong = messages.EXPECTS.error(name=name, what="a uint64 value or range")
    if first is None:
        raise wrong
    low = high = first[0]
    rest = text[first[1] :]
    if rest:
        last = parse_uint(rest[1:]) if rest.startswith("-") else None
        if last is None or rest[1:][last[1] :]:
            raise wrong
        high = last[0]
    if not low <= high < low + RANGE_MAX:
        raise wrong
    numbers = range(low, high + 1)
    _as_uint("null", numbers[-1], 16)
    return numbers
