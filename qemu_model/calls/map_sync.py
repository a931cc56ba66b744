"""Whether a run asked for MAP_SYNC, and whether it got it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..host.linux import MAP_FIXED, MAP_SHARED_VALIDATE, MAP_SYNC, MAP_TYPE
from .event import Event


@attrs.frozen
class MapSync:
    """What became of MAP_SYNC in the mappings that asked for it.

    ``granted`` of the ``asked`` have it.  ``unvalidated`` were made with MAP_SYNC but
    without MAP_SHARED_VALIDATE, so that the kernel may have ignored it: the flag in
    smaps alone proves nothing.  ``refusals`` are the errnos of those refused, and
    ``fallbacks`` how many were then mapped without it.
    """

    asked: int = 0
    granted: int = 0
    unvalidated: int = 0
    fallbacks: int = 0
    refusals: tuple[str, ...] = ()

    @property
    def requested(self) -> bool:
        """Whether any mapping asked for it."""
        return self.asked > 0

    @property
    def in_force(self) -> bool:
        """Whether every mapping that asked for it has it for certain."""
        return self.asked > 0 and self.granted == self.asked

    def sentence(self) -> str:
        """Return one line that says so."""
        if not self.asked:
            return "MAP_SYNC was not asked for: no synchronous mapping"
        if self.in_force:
            return (
                "MAP_SYNC was asked for, and it holds: what the guest writes survives a host crash"
            )
        if not self.refusals:
            return (
                "MAP_SYNC was asked for without MAP_SHARED_VALIDATE: the kernel may have ignored it"
            )
        refused = ", ".join(dict.fromkeys(self.refusals))
        if not self.fallbacks:
            return f"MAP_SYNC was asked for, and refused ({refused}): nothing is mapped"
        return (
            f"MAP_SYNC was asked for, and refused ({refused}): mapped without it, "
            "what the guest writes can be lost in a host crash"
        )


def map_sync(events: Iterable[Event]) -> MapSync:
    """Return what became of MAP_SYNC in the mappings of blocks."""
    asked = granted = unvalidated = fallbacks = 0
    refusals = []
    refused_at = None
    for event in events:
        if event.call != "mmap" or not event.args[3] & MAP_FIXED:
            continue
        flags = event.args[3]
        if not flags & MAP_SYNC:
            fallbacks += refused_at == event.args[0] and not event.failed
            refused_at = None
            continue
        asked += 1
        if event.failed:
            refusals.append(event.errno or "")
            refused_at = event.args[0]
        elif flags & MAP_TYPE == MAP_SHARED_VALIDATE:
            granted += 1
        else:
            unvalidated += 1
    return MapSync(asked, granted, unvalidated, fallbacks, tuple(refusals))
