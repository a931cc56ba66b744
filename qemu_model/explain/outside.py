"""Messages about guest memory that other parts of QEMU, the kernel and libvirt print.

The mirror does not say them: they are known here so that ``why`` can explain them.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..error import Message
from .cause import Cause
from .outside_host import OUTSIDE_HOST
from .outside_migration import OUTSIDE_MIGRATION
from .outside_qemu import OUTSIDE_QEMU

OUTSIDE: Final = (*OUTSIDE_QEMU, *OUTSIDE_MIGRATION, *OUTSIDE_HOST)
OUTSIDE_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = tuple(
    (one.template, one.causes) for one in OUTSIDE if one.causes
)


def outside_messages() -> Iterator[Message]:
    """Yield the messages as those of the catalogue are."""
    return (one.message() for one in OUTSIDE)
