"""On which kernels the simulated hosts' answers were measured, as data.

``python -m qemu_model.guest.kernel_tables`` boots the kernels of several Debian releases and
writes what they answer.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

MEASURED: Final = os.path.join(os.path.dirname(__file__), "profile_data", "kernels.json")
#: The measuring program's names of the columns of a profile's table.
COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "MAP_SHARED_VALIDATE|MAP_SYNC": "SHARED_VALIDATE+SYNC",
        "MAP_SHARED|MAP_SYNC": "SHARED+SYNC",
        "MAP_PRIVATE|MAP_SYNC": "PRIVATE+SYNC",
        "MAP_SHARED_VALIDATE": "SHARED_VALIDATE",
        "MAP_SHARED": "SHARED",
    }
)


@cache
def kernels() -> Mapping[str, Any]:
    """Return what was measured, by the Debian release whose kernel it is, oldest first."""
    try:
        with open(MEASURED, encoding="utf-8") as file:
            return MappingProxyType(json.load(file))
    except FileNotFoundError:
        return MappingProxyType({})


def answer_text(answer: Mapping[str, Any]) -> str:
    """Return a measured answer as profiles write it: ``sf``, ``ok`` or an errno."""
    return "sf" if answer["sf"] else str(answer["result"])


def measured_on(file_system: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kernels that were measured to answer as ``row``, the file system's answers.

    For instance ``6.1.0-50-amd64``.
    """
    found = []
    for table in kernels().values():
        told = table["map_sync"].get(file_system)
        if told is not None and all(
            answer_text(told[column]) == row[name]["answer"] for name, column in COLUMNS.items()
        ):
            found.append(str(table["release"]))
    return tuple(found)
