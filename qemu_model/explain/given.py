"""What stands on a line, read with patience: a line that QEMU refuses is explained too."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from ..error import Error
from ..qemu_option import qemu_opts_parse
from ..qemu_options_hx import qemu_options
from ..records import Value


@attrs.frozen(eq=False, repr=False)
class GivenObject(Value):
    """An -object as it was given: type, id, its other parameters in their order."""

    type: str
    id: str
    params: tuple[tuple[str, str], ...]
    text: str = ""

    @property
    def path(self) -> str:
        """The mem-path, empty if there is none."""
        return dict(self.params).get("mem-path", "")

    def on(self, name: str, *, default: bool = False) -> bool:
        """Whether a boolean was given as on."""
        value = dict(self.params).get(name)
        return default if value is None else value in ("on", "yes", "y")

    def with_values(self, **values: str) -> str:
        """Return the object's text with these values in it."""
        params = dict(self.params)
        params.update(values)
        words = [self.type, f"id={self.id}"]
        words += [f"{name}={value.replace(',', ',,')}" for name, value in params.items()]
        return ",".join(words)


def words_of(args: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each option, without its dash, and its value if it takes one."""
    words = iter(args)
    for word in words:
        name = word.lstrip("-")
        if word.startswith("-"):
            yield name, next(words, "") if _takes_value(name) else None


def _takes_value(name: str) -> bool:
    option = qemu_options().get(name)
    return option is not None and option.has_arg


def given_objects(args: Sequence[str]) -> list[GivenObject]:
    """Return the objects on a line; what cannot be read is left out."""
    found = []
    for name, value in words_of(args):
        if name == "object" and value:
            given = _json_object(value) if value.startswith("{") else _object(value)
            if given is not None:
                found.append(given)
    return found


def added_objects(qmp: Sequence[Any]) -> list[GivenObject]:
    """Return the objects of the QMP commands object-add, old style and new."""
    found = []
    for command in qmp:
        if not isinstance(command, dict) or command.get("execute") != "object-add":
            continue
        arguments = command.get("arguments")
        if isinstance(arguments, dict):
            flat = {name: value for name, value in arguments.items() if name != "props"}
            props = arguments.get("props")
            flat.update(props if isinstance(props, dict) else {})
            found.append(_from_json(flat, json.dumps(flat)))
    return found


def _object(text: str) -> GivenObject | None:
    try:
        opts = qemu_opts_parse(text, "qom-type")
    except Error:
        return None
    params = tuple((name, value) for name, value in opts.params if name != "qom-type")
    return GivenObject(opts.get("qom-type") or "", opts.id or "", params, text)


def _json_object(text: str) -> GivenObject | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _from_json(value, text) if isinstance(value, dict) else None


def _from_json(value: dict[str, Any], text: str) -> GivenObject:
    params = tuple(
        (str(name), _text(item)) for name, item in value.items() if name not in ("qom-type", "id")
    )
    return GivenObject(str(value.get("qom-type", "")), str(value.get("id", "")), params, text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else json.dumps(value)


def given_options(args: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options of the line that are not objects: the name, and the text as given."""
    found = []
    for name, value in words_of(args):
        if name == "device" and (value or "").split(",")[0] not in ("nvdimm", "pc-dimm"):
            continue
        if name != "object":
            found.append(({"M": "machine"}.get(name, name), f"-{name} {value or ''}".rstrip()))
    return found
