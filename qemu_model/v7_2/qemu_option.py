"""``util/qemu-option.c``, ``util/cutils.c`` and ``qapi/opts-visitor.c``: reading option text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

from .. import messages
from .. import qemu_option as before
from ..glib import GHashTable
from ..globals import Qemu
from ..host.linux import ERRNO_NUMBERS
from ..qemu_option import (
    UINT64_MAX,
    QemuOpts,
    decimal,
    id_wellformed,
    is_help_option,
    parse_uint,
    suffix_mul,
)

C_FILE = "util/qemu-option.c"

TRUE = ("on", "yes", "true", "y")
FALSE = ("off", "no", "false", "n")
EINVAL = ERRNO_NUMBERS["EINVAL"]
ERANGE = ERRNO_NUMBERS["ERANGE"]

#: What a warning is handed to.
Warn = Callable[[str, str, str], None]

#: A value goes up to a comma; two of them are a comma in it.
_VALUE = r"(?:,,|[^,])*"
_WITH_NAME = rf"(?P<name>[^=,]*)=(?P<value>{_VALUE})"
#: A parameter with the comma behind it: the first of a text may be a value alone, the others
#: a name alone.
_FIRST = re.compile(rf"(?!\Z)(?:{_WITH_NAME}|(?P<nameless>{_VALUE}))(?:,|\Z)", re.DOTALL)
_PARAMETER = re.compile(rf"(?!\Z)(?:{_WITH_NAME}|(?P<bare>[^=,]*))(?:,|\Z)", re.DOTALL)

_SIZE = re.compile(
    r"""
    [ \t\n\v\f\r]*\+?
    (?P<whole> (?P<prefix> 0[xX])[0-9a-fA-F]+ | [0-9]+ )
    (?P<fraction> \.[0-9]* )?
    (?P<unit> [BKMGTPEbkmgtpe]? )
    """,
    re.ASCII | re.VERBOSE,
)


def opts_do_parse(
    text: str, first_name: str | None, warn: Warn | None
) -> Iterator[tuple[str, str]]:
    """Give names and values of the parameters of ``text``.

    The first without ``=`` is the value of ``first_name`` where that is given.  Any other
    is a boolean: on, or off if its name begins with ``no``; ``warn`` is called with it as
    given, and with its name and value.
    """
    rest = text
    if first_name is not None and (first := _FIRST.match(text)):
        rest = text[first.end() :]
        if first["nameless"] is None:
            yield first["name"], first["value"].replace(",,", ",")
        else:
            yield first_name, first["nameless"].replace(",,", ",")
    for parameter in _PARAMETER.finditer(rest):
        bare = parameter["bare"]
        if bare is None:
            yield parameter["name"], parameter["value"].replace(",,", ",")
            continue
        name, value = (bare[2:], "off") if bare.startswith("no") else (bare, "on")
        if warn is not None and not is_help_option(bare):
            warn(bare, name, value)
        yield name, value


def qemu_opts_parse_noisily(
    text: str, first_name: str, warn: Warn, *, merge_lists: bool = False
) -> QemuOpts:
    """Parse ``text``; a first parameter without ``=`` is the value of ``first_name``.

    With ``merge_lists`` all options of the kind are one, which has no id.  Raises
    ``Invalid parameter 'id'`` then, and else ``Parameter 'id' expects an identifier``, with
    a hint.
    """
    ids = (value for name, value in opts_do_parse(text, None, None) if name == "id")
    id = next(ids, None)
    if id is not None and merge_lists:
        raise messages.INVALID_KEY.error(name="id")
    if id is not None and not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)
    params = opts_do_parse(text, first_name, warn)
    return QemuOpts(id, tuple((name, value) for name, value in params if name != "id"), text)


def keyval_parse(text: str, first_name: str) -> tuple[QemuOpts, bool]:
    """Parse ``text`` where every name but the first needs its ``=`` (``util/keyval.c``).

    Returns the parameters, and whether ``help`` is among them.  Raises ``Expected '='
    after parameter '<name>'`` and ``Invalid parameter '<name>'``.
    """
    params = []
    wants_help = False
    implied: str | None = first_name
    for parameter in _PARAMETER.finditer(text):
        bare = parameter["bare"]
        if bare is not None and is_help_option(bare):
            wants_help = True
        elif bare and implied is not None:
            params.append((implied, bare))
        elif bare:
            raise messages.MACHINE_BARE.error(name=bare)
        elif not parameter["name"]:
            raise messages.MACHINE_INVALID_KEY.error(name="")
        else:
            params.append((parameter["name"], parameter["value"].replace(",,", ",")))
        implied = None
    return QemuOpts(None, tuple(params), text), wants_help


def do_strtosz(text: str, default_suffix: str = "B") -> tuple[int, bool] | int:
    """Read a size: the bytes, and whether the number is hexadecimal with a unit behind it.

    A whole number in C's decimal or hexadecimal notation, a fraction only of a decimal
    one, and one of the units B K M G T P E, or that of ``default_suffix``; a fraction needs
    a unit above B.  -EINVAL where it is none of that, -ERANGE from 2^64 on.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return -EINVAL
    whole, fraction, unit = match["whole"], match["fraction"], match["unit"]
    hexadecimal = match["prefix"] is not None
    if hexadecimal and fraction is not None:
        return -EINVAL
    value = int(whole, 16) if hexadecimal else decimal(whole)
    part = float(f"0{fraction or ''}")
    scale = (unit or default_suffix).upper()
    if part and scale == "B":
        return -EINVAL
    factor = suffix_mul(scale)
    size = value * factor + math.floor(part * factor)
    return -ERANGE if size > UINT64_MAX else (size, hexadecimal and bool(unit))


def warn_of_hex(qemu: Qemu) -> Callable[[str], None]:
    """Return what prints that a size is hexadecimal and has a unit."""
    return lambda text: qemu.warn_report(messages.HEX_SUFFIX, text=text)


def parse_option_size(name: str, value: str, warn_of_hex: Callable[[str], None]) -> int:
    """Read a size in bytes; ``warn_of_hex`` is called with one in hexadecimal that has a unit.

    Raises ``Value '<value>' is out of range for parameter '<name>'`` and
    ``Parameter '<name>' expects a non-negative number below 2^64``.
    """
    match do_strtosz(value):
        case size, warn:
            if warn:
                warn_of_hex(value)
            return size
        case failure if failure == -ERANGE:
            raise messages.VALUE_OUT_OF_RANGE.error(value=value, name=name)
    raise messages.EXPECTS.error(
        name=name, what="a non-negative number below 2^64", hint=messages.SIZE_HINT
    )


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

    def type_uint64(self, name: str) -> int:
        """Read a number.  Raises ``Parameter '<name>' expects a uint64 value``."""
        text = self._lookup(name)
        read = parse_uint(text)
        if read is None or text[read[1] :]:
            raise messages.EXPECTS.error(name=name, what="a uint64 value")
        self._unread.remove(name)
        return read[0]

    def type_uint32(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint32_t``."""
        return self._small(name, 32)

    def type_int64(self, name: str) -> int:
        """Read a number with a sign.  Raises ``Parameter '<name>' expects an int64 value``."""
        number = before.OptsVisitor(self.opts).type_int64(name)
        self._unread.remove(name)
        return number

    def type_uint16(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint16_t``."""
        return self._small(name, 16)

    def type_uint8(self, name: str) -> int:
        """Read a number.  Raises what :meth:`type_uint64` raises, and ``expects uint8_t``."""
        return self._small(name, 8)

    def _small(self, name: str, bits: int) -> int:
        value = self.type_uint64(name)
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
