"""``util/qemu-option.c``, ``util/cutils.c`` and ``qapi/opts-visitor.c``: reading option text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import attrs

from . import messages
from .error import Error
from .glib import GHashTable
from .host.linux import ERRNO_NUMBERS

C_FILE = "util/qemu-option.c"

EINVAL = ERRNO_NUMBERS["EINVAL"]
ERANGE = ERRNO_NUMBERS["ERANGE"]

#: The largest list that a range in ``host-nodes`` may stand for (``OPTS_VISITOR_RANGE_MAX``).
RANGE_MAX = 65536
#: From here on a double no longer tells sizes apart from 2**64.
SIZE_LIMIT = 0xFFFF_FFFF_FFFF_FC00
UINT64_MAX = 0xFFFF_FFFF_FFFF_FFFF
#: More digits than any number has that is in range; Python itself reads no more than 4300.
MOST_DIGITS = 1000

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9\-._]*")
_STRTOD = re.compile(
    r"[ \t\n\v\f\r]*"
    r"(?P<number>[+-]?(?:"
    r"(?P<hex>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|(?P<infinity>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
    r"|(?P<nan>[nN][aA][nN](?:\([0-9A-Za-z_]*\))?)"
    r"))",
    re.ASCII,
)
_PARSE_UINT = re.compile(
    r"[ \t\n\v\f\r]*(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))", re.ASCII
)


@attrs.frozen
class QemuOpts:
    """One parsed option argument: its ``id`` and its parameters, in the order given.

    ``text`` is the argument as typed, ``location`` the option and the argument,
    which error reports about it start with.
    """

    id: str | None
    params: tuple[tuple[str, str], ...]
    text: str = ""
    location: str = ""

    def get(self, name: str) -> str | None:
        """Return the value given last for ``name``, or None (``qemu_opt_get``)."""
        for key, value in reversed(self.params):
            if key == name:
                return value
        return None

    def has_help(self) -> bool:
        """Whether ``help`` or ``?`` is among the parameters (``qemu_opt_has_help_opt``)."""
        return any(key in ("help", "?") for key, _ in self.params)


def is_help_option(text: str) -> bool:
    """Whether ``text`` asks for help."""
    return text in ("help", "?")


def get_opt_name(text: str, start: int, delimiter: str) -> int:
    """Return where the name that begins at ``start`` ends: at the delimiter or the end."""
    name, _, _ = text[start:].partition(delimiter)
    return start + len(name)


def get_opt_value(text: str, start: int) -> tuple[str, int]:
    """Return the value that begins at ``start``, and where it ends.

    Two commas are one literal comma; a single one ends the value.
    """
    end = text.find(",", start)
    if end < 0:
        return text[start:], len(text)
    if not text.startswith(",", end + 1):
        return text[start:end], end
    value = []
    position = start
    while position < len(text):
        character = text[position]
        if character == ",":
            if not text.startswith(",", position + 1):
                break
            position += 1
        value.append(character)
        position += 1
    return "".join(value), position


def id_wellformed(id: str) -> bool:
    """Whether ``id`` is an identifier (``util/id.c``)."""
    return _IDENTIFIER.fullmatch(id) is not None


def qemu_opts_parse(text: str, first_name: str, location: str = "") -> QemuOpts:
    """Parse ``text``; a first parameter without ``=`` is the value of ``first_name``.

    A later parameter without ``=`` is on, or off if its name begins with ``no``.
    Raises ``Parameter 'id' expects an identifier``, with a hint.
    """
    id = None
    if text.startswith("id="):
        id = get_opt_value(text, 3)[0]
    elif (found := text.find(",id=")) >= 0:
        id = get_opt_value(text, found + 4)[0]
    if id is not None and not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)

    params = []
    position = 0
    while position < len(text):
        equals = text.find("=", position)
        comma = text.find(",", position)
        if equals < 0 or 0 <= comma < equals:
            if position == 0:
                name = first_name
                value, position = get_opt_value(text, position)
            else:
                end = get_opt_name(text, position, ",")
                name, value, position = text[position:end], "on", end
                if name.startswith("no"):
                    name, value = name[2:], "off"
        else:
            name = text[position:equals]
            value, position = get_opt_value(text, equals + 1)
        if name != "id":
            params.append((name, value))
        position += 1
    return QemuOpts(id, tuple(params), text, location)


def strtod(text: str) -> tuple[float | None, int] | None:
    """Read a number as C's strtod does: its value and where it ends.

    None where there is none; the value is None where the C library says ERANGE.
    """
    match = _STRTOD.match(text)
    if match is None:
        return None
    number = match["number"]
    if match["infinity"]:
        return (-math.inf if number.startswith("-") else math.inf), match.end()
    if match["nan"]:
        return math.nan, match.end()
    try:
        value = float.fromhex(number) if match["hex"] else float(number)
    except OverflowError:
        return None, match.end()
    if math.isinf(value) or (abs(value) < 2.2250738585072014e-308 and _has_digit(number)):
        return None, match.end()
    return value, match.end()


def _has_digit(number: str) -> bool:
    significand = re.split("[pP]" if "x" in number.lower() else "[eE]", number)[0]
    return re.search("[1-9a-fA-F]", significand.lower().replace("0x", "")) is not None


def suffix_mul(suffix: str) -> int:
    """Return how many bytes the unit stands for, or -1 if it is none (units of 1024)."""
    place = "BKMGTPE".find(suffix.upper()) if suffix else -1
    return 1024**place if place >= 0 else -1


def do_strtosz(text: str, default_suffix: str = "B") -> int:
    """Read a size in bytes, or return -EINVAL or -ERANGE (``util/cutils.c:do_strtosz``).

    A number as strtod reads it and one of the units B K M G T P E, or that of
    ``default_suffix``; a fraction needs a unit above B; what is negative or comes
    near 2**64 is out of range, and what is not finite is no number.
    """
    read = strtod(text)
    if read is None:
        return -EINVAL
    value, end = read
    if value is None:
        return -ERANGE if end == len(text) else -EINVAL
    if not math.isfinite(value):
        return -EINVAL
    unit = suffix_mul(text[end : end + 1])
    if unit >= 0:
        end += 1
    else:
        unit = suffix_mul(default_suffix)
    if end != len(text):
        return -EINVAL
    if unit == 1 and value != math.floor(value):
        return -EINVAL
    if value < 0 or value * unit >= SIZE_LIMIT:
        return -ERANGE
    return int(value * unit)


def qemu_strtosz(text: str) -> int | None:
    """Read a size in bytes, or return None."""
    size = do_strtosz(text)
    return None if size < 0 else size


def qemu_strtosz_mib(text: str) -> int | None:
    """Read a size whose unit is MiB if none is given (``qemu_strtosz_MiB``), or return None."""
    size = do_strtosz(text, "M")
    return None if size < 0 else size


def parse_option_size(name: str, value: str) -> int:
    """Read a size in bytes.

    Raises ``Value '<value>' is out of range for parameter '<name>'`` and
    ``Parameter '<name>' expects a non-negative number below 2^64``.
    """
    size = do_strtosz(value)
    if size == -ERANGE:
        raise messages.VALUE_OUT_OF_RANGE.error(value=value, name=name)
    if size < 0:
        raise messages.EXPECTS.error(
            name=name, what="a non-negative number below 2^64", hint=messages.SIZE_HINT
        )
    return size


def parse_option_number(name: str, value: str) -> int:
    """Read a number; a negative one wraps at 2**64, as strtoull lets it.

    Raises ``Parameter '<name>' expects a number`` and ``Value '<value>' is too
    large for parameter '<name>'``.
    """
    number = parse_integer(value)
    if number is None:
        raise messages.EXPECTS.error(name=name, what="a number")
    if abs(number) > UINT64_MAX:
        raise messages.VALUE_TOO_LARGE.error(value=value, name=name)
    return number & UINT64_MAX


def c_integer(number: str) -> int:
    """Return the value of an integer written as C writes it: decimal, 0x, or octal after 0."""
    digits = number.lstrip("+-")
    if digits.startswith(("0x", "0X")):
        value = int(digits, 16)
    elif digits.startswith("0"):
        value = int(digits, 8)
    else:
        value = decimal(digits)
    return -value if number.startswith("-") else value


def decimal(digits: str) -> int:
    """Return the value of decimal digits, of so many that what is left out is out of range."""
    return int(digits.lstrip("0")[:MOST_DIGITS] or "0")


def parse_integer(text: str) -> int | None:
    """Read a whole text as a number in C's notations, of any size, or return None."""
    match = _PARSE_UINT.fullmatch(text)
    return None if match is None else c_integer(match["number"])


