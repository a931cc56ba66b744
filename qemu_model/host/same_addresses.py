"""Repeats the addresses of an earlier run, modulo 2 MiB."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from .linux import PROT_NONE
from .protocol import Host
from .wrapper import WrapperHost

#: QEMU and devices treat addresses alike that are equal modulo this number of bytes.
HUGE = 2 * 1024 * 1024


class SameAddressesHost(WrapperHost):
    """Puts reservations as far from a huge page's start as ``places`` are, by length in bytes.

    The kernel chooses the address of a block, and some of what QEMU does depends on it, as does
    whether a device DAX accepts the address: with ``align=1M`` every other run succeeds on a
    device of 2 MiB.  With the places of another run the result is the same.
    """

    def __init__(self, inner: Host, places: Mapping[int, Sequence[int]]) -> None:
        super().__init__(inner)
        self._places = {length: deque(found) for length, found in places.items()}

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2)."""
        left = self._places.get(length)
        if not left or addr or prot != PROT_NONE:
            return super().mmap(addr, length, prot, flags, fd, offset)
        page = self.platform.page_size
        whole = -(-length // page) * page
        start = super().mmap(addr, whole + HUGE, prot, flags, fd, offset)
        if start < 0:
            return start
        before = (left.popleft() - start) % HUGE
        for address, rest in ((start, before), (start + before + whole, HUGE - before)):
            if rest:
                self.inner.munmap(address, rest)
        return start + before
