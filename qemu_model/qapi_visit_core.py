"""``qapi/qapi-visit-core.c``: what every visitor checks of numbers and words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence

from . import messages

C_FILE = "qapi/qapi-visit-core.c"


def _as_uint(name: str, value: int, bits: int) -> int:
    """Return a number that has so many bits (``visit_type_uintN``).

    Raises ``Parameter '<name>' expects uint<bits>_t``.
    """
    if value >> bits:
        raise messages.EXPECTS.error(name=name, what=f"uint{bits}_t")
    return value


def _as_int32(name: str, value: int) -> int:
    """Return a number that has 32 bits and a sign (``visit_type_intN``).

    Raises ``Parameter '<name>' expects int32_t``.
    """
    if not -(1 << 31) <= value < 1 << 31:
        raise messages.EXPECTS.error(name=name, what="int32_t")
    return value


def input_type_enum(name: str, value: str, values: Sequence[str]) -> str:
    """Return one of ``values``.

    Raises ``Parameter '<name>' does not accept value '<value>'``, ``Invalid parameter
    '<value>'`` until 6.1.
    """
    if value not in values:
        raise messages.VALUE_NOT_ACCEPTED.error(name=name, value=value)
    return value
