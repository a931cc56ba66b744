"""The log compared with the model's calls, one by one, and on after a difference.

The model runs and asks for the answer to each of its calls; the next call of the
log on a backend must be that call.  Where it is another, that is a divergence,
and the comparison goes on from the state the model allows: with the answer of
the call that stands in the place of the right one, or with a likely answer where
the log has none.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Container, Iterator
from typing import Any, Final

import attrs

from ..calls.event import Event
from ..host import linux
from ..host.caller import Caller
from .address_ranges import LoggedBlock
from .backend_calls import (
    BLOCK_ALIGN,
    CRASHES,
    KILLED,
    SIGBUS,
    BackendCalls,
    name_of_opened,
    remember,
)
from .call_predicates import (
    creates,
    flags_or_zero,
    is_mapping_of,
    maps_no_file,
    open_similarity,
    opens_to_write,
    populates,
)
from .ends import is_failure
from .guesses import (
    AHEAD,
    ENDS,
    ON_DESCRIPTORS,
    UNKNOWN_ADDRESS,
    UNKNOWN_DESCRIPTOR,
    UNKNOWN_STEP,
    GuessedAnswers,
)
from .populating import answer_of, covering_calls
from .search import LogSearch, is_reservation
from .strace import Call
from .verdict import Divergence, Kind, Report, because, origin

#: Calls whose answer QEMU ignores, or only for a message.
_ANSWER_IS_NOTHING: Final = frozenset(
    {"madvise", "munmap", "mbind", "close", "ftruncate", "fcntl", "unlink"}
)
_ON_RANGES: Final = frozenset({"munmap", "madvise", "mbind", "mprotect"})
_ON_ADDRESSES: Final = frozenset({*_ON_RANGES, "mmap"})
#: What glibc's memory is reserved with, and QEMU's is not.
_GLIBCS: Final = (linux.MAP_NORESERVE, linux.MAP_STACK)

#: Kinds of calls that have neither a path nor the descriptor of a file with one.
_WITHOUT_PATH: Final = frozenset(
    {"mmap of anonymous memory", "munmap", "madvise", "mbind", "memfd_create", "fcntl"}
)

#: How many calls ahead blocks of the machine are distinguished from a backend's.
_BLOCKS_AHEAD: Final = 1024
#: So many releases are waited for; a log without any never shows them.
_RELEASES_KEPT: Final = 1000
#: After so many divergences the lines between two calls are no longer searched.
_MOST_SEARCHED: Final = 100


#: What the name of the file that QEMU makes in a directory begins with.
TEMPORARY: Final = "/qemu_back_mem"


def _discards(name: str, args: tuple[Any, ...]) -> bool:
    drops = name == "madvise" and args[2] in (linux.MADV_DONTNEED, linux.MADV_REMOVE)
    return drops or name == "fallocate"


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
        self._started = False
        #: Set where QEMU failed before it made a call that the model makes.
        self.ended_early: EarlyEnd | None = None
        self._calls = calls
        self._search = search
        self._pid = pid
        self._machine_has_ram = machine_has_ram
        self._first_may_be_missing = first_may_be_missing
        self._filtered_by_path = filtered_by_path
        self._traced = traced
        self._ahead: deque[Call] = deque()
        self._releases: dict[tuple[str, tuple[Any, ...]], Event] = {}
        self._began = False
        self._ignored_descriptors: set[int | None] = set()
        self._opened: set[object] = set()
        self._attached = attached
        self._doubtful: Call | None = None
        self._before: Event | None = None
        self._failed_last = False
        self._last_line = 0
        self._lost: list[tuple[int, int]] = []
        self._guesses = GuessedAnswers(self._peek)
        self._guesses.log_not_reached = attached
        self._known_as: dict[int, int] = {}
        #: What each descriptor is open on, as of the last opening that was taken.
        self._names: dict[int, str] = {}

    @property
    def started(self) -> bool:
        """Whether the model has made what its command line asks for."""
        return self._started

    def has_started(self) -> None:
        """Note that the model has made what its command line asks for."""
        self._started = True
        self._guesses.log_not_reached = self.ended_early is not None

    # What the model asks.

    def expect(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the log's answer to a call of the model's.

        Raises :class:`LogEnded` and :class:`ProcessEnded`.
        """
        call = self._expect(name, args)
        self._before = Event(name, args, call.result or 0)
        if name not in ("munmap", "close", "unlink"):
            self._failed_last = call.failed
        if name == "open":
            self._opened.add(args[0])
        return call

    def _expect(self, name: str, args: tuple[Any, ...]) -> Call:
        if self._guesses.log_not_reached or self._in_unmatched_reservation(name, args):
            return self._guesses.answer(name, args)
        self._settle_doubt(name, args)
        while True:
            head = self._head()
            if head is not None and self._equal(head, name, args):
                if not (self._machine_has_ram and self._started and is_reservation(name, args)):
                    return self._match(head)
                return self._match(self._choose_block(name, args))
            if self._skip_unrelated(name, args):
                continue
            if populates(name, args) and (parts := self._populated_in_parts(args)):
                return parts
            if (
                head is not None
                and head.name in ENDS
                and is_failure(head)
                and not self._is_filtered_out(name, args)
            ):
                return self._find_overlooked_call(head, name, args) or self._end_early(
                    head, name, args
                )
            if self._may_be_left_out(name, args):
                return self._guesses.answer(name, args)
            if self._is_on_another_path(name, args):
                self.report.not_traced.add(f"{name} of a file in the directory")
                return self._guesses.answer(name, args)
            if head is None:
                raise LogEnded(self._event(name, args))
            if self._before is None and self._first_may_be_missing(head):
                self.report.not_traced.add(f"the first {name}")
                return self._guesses.answer(name, args)
            answer = self._differ(head, name, args)
            if answer is not None:
                return answer

    def _is_filtered_out(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the log has no close at all, which the loader of every program makes."""
        return name == "close" and self._traced is None and not self._search.in_log(name, args)

    def _may_be_left_out(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether strace may not have logged such a call; that is noted.

        Without ``traced`` a kind of call that is nowhere in the log may not have been.
        """
        if self._traced is not None and name not in self._traced:
            self.report.not_traced.add(name)
            return True
        if self._search.in_log(name, args):
            unknown = self._is_on_unknown_descriptor(name, args) and self._filtered_by_path()
            if unknown:
                self.report.not_traced.add(f"{name} of another file")
            return unknown
        kind = self._search.kind(name, args)
        if self._filtered_by_path() and kind in _WITHOUT_PATH:
            self.report.not_traced.add(kind)
            return True
        if self._traced is None:
            self.report.not_in_log.add(kind)
        return self._traced is None

    @staticmethod
    def _is_on_unknown_descriptor(name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a file whose opening the log does not show."""
        descriptor = args[4] if name == "mmap" else args[0]
        on_file = name == "mmap" or name in ON_DESCRIPTORS
        return on_file and isinstance(descriptor, int) and descriptor > UNKNOWN_DESCRIPTOR

    def _is_on_another_path(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on the nameless file in a directory, and the filter on the latter."""
        return (
            name in ("open", "unlink")
            and TEMPORARY in args[0]
            and not self._search.occurs(TEMPORARY)
            and self._filtered_by_path()
        )

    def touch(self, address: int, length: int) -> bool:
        """Return whether the pages of the range could be touched: no SIGBUS follows."""
        if self._guesses.log_not_reached:
            return True
        self._settle_doubt("", ())
        while (call := self._peek(0)) is not None and call.name != SIGBUS:
            if not self._is_ambient(call):
                return True
            self._take()
        if call is None:
            return True
        (where,) = call.args
        start = self._known_as.get(address, address)
        if where is not None and not start <= where < start + length:
            return True
        self._take()
        return False

    def temporary_name(self) -> str:
        """Return the six characters that mkstemp chose in the log."""
        for call in self._coming(AHEAD):
            match call:
                case Call(name="open", args=(path, flags, _)) if (
                    TEMPORARY in path and flags_or_zero(flags) & linux.O_EXCL
                ):
                    return str(path[-6:])
        return "XXXXXX"

    def next_is(self, name: str) -> bool:
        """Return whether the log's next call on a backend has this name."""
        head = self._head()
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
            remember(self._releases, (name, args), self._event(name, args), _RELEASES_KEPT)

    # The log, call by call.

    def _peek(self, place: int) -> Call | None:
        ahead = self._ahead
        while len(ahead) <= place:
            call = next(self._calls, None)
            if call is None:
                return None
            ahead.append(call)
        return ahead[place]

    def _coming(self, most: int) -> Iterator[Call]:
        """Give the next calls, so many at most, without taking them."""
        for place in range(most):
            call = self._peek(place)
            if call is None:
                return
            yield call

    def _take(self) -> Call:
        call = self._ahead.popleft()
        self._last_line = call.line
        return call

    def _head(self) -> Call | None:
        """Return the next call that is judged, without taking it."""
        while True:
            call = self._ahead[0] if self._ahead else self._peek(0)
            if call is None or not self._is_ambient(call):
                return call
            self._ahead.popleft()

    def _is_ambient(self, call: Call) -> bool:
        """Whether the call goes on beside the backends, or is a release that is allowed."""
        if call.name in ENDS:
            return self._pid is not None and call.pid not in (None, self._pid)
        if call.name == SIGBUS:
            return True
        block = call.block
        if block is not None and call.name == "mmap" and call.args[4] in self._ignored_descriptors:
            block.foreign = True
        others = block.foreign if block is not None else self._is_on_others_descriptor(call)
        return others or (bool(self._releases) and self._is_release(call))

    def _is_on_others_descriptor(self, call: Call) -> bool:
        """Whether the call is on a descriptor that belongs to no backend; notes those."""
        match call.name:
            case "memfd_create":
                if self._calls.is_memory_file(str(call.args[0])):
                    return False
                self._ignored_descriptors.add(call.result)
                return True
            case "close":
                (descriptor,) = call.args
                ignored = descriptor in self._ignored_descriptors
                self._ignored_descriptors.discard(descriptor)
                return ignored
            case name:
                return name in ON_DESCRIPTORS and call.args[0] in self._ignored_descriptors

    def _is_release(self, call: Call) -> bool:
        event = self._releases.pop((call.name, call.args), None)
        if event is None and self._guesses.unknown_count:
            alike = (key for key in self._releases if self._equal(call, *key))
            event = self._releases.pop(next(alike, ("", ())), None)
        if event is None:
            return False
        self.report.matched += 1
        self.report.note(call.line, f"as the model has it: {event.by}")
        return True

    def _match(self, call: Call) -> Call:
        self._use(call)
        self.report.matched += 1
        if self.report.on_line is not None:
            self.report.note(
                call.line, f"as the model has it: {origin(self._caller, self.report.release)}"
            )
        return call

    def _use(self, call: Call) -> None:
        """Take the call, which is the next one, as the answer to the model's."""
        self._take()
        if not self._began:
            # What makes the first call on a backend is QEMU's main thread, also where
            # another one started it.
            self._began, self._pid = True, call.pid
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
                    self._releases.pop(("close", (given,)), None)
                case "mmap":
                    self._expect_no_release(given, given + call.args[1])

    def _expect_no_release(self, start: int, end: int) -> None:
        """Note that memory is in use again: what was there before was given back."""
        for release in list(self._releases):
            match release:
                case "munmap", (address, length) if address < end and start < address + length:
                    del self._releases[release]

    def _equal(self, call: Call, name: str, args: tuple[Any, ...]) -> bool:
        if call.name != name:
            return False
        return call.args == args or (
            bool(self._guesses.unknown_count) and self._equal_unknown(call, args)
        )

    def _equal_unknown(self, call: Call, args: tuple[Any, ...]) -> bool:
        """Compare where one argument stands for one that the log did not show yet."""
        place = 4 if call.name == "mmap" else 0
        first, *rest = args[place], *args[:place], *args[place + 1 :]
        shown, *others = call.args[place], *call.args[:place], *call.args[place + 1 :]
        if others != rest or not isinstance(shown, int):
            return False
        if (place or call.name in ON_DESCRIPTORS) and first > UNKNOWN_DESCRIPTOR:
            offset = 0
        elif call.name in _ON_RANGES and first > UNKNOWN_ADDRESS:
            offset = first % UNKNOWN_STEP
        else:
            return False
        known = self._known_as.setdefault(first - offset, shown - offset)
        return bool(known + offset == shown)

    def _in_unmatched_reservation(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a block whose calls the log shows as no backend's."""
        return name in _ON_ADDRESSES and any(start <= args[0] < end for start, end in self._lost)

    def _event(self, name: str, args: tuple[Any, ...]) -> Event:
        return Event(name, args, 0, origin(self._caller, self.report.release))

    # What stands before the call that is looked for and is not a difference.

    def _skip_unrelated(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop calls of no backend, or put those in order that may come in any."""
        head = self._head()
        if head is None or head.name in ENDS:
            return False
        if self._attached and head.block is None and head.name in _ON_RANGES:
            self._ahead.popleft()
            return True
        if self._belongs_to_no_backend(head, name, args):
            return True
        if populates(name, args):
            return self._populated_out_of_order(name, args)
        if head.name == "open" and not creates(head):
            return self._pass_over_openings(name, args)
        return False

    def _belongs_to_no_backend(self, head: Call, name: str, args: tuple[Any, ...]) -> bool:
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
        board_is_made = self._started or _discards(name, args)
        mapping = block.mapping
        anonymous = mapping is None or maps_no_file(mapping)
        return self._machine_has_ram and board_is_made and anonymous

    def _populated_out_of_order(self, name: str, args: tuple[Any, ...]) -> bool:
        """Bring forward a populating call: several threads make them at once."""
        for place, call in enumerate(self._coming(_BLOCKS_AHEAD)):
            if not populates(call.name, call.args):
                if call.block is None or not call.block.claimed:
                    # A thread that ends gives its stack back.
                    continue
                return False
            if place and self._equal(call, name, args):
                if call.pid == self._ahead[0].pid:
                    return False
                del self._ahead[place]
                self._ahead.appendleft(call)
                return True
        return False

    def _populated_in_parts(self, args: tuple[Any, ...]) -> Call | None:
        """Take the calls of several threads that are together the model's call."""
        parts = covering_calls(self._coming(_BLOCKS_AHEAD), args)
        for call in parts:
            self._ahead.remove(call)
            self._ahead.appendleft(call)
            self._match(call)
        return attrs.evolve(parts[0], args=args, result=answer_of(parts)) if parts else None

    def _pass_over_openings(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop openings of a path that come before QEMU opens it as a backend.

        Libraries look at files too, as libnuma at /proc/self/status.
        """
        if self._began and (name != "open" or args[0] in self._opened or args[1] & linux.O_EXCL):
            return False
        passed: list[Call] = []
        descriptors = set()
        for place, call in enumerate(self._coming(_BLOCKS_AHEAD)):
            if self._equal(call, name, args):
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
            call = self._take()
            match call.name:
                case "open":
                    self._ignored_descriptors.add(call.result)
                case "close":
                    self._ignored_descriptors.discard(*call.args)
        return bool(count)

    def _choose_block(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the reservation, of the first and those alike ahead, that is the backend's.

        The machine's own blocks are made in the same way; a backend's is advised on
        twice, or bound to nodes.  Blocks before the chosen one are the machine's.
        """
        alike: list[Call] = []
        busy: set[LoggedBlock | None] = set()
        mergeable: set[LoggedBlock | None] = set()
        for call in self._coming(_BLOCKS_AHEAD):
            if call.name in ("open", "memfd_create"):
                break
            if alike and alike[0].block in busy:
                break
            if self._equal(call, name, args):
                alike.append(call)
                continue
            match call.name, call.args:
                case "mbind", _:
                    busy.add(call.block)
                case "madvise", (_, _, linux.MADV_MERGEABLE):
                    (busy if call.block in mergeable else mergeable).add(call.block)
        chosen = next((call for call in alike if call.block in busy), alike[0])
        for _ in range(self._ahead.index(chosen)):
            skipped = self._ahead.popleft()
            if skipped.block is not None and not skipped.block.claimed:
                skipped.block.foreign = True
        return chosen

    # Differences.

    def _differ(self, head: Call, name: str, args: tuple[Any, ...]) -> Call | None:
        """Report that ``head`` is not the call the model makes, and return the answer to that.

        None where ``head`` was a call too many: the next one may be the right one.
        """
        if head.name == KILLED and head.args[0] not in CRASHES:
            raise LogEnded(self._event(name, args))
        passed_over = self._find_overlooked_call(head, name, args)
        if passed_over is not None:
            return passed_over
        unreserved = head.name == "mmap" and head.block.reservation is None
        if not (unreserved and is_mapping_of(head, name, args)) and self._comes(name, args):
            self._report("extra", head, name, args)
            self._take()
            return None
        if head.name == name and is_reservation(name, head.args) == is_reservation(name, args):
            return self._altered(head, name, args)
        return self._missing(head, name, args)

    def _find_overlooked_call(self, head: Call, name: str, args: tuple[Any, ...]) -> Call | None:
        """Return the answer of a call that was not taken for a backend's, and is reported.

        It has an address, a descriptor or a path of no backend, or it is a block
        of which the log lacks the mapping or the reservation.
        """
        if self.report.diverged > _MOST_SEARCHED:
            return None
        search, pid = self._search, self._pid
        near = search.near_miss(name, args, self._last_line, head.line, pid)
        if near is not None:
            self._report("altered", near, name, args)
            self._last_line = near.line
            if is_reservation(name, args) and head.name == "mmap" and near.result:
                # What is unmapped of it was not distinguished from other memory either.
                behind = sum(head.args[:2])
                self._lost.append((near.result, head.args[0]))
                self._lost.append((behind, near.result + args[1]))
            return near
        if not is_reservation(name, args):
            return None
        reserved = search.exact(name, args, self._last_line, head.line, pid)
        if reserved is None or reserved.given is None:
            return None
        start, end = reserved.given, reserved.given + args[1]
        on_it = search.in_range(start, end, reserved.line, head.line, pid)
        self.report.matched += 1
        self._report("missing", on_it or head, name, args)
        self._lost.append((start, end))
        return reserved

    def _comes(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is one of the next in the log."""
        for call in itertools.islice(self._coming(AHEAD), 1, None):
            if call.name in ENDS:
                return False
            if self._equal(call, name, args):
                return True
        return False

    def _altered(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._report("altered", head, name, args)
        if name in _ANSWER_IS_NOTHING:
            # It may as well be the model's next call, and this one missing: that shows
            # when the model makes the next one.
            self._doubtful = head
            return attrs.evolve(head, args=args)
        self._use(head)
        return head

    def _settle_doubt(self, name: str, args: tuple[Any, ...]) -> None:
        head, self._doubtful = self._doubtful, None
        if head is None or head not in self._ahead:
            return
        if self._equal(head, name, args):
            last = self.report.divergences.pop()
            self.report.divergences.append(attrs.evolve(last, kind="missing"))
        else:
            self._use(head)

    def _missing(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._report("missing", head, name, args)
        if head.name in ENDS:
            raise ProcessEnded
        return self._guesses.answer(name, args)

    def _end_early(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        """Note that QEMU failed before this call; the model runs on with guesses.

        Whether the model fails here too, and QEMU made one call too few, shows at its end.
        """
        event = self._event(name, args)
        divergence = self._divergence("missing", head, event)
        within = not (self._started or self._begins_backend(name, args))
        self.ended_early = EarlyEnd(head, event, divergence, within)
        self._guesses.log_not_reached = True
        return self._guesses.answer(name, args)

    def _begins_backend(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is the first on its backend, so that other work may come before it."""
        before = self._before
        match name:
            case "open":
                return before is None or before.call != "open"
            case "statfs" | "memfd_create":
                return True
        if before is None:
            return True
        return is_reservation(name, args) and before.call in ("madvise", "mbind", "close")

    def _report(self, kind: Kind, head: Call, name: str, args: tuple[Any, ...]) -> None:
        self.add(self._divergence(kind, head, self._event(name, args)))

    def _divergence(self, kind: Kind, head: Call, event: Event) -> Divergence:
        rule = because(event, self._before)
        return Divergence(kind, head.line, head, (event,), event.by, rule)

    def add(self, divergence: Divergence) -> None:
        """Add a divergence to the report."""
        self.report.add(divergence)

    # The end.

    def unread(self) -> Iterator[Call]:
        """Give all calls that were not taken, to the end of the log."""
        yield from self._ahead
        self._ahead.clear()
        yield from self._calls

    def failed_last(self) -> bool:
        """Whether the last call that QEMU made, but for those that clean up, failed."""
        return self._failed_last

    def failed_since(self) -> bool:
        """Whether any call of the log failed after the last one that was taken."""
        return self._search.failed_after(self._last_line)

    def rest(self) -> Call | None:
        """Return the next call that is judged after the model made its last one, taking it."""
        self._settle_doubt("", ())
        while (head := self._head()) is not None:
            if self._belongs_to_no_backend(head, "", ()):
                continue
            self._ahead.popleft()
            if self._attached and head.block is None and head.name in _ON_RANGES:
                continue
            if not self._began and head.name == "open" and not opens_to_write(head):
                self._ignored_descriptors.add(head.result)
                continue
            return head
        return None
