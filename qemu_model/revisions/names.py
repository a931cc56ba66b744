"""Names of trees: the canonical ones, aliases, and those that could mean two."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .postings import POSTINGS
from .releases import RELEASES
from .revision import Revision
from .series import SERIES

#: Every tree by its name.
REVISIONS: Final[Mapping[str, Revision]] = MappingProxyType(
    {tree.name: tree for tree in (*SERIES, *POSTINGS, *RELEASES)}
)
#: Other names that are accepted.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"v8/5": "v8", "v7.2": "qemu-7.2", "upstream": "qemu-4.1"}
)
_AMBIGUOUS: Final = re.compile(r"v8\.([1-5])")


class UnknownRevision(Exception):
    """No revision has that name; the text says which there are."""


def find(name: str) -> Revision:
    """Return the revision called ``name``, in upper or lower case.

    Raises :class:`UnknownRevision` for a name that no tree has, and for one that could
    mean a release or a patch, with both spellings.
    """
    lower = name.lower()
    tree = REVISIONS.get(ALIASES.get(lower, lower))
    if tree is not None:
        return tree
    ambiguous = _AMBIGUOUS.fullmatch(lower)
    if ambiguous is not None:
        number = ambiguous[1]
        raise UnknownRevision(
            f"'{name}' could be a release or a patch: say qemu-8.{number} or V8/{number}"
        )
    known = ", ".join([*REVISIONS, *ALIASES])
    raise UnknownRevision(f"no revision is called '{name}'; there are {known}")
