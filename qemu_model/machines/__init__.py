"""The machine types of all releases: a table of rows, names of distributions, the help text."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .lookup import (
    deprecation_reason,
    find_machine,
    list_machines,
    machine_help,
    release_of,
)
from .table import MACHINES

__all__ = [
    "MACHINES",
    "deprecation_reason",
    "find_machine",
    "list_machines",
    "machine_help",
    "release_of",
]
