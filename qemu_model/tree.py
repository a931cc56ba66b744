"""What a tree of QEMU is made of: its object types, and the functions that start and serve it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from .globals import Qemu
from .qom import TypeInfo
from .ram_addr import RAMBlock
from .vl import CommandLine


@attrs.frozen
class Tree:
    """A tree's object types, and its ways to read a line, to start, to serve and to free blocks.

    ``guard_size`` tells how many bytes lie behind a block so that nothing can run over it.
    ``event_first``: the SHUTDOWN event comes before the reply to ``quit``.
    """

    types: Mapping[str, TypeInfo]
    parse: Callable[[Qemu, Mapping[str, TypeInfo], Sequence[str]], CommandLine]
    start: Callable[[Qemu, Mapping[str, TypeInfo], Any], None]
    dispatch: Callable[[Qemu, Mapping[str, TypeInfo], object], dict[str, Any]]
    drain_call_rcu: Callable[[Qemu], None]
    guard_size: Callable[[Qemu, RAMBlock], int]
    event_first: bool
