"""The functions by which a QEMU of 2018 starts and serves."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .exec import drain_call_rcu
from .globals import Qemu
from .qmp import qmp_dispatch
from .qom import TypeInfo
from .tree import Tree
from .types import USER_CREATABLE
from .vl import CommandLine, main, parse_command_line


def parse(qemu: Qemu, _types: Mapping[str, TypeInfo], args: Sequence[str]) -> CommandLine:
    """Read the command line: no option needs the types yet."""
    return parse_command_line(qemu, args)


TREE: Final = Tree(USER_CREATABLE, parse, main, qmp_dispatch, drain_call_rcu, event_first=False)
