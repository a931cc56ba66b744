"""Negative errnos, as the simulated kernel answers them, and numbers its parts share."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .. import errors, linux

EACCES: Final = -errors.EACCES
EBADF: Final = -errors.EBADF
EFAULT: Final = -errors.EFAULT
EINVAL: Final = -errors.EINVAL
ENODEV: Final = -errors.ENODEV
ENOMEM: Final = -errors.ENOMEM
EOPNOTSUPP: Final = -errors.EOPNOTSUPP
EPERM: Final = -errors.EPERM

#: The largest number in a machine word.
WORD: Final = (1 << 64) - 1
#: F_SEAL_WRITE and F_SEAL_FUTURE_WRITE: no more mappings for writing.
WRITE_SEALS: Final = linux.F_SEAL_WRITE | 0x10
