"""The options of a line that say nothing about memory, and what is assumed of others, briefly."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..front_end import CommandLine

#: A value that is longer, in characters, is left out; --json has all of them whole.
_LONGEST: Final = 20
#: In JSON, what says which device or object is meant.
_JSON_NAME: Final = r'"(?:driver|qom-type)"\s*:\s*"([^"]*)"'


def ignored_sentences(line: CommandLine) -> Iterator[str]:
    """Yield which options were ignored, and what is assumed of others.

    Devices and objects are named by their type, the others with a short value.
    """
    values: dict[str, list[str]] = {}
    for given in line.ignored:
        option, _, value = given.partition(" ")
        values.setdefault(option, []).append(value)
    if values:
        yield f"ignored: {', '.join(_named(option, given) for option, given in values.items())}"
    for sentence in line.assumed:
        yield f"assumed: {sentence}"


def _named(option: str, values: Sequence[str]) -> str:
    if option.lstrip("-") in ("device", "object"):
        return f"{option} {' '.join(dict.fromkeys(map(_type_of, values)))}"
    if len(values) > 1:
        return f"{option} ({len(values)} times)"
    return f"{option} {values[0]}".rstrip() if len(values[0]) <= _LONGEST else option


def _type_of(value: str) -> str:
    name = re.search(_JSON_NAME, value) if value.startswith("{") else None
    return name[1] if name else value.partition(",")[0]
