"""Which tree a line is about, where nobody names one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

from ..revision import NEWEST, RELEASES, REVISIONS, Revision, find
from .found import QemuLine

_SYNC: Final = re.compile(r"memory-backend-file.*[,\"]sync[\"=]")
_MACHINE_OPTIONS: Final = ("-machine", "--machine", "-M", "--M")
#: Why a tree answers that was named.
AS_ASKED: Final = "as asked"


#: A versioned machine type, also a distribution's that is named after one (``+pve1``).
_MACHINE: Final = re.compile(
    r"(?:type=)?((?:pc-i440fx|pc-q35|virt|pseries|s390-ccw-virtio)-(\d{1,2})\.(\d{1,2})(?:\.\d+)?)"
    r"(?![\d.])"
)


def default_revision(line: QemuLine) -> tuple[Revision, str]:
    """Return the tree that a line is about, and why it is this one."""
    if any(_SYNC.search(word) for word in line.options):
        return find("v8"), "since the line says sync="
    if line.release is not None:
        return _nearest(line.release, f"from {line.release_source}")
    for option, value in zip(line.options, line.options[1:], strict=False):
        found = _MACHINE.match(value) if option in _MACHINE_OPTIONS else None
        if found is not None:
            return _nearest((int(found[2]), int(found[3])), f"from {found[1]}")
    return NEWEST, "the newest release"


def _nearest(release: tuple[int, int], because: str) -> tuple[Revision, str]:
    """Return a release; for one that is not modelled the nearest, and so it says."""
    tree = REVISIONS.get(f"qemu-{release[0]}.{release[1]}")
    if tree is not None:
        return tree, because
    if release < RELEASES[0].release:
        return NEWEST, f"the newest release; {because}, which is older than all that are modelled"
    older = [known for known in RELEASES if known.release < release]
    return older[-1], f"the nearest to {release[0]}.{release[1]}, {because}"
