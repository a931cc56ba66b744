"""The RAM blocks in a log: address ranges that were reserved without access, then mapped over."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from ..host.linux import (
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_MERGEABLE,
    MAP_ANONYMOUS,
    MAP_FIXED,
    PROT_NONE,
    PROT_WRITE,
)
from ..host.protocol import Platform
from .address_ranges import AddressRanges, LoggedBlock
from .bounded import remember
from .strace import Call

#: How many released ranges are remembered.
_REMEMBERED: Final = 64
#: How many reservations without a mapping are kept in mind.
_RESERVATIONS_KEPT: Final = 512
#: Advice that QEMU gives on RAM blocks and that is never given on a stack or an arena.
_ADVICE_ON_BLOCKS: Final = (MADV_MERGEABLE, MADV_DONTDUMP, MADV_DONTFORK)
MAP_FIXED_NOREPLACE: Final = 0x100000
#: How QEMU aligns the address of anonymous memory (``QEMU_VMALLOC_ALIGN``).
BLOCK_ALIGN: Final = Platform().vmalloc_align
#: A block of this size and its alignment have no room in 64 bits.
_WRAPS: Final = 1 << 63


def is_aligned(address: int) -> bool:
    """Whether anonymous memory of QEMU's may begin at an address."""
    return not address % BLOCK_ALIGN


class MemoryBlocks:
    """The blocks that the log shows so far; their calls are put into ``queue``.

    ``is_mapped_since`` tells of two unmapping calls whether memory was mapped there between
    them, ``shows_unmapping`` whether the log has any such call.  In a log that begins after
    start-up (``attached``) advice and unmapping of unknown ranges are kept too.
    """

    def __init__(
        self,
        queue: deque[Call],
        is_mapped_since: Callable[[Call, Call], bool],
        *,
        shows_unmapping: Callable[[], bool],
        attached: bool,
    ) -> None:
        self.ranges = AddressRanges()
        #: What was unmapped last, to see whether that is done twice.
        self.unmapped: dict[int, Call] = {}
        self._queue = queue
        self._is_mapped_since = is_mapped_since
        self._shows_unmapping = shows_unmapping
        self._attached = attached
        self._reservations: deque[LoggedBlock] = deque()

    def sort_mmap(self, call: Call, *, on_backend: bool) -> None:
        """Keep a mapping if it is a block's; ``on_backend``: its descriptor is a backend's."""
        address, length, prot, flags = call.args[:4]
        if not isinstance(length, int) or not isinstance(address, int):
            return
        anonymous = isinstance(flags, str) or bool(flags & MAP_ANONYMOUS)
        without_access = prot == PROT_NONE
        if not address and without_access and anonymous and not on_backend:
            self._note_reservation(call, length)
            return
        block = self.ranges.at(address) or self._beyond_its_reservation(address, length)
        if block is None:
            if not on_backend and not self._is_unreserved_block(call):
                return
            start = call.given or address
            block = LoggedBlock(start, start + length, None, used=True)
            if call.given is not None:
                self._watch(block)
        elif block.used is None and not on_backend:
            if not anonymous:
                # A library is mapped over what was reserved for it.
                self._drop(block)
                return
            if without_access and isinstance(flags, int) and not flags & MAP_FIXED:
                return
        self._use(block)
        block.mapping = call
        call.block = block
        self._queue.append(call)

    @staticmethod
    def _is_unreserved_block(call: Call) -> bool:
        """Whether this is a RAM block whose reservation the log lacks.

        It is anonymous memory at a given address, and aligned, as a library's is not.
        """
        address, _, prot, flags = call.args[:4]
        if not isinstance(flags, int) or not isinstance(prot, int):
            return False
        fixed = flags & MAP_FIXED or flags & MAP_FIXED_NOREPLACE
        new = flags & MAP_ANONYMOUS and fixed
        return bool(new and prot & PROT_WRITE and is_aligned(address))

    def _beyond_its_reservation(self, address: int, length: int) -> LoggedBlock | None:
        """Return the last reservation if a block of nearly 2**64 bytes was meant for it.

        What is reserved for it wraps around, and may end before the aligned address.
        """
        if length < _WRAPS or not self._reservations:
            return None
        last = self._reservations[-1]
        near = last.used is None and 0 <= address - last.end < BLOCK_ALIGN
        return last if near else None

    def _note_reservation(self, call: Call, length: int) -> None:
        address = call.result
        if address is None:
            return
        self._queue.append(call)
        known = self.ranges.at(address)
        if known is not None and known.used is None and known.start == address:
            # The kernel gives no address twice: these two belong together.
            call.block = known
            return
        there = self.ranges.overlapping(address, address + length)
        if call.given is not None and there is not None and self._is_repeated(call, there):
            call.block = there
            return
        block = LoggedBlock(address, address + length, call)
        call.block = block
        if call.given is None:
            block.used = True
            return
        self._watch(block)
        while self._reservations and self._reservations[0].used is not None:
            self._reservations.popleft()
        self._reservations.append(block)
        if len(self._reservations) > _RESERVATIONS_KEPT:
            oldest = self._reservations.popleft()
            if oldest.used is None:
                self._drop(oldest)

    def _is_repeated(self, call: Call, block: LoggedBlock) -> bool:
        """Whether this is the reservation of a block once more, which is still mapped there.

        The kernel gives no address twice without an unmapping, which the log must show.
        """
        before = block.reservation
        same = before is not None and (before.args, before.result) == (call.args, call.result)
        return bool(same and block.used and self._shows_unmapping())

    def _watch(self, block: LoggedBlock) -> None:
        self.ranges.forget(block.start, block.end)
        self.ranges.add(block)

    def _use(self, block: LoggedBlock) -> None:
        if block.used is None:
            block.used = True
            if block.reservation is not None and block.reservation not in self._queue:
                self._queue.append(block.reservation)

    def _drop(self, block: LoggedBlock) -> None:
        block.used = False
        self.ranges.remove(block)

    def sort_range_call(self, call: Call) -> None:
        """Keep a call on addresses if they are a block's."""
        address, length = call.args[:2]
        if not isinstance(address, int) or not isinstance(length, int):
            return
        block = self.ranges.at(address)
        if block is None:
            if self._is_done_twice(call, address):
                call.block = self.unmapped[address].block
                self._queue.append(call)
            elif self._attached and call.name in ("madvise", "munmap"):
                self._queue.append(call)
            return
        call.block = block
        match call.name:
            case "mprotect" if block.used is None:
                self._drop(block)
                return
            case "mbind":
                self._use(block)
            case "madvise" if call.args[2] in _ADVICE_ON_BLOCKS:
                self._use(block)
            case "munmap" if not call.failed:
                self.ranges.cut(block, address, address + length)
                if block.used:
                    remember(self.unmapped, address, call, _REMEMBERED)
        self._queue.append(call)

    def _is_done_twice(self, call: Call, address: int) -> bool:
        """Whether the call unmaps what was unmapped before, and not mapped since."""
        before = self.unmapped.get(address)
        if before is None or (before.name, before.args) != (call.name, call.args):
            return False
        return not self._is_mapped_since(before, call)
