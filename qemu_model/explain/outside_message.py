"""A message that the mirror does not say: of other parts of QEMU, the kernel, libvirt."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from ..error import Message
from .cause import Cause


@attrs.frozen(eq=False)
class Outside:
    """One such message: text, function, when, and its causes.

    ``since`` is the first release that says it, ``until`` the first that does not.
    """

    template: str
    function: str
    condition: str
    causes: tuple[Cause, ...]
    errno: bool = False
    since: str = "3.1"
    until: str | None = None

    def message(self) -> Message:
        """Return it as a message of the catalogue's kind."""
        texts: dict[str, str | None] = {self.since: self.template}
        if self.until is not None:
            texts[self.until] = None
        return Message(texts, self.function, (self.condition,), errno=self.errno)
