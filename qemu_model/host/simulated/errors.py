"""Negative errnos, as the simulated kernel answers them, and numbers its parts share."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .. import linux
from ..errors import Errno

EACCES: Final = -Errno.EACCES
EBADF: Final = -Errno.EBADF
EFAULT: Final = -Errno.EFAULT
EINVAL: Final = -Errno.EINVAL
ENODEV: Final = -Errno.ENODEV
ENOMEM: Final = -Errno.ENOMEM
EOPNOTSUPP: Final = -Errno.EOPNOTSUPP
EPERM: Final = -Errno.EPERM

#: The largest number in a machine word.
WORD: Final = (1 << 64) - 1
#: F_SEAL_WRITE and F_SEAL_FUTURE_WRITE: no more mappings for writing.
WRITE_SEALS: Final = linux.F_SEAL_WRITE | 0x10
