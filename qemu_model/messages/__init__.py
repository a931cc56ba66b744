"""Every text that QEMU can say here, once: the mirror raises them, ``why`` explains them.

An error can only be made from a message of this catalogue, so none is missing
from it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..error import Message
from . import (
    backends,
    boot,
    command_line,
    devices,
    hmat,
    machine,
    memory,
    numa,
    objects,
    options,
    other_machines,
    smp,
)
from .backends import *  # noqa: F403 - all of them are the catalogue
from .boot import *  # noqa: F403 - all of them are the catalogue
from .command_line import *  # noqa: F403 - all of them are the catalogue
from .devices import *  # noqa: F403 - all of them are the catalogue
from .hmat import *  # noqa: F403 - all of them are the catalogue
from .machine import *  # noqa: F403 - all of them are the catalogue
from .memory import *  # noqa: F403 - all of them are the catalogue
from .numa import *  # noqa: F403 - all of them are the catalogue
from .objects import *  # noqa: F403 - all of them are the catalogue
from .options import *  # noqa: F403 - all of them are the catalogue
from .other_machines import *  # noqa: F403 - all of them are the catalogue
from .smp import *  # noqa: F403 - all of them are the catalogue


def catalogue() -> dict[str, Message]:
    """Return every message by the name the mirror uses for it."""
    return {
        name: value
        for module in (
            *(memory, backends, objects, machine, other_machines, smp, numa, hmat),
            *(devices, command_line, options, boot),
        )
        for name, value in vars(module).items()
        if isinstance(value, Message)
    }
