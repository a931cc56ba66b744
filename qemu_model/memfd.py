"""``util/memfd.c``: files without a name, in memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .globals import Qemu
from .host.caller import makes_calls
from .host.linux import (
    F_ADD_SEALS,
    MFD_ALLOW_SEALING,
    MFD_CLOEXEC,
    MFD_HUGE_SHIFT,
    MFD_HUGETLB,
)
from .osdep import is_power_of_2, off_t

C_FILE = "util/memfd.c"


@makes_calls
def qemu_memfd_check(qemu: Qemu, flags: int) -> bool:
    """Return whether memfd_create works with ``flags``, which QEMU tries once.

    Since 4.0 it passes MFD_CLOEXEC as well, which every kernel with memfd_create has.
    """
    answers = qemu.memfd_checks
    if flags not in answers:
        answers[flags] = qemu.host.memfd_probe(flags)
    return answers[flags]


@makes_calls
def qemu_memfd_create(
    qemu: Qemu, name: str, size: int, *, hugetlb: bool, hugetlbsize: int, seals: int
) -> int:
    """Return a descriptor of a new memory file of ``size`` bytes.

    ``hugetlbsize`` is in bytes, 0 for the system's default, and looked at even
    where ``hugetlb`` is off.  Raises ``Hugepage size must be a power of 2``, ``failed
    to create memfd with flags 0x<hex>: <strerror>``, ``failed to resize memfd to
    <size>: <strerror>`` and ``failed to add seals 0x<hex>: <strerror>``; before 4.0
    the last three are ``failed to create memfd: <strerror>``.
    """
    host = qemu.host
    # QEMU accepts an odd size: it checks the trailing zero bits, and only if there are any.
    if hugetlbsize and not hugetlbsize & 1 and not is_power_of_2(hugetlbsize):
        raise messages.HUGEPAGE_SIZE.error()
    flags = MFD_CLOEXEC
    if seals:
        flags |= MFD_ALLOW_SEALING
    if hugetlb:
        flags |= MFD_HUGETLB
        if hugetlbsize:
            flags |= _trailing_zeroes(hugetlbsize) << MFD_HUGE_SHIFT & 0xFFFF_FFFF

    mfd = host.memfd_create(name, flags)
    if mfd < 0:
        raise messages.CREATE_MEMFD.error(-mfd, flags=flags)
    result = host.ftruncate(mfd, off_t(size))
    if result:
        raise messages.RESIZE_MEMFD.error(_close(qemu, mfd, -result), size=size)
    if seals:
        result = host.fcntl(mfd, F_ADD_SEALS, seals)
        if result:
            raise messages.ADD_SEALS.error(_close(qemu, mfd, -result), seals=seals)
    return mfd


def _close(qemu: Qemu, mfd: int, errno: int) -> int:
    """Close a memory file that failed with ``errno``, and return the errno that QEMU reports."""
    closed = qemu.host.close(mfd)
    if closed and not qemu.tree.memfd.reports_before_it_closes:
        return -closed
    return errno


def _trailing_zeroes(number: int) -> int:
    """Return how many zero bits ``number`` ends in (C's ``ctz64``)."""
    return (number & -number).bit_length() - 1
