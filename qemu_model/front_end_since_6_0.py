"""The functions by which QEMU 6.0 and later start and serve."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .front_end import FrontEnd
from .globals import Qemu
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .ram_addr import RAMBlock
from .user_creatable import user_creatable_types
from .vl import parse_command_line, qemu_init


def guard_size(qemu: Qemu, block: RAMBlock) -> int:
    """Return the size of the guard behind a block: on ppc64 a page of the block's own."""
    return block.page_size if qemu.platform.machine.startswith("ppc64") else qemu.platform.page_size


FRONT_END: Final = FrontEnd(
    user_creatable_types,
    parse_command_line,
    qemu_init,
    qmp_dispatch,
    drain_call_rcu,
    guard_size,
)
