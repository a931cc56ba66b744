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
_NUMBER: Final = r"\d+\.\d+"
_AMBIGUOUS: Final = r"v8\.([1-5])"
#: A release in another spelling: 9.1, v9.1, qemu9.1, qemu-9.1.2.
_RELEASE: Final = r"(?:v|qemu[-_ ]?v?)?(\d{1,2}\.\d{1,2})(?:\.\d+)?"
#: A posting of the series that is not a tree here.
_OTHER_POSTING: Final = r"v[3459]"


class UnknownRevision(Exception):
    """No revision has that name; the text says which there are."""


def find(name: str) -> Revision:
    """Return the revision called ``name``, in upper or lower case; ``8.2`` is a release.

    Raises :class:`UnknownRevision` for a name that no tree has, and for one that could
    mean a release or a patch, with both spellings.
    """
    lower = name.lower()
    if re.fullmatch(_NUMBER, lower):
        lower = f"qemu-{lower}"
    tree = REVISIONS.get(ALIASES.get(lower, lower))
    if tree is not None:
        return tree
    ambiguous = re.fullmatch(_AMBIGUOUS, lower)
    if ambiguous is not None:
        number = ambiguous[1]
        raise UnknownRevision(
            f"'{name}' could be a release or a patch: use qemu-8.{number} or V8/{number}"
        )
    raise UnknownRevision(f"no revision is called '{name}'{_meant(lower)}; {_groups()}")


def _meant(name: str) -> str:
    """Return the tree that a misspelt name may mean, as the end of a sentence."""
    release = re.fullmatch(_RELEASE, name)
    if release is not None and (near := f"qemu-{release[1]}") in REVISIONS:
        return f"; did you mean {near}?"
    if re.fullmatch(_OTHER_POSTING, name):
        return f": the rule of {name.upper()} is not known well enough to run"
    import difflib

    close = difflib.get_close_matches(name, [*REVISIONS, *ALIASES], n=1)
    return f"; did you mean {spelled(close[0])}?" if close else ""


def _groups() -> str:
    """Return the names of all trees, group by group."""
    postings = ", ".join(spelled(tree.name) for tree in POSTINGS)
    return (
        f"there are the releases {RELEASES[0].name} to {RELEASES[-1].name}, base (the tree of "
        f"December 2018 before the series), the postings {postings} and V8, and V8/1 to V8/5 "
        "(V8 after that many patches)"
    )


def spelled(name: str) -> str:
    """Return a tree's name as people write it: ``V8/3``, ``qemu-8.2``."""
    return name.upper() if name.startswith("v") else name