def parse_uint(text: str) -> tuple[int, int] | None:
    """Read an unsigned number in C's notations: its value and where it ends, or None."""
    match = _PARSE_UINT.match(text)
    if match is None or match["number"].startswith("-"):
        return None
    value = c_integer(match["number"])
    return (value, match.end()) if value <= UINT64_MAX else None


class OptsVisitor:
    """Reads properties from the text of an option (``qapi/opts-visitor.c``)."""

    def __init__(self, opts: QemuOpts) -> None:
        self.opts = opts

    def _lookup(self, name: str) -> str:
        value = self.opts.id if name == "id" else self.opts.get(name)
        if value is None:
            raise messages.MISSING_PARAMETER.error(name=name)
        return value

    def type_size(self, name: str) -> int:
        """Read a size.  Raises ``Parameter '<name>' expects a size value``."""
        size = qemu_strtosz(self._lookup(name))
        if size is None:
            raise messages.EXPECTS.error(name=name, what="a size value")
        return size

    def type_bool(self, name: str) -> bool:
        """Read a boolean.  Raises ``Parameter '<name>' expects on|yes|y|off|no|n``."""
        value = self._lookup(name)
        if value in ("on", "yes", "y"):
            return True
        if value in ("off", "no", "n"):
            return False
        raise messages.EXPECTS.error(name=name, what="on|yes|y|off|no|n")

    def type_str(self, name: str) -> str:
        """Read a string."""
        return self._lookup(name)

    def optional(self, name: str) -> bool:
        """Return whether a parameter is given."""
        return (self.opts.id if name == "id" else self.opts.get(name)) is not None

    def type_enum(self, name: str, values: Sequence[str]) -> str:
        """Read one of ``values``.  Raises ``Invalid parameter '<value>'``."""
        value = self._lookup(name)
        if value not in values:
            raise messages.INVALID_PARAMETER.error(value=value)
        return value

    def type_uint(self, name: str, bits: int) -> int:
        """Read a number of so many bits.

        Raises ``Parameter '<name>' expects a uint64 value`` or ``... uint<bits>_t``.
        """
        text = self._lookup(name)
        read = parse_uint(text)
        if read is None or read[1] != len(text):
            raise messages.EXPECTS.error(name=name, what="a uint64 value")
        if read[0] >> bits:
            raise messages.EXPECTS.error(name=name, what=f"uint{bits}_t")
        return read[0]

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects an int64 value``."""
        number = parse_integer(self._lookup(name))
        if number is None or not -(1 << 63) <= number < 1 << 63:
            raise messages.EXPECTS.error(name=name, what="an int64 value")
        return number

    def check_struct(self, members: Iterable[str]) -> None:
        """Refuse what is none of the members.  Raises ``Invalid parameter '<name>'``."""
        unread = GHashTable(name for name, _ in self.opts.params)
        if self.opts.id is not None:
            unread.insert("id")
        for name in members:
            unread.remove(name)
        for name in unread:
            raise messages.INVALID_PARAMETER.error(value=name)

    def uint16_list(self, name: str) -> list[int]:
        """Read numbers and ranges, of every time the option was given.

        Raises ``Parameter '<name>' expects a uint64 value or range``.
        """
        numbers: list[int] = []
        for key, value in self.opts.params:
            if key == name:
                numbers.extend(self._uint16_range(name, value))
        return numbers

    def _uint16_range(self, name: str, text: str) -> range:
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
        if numbers[-1] > 0xFFFF:
            raise uint16_expected()
        return numbers


def uint16_expected() -> Error:
    """Return the error for an element of a list that is too large for 16 bits."""
    return messages.EXPECTS.error(name="null", what="uint16_t")
