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
from .programs import processor_of, with_program, without_program
from .targets import TARGETS, target_of

__all__ = [
    "TARGETS",
    "deprecation_reason",
    "find_machine",
    "list_machines",
    "machine_help",
    "processor_of",
    "release_of",
    "target_of",
    "with_program",
    "without_program",
]
