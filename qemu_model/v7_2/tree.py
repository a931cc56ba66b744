"""The functions by which a QEMU 7.2 starts and serves."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..tree import Tree
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .types import USER_CREATABLE
from .vl import parse_command_line, qemu_init

TREE: Final = Tree(
    USER_CREATABLE,
    parse_command_line,
    qemu_init,
    qmp_dispatch,
    drain_call_rcu,
    event_first=True,
)
