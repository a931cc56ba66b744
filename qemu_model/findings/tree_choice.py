"""Which tree answers for a line that names none with ``--revision``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..input.found import QemuLine
from ..revision import NEWEST, RELEASES, Revision
from ..revisions.default import Choice, choose
from ..revisions.neighbours import releases_after


def tree_for(line: QemuLine) -> Choice:
    """Return the tree that a line is about, and why it is this one.

    A machine type is kept for years: a line that names an old one, and that this old
    release refuses, is one for a newer QEMU if one takes it.
    """
    choice = choose(line.options, release=line.release, source=line.release_source)
    tree = choice.revision
    if line.release is not None or tree is NEWEST or tree not in RELEASES:
        return choice
    if _starts(line, tree):
        return choice
    taking = next((other for other in reversed(releases_after(tree)) if _starts(line, other)), None)
    if taking is None:
        return choice
    machine = choice.because.removeprefix("from ")
    return Choice(taking, f"the newest that takes the line ({machine} alone would be older)")


def _starts(line: QemuLine, tree: Revision) -> bool:
    # Few lines need it, and a run without it starts sooner.
    from ..explain.parts import parts_of
    from ..explain.usual_machine import read_only_files, usual_profile
    from ..host.simulated import SimulatedHost
    from ..process import run

    parts = parts_of(line.options)
    paths = [path for part in parts if (path := part.params.get("mem-path"))]
    usual = usual_profile(paths, read_only_files(parts))
    return run(line.options, SimulatedHost(usual), tree).exit == 0
