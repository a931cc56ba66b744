"""Calls before the expected one that are not a difference: other parts of QEMU make them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from typing import Any, Final

from ..host import linux
from .address_ranges import LoggedBlock
from .call_predicates import (
    creates,
    discards,
    flags_or_zero,
    is_mapping_of,
    maps_no_file,
    open_similarity,
    opens_to_write,
    populates,
)
from .coming_calls import ComingCalls
from .guesses import ENDS, ON_RANGES
from .memory_blocks import BLOCK_ALIGN
from .progress import Progress
from .search import is_reservation
from .strace import Call

#: What glibc's memory is reserved with, and QEMU's is not.
_GLIBCS: Final = (linux.MAP_NORESERVE, linux.MAP_STACK)
#: How many calls ahead blocks of the machine are distinguished from a backend's.
BLOCKS_AHEAD: Final = 1024


class UnrelatedCalls:
    """Finds the calls in ``coming`` that no backend makes.

    ``machine_has_ram``: the machine makes RAM blocks of its own.  ``attached`` is for a log
    that begins after start-up.
    """

    def __init__(
        self, coming: ComingCalls, progress: Progress, *, machine_has_ram: bool, attached: bool
    ) -> None:
        self._coming = coming
        self._progress = progress
        self._machine_has_ram = machine_has_ram
        self._attached = attached

    def skip(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop calls of no backend, or put those in order that may come in any."""
        head = self._coming.head()
        if head is None or head.name in ENDS:
            return False
        if self._attached and head.block is None and head.name in ON_RANGES:
            self._coming.ahead.popleft()
            return True
        if self.belongs_to_no_backend(head, name, args):
            return True
        if populates(name, args):
            return self._populated_out_of_order(name, args)
        if head.name == "open" and not creates(head):
            return self._pass_over_openings(name, args)
        return False

    def belongs_to_no_backend(self, head: Call, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a block that turns out to be no backend's; that is noted."""
        block = head.block
        if block is None or block.claimed:
            return False
        is_of_machine = self._is_machine_ram(block, name, args)
        if is_of_machine or self._is_library_mapping(head, name, args):
            block.foreign = True
        return bool(block.foreign)

    def _is_library_mapping(self, head: Call, name: str, args: tuple[Any, ...]) -> bool:
        """Whether this is a library's mapping.

        It is not reserved the way QEMU reserves, and no call of that size is expected.
        """
        if head.name != "mmap" or not maps_no_file(head):
            return False
        mapping = head.block.mapping
        if not is_reservation(head.name, head.args):
            return head.block.reservation is None and not is_mapping_of(head, name, args)
        if head.failed or mapping is None:
            wanted = is_reservation(name, args) and head.args[1] == args[1]
            return not wanted and any(flags_or_zero(head.args[3]) & flag for flag in _GLIBCS)
        like_qemus = head.args[1] - mapping.args[1] == BLOCK_ALIGN
        due = like_qemus or is_mapping_of(mapping, name, args)
        return maps_no_file(mapping) and not due

    def _is_machine_ram(self, block: LoggedBlock, name: str, args: tuple[Any, ...]) -> bool:
        """Whether a block that no backend claimed is firmware, ROM or device RAM.

        The machine makes those before a device discards what is in its backend.
        """
        board_is_made = self._progress.started or discards(name, args)
        mapping = block.mapping
        anonymous = mapping is None or maps_no_file(mapping)
        return self._machine_has_ram and board_is_made and anonymous

    def _populated_out_of_order(self, name: str, args: tuple[Any, ...]) -> bool:
        """Bring forward a populating call: several threads make them at once."""
        for place, call in enumerate(self._coming.coming(BLOCKS_AHEAD)):
            if not populates(call.name, call.args):
                if call.block is None or not call.block.claimed:
                    # A thread that ends gives its stack back.
                    continue
                return False
            if place and self._coming.guesses.equal(call, name, args):
                if call.pid == self._coming.ahead[0].pid:
                    return False
                del self._coming.ahead[place]
                self._coming.ahead.appendleft(call)
                return True
        return False

    def _pass_over_openings(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop openings of a path that come before QEMU opens it as a backend.

        Libraries look at files too, as libnuma at /proc/self/status.
        """
        opened = self._progress.opened
        if self._progress.began and (name != "open" or args[0] in opened or args[1] & linux.O_EXCL):
            return False
        passed: list[Call] = []
        descriptors = set()
        for place, call in enumerate(self._coming.coming(BLOCKS_AHEAD)):
            if self._coming.guesses.equal(call, name, args):
                return self._drop_first(place)
            match call.name, call.args:
                case "open", _ if not creates(call):
                    descriptors.add(call.result)
                case "close", (descriptor,) if descriptor in descriptors:
                    pass
                case _:
                    break
            passed.append(call)
        if name == "open":
            alike = [
                (open_similarity(call, args), place)
                for place, call in enumerate(passed)
                if call.args[0] == args[0]
            ]
            if not alike:
                return False
            _, place = max(alike)
            return self._drop_first(place)
        reading = itertools.takewhile(lambda call: not opens_to_write(call), passed)
        return self._drop_first(len(list(reading)))

    def _drop_first(self, count: int) -> bool:
        for _ in range(count):
            call = self._coming.take()
            match call.name:
                case "open":
                    self._coming.ignored_descriptors.add(call.result)
                case "close":
                    self._coming.ignored_descriptors.discard(*call.args)
        return bool(count)

    def may_be_machines(self, name: str, args: tuple[Any, ...]) -> bool:
        """Return whether a call that reserves memory may as well be of a machine's own block."""
        return self._machine_has_ram and self._progress.started and is_reservation(name, args)

    def choose_block(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the reservation, of the first and those alike ahead, that is the backend's.

        The machine's own blocks are made in the same way; a backend's is advised on
        twice, or bound to nodes.  Blocks before the chosen one are the machine's.
        """
        alike: list[Call] = []
        busy: set[LoggedBlock | None] = set()
        mergeable: set[LoggedBlock | None] = set()
        for call in self._coming.coming(BLOCKS_AHEAD):
            if call.name in ("open", "memfd_create"):
                break
            if alike and alike[0].block in busy:
                break
            if self._coming.guesses.equal(call, name, args):
                alike.append(call)
                continue
            match call.name, call.args:
                case "mbind", _:
                    busy.add(call.block)
                case "madvise", (_, _, linux.MADV_MERGEABLE):
                    (busy if call.block in mergeable else mergeable).add(call.block)
        chosen = next((call for call in alike if call.block in busy), alike[0])
        for _ in range(self._coming.ahead.index(chosen)):
            skipped = self._coming.ahead.popleft()
            if skipped.block is not None and not skipped.block.claimed:
                skipped.block.foreign = True
        return chosen
