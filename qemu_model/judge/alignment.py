"""Compare the log with the model's calls, one by one, also after a difference.

The model runs and asks for the answer to each of its calls; the next call of the log on a
backend must be that call.  Where it is another one, the judge reports a divergence and
continues from the state that the model allows: with the answer of the call in the place of
the right one, or with a likely answer where the log has none.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Any

import attrs

from ..calls.event import Event
from ..host import linux
from ..host.caller import Caller
from .backend_calls import SIGBUS, BackendCalls, name_of_opened
from .backend_names import TEMPORARY_FILE
from .call_predicates import flags_or_zero, opens_to_write, populates
from .coming_calls import ComingCalls
from .divergences import Divergences, EarlyEnd, LogEnded
from .ends import is_failure
from .guesses import AHEAD, ENDS, ON_RANGES
from .log_filter import LogFilter
from .populating import answer_of, covering_calls
from .progress import Progress
from .search import LogSearch
from .strace import Call
from .unrelated_calls import BLOCKS_AHEAD, UnrelatedCalls
from .verdict import Report, origin


class Alignment:
    """The calls of a log, asked for one after the other by a run of the model.

    ``caller`` is the model's function that asks for a call.
    ``pid`` is the thread that QEMU started in, as far as known.
    ``machine_has_ram`` tells that the machine makes RAM blocks of its own, which belong to
    no backend.  ``attached`` is for a log that begins after start-up.
    ``first_may_be_missing`` tells of the log's first call whether it may be the
    model's second, ``filtered_by_path`` whether only calls on a path were logged, and
    ``traced`` which calls strace logged, None where that is unknown.
    """

    def __init__(
        self,
        calls: BackendCalls,
        search: LogSearch,
        report: Report,
        *,
        caller: Caller,
        pid: int | None,
        machine_has_ram: bool,
        attached: bool = False,
        first_may_be_missing: Callable[[Call], bool],
        filtered_by_path: Callable[[], bool],
        traced: Container[str] | None = None,
    ) -> None:
        self.report = report
        self._caller = caller
        self._calls = calls
        self._search = search
        self._first_may_be_missing = first_may_be_missing
        self._attached = attached
        self._progress = Progress()
        self._coming = ComingCalls(calls, report, pid)
        self._guesses = self._coming.guesses
        self._guesses.log_not_reached = attached
        self._filter = LogFilter(search, report, traced=traced, filtered_by_path=filtered_by_path)
        self._unrelated = UnrelatedCalls(
            self._coming, self._progress, machine_has_ram=machine_has_ram, attached=attached
        )
        self._divergences = Divergences(
            self._coming, self._progress, search, report, use=self._use, caller=caller
        )
        #: What each descriptor is open on, as of the last opening that was taken.
        self._names: dict[int, str] = {}

    @property
    def started(self) -> bool:
        """Whether the model has made what its command line asks for."""
        return self._progress.started

    @property
    def ended_early(self) -> EarlyEnd | None:
        """Where QEMU failed before it made a call that the model makes, else None."""
        return self._divergences.ended_early

    def has_started(self) -> None:
        """Note that the model has made what its command line asks for."""
        self._progress.started = True
        self._guesses.log_not_reached = self.ended_early is not None

    # What the model asks.

    def expect(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the log's answer to a call of the model's.

        Raises :class:`LogEnded` and :class:`ProcessEnded`.
        """
        call = self._expect(name, args)
        self._progress.note(Event(name, args, call.result or 0))
        return call

    def _expect(self, name: str, args: tuple[Any, ...]) -> Call:
        if self._guesses.log_not_reached or self._divergences.in_unmatched_reservation(name, args):
            return self._guesses.answer(name, args)
        self._divergences.settle_doubt(name, args)
        while True:
            head = self._coming.head()
            if head is not None and self._guesses.equal(head, name, args):
                if self._unrelated.may_be_machines(name, args):
                    head = self._unrelated.choose_block(name, args)
                return self._match(head)
            if self._unrelated.skip(name, args):
                continue
            if populates(name, args) and (parts := self._populated_in_parts(args)):
                return parts
            if (
                head is not None
                and head.name in ENDS
                and is_failure(head)
                and not self._filter.lacks_what_loaders_make(name, args)
            ):
                overlooked = self._divergences.find_overlooked(head, name, args)
                return overlooked or self._divergences.end_early(head, name, args)
            if self._filter.may_leave_out(name, args):
                return self._guesses.answer(name, args)
            if self._filter.is_on_another_path(name, args):
                self.report.not_traced.add(f"{name} of a file in the directory")
                return self._guesses.answer(name, args)
            if head is None:
                raise LogEnded(self._divergences.event(name, args))
            if self._progress.before is None and self._first_may_be_missing(head):
                self.report.not_traced.add(f"the first {name}")
                return self._guesses.answer(name, args)
            answer = self._divergences.differ(head, name, args)
            if answer is not None:
                return answer

    def touch(self, address: int, length: int) -> bool:
        """Return whether the pages of the range could be touched: no SIGBUS follows."""
        if self._guesses.log_not_reached:
            return True
        self._divergences.settle_doubt("", ())
        while (call := self._coming.peek(0)) is not None and call.name != SIGBUS:
            if not self._coming.is_ambient(call):
                return True
            self._coming.take()
        if call is None:
            return True
        (where,) = call.args
        start = self._guesses.known_as.get(address, address)
        if where is not None and not start <= where < start + length:
            return True
        self._coming.take()
        return False

    def temporary_name(self) -> str:
        """Return the six characters that mkstemp chose in the log."""
        for call in self._coming.coming(AHEAD):
            match call:
                case Call(name="open", args=(path, flags, _)) if (
                    TEMPORARY_FILE in path and flags_or_zero(flags) & linux.O_EXCL
                ):
                    return str(path[-6:])
        return "XXXXXX"

    def next_is(self, name: str) -> bool:
        """Return whether the log's next call on a backend has this name."""
        head = self._coming.head()
        return head is not None and head.name == name

    def is_device(self, descriptor: int) -> bool:
        """Return whether the log shows the descriptor open on a character device."""
        return descriptor in self._calls.devices

    def descriptor_path(self, descriptor: int) -> str:
        """Return the path that the log gives for a descriptor, empty if none."""
        return self._names.get(descriptor) or self._calls.name_of(descriptor)

    def release(self, name: str, args: tuple[Any, ...]) -> None:
        """Allow a call from now on, once, at any time or never: the RCU thread makes it."""
        if not self._guesses.log_not_reached:
            self._coming.allow_release(self._divergences.event(name, args))

    def _match(self, call: Call) -> Call:
        self._use(call)
        self.report.matched += 1
        if self.report.on_line is not None:
            self.report.note(
                call.line, f"matches the model: {origin(self._caller, self.report.release)}"
            )
        return call

    def _use(self, call: Call) -> None:
        """Take the call, which is the next one, as the answer to the model's."""
        self._coming.take()
        if not self._progress.began:
            # What makes the first call on a backend is QEMU's main thread, also where
            # another one started it.
            self._progress.began, self._coming.pid = True, call.pid
        if call.block is not None:
            call.block.claimed = True
        if call.out is not None:
            self._guesses.file_system_seen = call.out
        given = call.given
        if given is not None:
            match call.name:
                case "open" | "memfd_create":
                    self._names[given] = name_of_opened(call)
                    # The number is in use again: what was left to the RCU thread did happen.
                    self._coming.releases.pop(("close", (given,)), None)
                case "mmap":
                    self._coming.forget_releases(given, given + call.args[1])

    def _populated_in_parts(self, args: tuple[Any, ...]) -> Call | None:
        """Take the calls of several threads that are together the model's call."""
        parts = covering_calls(self._coming.coming(BLOCKS_AHEAD), args)
        for call in parts:
            self._coming.bring_forward(call)
            self._match(call)
        return attrs.evolve(parts[0], args=args, result=answer_of(parts)) if parts else None

    # The end.

    def unread(self) -> Iterator[Call]:
        """Give all calls that were not taken, to the end of the log."""
        return self._coming.unread()

    def failed_last(self) -> bool:
        """Whether the last call that QEMU made, but for those that clean up, failed."""
        return self._progress.failed_last

    def failed_since(self) -> bool:
        """Whether any call of the log failed after the last one that was taken."""
        return self._search.failed_after(self._coming.last_line)

    def rest(self) -> Call | None:
        """Return the next call that is judged after the model made its last one, taking it."""
        self._divergences.settle_doubt("", ())
        while (head := self._coming.head()) is not None:
            if self._unrelated.belongs_to_no_backend(head, "", ()):
                continue
            self._coming.ahead.popleft()
            if self._attached and head.block is None and head.name in ON_RANGES:
                continue
            if not self._progress.began and head.name == "open" and not opens_to_write(head):
                self._coming.ignored_descriptors.add(head.result)
                continue
            return head
        return None
