"""The options of a line that say nothing about memory, named briefly."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

#: A value that is longer, in characters, is left out; --json has all of them whole.
_LONGEST: Final = 20
#: In JSON, what says which device or object is meant.
_JSON_NAME: Final = re.compile(r'"(?:driver|qom-type)"\s*:\s*"([^"]*)"')


def ignored_sentences(ignored: Sequence[str]) -> Iterator[str]:
    """Yield which options were ignored: devices by name, the others with a short value."""
    if not ignored:
        return
    values: dict[str, list[str]] = {}
    for given in ignored:
        option, _, value = given.partition(" ")
        values.setdefault(option, []).append(value)
    yield f"ignored: {', '.join(_named(option, given) for option, given in values.items())}"
    if any(option.lstrip("-") == "readconfig" for option in values):
        yield "the file of -readconfig was not read: what it says about memory is missing here"


def _named(option: str, values: Sequence[str]) -> str:
    if option.lstrip("-") == "device":
        return f"{option} {' '.join(dict.fromkeys(map(_device, values)))}"
    if len(values) > 1:
        return f"{option} ({len(values)} times)"
    return f"{option} {values[0]}".rstrip() if len(values[0]) <= _LONGEST else option


def _device(value: str) -> str:
    name = _JSON_NAME.search(value) if value.startswith("{") else None
    return name[1] if name else value.partition(",")[0]
