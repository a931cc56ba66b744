"""statx(2), which says whether a file is on DAX."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ctypes
from typing import Final

AT_EMPTY_PATH: Final = 0x1000
STATX_ATTR_DAX: Final = 0x00200000
#: The size of ``struct statx``, and where in it the attributes and their mask are, in bytes.
STRUCT_SIZE: Final = 256
ATTRIBUTES: Final = 8
ATTRIBUTES_MASK: Final = 56


def is_dax(fd: int) -> bool | None:
    """Return whether the kernel accesses the file at ``fd`` directly (STATX_ATTR_DAX).

    None where it does not say: Linux before 5.8, or a C library without statx.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "statx"):
        return None
    answer = (ctypes.c_ubyte * STRUCT_SIZE)()
    if libc.statx(fd, b"", AT_EMPTY_PATH, 0, ctypes.byref(answer)) != 0:
        return None
    attributes, mask = (
        int.from_bytes(answer[start : start + 8], "little")
        for start in (ATTRIBUTES, ATTRIBUTES_MASK)
    )
    return bool(attributes & STATX_ATTR_DAX) if mask & STATX_ATTR_DAX else None
