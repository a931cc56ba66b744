"""The parts of a line that bear on memory, by option: objects, devices, machine, nodes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..error import Error
from ..input.programs import option_name, options_with_value
from ..qemu_option import qemu_opts_parse
from ..records import Value

#: What the first parameter of an option is called, where it has no name.
_FIRST: Final = MappingProxyType(
    {
        "object": "qom-type",
        "device": "driver",
        "netdev": "type",
        "chardev": "backend",
        "machine": "type",
        "M": "type",
        "m": "size",
        "numa": "type",
        "smp": "cpus",
        "overcommit": "mem-lock",
    }
)
_SIZE: Final = re.compile(r"(0x[0-9a-f]{1,16}|\d{1,20}(?:\.\d{1,20})?)([BKMGTPE]?)", re.I | re.A)
_SAME: Final = MappingProxyType({"M": "machine"})
_ON: Final = ("on", "yes", "y", "true")


@attrs.frozen(eq=False, repr=False)
class Part(Value):
    """One option of the line, read without refusing anything.

    ``kind`` is what comes first (a type, a driver), ``place`` counts the words of the
    line before the option's value.
    """

    option: str
    kind: str
    id: str
    params: Mapping[str, str]
    text: str
    place: int

    def on(self, name: str, *, default: bool = False) -> bool:
        """Return whether a boolean is on."""
        value = self.params.get(name)
        return default if value is None else value in _ON

    @property
    def size(self) -> int:
        """The size in bytes, 0 if there is none that can be read."""
        return size_of(self.params.get("size", ""))

    @property
    def label(self) -> str:
        """What people call it: the id and the kind, or the kind alone."""
        return f"{self.id} ({self.kind})" if self.id else self.kind

    @property
    def mem_lock(self) -> str:
        """What ``-overcommit`` says of locking: ``on``, ``off`` or ``on-fault``."""
        return self.kind or self.params.get("mem-lock", "off")

    @property
    def on_mem_lock(self) -> bool:
        """Whether ``-overcommit`` locks memory."""
        return self.option == "overcommit" and self.mem_lock in (*_ON, "on-fault")

    def with_values(self, **values: str | None) -> str:
        """Return the option's value with these parameters set, or left out for None.

        A name's underscores stand for dashes.
        """
        named = {name.replace("_", "-"): value for name, value in values.items()}
        if self.text.startswith("{"):
            return self._json_with(named)
        params = {**self.params}
        for name, value in named.items():
            if value is None:
                params.pop(name, None)
            else:
                params[name] = value
        words = [self.kind] if self.kind else []
        words += [f"id={self.id}"] if self.id else []
        words += [f"{name}={value.replace(',', ',,')}" for name, value in params.items()]
        return ",".join(words)

    def _json_with(self, named: Mapping[str, str | None]) -> str:
        document = json.loads(self.text)
        for name, value in named.items():
            if value is None:
                document.pop(name, None)
            elif value in ("on", "off"):
                document[name] = value == "on"
            else:
                document[name] = int(value) if value.isdigit() else value
        return json.dumps(document, separators=(",", ":"))


def size_of(text: str) -> int:
    """Return a size with its unit in bytes, 0 if the text is not a size."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return 0
    unit = 1 << 10 * "BKMGTPE".index((found[2] or "B").upper())
    number = int(found[1], 16) if found[1].startswith("0x") else float(found[1])
    return int(number * unit)


def words_of(args: Sequence[str]) -> Iterator[tuple[str, str | None, int]]:
    """Yield each option without its dash, its value if it takes one, and where that stands."""
    place = 0
    while place < len(args):
        name = option_name(args[place])
        place += 1
        if not name:
            continue
        if name in options_with_value():
            yield _SAME.get(name, name), args[place] if place < len(args) else "", place
            place += 1
        else:
            yield _SAME.get(name, name), None, place - 1


def parts_of(args: Sequence[str]) -> tuple[Part, ...]:
    """Return the options of a line that have parameters; what cannot be read is left out."""
    found = (
        part_of(name, value, place) for name, value, place in words_of(args) if value is not None
    )
    return tuple(part for part in found if part is not None)


def part_of(option: str, text: str, place: int = 0) -> Part | None:
    """Return one option read as parameters or JSON, None if it cannot be read."""
    first = _FIRST.get(option)
    if first is None:
        return None
    if text.startswith("{"):
        return _json_part(option, first, text, place)
    try:
        opts = qemu_opts_parse(text, first)
    except Error:
        return None
    params = _merged(opts.params)
    kind = params.pop(first, "")
    return Part(option, kind, opts.id or "", MappingProxyType(params), text, place)


def _merged(params: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters by name: the last counts, but nodes accumulate."""
    merged: dict[str, str] = {}
    for name, value in params:
        if name == "host-nodes" and name in merged:
            merged[name] += f",{value}"
        else:
            merged[name] = value
    return merged


def _json_part(option: str, first: str, text: str, place: int) -> Part | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    params = {str(name): _text(value) for name, value in document.items()}
    kind, id = params.pop(first, ""), params.pop("id", "")
    return Part(option, kind, id, MappingProxyType(params), text, place)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else json.dumps(value)


def replaced(args: Sequence[str], part: Part, text: str) -> tuple[str, ...]:
    """Return the line with another value for one option."""
    return (*args[: part.place], text, *args[part.place + 1 :])


def removed(args: Sequence[str], part: Part) -> tuple[str, ...]:
    """Return the line without one option and its value."""
    return (*args[: part.place - 1], *args[part.place + 1 :])
