"""Options, properties, types and machines of a line that no tree of the model knows.

Where the model refuses one of them, a QEMU that accepts it is right.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Final

from ..front_ends import front_end_of
from ..revision import REVISIONS

_REFUSALS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<option>\S+): invalid option$",
        r"Property '[^']*\.(?P<name>[^'.]*)' not found$",
        r"[Ii]nvalid parameter '(?P<parameter>[^']*)'$",
        r"Parameter '(?P<name>[^']*)' is unexpected$",
        r"[Ii]nvalid object type: (?P<name>\S+)$",
        r"Parameter 'qom-type' does not accept value '(?P<name>[^']*)'$",
        r"Invalid parameter type for 'qom-type', expected: (?P<name>\S+)$",
        r"(?:-M|-machine) (?:type=)?(?P<machine>[^,:]*).*: unsupported machine type",
        r"(?P<machine>unsupported machine type)",
        r"'(?P<name>[^']*)' is not a valid device model name$",
    )
)


def refused_name(lines: Iterable[str], given: str) -> str:
    """Return what the model's messages refuse and no tree knows; empty if there is none.

    ``given`` is the command line or command that they answer: until 6.1 an invalid parameter
    can be the value of a property that is known.  A property that a later tree has is known.
    A machine never is: a QEMU that runs with it has it.
    """
    for line in lines:
        for pattern in _REFUSALS:
            match = pattern.search(line)
            if match is None:
                continue
            found = match.groupdict()
            whole: str | None = found.get("option") or found.get("machine")
            if whole:
                return whole
            name = found.get("name") or ""
            parameter = found.get("parameter")
            if parameter is not None and _is_name_in(given, parameter):
                name = parameter
            return "" if name in known_names() else name
    return ""


def _is_name_in(given: str, word: str) -> bool:
    """Whether a word is the name of a parameter, and not only a value."""
    name = re.escape(word)
    return re.search(rf'(?:^|[,\n]){name}(?:[=,\n]|$)|"{name}"\s*:', given) is not None


@functools.cache
def known_names() -> frozenset[str]:
    """Return the types of objects, and their properties, that some tree has."""
    names: set[str] = set()
    for revision in REVISIONS.values():
        for name, info in front_end_of(revision).types(revision.release).items():
            names.add(name)
            names.update(info.properties)
    return frozenset(names)
