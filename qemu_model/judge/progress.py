"""How far the model has come in a log, and what it did last."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from ..calls.event import Event


@attrs.define
class Progress:
    """The state of a comparison, between two calls of the model's.

    ``began``: a call of the log was taken.  ``started``: the model has made what its command
    line asks for.  ``before`` is the model's last call, ``opened`` are the paths it opened,
    ``failed_last`` tells that its last call failed, those that clean up apart.
    """

    began: bool = False
    started: bool = False
    before: Event | None = None
    failed_last: bool = False
    opened: set[object] = attrs.field(factory=set)

    def note(self, event: Event) -> None:
        """Note a call of the model's, with its answer."""
        self.before = event
        if event.call == "open":
            self.opened.add(event.args[0])
        if event.call not in ("munmap", "close", "unlink"):
            self.failed_last = event.failed
