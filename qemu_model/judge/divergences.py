"""A call that is not the expected one: the kind of the difference, and how to continue."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import attrs

from ..calls.event import Event
from ..host.caller import Caller
from .backend_calls import CRASHES, KILLED
from .call_predicates import is_mapping_of
from .coming_calls import ComingCalls
from .guesses import AHEAD, ENDS, ON_RANGES
from .progress import Progress
from .search import LogSearch, is_reservation
from .strace import Call
from .verdict import Divergence, Kind, Report, because, origin

#: Calls whose answer QEMU ignores, or uses only in a message.
_ANSWER_IS_NOTHING: Final = frozenset(
    {"madvise", "munmap", "mbind", "close", "ftruncate", "fcntl", "unlink"}
)
_ON_ADDRESSES: Final = frozenset({*ON_RANGES, "mmap"})
#: After so many divergences the lines between two calls are no longer searched.
_MOST_SEARCHED: Final = 100


class LogEnded(Exception):
    """The log has no more calls, and the model still makes one."""

    def __init__(self, expected: Event) -> None:
        super().__init__(expected.call)
        self.expected = expected


class ProcessEnded(Exception):
    """The log shows the end of QEMU where the model still makes calls; that was reported."""


@attrs.frozen
class EarlyEnd:
    """QEMU failed before it made a call: its end, the call, and the divergence if it is one.

    ``within``: the call is not the first on its backend.  Nothing but memory makes QEMU exit
    between two calls on one backend.
    """

    end: Call
    expected: Event
    divergence: Divergence
    within: bool


class Divergences:
    """Classifies a call that is not the expected one, and reports it.

    ``use`` takes the next call of the log as the answer to the model's.  ``caller`` is the
    model's function that asks for a call.
    """

    def __init__(
        self,
        coming: ComingCalls,
        progress: Progress,
        search: LogSearch,
        report: Report,
        *,
        use: Callable[[Call], None],
        caller: Caller,
    ) -> None:
        #: Set where QEMU failed before it made a call that the model makes.
        self.ended_early: EarlyEnd | None = None
        self._coming = coming
        self._progress = progress
        self._search = search
        self._report = report
        self._use = use
        self._caller = caller
        self._doubtful: Call | None = None
        #: Address ranges of blocks whose calls the log shows as no backend's.
        self._lost: list[tuple[int, int]] = []
        #: A reservation that QEMU unmapped as a whole: the arguments, and what to report
        #: where the model maps memory over it.
        self._given_back: tuple[tuple[Any, ...], Divergence] | None = None

    def differ(self, head: Call, name: str, args: tuple[Any, ...]) -> Call | None:
        """Report that ``head`` is not the call the model makes, and return the answer to that.

        None where ``head`` was a call too many: the next one may be the right one.
        """
        if head.name == KILLED and head.args[0] not in CRASHES:
            raise LogEnded(self.event(name, args))
        passed_over = self.find_overlooked(head, name, args)
        if passed_over is not None:
            return passed_over
        unreserved = head.name == "mmap" and head.block.reservation is None
        if not (unreserved and is_mapping_of(head, name, args)) and self._comes(name, args):
            self._add("extra", head, name, args)
            self._coming.take()
            return None
        if head.name == name and is_reservation(name, head.args) == is_reservation(name, args):
            return self._altered(head, name, args)
        return self._missing(head, name, args)

    def find_overlooked(self, head: Call, name: str, args: tuple[Any, ...]) -> Call | None:
        """Return the answer of a call that was not counted as a backend's, and report it.

        It has an address, a descriptor or a path of no backend, or it is a block
        of which the log lacks the mapping or the reservation.
        """
        if self._report.diverged > _MOST_SEARCHED:
            return None
        search, pid = self._search, self._coming.pid
        near = search.near_miss(name, args, self._coming.last_line, head.line, pid)
        if near is not None:
            self._add("altered", near, name, args)
            self._coming.last_line = near.line
            if is_reservation(name, args) and head.name == "mmap" and near.result:
                # What is unmapped of it was not distinguished from other memory either.
                behind = sum(head.args[:2])
                self._lost.append((near.result, head.args[0]))
                self._lost.append((behind, near.result + args[1]))
            return near
        if not is_reservation(name, args):
            return None
        reserved = search.exact(name, args, self._coming.last_line, head.line, pid)
        if reserved is None or reserved.given is None:
            return None
        start, end = reserved.given, reserved.given + args[1]
        on_it = search.in_range(start, end, reserved.line, head.line, pid)
        self._report.matched += 1
        divergence = self._divergence("missing", on_it or head, self.event(name, args))
        if on_it is not None and (on_it.name, on_it.args) == ("munmap", (start, args[1])):
            # QEMU gave it back unused, as the model may do next.
            self._given_back = (on_it.args, divergence)
        else:
            self._report.add(divergence)
        self._lost.append((start, end))
        return reserved

    def _comes(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is one of the next in the log."""
        for call in itertools.islice(self._coming.coming(AHEAD), 1, None):
            if call.name in ENDS:
                return False
            if self._coming.guesses.equal(call, name, args):
                return True
        return False

    def _altered(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._add("altered", head, name, args)
        if name in _ANSWER_IS_NOTHING:
            # It may as well be the model's next call, and this one missing: that shows
            # when the model makes the next one.
            self._doubtful = head
            return attrs.evolve(head, args=args)
        self._use(head)
        return head

    def settle_doubt(self, name: str, args: tuple[Any, ...]) -> None:
        """Decide whether a doubtful call was altered or the next one, once the next one is made."""
        head, self._doubtful = self._doubtful, None
        if head is None or head not in self._coming.ahead:
            return
        if self._coming.guesses.equal(head, name, args):
            last = self._report.divergences.pop()
            self._report.divergences.append(attrs.evolve(last, kind="missing"))
        else:
            self._use(head)

    def _missing(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._add("missing", head, name, args)
        if head.name in ENDS:
            raise ProcessEnded
        return self._coming.guesses.answer(name, args)

    def end_early(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        """Note that QEMU failed before this call; the model runs on with guesses.

        Whether the model fails here too, and QEMU made one call too few, shows at its end.
        """
        event = self.event(name, args)
        divergence = self._divergence("missing", head, event)
        within = not (self._progress.started or self._begins_backend(name, args))
        self.ended_early = EarlyEnd(head, event, divergence, within)
        self._coming.guesses.log_not_reached = True
        return self._coming.guesses.answer(name, args)

    def _begins_backend(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is the first on its backend, so that other work may come before it."""
        before = self._progress.before
        match name:
            case "open":
                return before is None or before.call != "open"
            case "statfs" | "memfd_create":
                return True
        if before is None:
            return True
        return is_reservation(name, args) and before.call in ("madvise", "mbind", "close")

    def _add(self, kind: Kind, head: Call, name: str, args: tuple[Any, ...]) -> None:
        self._report.add(self._divergence(kind, head, self.event(name, args)))

    def _divergence(self, kind: Kind, head: Call, event: Event) -> Divergence:
        rule = because(event, self._progress.before)
        return Divergence(kind, head.line, head, (event,), event.by, rule)

    def event(self, name: str, args: tuple[Any, ...]) -> Event:
        """Return a call of the model's, with the C function that makes it."""
        return Event(name, args, 0, origin(self._caller, self._report.release))

    def in_unmatched_reservation(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a block whose calls the log shows as no backend's."""
        on_it = name in _ON_ADDRESSES and any(start <= args[0] < end for start, end in self._lost)
        if on_it and self._given_back is not None:
            unmapped, divergence = self._given_back
            self._given_back = None
            if (name, args) != ("munmap", unmapped):
                self._report.add(divergence)
        return on_it
