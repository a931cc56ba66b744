"""What a simulated kernel keeps for one process."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..profile import Profile
from ..protocol import HostRefuses, Platform
from .address_space import AddressSpace
from .inodes import Descriptor, Inode
from .memory import HugePagePool, Memory
from .names import Names

#: The descriptors below are standard input, output and error.
FIRST_DESCRIPTOR: Final = 3


class State:
    """The files, descriptors, addresses and memory that all calls share."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.platform: Platform = profile.platform
        kernel = profile.kernel
        self._page = profile.platform.page_size
        self._names = Names(profile)
        self._descriptors: dict[int, Descriptor] = {}
        self._lowest_descriptor = FIRST_DESCRIPTOR
        size = 1 << kernel.address_bits
        self._space = AddressSpace(size - self._page, size - (size >> 14))
        total = kernel.memory + kernel.swap
        self._memory = Memory(total, kernel.overcommit, kernel.memory // 2 + kernel.swap)
        self._pools: dict[int, HugePagePool] = {}
        self._temporary_names = 0
        self._devices: list[Inode] = []

    def _drop(self, inode: Inode) -> None:
        inode.references -= 1
        if not inode.references and not inode.linked:
            self._memory.used -= inode.free_from(0)

    def _pool(self, size: int) -> HugePagePool:
        pool = self._pools.get(size)
        if pool is None:
            nodes = self.profile.node_huge_pages.get(size)
            pool = self._pools[size] = HugePagePool(size, self.profile.huge_pages[size], nodes)
        return pool

    def _use_memory(self, length: int) -> None:
        if self._memory.take(length) < length:
            raise HostRefuses(
                f"touching these pages takes more memory than the simulated machine has "
                f"({self._memory.total} bytes): Linux would kill QEMU here"
            )
