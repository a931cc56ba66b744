"""Every text that some tree can say, gathered from the catalogue.

Nothing is listed here: every :class:`~qemu_model.error.Message` of
:mod:`qemu_model.messages` is known, in each of its texts.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import string
from functools import cache

import attrs

from .. import messages
from ..error import Message
from ..records import Record
from ..revision import REVISIONS
from .outside import outside_messages


@attrs.frozen(eq=False, repr=False)
class Known(Record):
    """One text, with every tree that says it: ``messages`` are those with this text.

    ``functions_by_tree`` is the C file and function that says it, by the tree's name.
    """

    template: str
    messages: tuple[Message, ...]
    functions_by_tree: dict[str, str]

    @property
    def message(self) -> Message:
        """The first message with this text, the one whose conditions are shown first."""
        return self.messages[0]

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
        return by_tree if len(set(by_tree.values())) > 1 else {}


def _fixed_parts(template: str) -> tuple[str, ...]:
    """Return what is fixed in a template: trees may name its fields differently."""
    return tuple(literal for literal, _, _, _ in string.Formatter().parse(template))


@cache
def known_messages() -> tuple[Known, ...]:
    """Return every text that a tree can say, each once."""
    said: dict[tuple[str, ...], dict[str, str]] = {}
    first: dict[tuple[str, ...], str] = {}
    sayers: dict[tuple[str, ...], list[Message]] = {}
    for message in (*messages.catalogue().values(), *outside_messages()):
        for name, tree in REVISIONS.items():
            if not message.is_said_in(tree):
                continue
            template = message.template_in(tree)
            parts = _fixed_parts(template)
            first.setdefault(parts, template)
            said.setdefault(parts, {}).setdefault(name, message.function_in(tree))
            if message not in sayers.setdefault(parts, []):
                sayers[parts].append(message)
    order = list(REVISIONS)
    return tuple(
        Known(
            first[parts],
            tuple(sayers[parts]),
            dict(sorted(by_tree.items(), key=lambda item: order.index(item[0]))),
        )
        for parts, by_tree in said.items()
    )
