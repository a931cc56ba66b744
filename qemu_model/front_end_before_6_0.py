"""The functions by which a QEMU before 6.0 starts and serves."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .front_end import FrontEnd
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .user_creatable import user_creatable_types
from .vl_before_6_0 import _parse_command_line, main

FRONT_END: Final = FrontEnd(
    user_creatable_types, _parse_command_line, main, qmp_dispatch, drain_call_rcu
)
