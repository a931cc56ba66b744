"""``util/memfd.c``: files without a name, in memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import messages
from .globals import Qemu
from .host.linux import (
    F_ADD_SEALS,
    MFD_ALLOW_SEALING,
    MFD_CLOEXEC,
    MFD_HUGE_SHIFT,
    MFD_HUGETLB,
)
from .osdep import is_power_of_2, off_t

C_FILE = "util/memfd.c"

#: What QEMU asks the kernel as it starts: whether the type exists, then its properties.
CHECKS: Final = (0, MFD_HUGETLB, MFD_ALLOW_SEALING)


def qemu_memfd_check(qemu: Qemu, flags: int, checks: Sequence[int] = CHECKS) -> bool:
    """Return whether memfd_create with ``flags``, one of ``checks``, worked as QEMU started.

    The kernel is asked all of them once, in their order.
    """
    answers = qemu.memfd_checks
    if not answers:
        answers.update((asked, qemu.host.memfd_probe(asked)) for asked in checks)
    return answers[flags]


def qemu_memfd_create(
    qemu: Qemu, name: str, size: int, *, hugetlb: bool, hugetlbsize: int, seals: int
) -> int:
    """Return a descriptor of a new memory file of ``size`` bytes.

    ``hugetlbsize`` is in bytes, 0 for the system's default, and looked at even
    where ``hugetlb`` is off.  Raises ``Hugepage size must be a power of 2`` and
    ``failed to create memfd: <strerror>``, the latter for each of its three calls.
    """
    host = qemu.host
    # An odd size passes: QEMU looks at the zero bits it ends in, and only if there are any.
    if hugetlbsize and hugetlbsize & 1 == 0 and not is_power_of_2(hugetlbsize):
        raise messages.HUGEPAGE_SIZE.error()
    flags = MFD_CLOEXEC
    if seals:
        flags |= MFD_ALLOW_SEALING
    if hugetlb:
        flags |= MFD_HUGETLB
        if hugetlbsize:
            flags |= trailing_zeroes(hugetlbsize) << MFD_HUGE_SHIFT

    mfd = host.memfd_create(name, flags)
    if mfd < 0:
        raise messages.CREATE_MEMFD.error(-mfd)
    result = host.ftruncate(mfd, off_t(size))
    if result == 0 and seals:
        result = host.fcntl(mfd, F_ADD_SEALS, seals)
    if result < 0:
        closed = host.close(mfd)
        raise messages.CREATE_MEMFD.error(-(closed or result))
    return mfd


def trailing_zeroes(number: int) -> int:
    """``ctz64``: how many zero bits ``number`` ends in."""
    return (number & -number).bit_length() - 1
