"""``include/qemu/osdep.h``: what differs from one operating system to another.

The helpers here decide nothing about a backend, so a system call made through
them counts as their caller's: this module declares no ``C_FILE`` of its own.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .globals import Qemu


def round_up(number: int, multiple: int) -> int:
    """``ROUND_UP``: the next multiple of a power of two, in 64 bits, so it can wrap to 0."""
    return (number + multiple - 1) & -multiple & 0xFFFF_FFFF_FFFF_FFFF


def qemu_align_up(number: int, multiple: int) -> int:
    """``QEMU_ALIGN_UP``: the next multiple of any number, in 64 bits."""
    return (number + multiple - 1) // multiple * multiple & 0xFFFF_FFFF_FFFF_FFFF


def host_page_align(qemu: Qemu, number: int) -> int:
    """``HOST_PAGE_ALIGN``: up to whole pages of the host; within a page of 2**64 it gives 0."""
    return round_up(number, qemu.platform.page_size)


def off_t(number: int) -> int:
    """Return a 64-bit number as C's signed ``off_t`` holds it: from 2**63 on it is negative."""
    return number - (1 << 64) if number >= 1 << 63 else number


def is_power_of_2(number: int) -> bool:
    """Whether exactly one bit of ``number`` is set (``include/qemu/host-utils.h``)."""
    return number != 0 and number & (number - 1) == 0


def qemu_madvise(qemu: Qemu, addr: int, length: int, advice: int) -> int:
    """``util/osdep.c:qemu_madvise``: madvise(2) over ``length`` bytes, whose result is not read.

    Returns 0 or the negative errno; EINVAL, without a call, for an advice that the
    platform lacks.
    """
    if qemu.platform.system != "linux":
        return -22
    return qemu.host.madvise(addr, length, advice)
