"""The functions by which a QEMU before 6.0 starts and serves."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .front_end import FrontEnd
from .globals import Qemu
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .qom import TypeInfo
from .ram_addr import RAMBlock
from .user_creatable import USER_CREATABLE
from .vl import CommandLine, main, parse_command_line


def parse(qemu: Qemu, _types: Mapping[str, TypeInfo], args: Sequence[str]) -> CommandLine:
    """Read the command line: no option needs the types yet."""
    return parse_command_line(qemu, args)


def guard_size(qemu: Qemu, _block: RAMBlock) -> int:
    """Return the size of a page: that is the guard behind each block."""
    return qemu.platform.page_size


FRONT_END: Final = FrontEnd(
    USER_CREATABLE,
    parse,
    main,
    qmp_dispatch,
    drain_call_rcu,
    guard_size,
    event_first=False,
)
