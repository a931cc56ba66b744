"""A conformance case: what a QEMU is given, and the names of places in its texts.

The name of a case says what it tests (``family/what``).  Its texts may name the places of
:class:`Place` as ``$files``, ``$tmpfs``, ``$small``, ``$huge`` and ``$device``: a runner
replaces them with directories of its own, or a device.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Template
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..driver import Preparation

#: QMP of a case that is about the command line.
PLAIN: Final[tuple[Mapping[str, Any], ...]] = (
    {"execute": "qmp_capabilities"},
    {"execute": "query-memdev"},
    {"execute": "quit"},
)

MIB: Final = 1 << 20

#: The names of the places, which a case writes with a dollar sign before it.
PLACES: Final = ("files", "tmpfs", "small", "huge", "device")


@attrs.frozen
class Place:
    """Where a case keeps its files: directories for each kind of file system.

    ``files`` is a directory on a disk, ``tmpfs`` one on a tmpfs with room, ``small``
    a tmpfs of 2 MiB, ``huge`` a hugetlbfs of 2 MiB pages; ``device`` is a device DAX.
    None where this machine cannot have one, or none was given.
    """

    files: str
    tmpfs: str | None = None
    small: str | None = None
    huge: str | None = None
    device: str | None = None

    @property
    def directories(self) -> tuple[str, ...]:
        """The directories, which are emptied before each run; not the device."""
        every = (self.files, self.tmpfs, self.small, self.huge)
        return tuple(path for path in every if path is not None)

    def lacks(self, text: str) -> str | None:
        """Return the name of the first place that ``text`` names and is not here."""
        for name in PLACES[1:]:
            if getattr(self, name) is None and f"${name}" in text:
                return name
        return None

    def put_into(self, text: str) -> str:
        """Return ``text`` with the directories in place of their names."""
        return Template(text).safe_substitute(
            {name: path for name, path in attrs.asdict(self).items() if path is not None}
        )


@attrs.frozen
class Fault:
    """One system call of the backend that fails, or ``times`` of them in a row.

    ``call`` is its name (``openat`` for open), ``nth`` counts from 1 among the
    backend's calls of that name in a run without the fault; ``errno`` is its name.
    """

    call: str
    nth: int
    errno: str
    times: int = 1


@attrs.frozen
class Case:
    """One run of a QEMU.

    ``args`` follow the options of every run; ``machine`` is the ``-M`` part.
    ``setup`` makes the files, ``qmp`` are the commands, ``fault`` makes one call fail.
    """

    name: str
    args: tuple[str, ...]
    machine: tuple[str, ...] = ("-M", "none")
    setup: tuple[Preparation, ...] = ()
    qmp: tuple[Mapping[str, Any], ...] = PLAIN
    fault: Fault | None = None

    def at(self, place: Place) -> Case:
        """Return the case with the directories of ``place`` in its texts."""
        return attrs.evolve(
            self,
            args=tuple(place.put_into(word) for word in self.args),
            machine=tuple(place.put_into(word) for word in self.machine),
            setup=tuple(
                attrs.evolve(
                    step, path=place.put_into(step.path), target=place.put_into(step.target)
                )
                for step in self.setup
            ),
            qmp=tuple(
                json.loads(place.put_into(json.dumps(dict(command)))) for command in self.qmp
            ),
        )

    def lacks(self, place: Place) -> str | None:
        """Return the directory that the case needs and ``place`` lacks."""
        return place.lacks(self._texts)

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the places that the case is about."""
        texts = self._texts
        return tuple(name for name in PLACES if f"${name}" in texts)

    @property
    def _texts(self) -> str:
        return " ".join(
            [*self.args, *self.machine, *(json.dumps(dict(one)) for one in self.qmp)]
        ) + " ".join(step.path for step in self.setup)


def an_object(text: str) -> tuple[str, str]:
    """Return the words of an -object."""
    return ("-object", text)


def removed(path: str) -> Preparation:
    """Return the step that removes a file, if there is one."""
    return Preparation("rm", path)


def session(*commands: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return a session: QMP commands after qmp_capabilities and before quit."""
    return ({"execute": "qmp_capabilities"}, *commands, {"execute": "quit"})


def command(execute: str, **arguments: object) -> Mapping[str, Any]:
    """Return a QMP command; ``_`` in the name of an argument is ``-``."""
    return {
        "execute": execute,
        "arguments": {name.replace("_", "-"): value for name, value in arguments.items()},
    }


def add(qom_type: str, **properties: object) -> Mapping[str, Any]:
    """Return the command that adds an object."""
    return command("object-add", qom_type=qom_type, **properties)


def get(name: str, path: str = "/objects/b0") -> Mapping[str, Any]:
    """Return the command that reads a property."""
    return command("qom-get", path=path, property=name)


def set_(name: str, value: object, path: str = "/objects/b0") -> Mapping[str, Any]:
    """Return the command that sets a property."""
    return {
        "execute": "qom-set",
        "arguments": {"path": path, "property": name, "value": value},
    }


QUERY_MEMDEV: Final[Mapping[str, Any]] = MappingProxyType({"execute": "query-memdev"})

#: A boolean that is not given, on and off: a word for each, and its text.
SWITCH: Final = (("", ""), ("on", ",{0}=on"), ("off", ",{0}=off"))


def switches(name: str) -> list[tuple[str, str]]:
    """Return the ways to give a boolean: words for each, and the text in -object."""
    return [
        (f"{name} {word}" if word else f"{name} unset", text.format(name)) for word, text in SWITCH
    ]
