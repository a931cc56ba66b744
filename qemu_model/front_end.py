"""A tree's front end: the functions that read the line, start QEMU and serve QMP.

There are two: that of 6.0 and later, which reads options by the rules of QAPI, and the
one before it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from .globals import Qemu
from .qom import TypeInfo
from .records import Value
from .revisions.release import Release
from .vl_options import CommandLine


@attrs.frozen(eq=False, repr=False)
class FrontEnd(Value):
    """A tree's object types, and its ways to read a line, to start, to serve and to free blocks.

    ``types`` returns those of a release.
    """

    types: Callable[[Release], Mapping[str, TypeInfo]]
    parse: Callable[[Qemu, Mapping[str, TypeInfo], Sequence[str]], CommandLine]
    start: Callable[[Qemu, Mapping[str, TypeInfo], Any], None]
    dispatch: Callable[[Qemu, Mapping[str, TypeInfo], object], dict[str, Any]]
    drain_call_rcu: Callable[[Qemu], None]
