"""Every text that some tree can say, gathered from the catalogue.

Nothing is listed here: every :class:`~qemu_model.error.Message` of
:mod:`qemu_model.messages` is known, in each of its texts.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

import attrs

from .. import messages
from ..error import Message
from ..records import Record
from ..revision import REVISIONS
from .outside import outside_messages


@attrs.frozen(eq=False, repr=False)
class Known(Record):
    """One text that some tree says: ``messages`` are those with this text."""

    template: str
    messages: tuple[Message, ...]

    @property
    def message(self) -> Message:
        """The first message with this text, the one whose conditions are shown first."""
        return self.messages[0]

    @property
    def functions_by_tree(self) -> Mapping[str, str]:
        """The C file and function that says it, by the name of each tree that does."""
        return _functions_by_tree(self)

    @property
    def function(self) -> str:
        """The C file and function that says it, in the oldest tree that does."""
        return next(iter(self.functions_by_tree.values()))

    @property
    def revisions(self) -> tuple[str, ...]:
        """The trees in which it is said."""
        return tuple(self.functions_by_tree)

    @property
    def conditions(self) -> tuple[str, ...]:
        """When it is said, in plain words."""
        return tuple(dict.fromkeys(text for said in self.messages for text in said.conditions))

    @property
    def functions(self) -> dict[str, str]:
        """The C file and function by tree, where it is not the same in all."""
        by_tree = self.functions_by_tree
        return dict(by_tree) if len(set(by_tree.values())) > 1 else {}


@cache
def _fixed_parts(template: str) -> tuple[str, ...]:
    """Return what is fixed in a template: trees may name its fields differently."""
    return tuple(literal for literal, _, _, _ in string.Formatter().parse(template))


@cache
def _functions_by_tree(known: Known) -> Mapping[str, str]:
    parts = _fixed_parts(known.template)
    found: dict[str, str] = {}
    for name, tree in REVISIONS.items():
        for message in known.messages:
            if message.is_said_in(tree) and _fixed_parts(message.template_in(tree)) == parts:
                found.setdefault(name, message.function_in(tree))
    return MappingProxyType(found)


def _templates(message: Message) -> Iterable[str]:
    """Return the texts of a message that a tree says."""
    if message.only_in is None and len(message.texts) == 1:
        return (message.template,)
    trees = [tree for tree in REVISIONS.values() if message.is_said_in(tree)]
    return dict.fromkeys(message.template_in(tree) for tree in trees)


@cache
def known_messages() -> tuple[Known, ...]:
    """Return every text that a tree can say, each once."""
    first: dict[tuple[str, ...], str] = {}
    sayers: dict[tuple[str, ...], dict[Message, None]] = {}
    for message in (*messages.catalogue().values(), *outside_messages()):
        for template in _templates(message):
            parts = _fixed_parts(template)
            first.setdefault(parts, template)
            sayers.setdefault(parts, {})[message] = None
    return tuple(Known(template, tuple(sayers[parts])) for parts, template in first.items())
