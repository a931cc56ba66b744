"""Negative errnos, as the simulated kernel answers them, and numbers its parts share."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
from typing import Final

from .. import linux

EACCES: Final = -errno.EACCES
EBADF: Final = -errno.EBADF
EFAULT: Final = -errno.EFAULT
EINVAL: Final = -errno.EINVAL
ENODEV: Final = -errno.ENODEV
ENOMEM: Final = -errno.ENOMEM
EOPNOTSUPP: Final = -errno.EOPNOTSUPP
EPERM: Final = -errno.EPERM

#: The largest number in a machine word.
WORD: Final = (1 << 64) - 1
#: F_SEAL_WRITE and F_SEAL_FUTURE_WRITE: no more mappings for writing.
WRITE_SEALS: Final = linux.F_SEAL_WRITE | 0x10
