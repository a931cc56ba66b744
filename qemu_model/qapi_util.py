"""``qapi/qapi-util.c``: a boolean in text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from . import messages
from .error import Error
from .globals import Qemu

C_FILE = "qapi/qapi-util.c"


def _expects_on_or_off(name: str) -> Error:
    return messages.EXPECTS.error(name=name, what="'on' or 'off'")


class Booleans(NamedTuple):
    """The words for true and for false, and what is raised for any other, by the name.

    ``any_case``: also in upper case.
    """

    true: tuple[str, ...]
    false: tuple[str, ...]
    refusal: Callable[[str], Error] = _expects_on_or_off
    any_case: bool = False


#: What ``util/qemu-option.c`` and the keyval visitor took before 5.2.
ON_OFF: Final = Booleans(("on",), ("off",))
_ALL: Final = Booleans(("on", "yes", "true", "y"), ("off", "no", "false", "n"))


def qapi_bool_parse(qemu: Qemu, name: str, value: str, before_5_2: Booleans = ON_OFF) -> bool:
    """Read a boolean; until 5.2 each caller had words of its own.

    Raises ``Parameter '<name>' expects 'on' or 'off'``, or what its words say.
    """
    words = _ALL if qemu.tree.qapi_util.booleans_are_read_alike else before_5_2
    value = value.lower() if words.any_case else value
    if value in words.true:
        return True
    if value in words.false:
        return False
    raise words.refusal(name)
