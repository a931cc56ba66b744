"""The functions by which QEMU 6.0 and later start and serve."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .front_end import FrontEnd
from .physmem import drain_call_rcu
from .qmp import qmp_dispatch
from .user_creatable import user_creatable_types
from .vl import _parse_command_line, qemu_init

FRONT_END: Final = FrontEnd(
    user_creatable_types,
    _parse_command_line,
    qemu_init,
    qmp_dispatch,
    drain_call_rcu,
)
