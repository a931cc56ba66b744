"""One backend of a line as explain sees it, and the condition that blocks MAP_SYNC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any, Literal

import attrs

from ..records import Value
from .place import Place

Block = Literal["sync", "share", "pmem", "platform", "kernel", "file", "error"]


@attrs.frozen(eq=False, repr=False)
class Backend(Value):
    """One backend of the line, as far as the run created it.

    ``asked`` and ``granted`` tell whether its mapping wanted MAP_SYNC and got it, None
    where that depends on a host; ``path`` is empty for anonymous memory.
    """

    id: str
    type: str
    path: str
    share: bool
    pmem: bool
    sync: bool
    align: int
    asked: bool
    granted: bool | None
    blocked_by: Block | None
    place: Place | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "type": self.type,
            "path": self.path or None,
            "share": self.share,
            "pmem": self.pmem,
            "sync": self.sync,
            "requested": self.asked,
            "in_force": self.granted,
            "blocked_by": self.blocked_by,
            "file_system": None if self.place is None else self.place.file_system or None,
        }
