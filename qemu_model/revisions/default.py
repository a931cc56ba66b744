"""Which tree answers where the user names none, and the first line of every answer.

A line that says ``sync=`` is about V8, which alone has it; else the release counts that the
text names, by its version or by a versioned machine type; else the newest.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from .names import find
from .neighbours import release_named
from .release import Release, is_between, release_text
from .releases import NEWEST, RELEASES
from .revision import Revision
from .series import V8

#: What is added where a tree has the option ``sync``.
NEVER_MERGED: Final = "never merged; since QEMU 4.1 share=on and pmem=on imply it"
#: The reason for a tree that the user named.
AS_ASKED: Final = "as asked"
#: A machine type's own version: pc-q35-8.2, pc-i440fx-10.0, virt-7.2.
_VERSIONED: Final = r"-(\d{1,2})\.(\d{1,2})(?:\D|$)"


class Choice(NamedTuple):
    """The tree that answers, and why it is this one."""

    revision: Revision
    because: str

    @property
    def sentence(self) -> str:
        """The first line of an answer: which tree, why, and by what evidence it is known."""
        tree = self.revision
        known = f"{label(tree)}, {self.because} ({tree.evidence})"
        return f"{known}: {NEVER_MERGED}" if tree.hostmem_file.has_sync else known


def label(tree: Revision) -> str:
    """Return what a tree is called in a sentence: ``QEMU 8.2``, ``V8 after patch 3``."""
    if tree.name.startswith("qemu-"):
        return f"QEMU {release_text(tree.release)}"
    return tree.meaning


def choose(
    options: Sequence[str],
    *,
    asked: str | Revision | None = None,
    release: Release | None = None,
    source: str = "",
) -> Choice:
    """Return the tree for a line of QEMU's options.

    ``asked`` is the one that the user names.  ``release`` is what the text beside the line
    names, as the first line of a log does, and ``source`` is what the answer calls that.
    Raises :class:`~.names.UnknownRevision` for ``asked``.
    """
    if asked is not None:
        tree = asked if isinstance(asked, Revision) else find(asked)
        return Choice(tree, AS_ASKED)
    if says_sync(options):
        return Choice(V8, "since the line says sync=")
    if release is not None:
        return _named(release, source or f"QEMU {release_text(release)}")
    machine = machine_type(options)
    if "-" not in machine:
        return Choice(NEWEST, "the newest")
    version = re.search(_VERSIONED, machine)
    if version is not None:
        return _named((int(version[1]), int(version[2])), machine)
    # Most lines need no table of machines to choose a tree.
    from ..machines.lookup import release_of

    nearest = release_of(machine)
    return _named(nearest, machine) if nearest is not None else Choice(NEWEST, "the newest")


def _named(release: Release, source: str) -> Choice:
    """Return the tree of a release, else the nearest; ``source`` is what names it."""
    tree = release_named(release)
    if tree is not None:
        return Choice(tree, f"from {source}")
    if is_between(release, NEWEST.release, None):
        return Choice(NEWEST, f"the newest here, for {source}")
    return Choice(RELEASES[0], f"the oldest here, for {source}")


def machine_type(options: Sequence[str]) -> str:
    """Return the machine type that a line names, empty if it names none."""
    found = ""
    for option, value in _pairs(options):
        if option in ("machine", "M"):
            parts = value.split(",")
            named = [part.removeprefix("type=") for part in parts if part.startswith("type=")]
            found = named[-1] if named else parts[0] if "=" not in parts[0] else found
    return found


def says_sync(options: Sequence[str]) -> bool:
    """Return whether a backend on the line has the option ``sync``."""
    return any(_has_sync(value) for option, value in _pairs(options) if option == "object")


def _has_sync(text: str) -> bool:
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and "sync" in value and _is_backend(value.get("qom-type"))
    parts = text.replace(",,", "").split(",")
    given = dict(part.partition("=")[::2] for part in parts)
    kind = given.get("qom-type", parts[0])
    return _is_backend(kind) and not given.keys().isdisjoint(("sync", "nosync"))


def _is_backend(kind: object) -> bool:
    return isinstance(kind, str) and kind.startswith("memory-backend-")


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each word that looks like an option, without its dashes, and the word after it."""
    for word, value in zip(options, [*options[1:], ""], strict=False):
        if word.startswith("-"):
            yield word.lstrip("-"), value
