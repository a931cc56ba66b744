"""What may still come in a log when the model makes no more calls."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

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


class Afterwards:
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

    def may_come(self, call: Call) -> bool:
        """Return whether something later in QEMU's life can lead to the call."""
        name, args = call.name, call.args
        if name in ("open", "memfd_create"):
            if call.result is not None and call.result >= 0:
                self._new.add(call.result)
            return True
        if name in ("unlink", "statfs"):
            return True
        if call.block is not None and not call.block.claimed:
            return True
        if name in ("close", "lseek", "fstatfs", "ftruncate", "fcntl", "fallocate"):
            if args[0] in self._new:
                return True
            return name in ("fstatfs", "fallocate") or (
                name == "close" and (self._attached or args[0] in self._descriptors)
            )
        if name == "munmap":
            return args in self._whole
        if name != "madvise" or args[2] in (MADV_HUGEPAGE, MADV_DONTFORK):
            return False
        return self._changes(args[:2], args[2])

    def _changes(self, place: tuple[int, int], advice: int) -> bool:
        """Whether the advice is one a command can lead to, as the backend is now."""
        pairs = ({MADV_MERGEABLE, MADV_UNMERGEABLE}, {MADV_DODUMP, MADV_DONTDUMP})
        for pair in pairs:
            if advice in pair:
                idle = self._no_change.get(place)
                if idle is None or advice in idle:
                    return False
                self._no_change[place] = (idle - pair) | {advice}
        return True
