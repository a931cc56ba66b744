"""Which tree answers for a line that names none with ``--revision``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..explain.parts import parts_of
from ..explain.usual_machine import usual_profile
from ..host.simulated import SimulatedHost
from ..input.default_revision import default_revision
from ..input.found import QemuLine
from ..process import run
from ..revision import NEWEST, RELEASES, Revision
from .releases import number_of


def tree_for(line: QemuLine) -> tuple[Revision, str]:
    """Return the tree that a line is about, and why it is this one.

    A machine type is kept for years: a line that names an old one, and that this old
    release refuses, is one for a newer QEMU if one takes it.
    """
    tree, because = default_revision(line)
    if line.release is not None or tree is NEWEST or number_of(tree) is None:
        return tree, because
    if _starts(line, tree):
        return tree, because
    newer = [other for other in RELEASES if other.release > tree.release]
    taking = next((other for other in reversed(newer) if _starts(line, other)), None)
    if taking is None:
        return tree, because
    machine = because.removeprefix("from ")
    return taking, f"the newest that takes the line ({machine} alone would be older)"


def _starts(line: QemuLine, tree: Revision) -> bool:
    paths = [path for part in parts_of(line.options) if (path := part.params.get("mem-path"))]
    return run(line.options, SimulatedHost(usual_profile(paths)), tree).exit == 0
