"""``util/cutils.c``: reading numbers and sizes from text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import math
import re
from typing import Final

from . import messages
from .globals import Qemu
from .host.linux import ERRNO_NUMBERS

C_FILE = "util/cutils.c"

EINVAL: Final = ERRNO_NUMBERS["EINVAL"]
ERANGE: Final = ERRNO_NUMBERS["ERANGE"]
INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1
UINT_MAX: Final = (1 << 32) - 1
UINT64_MAX: Final = (1 << 64) - 1

#: Below this a double is denormal, and strtod reports ERANGE.
_SMALLEST_NORMAL: Final = 2.2250738585072014e-308
#: From here on a double no longer tells sizes apart from 2**64.
_SIZE_LIMIT: Final = 0xFFFF_FFFF_FFFF_FC00
#: More digits than any number in range has; Python itself reads at most 4300.
_MOST_DIGITS: Final = 1000

#: Binary prefixes, by powers of 1024.
_PREFIXES: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

_SPACE: Final = r"[ \t\n\v\f\r]*"
_STRTOD: Final = (
    rf"(?a){_SPACE}"
    r"(?P<number>[+-]?(?:"
    r"(?P<hex>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|(?P<infinity>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
    r"|(?P<nan>[nN][aA][nN](?:\([0-9A-Za-z_]*\))?)"
    r"))"
)
_INTEGER: Final = rf"(?a){_SPACE}(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))"
_SIZE: Final = re.compile(
    rf"{_SPACE}(?P<sign>[+-]?)"
    r"(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<whole>[0-9]*)(?P<fraction>\.[0-9]*)?)"
    r"(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)


def decimal(digits: str) -> int:
    """Return the value of decimal digits; of too many, a number that is out of range."""
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _c_integer(number: str) -> int:
    """Return the value of an integer written as C writes it: decimal, 0x, or octal after 0."""
    digits = number.lstrip("+-")
    if digits.startswith(("0x", "0X")):
        value = int(digits, 16)
    elif digits.startswith("0"):
        value = int(digits, 8)
    else:
        value = decimal(digits)
    return -value if number.startswith("-") else value


def _parse_integer(text: str) -> int | None:
    """Read a whole text as a number in C's notations, of any size, or return None."""
    match = re.fullmatch(_INTEGER, text)
    return None if match is None else _c_integer(match["number"])


def parse_uint(text: str) -> tuple[int, int] | None:
    """Read an unsigned number in C's notations: its value and where it ends, or None."""
    match = re.match(_INTEGER, text)
    if match is None or match["number"].startswith("-"):
        return None
    value = _c_integer(match["number"])
    return (value, match.end()) if value <= UINT64_MAX else None


def qemu_strtoui(text: str) -> tuple[int, int] | None:
    """Read an unsigned int in C's notations: its value and where it ends, or None."""
    found = parse_uint(text)
    return None if found is None or found[0] > UINT_MAX else found


def qemu_strtoi64(text: str) -> int | None:
    """Read a whole text as a number with a sign, in C's notations, or return None."""
    number = _parse_integer(text)
    return None if number is None or not INT64_MIN <= number <= INT64_MAX else number


def qemu_strtou64(text: str) -> int | None:
    """Read a whole text as a number; a negative one wraps at 2**64.  None if there is none."""
    number = _parse_integer(text)
    return None if number is None or abs(number) > UINT64_MAX else number & UINT64_MAX


def strtod(text: str) -> tuple[float | None, int] | None:
    """Read a number as C's strtod does: its value and where it ends.

    None where there is none; the value is None where the C library reports ERANGE.
    """
    match = re.match(_STRTOD, text)
    if match is None:
        return None
    number, hexadecimal, infinity, nan = match.groups()
    if infinity:
        return (-math.inf if number.startswith("-") else math.inf), match.end()
    if nan:
        return math.nan, match.end()
    try:
        value = float.fromhex(number) if hexadecimal else float(number)
    except OverflowError:
        return None, match.end()
    if math.isinf(value) or (abs(value) < _SMALLEST_NORMAL and _has_digit(number)):
        return None, match.end()
    return value, match.end()


def _has_digit(number: str) -> bool:
    significand = re.split("[pP]" if "x" in number.lower() else "[eE]", number)[0]
    return re.search("[1-9a-fA-F]", significand.lower().replace("0x", "")) is not None


def suffix_mul(suffix: str) -> int:
    """Return how many bytes a unit means (units of 1024), or -1 for an unknown unit."""
    place = "BKMGTPE".find(suffix.upper()) if suffix else -1
    return 1024**place if place >= 0 else -1


