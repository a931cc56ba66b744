"""The calls of a log that are still to be compared, the next one first.

Calls of other parts of QEMU are dropped here, as are those that the RCU thread may make at
any time.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from ..calls.event import Event
from .backend_calls import SIGBUS, BackendCalls
from .bounded import remember
from .guesses import ENDS, ON_DESCRIPTORS, GuessedAnswers
from .strace import Call
from .verdict import Report

#: So many releases are waited for; a log without any never shows them.
_RELEASES_KEPT: Final = 1000


class ComingCalls:
    """The calls of ``calls``, read ahead as far as they are needed.

    ``pid`` is the thread that QEMU started in, as far as known.
    """

    def __init__(self, calls: BackendCalls, report: Report, pid: int | None) -> None:
        self.pid = pid
        self.ahead: deque[Call] = deque()
        self.last_line = 0
        self.guesses = GuessedAnswers(self.peek)
        #: What the RCU thread may do, once each.
        self.releases: dict[tuple[str, tuple[Any, ...]], Event] = {}
        #: Descriptors on files of other parts of QEMU.
        self.ignored_descriptors: set[int | None] = set()
        self._calls = calls
        self._report = report

    def allow_release(self, event: Event) -> None:
        """Allow a call from now on, once, at any time or never."""
        remember(self.releases, (event.call, event.args), event, _RELEASES_KEPT)

    def bring_forward(self, call: Call) -> None:
        """Put a call that is ahead to the front."""
        self.ahead.remove(call)
        self.ahead.appendleft(call)

    def peek(self, place: int) -> Call | None:
        """Return the call so many places ahead; None behind the last one."""
        ahead = self.ahead
        while len(ahead) <= place:
            call = next(self._calls, None)
            if call is None:
                return None
            ahead.append(call)
        return ahead[place]

    def coming(self, most: int) -> Iterator[Call]:
        """Give the next calls, so many at most, without taking them."""
        for place in range(most):
            call = self.peek(place)
            if call is None:
                return
            yield call

    def take(self) -> Call:
        """Take the next call."""
        call = self.ahead.popleft()
        self.last_line = call.line
        return call

    def head(self) -> Call | None:
        """Return the next call that is judged, without taking it."""
        while True:
            call = self.ahead[0] if self.ahead else self.peek(0)
            if call is None or not self.is_ambient(call):
                return call
            self.ahead.popleft()

    def is_ambient(self, call: Call) -> bool:
        """Whether the call belongs to no backend, or is a release that is allowed."""
        if call.name in ENDS:
            return self.pid is not None and call.pid not in (None, self.pid)
        if call.name == SIGBUS:
            return True
        block = call.block
        if block is not None and call.name == "mmap" and call.args[4] in self.ignored_descriptors:
            block.foreign = True
        others = block.foreign if block is not None else self._is_on_others_descriptor(call)
        return others or (bool(self.releases) and self._is_release(call))

    def _is_on_others_descriptor(self, call: Call) -> bool:
        """Whether the call is on a descriptor that belongs to no backend; notes those."""
        match call.name:
            case "memfd_create":
                if self._calls.is_memory_file(str(call.args[0])):
                    return False
                self.ignored_descriptors.add(call.result)
                return True
            case "close":
                (descriptor,) = call.args
                ignored = descriptor in self.ignored_descriptors
                self.ignored_descriptors.discard(descriptor)
                return ignored
            case name:
                return name in ON_DESCRIPTORS and call.args[0] in self.ignored_descriptors

    def _is_release(self, call: Call) -> bool:
        event = self.releases.pop((call.name, call.args), None)
        if event is None and self.guesses.unknown_count:
            alike = (key for key in self.releases if self.guesses.equal(call, *key))
            event = self.releases.pop(next(alike, ("", ())), None)
        if event is None:
            return False
        self._report.matched += 1
        self._report.note(call.line, f"matches the model: {event.by}")
        return True

    def forget_releases(self, start: int, end: int) -> None:
        """Note that memory is in use again: the block that was there before was released."""
        for release in list(self.releases):
            match release:
                case "munmap", (address, length) if address < end and start < address + length:
                    del self.releases[release]

    def unread(self) -> Iterator[Call]:
        """Give all calls that were not taken, to the end of the log."""
        yield from self.ahead
        self.ahead.clear()
        yield from self._calls
