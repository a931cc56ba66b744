"""Every message that some tree can say, gathered from the catalogues of the mirror.

Nothing is listed here: each module of the package that is called ``messages`` is a
catalogue, and every :class:`~qemu_model.error.Message` in it is known.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import attrs

from ..error import Message

_PACKAGE = __package__.rpartition(".")[0]


@attrs.frozen(eq=False)
class Known:
    """One text, with every tree that says it: ``sayers`` are its messages, oldest first."""

    template: str
    sayers: tuple[Message, ...]

    @property
    def message(self) -> Message:
        """The message of the oldest tree, the one whose conditions are shown."""
        return self.sayers[0]

    @property
    def function(self) -> str:
        """The C file and function that says it, in the oldest tree that does."""
        return self.message.function

    @property
    def revisions(self) -> tuple[str, ...]:
        """The trees in which it is said."""
        return tuple(dict.fromkeys(name for said in self.sayers for name in said.revisions))

    @property
    def conditions(self) -> tuple[str, ...]:
        """When it is said, in plain words."""
        return tuple(dict.fromkeys(text for said in self.sayers for text in said.conditions))

    @property
    def functions(self) -> dict[str, str]:
        """The C file and function by tree, where it is not the same in all."""
        by_tree = {name: said.function for said in self.sayers for name in said.revisions}
        return by_tree if len(set(by_tree.values())) > 1 else {}


def catalogues() -> Iterator[ModuleType]:
    """Yield the modules that hold messages, the oldest tree's first."""
    root = Path(__file__).parent.parent
    yield importlib.import_module(f"{_PACKAGE}.messages")
    for found in pkgutil.iter_modules([str(root)]):
        if found.ispkg and (root / found.name / "messages.py").is_file():
            yield importlib.import_module(f"{_PACKAGE}.{found.name}.messages")


def _spoken(template: str) -> tuple[str, ...]:
    """Return what is fixed in a template: trees may call its fields differently."""
    return tuple(literal for literal, _, _, _ in string.Formatter().parse(template))


@cache
def known_messages() -> tuple[Known, ...]:
    """Return every text that a tree can say, each once."""
    said: dict[tuple[str, ...], list[Message]] = {}
    for module in catalogues():
        for value in vars(module).values():
            if isinstance(value, Message):
                sayers = said.setdefault(_spoken(value.template), [])
                if value not in sayers:
                    sayers.append(value)
    return tuple(Known(sayers[0].template, tuple(sayers)) for sayers in said.values())
