"""The log held against the model's calls, one by one, and on after a difference.

The model runs and asks for the answer to each of its calls; the next call of the
log on a backend must be that call.  Where it is another, that is a divergence,
and the comparison goes on from the state the model allows: with the answer of
the call that stands in the place of the right one, or with a likely answer where
the log has none.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import attrs

from ..event import Event
from ..host.linux import (
    MADV_MERGEABLE,
    MADV_POPULATE_READ,
    MADV_POPULATE_WRITE,
    MAP_NORESERVE,
    MAP_STACK,
    O_EXCL,
)
from .backend_calls import BLOCK_ALIGN, CRASHES, KILLED, SIGBUS, BackendCalls, LoggedBlock
from .inventions import (
    AHEAD,
    ENDS,
    ON_DESCRIPTORS,
    UNKNOWN_ADDRESS,
    UNKNOWN_DESCRIPTOR,
    UNKNOWN_STEP,
    Inventions,
)
from .search import LogSearch, is_reservation
from .single_calls import bits, creates, is_mapping_of, likeness, opens_to_write
from .strace import Call
from .verdict import Divergence, Kind, Report, because, origin

#: Calls whose answer QEMU does not look at, or only for a message.
_ANSWER_IS_NOTHING: Final = frozenset(
    {"madvise", "munmap", "mbind", "close", "ftruncate", "fcntl", "unlink"}
)
_ON_RANGES: Final = frozenset({"munmap", "madvise", "mbind", "mprotect"})
_POPULATE: Final = (MADV_POPULATE_READ, MADV_POPULATE_WRITE)

#: How many blocks ahead a machine's own are told from a backend's, in calls.
_BLOCKS_AHEAD: Final = 1024
#: So many releases are waited for; a log without any never shows them.
_RELEASES_KEPT: Final = 1000
#: After so many divergences the lines between two calls are no longer searched.
_MOST_SEARCHED: Final = 100


#: What the name of the file that QEMU makes in a directory begins with.
TEMPORARY: Final = "/qemu_back_mem"


class LogEnded(Exception):
    """The log has no more calls, and the model still makes one."""

    def __init__(self, expected: Event) -> None:
        super().__init__(expected.call)
        self.expected = expected


class ProcessEnded(Exception):
    """The log shows the end of QEMU where the model still makes calls; that was reported."""


class Alignment:
    """The calls of a log, asked for one after the other by a run of the model.

    ``pid`` is the thread that QEMU started in, as far as known.
    ``machine_has_ram`` tells that the machine makes RAM blocks of its own, which
    are nobody's backend.  ``attached`` is for a log that begins after start-up.
    ``first_may_be_missing`` tells of the log's first call whether it may be the
    model's second, ``filtered_by_path`` whether only calls on a path were logged.
    """

    def __init__(
        self,
        calls: BackendCalls,
        search: LogSearch,
        report: Report,
        *,
        pid: int | None,
        machine_has_ram: bool,
        attached: bool = False,
        first_may_be_missing: Callable[[Call], bool],
        filtered_by_path: Callable[[], bool],
    ) -> None:
        self.report = report
        self._started = False
        self.ended_by: Call | None = None
        self._calls = calls
        self._search = search
        self._pid = pid
        self._machine_has_ram = machine_has_ram
        self._first_may_be_missing = first_may_be_missing
        self._filtered_by_path = filtered_by_path
        self._ahead: deque[Call] = deque()
        self._releases: dict[tuple[str, tuple[Any, ...]], Event] = {}
        self._began = False
        self._ignored_descriptors: set[int] = set()
        self._opened: set[object] = set()
        self._attached = attached
        self._doubtful: Call | None = None
        self._before: Event | None = None
        self._last_line = 0
        self._lost: list[tuple[int, int]] = []
        self._inventions = Inventions(self._peek)
        self._inventions.blind = attached
        self._known_as: dict[int, int] = {}

    @property
    def started(self) -> bool:
        """Whether the model has made what its command line asks for."""
        return self._started

    def has_started(self) -> None:
        """Note that the model has made what its command line asks for."""
        self._started = True
        self._inventions.blind = False

    # What the model asks.

    def expect(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the log's answer to a call of the model's.

        Raises :class:`LogEnded` and :class:`ProcessEnded`.
        """
        call = self._expect(name, args)
        result = call.result if call.result is not None else 0
        self._before = Event(name, args, result)
        if name == "open":
            self._opened.add(args[0])
        return call

    def _expect(self, name: str, args: tuple[Any, ...]) -> Call:
        if self._inventions.blind or self._is_lost(name, args):
            return self._inventions.answer(name, args)
        self._settle_doubt(name, args)
        while True:
            head = self._head()
            if head is not None and self._equal(head, name, args):
                if not (self._machine_has_ram and self._started and is_reservation(name, args)):
                    return self._match(head)
                return self._match(self._choose_block(name, args))
            if self._pass_over(name, args):
                continue
            if not self._search.in_log(name, args):
                self.report.not_in_log.add(self._search.kind(name, args))
                return self._inventions.answer(name, args)
            if self._is_on_another_path(name, args):
                self.report.not_in_log.add(f"{name} of a file in the directory")
                return self._inventions.answer(name, args)
            if head is None:
                raise LogEnded(self._event(name, args))
            if self._before is None and self._first_may_be_missing(head):
                self.report.not_in_log.add(f"the first {name}")
                return self._inventions.answer(name, args)
            answer = self._differ(head, name, args)
            if answer is not None:
                return answer

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
        if self._inventions.blind:
            return True
        self._settle_doubt("", ())
        while (call := self._peek(0)) is not None and call.name != SIGBUS:
            if not self._is_ambient(call):
                return True
            self._take()
        if call is None:
            return True
        where = call.args[0]
        start = self._known_as.get(address, address)
        if where is not None and not start <= where < start + length:
            return True
        self._take()
        return False

    def temporary_name(self) -> str:
        """Return the six characters that mkstemp chose in the log."""
        for place in range(AHEAD):
            call = self._peek(place)
            if call is None:
                break
            name = str(call.args[0]) if call.args else ""
            if call.name == "open" and TEMPORARY in name and bits(call.args[1]) & O_EXCL:
                return name[-6:]
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
        return self._calls.name_of(descriptor)

    def release(self, name: str, args: tuple[Any, ...]) -> None:
        """Allow a call from now on, once, at any time or never: the RCU thread makes it."""
        if not self._inventions.blind:
            self._releases[name, args] = self._event(name, args)
            if len(self._releases) > _RELEASES_KEPT:
                del self._releases[next(iter(self._releases))]

    # The log, call by call.

    def _peek(self, place: int) -> Call | None:
        ahead = self._ahead
        while len(ahead) <= place:
            call = next(self._calls, None)
            if call is None:
                return None
            ahead.append(call)
        return ahead[place]

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
        name = call.name
        if name in ENDS:
            return call.pid != self._pid and None not in (call.pid, self._pid)
        if name == SIGBUS:
            return True
        block = call.block
        if block is not None:
            if block.foreign:
                return True
        elif name == "memfd_create":
            if not str(call.args[0]).startswith("memory-backend"):
                self._ignore_descriptor(call.result)
                return True
        elif name in ON_DESCRIPTORS and call.args[0] in self._ignored_descriptors:
            if name == "close":
                self._ignored_descriptors.discard(call.args[0])
            return True
        return bool(self._releases) and self._is_release(call)

    def _is_release(self, call: Call) -> bool:
        event = self._releases.pop((call.name, call.args), None)
        if event is None and self._inventions.made:
            alike = (key for key in self._releases if self._equal(call, *key))
            event = self._releases.pop(next(alike, ("", ())), None)
        if event is None:
            return False
        self.report.matched += 1
        self.report.note(call.line, f"as the model has it: {event.by}")
        return True

    def _ignore_descriptor(self, descriptor: int | None) -> None:
        if descriptor is not None and descriptor >= 0:
            self._ignored_descriptors.add(descriptor)

    def _match(self, call: Call) -> Call:
        self._use(call)
        self.report.matched += 1
        if self.report.on_line is not None:
            self.report.note(call.line, f"as the model has it: {origin()}")
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
            self._inventions.seen = call.out
        result = call.result
        if call.name in ("open", "memfd_create") and result is not None and result >= 0:
            # The number is in use again: what was left to the RCU thread did happen.
            self._releases.pop(("close", (result,)), None)
        elif call.name == "mmap" and self._releases and result is not None and result >= 0:
            end = result + call.args[1]
            for name, args in list(self._releases):
                if name == "munmap" and args[0] < end and result < sum(args):
                    del self._releases[name, args]

    def _equal(self, call: Call, name: str, args: tuple[Any, ...]) -> bool:
        if call.name != name:
            return False
        return call.args == args or (self._inventions.made > 0 and self._equal_unknown(call, args))

    def _equal_unknown(self, call: Call, args: tuple[Any, ...]) -> bool:
        """Compare where the first argument stands for one that the log did not show yet."""
        first, rest = args[0], args[1:]
        if call.args[1:] != rest or not isinstance(first, int) or first < UNKNOWN_DESCRIPTOR:
            return False
        if call.name not in _ON_RANGES and call.name not in ON_DESCRIPTORS:
            return False
        offset = first % UNKNOWN_STEP if first >= UNKNOWN_ADDRESS else 0
        known = self._known_as.setdefault(first - offset, call.args[0] - offset)
        return bool(known + offset == call.args[0])

    def _is_lost(self, name: str, args: tuple[Any, ...]) -> bool:
        """Whether the call is on a block whose calls the log shows as nobody's."""
        return (name in _ON_RANGES or name == "mmap") and any(
            start <= args[0] < end for start, end in self._lost
        )

    def _event(self, name: str, args: tuple[Any, ...]) -> Event:
        return Event(name, args, 0, origin())

    # What stands before the call that is looked for and is no difference.

    def _pass_over(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop calls that are nobody's, or put those in order that may come in any."""
        head = self._head()
        if head is None or head.name in ENDS:
            return False
        if self._attached and head.block is None and head.name in _ON_RANGES:
            self._ahead.popleft()
            return True
        block = head.block
        if (
            block is not None
            and not block.claimed
            and (self._is_machines_own(block) or self._is_librarys(head, name, args))
        ):
            block.foreign = True
            return True
        if name == "madvise" and args[2] in _POPULATE:
            return self._populated_out_of_order(name, args)
        if head.name == "open" and not creates(head):
            return self._pass_over_openings(name, args)
        return False

    def _is_librarys(self, head: Call, name: str, args: tuple[Any, ...]) -> bool:
        """Whether memory is a library's: it is not made as a block is, and none of its size is due.

        It lies at an aligned address by chance, or was reserved otherwise, or never given.
        """
        if head.name != "mmap" or head.args[4] != -1:
            return False
        mapping = head.block.mapping
        if not is_reservation(head.name, head.args):
            return head.block.reservation is None and not is_mapping_of(head, name, args)
        if head.failed or mapping is None:
            wanted = bool(name) and is_reservation(name, args) and head.args[1] == args[1]
            return not wanted and bool(bits(head.args[3]) & (MAP_NORESERVE | MAP_STACK))
        like_qemus = head.args[1] - mapping.args[1] == BLOCK_ALIGN
        backends = mapping.args[4] != -1 or like_qemus or is_mapping_of(mapping, name, args)
        return not backends

    def _is_machines_own(self, block: LoggedBlock) -> bool:
        """Whether a block that nobody claimed is firmware, ROM or device RAM."""
        mapping = block.mapping
        anonymous = mapping is None or mapping.args[4] == -1
        return self._machine_has_ram and self._started and anonymous

    def _populated_out_of_order(self, name: str, args: tuple[Any, ...]) -> bool:
        """Bring forward a populating call: several threads make them at once."""
        for place in range(_BLOCKS_AHEAD):
            call = self._peek(place)
            if call is None or call.name != "madvise" or call.args[2] not in _POPULATE:
                return False
            if place and self._equal(call, name, args):
                if call.pid == self._ahead[0].pid:
                    return False
                del self._ahead[place]
                self._ahead.appendleft(call)
                return True
        return False

    def _pass_over_openings(self, name: str, args: tuple[Any, ...]) -> bool:
        """Drop openings of a path that come before QEMU opens it as a backend.

        Libraries look at files too, as libnuma at /proc/self/status.
        """
        if self._began and (name != "open" or args[0] in self._opened or args[1] & O_EXCL):
            return False
        openings: list[int] = []
        place, descriptors = 0, set()
        while (call := self._peek(place)) is not None and place < _BLOCKS_AHEAD:
            if self._equal(call, name, args):
                return self._drop_first(place)
            if call.name == "open" and not creates(call):
                openings.append(place)
                descriptors.add(call.result)
            elif call.name != "close" or call.args[0] not in descriptors:
                break
            place += 1
        if name == "open":
            alike = [
                (likeness(self._ahead[place], args), place)
                for place in openings
                if self._ahead[place].args[0] == args[0]
            ]
            return bool(alike) and self._drop_first(max(alike)[1])
        reading = 0
        while reading < place and not opens_to_write(self._ahead[reading]):
            reading += 1
        return self._drop_first(reading)

    def _drop_first(self, count: int) -> bool:
        for _ in range(count):
            call = self._take()
            if call.name == "open":
                self._ignore_descriptor(call.result)
            else:
                self._ignored_descriptors.discard(call.args[0])
        return count > 0

    def _choose_block(self, name: str, args: tuple[Any, ...]) -> Call:
        """Return the reservation, of the first and those alike ahead, that is the backend's.

        The machine's own blocks are made in the same way; a backend's is advised on
        twice, or bound to nodes.  Blocks before the chosen one are the machine's.
        """
        alike: list[Call] = []
        busy: set[int] = set()
        mergeable: set[int] = set()
        for place in range(_BLOCKS_AHEAD):
            call = self._peek(place)
            if call is None or call.name in ("open", "memfd_create"):
                break
            if alike and id(alike[0].block) in busy:
                break
            if self._equal(call, name, args):
                alike.append(call)
            elif call.name == "mbind":
                busy.add(id(call.block))
            elif call.name == "madvise" and call.args[2] == MADV_MERGEABLE:
                (busy if id(call.block) in mergeable else mergeable).add(id(call.block))
        chosen = next((call for call in alike if id(call.block) in busy), alike[0])
        while self._ahead[0] is not chosen:
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
        passed_over = self._passed_over(head, name, args)
        if passed_over is not None:
            return passed_over
        unreserved = head.name == "mmap" and head.block.reservation is None
        if not (unreserved and is_mapping_of(head, name, args)) and (
            self._place_of(name, args) is not None
        ):
            self._report("extra", head, name, args)
            self._take()
            return None
        if head.name == name and is_reservation(name, head.args) == is_reservation(name, args):
            return self._altered(head, name, args)
        return self._missing(head, name, args)

    def _passed_over(self, head: Call, name: str, args: tuple[Any, ...]) -> Call | None:
        """Return the answer of a call that was not taken for a backend's, and is reported.

        It has an address, a descriptor or a path that is nobody's, or it is a block
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
                # What is given back of it was not told from other memory either.
                behind = head.args[0] + head.args[1]
                self._lost.append((near.result, head.args[0]))
                self._lost.append((behind, near.result + args[1]))
            return near
        if not is_reservation(name, args):
            return None
        reserved = search.exact(name, args, self._last_line, head.line, pid)
        if reserved is not None and reserved.result is not None and reserved.result >= 0:
            end = reserved.result + args[1]
            on_it = search.in_range(reserved.result, end, reserved.line, head.line, pid)
            self.report.matched += 1
            self._report("missing", on_it or head, name, args)
            self._lost.append((reserved.result, end))
            return reserved
        return None

    def _place_of(self, name: str, args: tuple[Any, ...]) -> int | None:
        for place in range(1, AHEAD):
            call = self._peek(place)
            if call is None or call.name in ENDS:
                return None
            if self._equal(call, name, args):
                return place
        return None

    def _altered(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._report("altered", head, name, args)
        if name in _ANSWER_IS_NOTHING:
            # It may as well be the model's next call, and this one missing: that shows
            # when the model makes the next one.
            self._doubtful = head
            return Call(0, None, name, args, head.result, b"")
        self._use(head)
        return head

    def _settle_doubt(self, name: str, args: tuple[Any, ...]) -> None:
        head, self._doubtful = self._doubtful, None
        if head is None or not self._ahead or self._ahead[0] is not head:
            return
        if name and self._equal(head, name, args):
            last = self.report.divergences.pop()
            self.report.divergences.append(attrs.evolve(last, kind="missing"))
        else:
            self._use(head)

    def _missing(self, head: Call, name: str, args: tuple[Any, ...]) -> Call:
        self._report("missing", head, name, args)
        if head.name in ENDS:
            raise ProcessEnded
        return self._inventions.answer(name, args)

    def _report(self, kind: Kind, head: Call, name: str, args: tuple[Any, ...]) -> None:
        event = self._event(name, args)
        self.add(
            Divergence(kind, head.line, head, (event,), event.by, because(event, self._before))
        )

    def add(self, divergence: Divergence) -> None:
        """Add a divergence to the report."""
        self.report.add(divergence)

    # The end.

    def rest(self) -> Call | None:
        """Return the next call that is judged after the model made its last one, taking it."""
        self._settle_doubt("", ())
        while (head := self._head()) is not None:
            block = head.block
            if (
                block is not None
                and not block.claimed
                and (self._is_machines_own(block) or self._is_librarys(head, "", ()))
            ):
                block.foreign = True
                continue
            self._ahead.popleft()
            if self._attached and block is None and head.name in _ON_RANGES:
                continue
            if not self._began and head.name == "open" and not opens_to_write(head):
                self._ignore_descriptor(head.result)
                continue
            return head
        return None
