"""``util/memfd.c``: files without a name, in memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..globals import Qemu
from ..host.linux import (
    F_ADD_SEALS,
    MFD_ALLOW_SEALING,
    MFD_CLOEXEC,
    MFD_HUGE_SHIFT,
    MFD_HUGETLB,
)
from ..memfd import trailing_zeroes
from ..osdep import is_power_of_2, off_t
from . import messages

C_FILE = "util/memfd.c"

#: What QEMU asks the kernel as it starts: whether the type exists, then its properties.
CHECKS: Final = (MFD_CLOEXEC | MFD_ALLOW_SEALING, MFD_CLOEXEC | MFD_HUGETLB)


def qemu_memfd_create(
    qemu: Qemu, name: str, size: int, *, hugetlb: bool, hugetlbsize: int, seals: int
) -> int:
    """Return a descriptor of a new memory file of ``size`` bytes.

    ``hugetlbsize`` is in bytes, 0 for the system's default, and looked at even
    where ``hugetlb`` is off.  Raises ``Hugepage size must be a power of 2``, ``failed
    to create memfd with flags 0x<hex>: <strerror>``, ``failed to resize memfd to
    <size>: <strerror>`` and ``failed to add seals 0x<hex>: <strerror>``.
    """
    host = qemu.host
    # An odd size passes: QEMU looks at the zero bits it ends in, and only if there are any.
    if hugetlbsize and not hugetlbsize & 1 and not is_power_of_2(hugetlbsize):
        raise messages.HUGEPAGE_SIZE.error()
    flags = MFD_CLOEXEC
    if seals:
        flags |= MFD_ALLOW_SEALING
    if hugetlb:
        flags |= MFD_HUGETLB
        if hugetlbsize:
            flags |= trailing_zeroes(hugetlbsize) << MFD_HUGE_SHIFT & 0xFFFF_FFFF

    mfd = host.memfd_create(name, flags)
    if mfd < 0:
        raise messages.CREATE_MEMFD.error(-mfd, flags=flags)
    result = host.ftruncate(mfd, off_t(size))
    if result:
        host.close(mfd)
        raise messages.RESIZE_MEMFD.error(-result, size=size)
    if seals:
        result = host.fcntl(mfd, F_ADD_SEALS, seals)
        if result:
            host.close(mfd)
            raise messages.ADD_SEALS.error(-result, seals=seals)
    return mfd