def do_strtosz(qemu: Qemu, text: str, default_suffix: str = "B", *, again: bool = False) -> int:
    """Read a size in bytes, or return -EINVAL or -ERANGE.

    A number with one of the units B K M G T P E, or that of ``default_suffix``.  Warns of a
    unit after a hexadecimal number, but not ``again``.
    """
    if not qemu.tree.cutils.sizes_are_exact:
        return _size_as_double(text, default_suffix, qemu.tree.cutils.size_reports_range)
    size, warns = _exact_size(
        text,
        default_suffix,
        qemu.tree.cutils.size_may_be_a_fraction,
        qemu.tree.cutils.hex_size_takes_a_unit,
    )
    if warns and not again:
        qemu.warn_report(messages.HEX_SUFFIX, text=text)
    return size


@functools.lru_cache(maxsize=256)
def _size_as_double(text: str, default_suffix: str, reports_range: bool) -> int:
    """Read a size as strtod reads a number: with exponents, ``0x1p3`` and signs.

    A fraction needs a unit above B; a negative size and one near 2**64 are out of range,
    and what is not finite is not a number.
    """
    read = strtod(text)
    if read is None:
        return -EINVAL
    value, end = read
    if value is None:
        return -ERANGE if reports_range and end == len(text) else -EINVAL
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
    if value < 0 or value * unit >= _SIZE_LIMIT:
        return -ERANGE
    return int(value * unit)


@functools.lru_cache(maxsize=256)
def _exact_size(
    text: str, default_suffix: str, any_fraction: bool, hex_takes_a_unit: bool
) -> tuple[int, bool]:
    """Read a size without loss, and return whether it is hexadecimal with a unit."""
    match = _SIZE.fullmatch(text)
    assert match is not None, "the last group takes anything"
    if not match["hex"]:
        return _decimal_size(match, default_suffix, any_fraction), False
    rest = match["rest"]
    size = _hexadecimal_size(int(match["hex"], 16), match["sign"], rest, default_suffix)
    if rest and size != -EINVAL and not hex_takes_a_unit:
        return -EINVAL, False
    return size, bool(rest) and size != -EINVAL


def _decimal_size(match: re.Match[str], default_suffix: str, any_fraction: bool) -> int:
    """Return a decimal size: a fraction needs a unit above B, and half a byte is rounded up."""
    whole, fraction, rest = match["whole"] or "", match["fraction"], match["rest"]
    if not whole and (not any_fraction or fraction is None or fraction == "."):
        return -EINVAL
    if match["sign"] == "-":
        alone = not rest and (fraction is None or not whole)
        return -ERANGE if any_fraction and alone else -EINVAL
    value = decimal(whole)
    if value > UINT64_MAX:
        return -EINVAL if rest or fraction else -ERANGE
    unit = suffix_mul(rest[:1])
    if rest[1:] or (rest and unit < 0):
        return -EINVAL
    if unit < 0:
        unit = suffix_mul(default_suffix)
    part = _fixed_point(fraction, any_fraction)
    if unit == 1:
        return -EINVAL if part % (1 << 64) else value
    size = value * unit + (part * unit + (1 << 63) >> 64)
    return size if size <= UINT64_MAX else -ERANGE


def _hexadecimal_size(value: int, sign: str, rest: str, default_suffix: str) -> int:
    """Return the size that a hexadecimal number and the ``rest`` after it mean."""
    unit = suffix_mul(rest[:1])
    if sign == "-" or rest[1:] or (rest and unit < 0):
        return -EINVAL
    if value > UINT64_MAX:
        return -EINVAL if rest else -ERANGE
    size = value * (unit if rest else suffix_mul(default_suffix))
    return size if size <= UINT64_MAX else -ERANGE


def _fixed_point(fraction: str | None, any_fraction: bool) -> int:
    """Return a decimal fraction as a number of 2**-64.

    Where any fraction counts, one too small for that is 1, and one that a double rounds
    up to 1 is 2**64; else both are lost.
    """
    if fraction is None or fraction == ".":
        return 0
    part = int(float(f"0{fraction}") * (1 << 64))
    if not any_fraction:
        return part % (1 << 64)
    return part or int(_has_digit(fraction))


def qemu_strtosz(qemu: Qemu, text: str) -> int | None:
    """Read a size in bytes, or return None."""
    size = do_strtosz(qemu, text)
    return None if size < 0 else size


def qemu_strtosz_MiB(qemu: Qemu, text: str) -> int | None:
    """Read a size whose unit is MiB if none is given, or return None."""
    size = do_strtosz(qemu, text, "M")
    return None if size < 0 else size


def size_to_str(size: int) -> str:
    """Return a size in bytes with three digits and a binary unit: ``2 MiB``, ``4 KiB``.

    From 1000 on the next larger unit is used.
    """
    _, exponent = math.frexp(size / (1000.0 / 1024.0))
    power = max(0, (exponent - 1) // 10)
    return f"{size / (1 << 10 * power):0.3g} {_PREFIXES[power]}B"
