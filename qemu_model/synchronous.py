"""Whether a run asked for MAP_SYNC, and whether it got it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .event import Event
from .host.linux import MAP_FIXED, MAP_SHARED_VALIDATE, MAP_SYNC, MAP_TYPE


@attrs.frozen
class MapSync:
    """``asked`` and ``granted`` count mappings; ``refusals`` are the errnos of those refused.

    A mapping is synchronous only if it was made with MAP_SYNC and
    MAP_SHARED_VALIDATE: the flag in smaps alone proves nothing.
    """

    asked: int = 0
    granted: int = 0
    refusals: tuple[str, ...] = ()

    @property
    def requested(self) -> bool:
        """Whether any mapping asked for it."""
        return self.asked > 0

    @property
    def in_force(self) -> bool:
        """Whether every mapping that asked for it has it."""
        return self.asked > 0 and self.granted == self.asked

    def sentence(self) -> str:
        """Return one line that says so."""
        if not self.asked:
            return "MAP_SYNC was not asked for: no synchronous mapping"
        if self.in_force:
            return (
                "MAP_SYNC was asked for, and it holds: what the guest writes survives a host crash"
            )
        refused = ", ".join(dict.fromkeys(self.refusals))
        return (
            f"MAP_SYNC was asked for, and refused ({refused}): mapped without it, "
            "what the guest writes can be lost in a host crash"
        )


def map_sync(events: Iterable[Event]) -> MapSync:
    """Return what became of MAP_SYNC in the mappings of blocks."""
    asked = granted = 0
    refusals = []
    for event in events:
        if event.call != "mmap":
            continue
        flags = event.args[3]
        if flags & MAP_FIXED and flags & MAP_SYNC:
            asked += 1
            if event.failed:
                refusals.append(event.errno or "")
            elif flags & MAP_TYPE == MAP_SHARED_VALIDATE:
                granted += 1
    return MapSync(asked, granted, tuple(refusals))
