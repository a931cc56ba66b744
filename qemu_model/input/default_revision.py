"""Which tree a line is about, where nobody names one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

from ..revision import NEWEST, Revision, find
from .found import QemuLine

_SYNC: Final = re.compile(r"memory-backend-file.*[,\"]sync[\"=]")
#: Why a tree answers that was named.
AS_ASKED: Final = "as asked"


def default_revision(line: QemuLine) -> tuple[Revision, str]:
    """Return the tree that a line is about, and why it is this one."""
    if any(_SYNC.search(word) for word in line.options):
        return find("v8"), "since the line says sync="
    return NEWEST, "the newest release"
