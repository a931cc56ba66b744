"""What was found in a text: the options of one QEMU, and what the text says about it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

import attrs

from ..records import Value

#: A release in a version's text: "10.0.2Debian 1:10.0.2" is 10.0.
_RELEASE: Final = r"(\d{1,2})\.(\d{1,2})(?:\.\d+)?"
#: A release in the path of a program: /opt/qemu-9.2.1/bin/qemu-system-x86_64.
_RELEASE_IN_PATH: Final = r"qemu[-_]v?(\d{1,2})\.(\d{1,2})(?:\.\d+)?(?=[/_-]|$)"
#: What a text is searched for.
LOOKED_FOR: Final = (
    "looked for: a QEMU program (qemu-system-..., qemu-kvm, kvm) followed by options, options "
    "alone, a list of words (JSON, YAML), a -readconfig file"
)


class NothingFound(Exception):
    """A text holds no QEMU options.  The text says what was looked for, and what to do."""


@attrs.frozen(eq=False, repr=False)
class QemuLine(Value):
    """The options of one QEMU, as a text had them.

    ``kind`` names the sort of text ("libvirt log", "ps", ...), ``when`` the time of the
    start if the text says it, ``version`` the text of a version ("10.0.2Debian 1:10.0.2"),
    empty if there is none.  ``line`` counts lines of the text from 1.  ``notes`` say what
    was left out or could not be known.  ``behind`` is the text after the line, up to the next
    start: a log has QEMU's messages there.
    """

    options: tuple[str, ...]
    kind: str
    program: str = ""
    version: str = ""
    when: str = ""
    line: int = 1
    notes: tuple[str, ...] = ()
    behind: str = attrs.field(default="", eq=False, repr=False)

    @property
    def release(self) -> tuple[int, int] | None:
        """The release that the text names, by its version or by the program's path."""
        if not self.version and not self.program:
            return None
        found = re.search(_RELEASE, self.version) or re.search(_RELEASE_IN_PATH, self.program)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def release_source(self) -> str:
        """What named the release, for the first line of an answer."""
        if self.version and re.search(_RELEASE, self.version):
            return f'the {self.kind}\'s "qemu version"'
        return "the program's path"
