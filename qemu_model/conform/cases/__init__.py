"""The conformance cases, family by family."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..driver import Preparation
from .case import MIB, PLAIN, Case, Fault, Place
from .commands import qmp
from .faults import faults
from .identities import as_json, identities
from .machines import machines
from .mapping import matrix, paths
from .options import booleans, memfds, nodes
from .persistent import devices, persistent
from .preallocation import preallocation
from .sizes import aligns, sizes

__all__ = [
    "MIB",
    "PLAIN",
    "Case",
    "Fault",
    "Place",
    "Preparation",
    "devices",
    "every_case",
]


def every_case() -> tuple[Case, ...]:
    """Return all the cases, in the order of their families; no two share a name.

    The cases for a device DAX are in :func:`devices`.
    """
    families = (
        matrix,
        paths,
        sizes,
        aligns,
        booleans,
        nodes,
        memfds,
        preallocation,
        identities,
        as_json,
        qmp,
        machines,
        faults,
        persistent,
    )
    return tuple(case for family in families for case in family())
