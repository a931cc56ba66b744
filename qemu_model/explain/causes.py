"""The usual causes of a message on real hosts, and a command that checks each.

Each message of every release has causes of its own; where it ends in an errno's text,
some of them belong to some errnos.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from functools import cache
from typing import Final

from .cause import EXPLAIN, Cause
from .causes_of_boot import BOOT_CAUSES
from .causes_of_devices import DEVICE_CAUSES
from .causes_of_later import ASSERTIONS, LATER_CAUSES
from .causes_of_memory import MEMORY_CAUSES
from .causes_of_nodes import NODE_CAUSES
from .causes_of_other_machines import OTHER_MACHINE_CAUSES
from .causes_of_words import WORD_CAUSES
from .known import Known
from .outside import OUTSIDE_CAUSES

__all__ = ["Cause", "causes_of", "own_causes"]

_ALL: Final = (
    *LATER_CAUSES,
    *MEMORY_CAUSES,
    *DEVICE_CAUSES,
    *NODE_CAUSES,
    *OTHER_MACHINE_CAUSES,
    *BOOT_CAUSES,
    *WORD_CAUSES,
    *OUTSIDE_CAUSES,
)


@cache
def own_causes(template: str) -> tuple[Cause, ...]:
    """Return the causes of the message with this template, empty if it has none."""
    for function, cause in ASSERTIONS:
        if function in template:
            return (cause,)
    begins = [entry for entry in _ALL if template.startswith(entry[0])]
    return max(begins, key=lambda entry: len(entry[0]))[1] if begins else ()


def causes_of(known: Known, errno: str | None) -> tuple[Cause, ...]:
    """Return the usual causes of a message, those of ``errno`` if it is known."""
    causes = own_causes(known.template)
    if errno is not None:
        fitting = tuple(cause for cause in causes if not cause.errnos or errno in cause.errnos)
        causes = fitting or causes
    return causes or (Cause("; ".join(known.conditions), EXPLAIN),)
