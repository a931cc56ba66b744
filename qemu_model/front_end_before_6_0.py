"""The functions by which a QEMU before 6.0 starts and serves."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .front_end import FrontEnd
from .globals import Qemu
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .ram_addr import RAMBlock
from .user_creatable import user_creatable_types
from .vl_before_6_0 import main, parse_command_line


def guard_size(qemu: Qemu, _block: RAMBlock) -> int:
    """Return the size of a page: that is the guard behind each block."""
    return qemu.platform.page_size


FRONT_END: Final = FrontEnd(
    user_creatable_types, parse_command_line, main, qmp_dispatch, drain_call_rcu, guard_size
)
