"""``util/qemu-option.c``, ``util/cutils.c`` and ``qapi/opts-visitor.c``: reading option text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from .. import options as before
from ..glib import GHashTable
from ..options import QemuOpts, decimal, get_opt_value, id_wellformed, parse_uint, suffix_mul
from . import messages

C_FILE = "util/qemu-option.c"

TRUE = ("on", "yes", "true", "y")
FALSE = ("off", "no", "false", "n")
UINT32_MAX = 0xFFFF_FFFF
EINVAL = 22
ERANGE = 34

#: What a warning is handed to.
Warn = Callable[[str, str, str], None]

_SIZE = re.compile(
    r"[ \t\n\v\f\r]*\+?(?P<whole>0[xX][0-9a-fA-F]+|[0-9]+)(?P<fraction>\.[0-9]*)?", re.ASCII
)


def get_opt_name_value(
    text: str, start: int, first_name: str | None, warn: Warn | None
) -> tuple[str, str, int]:
    """Return name and value of the parameter at ``start``, and where the next one begins.

    A parameter without ``=`` is the value of ``first_name`` where that is given, else
    a boolean: on, or off if its name begins with ``no``; ``warn`` is called with it as
    given, and with its name and value.
    """
    match = re.compile(r"[^=,]*").match(text, start)
    assert match is not None
    name, end = match[0], match.end()
    if text.startswith("=", end):
        value, end = get_opt_value(text, end + 1)
    elif first_name is not None:
        name = first_name
        value, end = get_opt_value(text, start)
    else:
        given, value = name, "on"
        if name.startswith("no"):
            name, value = name[2:], "off"
        if warn is not None and not before.is_help_option(given):
            warn(given, name, value)
    return name, value, end + 1


def qemu_opts_parse_noisily(text: str, first_name: str, warn: Warn) -> QemuOpts:
    """Parse ``text``; a first parameter without ``=`` is the value of ``first_name``.

    Raises ``Parameter 'id' expects an identifier``, with a hint.
    """
    id = None
    position = 0
    while position < len(text) and id is None:
        name, value, position = get_opt_name_value(text, position, None, None)
        if name == "id":
            id = value
    if id is not None and not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)
    params = []
    first: str | None = first_name
    position = 0
    while position < len(text):
        name, value, position = get_opt_name_value(text, position, first, warn)
        first = None
        if name != "id":
            params.append((name, value))
    return QemuOpts(id, tuple(params), text)


def keyval_parse(text: str, first_name: str) -> tuple[QemuOpts, bool]:
    """Parse ``text`` where every name but the first needs its ``=`` (``util/keyval.c``).

    Returns the parameters, and whether ``help`` is among them.  Raises ``Expected '='
    after parameter '<name>'`` and ``Invalid parameter '<name>'``.
    """
    params = []
    wants_help = False
    position = 0
    while position < len(text):
        match = re.compile(r"[^=,]*").match(text, position)
        assert match is not None
        name, end = match[0], match.end()
        if text.startswith("=", end):
            value, end = get_opt_value(text, end + 1)
        elif before.is_help_option(name):
            wants_help = True
            position = end + 1
            continue
        elif position == 0 and name:
            value, end = get_opt_value(text, position)
            name = first_name
        else:
            message = messages.MACHINE_BARE if name else messages.MACHINE_INVALID_KEY
            raise message.error(name=name)
        if not name:
            raise messages.MACHINE_INVALID_KEY.error(name=name)
        params.append((name, value))
        position = end + 1
    return QemuOpts(None, tuple(params), text), wants_help


def do_strtosz(text: str) -> tuple[int, bool] | int:
    """Read a size: the bytes, and whether the number is hexadecimal with a unit behind it.

    A whole number in C's decimal or hexadecimal notation, a fraction only of a decimal
    one, and one of the units B K M G T P E; a fraction needs a unit above B.  -EINVAL
    where it is none of that, -ERANGE from 2^64 on.
    """
    match = _SIZE.match(text)
    if match is None:
        return -EINVAL
    whole, fraction = match["whole"], match["fraction"]
    hexadecimal = whole[:2] in ("0x", "0X")
    if hexadecimal and fraction is not None:
        return -EINVAL
    value = int(whole, 16) if hexadecimal else decimal(whole)
    end = match.end()
    unit = suffix_mul(text[end : end + 1])
    if unit < 0:
        unit, suffix = 1, False
    else:
        end, suffix = end + 1, True
    if end != len(text):
        return -EINVAL
    part = float(f"0{fraction or ''}") if fraction not in (None, ".") else 0.0
    if part and unit == 1:
        return -EINVAL
    size = value * unit + math.floor(part * unit)
    return -ERANGE if size > before.UINT64_MAX else (size, hexadecimal and suffix)


def parse_option_size(name: str, value: str) -> int:
    """Read a size in bytes.

    Raises ``Value '<value>' is out of range for parameter '<name>'`` and
    ``Parameter '<name>' expects a non-negative number below 2^64``.
    """
    read = do_strtosz(value)
    if read == -ERANGE:
        raise messages.VALUE_OUT_OF_RANGE.error(value=value, name=name)
    if isinstance(read, int):
        raise messages.EXPECTS.error(
            name=name, what="a non-negative number below 2^64", hint=messages.SIZE_HINT
        )
    return read[0]


class OptsVisitor72:
    """Reads properties from the text of an option, and keeps which were read."""

    def __init__(self, opts: QemuOpts, warn_of_hex: Callable[[str], None]) -> None:
        self.opts = opts
        self._warn_of_hex = warn_of_hex
        self._unread = GHashTable(name for name, _ in opts.params)
        if opts.id is not None:
            self._unread.insert("id")

    def has(self, name: str) -> bool:
        """Whether the option has a parameter of that name."""
        return self._value(name) is not None

    def _value(self, name: str) -> str | None:
        return self.opts.id if name == "id" else self.opts.get(name)

    def _lookup(self, name: str) -> str:
        value = self._value(name)
        if value is None:
            raise messages.MISSING_PARAMETER.error(name=name)
        return value

    def type_str(self, name: str) -> str:
        """Read a string."""
        value = self._lookup(name)
        self._unread.remove(name)
        return value

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises ``Parameter '<name>' does not accept value ...``."""
        value = self.type_str(name)
        if value not in values:
            raise messages.VALUE_NOT_ACCEPTED.error(name=name, value=value)
        return value

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Parameter '<name>' expects 'on' or 'off'``."""
        value = self._lookup(name)
        if value not in TRUE and value not in FALSE:
            raise messages.EXPECTS.error(name=name, what="'on' or 'off'")
        self._unread.remove(name)
        return value in TRUE

    def type_size(self, name: str) -> int:
        """Read a size in bytes.  Raises ``Parameter '<name>' expects a size value``."""
        text = self._lookup(name)
        read = do_strtosz(text)
        if isinstance(read, int):
            raise messages.EXPECTS.error(name=name, what="a size value")
        size, warn = read
        if warn:
            self._warn_of_hex(text)
        self._unread.remove(name)
        return size

    def type_uint32(self, name: str) -> int:
        """Read a number.

        Raises ``Parameter '<name>' expects a uint64 value`` and ``... expects
        uint32_t``.
        """
        text = self._lookup(name)
        read = parse_uint(text)
        if read is None or read[1] != len(text):
            raise messages.EXPECTS.error(name=name, what="a uint64 value")
        self._unread.remove(name)
        if read[0] > UINT32_MAX:
            raise messages.EXPECTS.error(name=name, what="uint32_t")
        return read[0]

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects an int64 value``."""
        number = before.OptsVisitor(self.opts).type_int64(name)
        self._unread.remove(name)
        return number

    def type_uint16(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint32` raises, and ``expects uint16_t``."""
        return self._small(name, 16)

    def type_uint8(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint32` raises, and ``expects uint8_t``."""
        return self._small(name, 8)

    def _small(self, name: str, bits: int) -> int:
        value = self.type_uint32(name)
        if value >> bits:
            raise messages.EXPECTS.error(name=name, what=f"uint{bits}_t")
        return value

    def uint16_list(self, name: str) -> list[int]:
        """Read a list of numbers and ranges.

        Raises ``Parameter '<name>' expects a uint64 value or range``.
        """
        numbers = before.OptsVisitor(self.opts).uint16_list(name)
        self._unread.remove(name)
        return numbers

    def check_struct(self) -> None:
        """Raise ``Invalid parameter '<name>'`` for the first parameter nobody read."""
        for name in self._unread:
            raise messages.INVALID_KEY.error(name=name)
