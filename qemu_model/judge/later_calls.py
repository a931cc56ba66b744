"""Calls that may follow in a log after the last call of the model."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..host.linux import (
    MADV_DODUMP,
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_HUGEPAGE,
    MADV_MERGEABLE,
    MADV_UNMERGEABLE,
)
from ..hostmem import HostMemoryBackend, host_memory_backend_mr_inited
from ..process import Process
from .strace import Call

#: Advice that a backend's memory gets as it is made, and never again.
_OF_MAKING: Final = frozenset({MADV_HUGEPAGE, MADV_DONTFORK})
_OPPOSITE: Final = MappingProxyType(
    {
        MADV_MERGEABLE: MADV_UNMERGEABLE,
        MADV_UNMERGEABLE: MADV_MERGEABLE,
        MADV_DODUMP: MADV_DONTDUMP,
        MADV_DONTDUMP: MADV_DODUMP,
    }
)


class LaterCalls:
    """The backends as the model leaves them, and what commands unknown to it can do to them.

    A command can change ``merge`` and ``dump``, preallocate, delete a backend and
    make a new one.  It cannot bind, map, size or seal the memory of one that is
    there: such a call belongs to its making, and is one too many.  Where the log
    begins after start-up (``attached``) it does not show which descriptors are theirs.
    """

    def __init__(self, process: Process, *, attached: bool) -> None:
        backends = [
            backend
            for backend in process.qemu.objects.values()
            if isinstance(backend, HostMemoryBackend) and host_memory_backend_mr_inited(backend)
        ]
        #: By address and size, advice that would change nothing, and so is never given.
        self._no_change: dict[tuple[int, int], set[int]] = {}
        for backend in backends:
            block = backend.mr.ram_block
            if block is None:
                continue
            self._no_change[block.host, backend.mr.size] = {
                MADV_MERGEABLE if backend.merge else MADV_UNMERGEABLE,
                MADV_DODUMP if backend.dump else MADV_DONTDUMP,
            }
        page_size = process.qemu.platform.page_size
        self._whole = {
            (block.host, block.max_length + page_size) for block in process.qemu.ram_blocks
        }
        self._descriptors = {block.fd for block in process.qemu.ram_blocks if block.fd >= 0}
        self._new: set[int] = set()
        self._attached = attached
        self._loop = {
            (event.call, event.args) for event in process.host.events[-2:] if process.livelock
        }

    def is_in_loop(self, call: Call) -> bool:
        """Return whether the call is one of those that QEMU repeats for ever."""
        return (call.name, call.args) in self._loop

    def allows(self, call: Call) -> bool:
        """Return whether something later in QEMU's life can lead to the call."""
        match call.name:
            case "open" | "memfd_create":
                if call.given is not None:
                    self._new.add(call.given)
                return True
            case "unlink" | "statfs":
                return True
        if call.block is not None and not call.block.claimed:
            return True
        match (call.name, *call.args):
            case ("close" | "lseek" | "ftruncate" | "fcntl", fd, *_) if fd in self._new:
                return True
            case ("fstatfs" | "fallocate", *_):
                return True
            case ("close", fd):
                return self._attached or fd in self._descriptors
            case ("munmap", start, length):
                return (start, length) in self._whole
            case ("madvise", start, length, advice):
                return advice not in _OF_MAKING and self._changes((start, length), advice)
        return False

    def _changes(self, place: tuple[int, int], advice: int) -> bool:
        """Whether the advice is one a command can lead to, as the backend is now."""
        opposite = _OPPOSITE.get(advice)
        if opposite is None:
            return True
        idle = self._no_change.get(place, set())
        if opposite not in idle:
            return False
        idle.remove(opposite)
        idle.add(advice)
        return True
