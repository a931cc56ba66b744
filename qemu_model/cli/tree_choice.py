"""Which tree a command answers for: the one of ``--revision``, else that of the line."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from ..revisions.default import Choice, choose
from .choices import choose_revision
from .options import REVISION, Words

if TYPE_CHECKING:
    from ..input.found import QemuLine


def choose_tree(words: Words, line: QemuLine) -> Choice:
    """Return the tree of ``--revision``, else that of the line.

    Raises :class:`~.options.UsageError`.
    """
    if words.has(REVISION):
        tree = choose_revision(words.value(REVISION))
        return choose(line.options, asked=tree)
    from ..findings.tree_choice import tree_for

    return tree_for(line)
