"""A backend's calls among everything else in a log.

On a backend are the calls on its path, on a descriptor that was opened on it or
made by ``memfd_create``, and on the addresses it is mapped at.  Anonymous
memory has neither path nor descriptor: a RAM block is an address range that was
reserved without access and then mapped over, which glibc's arenas, the stacks of
threads and the translator's buffer are not.

Whose blocks they are, the log does not say: the judge does.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from typing import Final

from .backend_names import BackendNames
from .log import PREFIX, UNFINISHED, Log, Piece, read_pid
from .memory_blocks import MemoryBlocks, is_aligned
from .relevant_lines import NEXT_LINE
from .strace import Call, read_call

_LINE: Final = re.compile(rb" *+" + PREFIX + rb"(?:(\w++)\(|<\.\.\. (\w++) resumed>|(---|\+\+\+))")
_SIGNAL_ADDRESS: Final = re.compile(rb"si_addr=(0x[0-9a-f]{1,16})")
_ENDED: Final = re.compile(rb"\+\+\+ (?:exited with (\d{1,9})|killed by (\w+))")
_NAME_OF_DESCRIPTOR: Final = re.compile(
    rb"=\s*\d+<(?P<path>[^<>]*)(?P<device><char [^>]*>)?>[^>]*$"
)
#: A mapping in the log: its thread, its length where the line begins the call, and its address
#: where the line ends it.
_MAPPED: Final = re.compile(
    rb"^ *+" + PREFIX + rb"(?:m(?:map2?\([^,\n]*+,|remap\([^,\n]*+,[^,\n]*+,) (\d{1,20})[^\n]*?"
    rb"|<\.\.\. m(?:re)?map2? resumed>[^\n]*?)(?:= 0x([0-9a-f]{1,16})|<unfinished \.\.\.>)",
    re.MULTILINE,
)

#: How many calls that were cut in two are kept in mind.
_UNFINISHED_KEPT: Final = 512
#: How far behind a reservation its mapping may stand, in records and in pieces of the log,
#: before the reservation is taken for something else's.
_RECORDS_HELD: Final = 256
_PIECES_HELD: Final = 16

#: What a process ends with and what a page access ends in, as calls of these names.
EXITED: Final = "exited"
KILLED: Final = "killed"
SIGBUS: Final = "SIGBUS"
#: Signals that a process brings upon itself; by others it was ended from outside.
CRASHES: Final = frozenset({"SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"})

#: How the access to memory begins that was not only reserved.
_ACCESS: Final = (b"PROT_READ", b"PROT_WRITE", b"PROT_EXEC")
#: The name of the descriptor QEMU makes to see whether memfd_create works.
_PROBE: Final = "test"


def _joined(begun: bytes, rest: bytes) -> bytes:
    """Return a call in one text, as strace writes one that no other thread interrupts."""
    first = begun.rstrip()
    return first + (b" " if first.endswith(b",") else b"") + rest.lstrip()


def name_of_opened(call: Call) -> str:
    """Return what -y says a new descriptor is open on, else the path that was opened."""
    named = _NAME_OF_DESCRIPTOR.search(call.text)
    return os.fsdecode(named["path"]) if named else str(call.args[0])


class BackendCalls:
    """The calls on backends in ``log``, in the order of their lines, as an iterator.

    ``paths`` are the memory paths on the command line and in the QMP commands,
    ``begin`` is where to start, ``names`` what the memory of objects may be called.  In a
    log that begins after start-up (``attached``)
    advice and unmapping of unknown ranges are yielded too.  Beside calls it yields
    what ends a process or a page access, as calls named :data:`EXITED`,
    :data:`KILLED` and :data:`SIGBUS`.
    """

    def __init__(
        self,
        log: Log,
        paths: Iterable[str],
        begin: Piece,
        names: Iterable[str] = (),
        *,
        attached: bool = False,
    ) -> None:
        self._log = log
        self._attached = attached
        self._names = BackendNames(paths, names)
        self._pieces = log.pieces(begin.offset, begin.first_line)
        #: Descriptors on backends, with the name that -y gives to what they are open on.
        self._descriptors: dict[bytes, bytes | None] = {}
        self._queue: deque[Call] = deque()
        self._blocks = MemoryBlocks(
            self._queue,
            self._is_mapped_since,
            shows_unmapping=lambda: log.occurs(b"munmap("),
            attached=attached,
        )
        self._unfinished: dict[tuple[int | None, bytes], tuple[int, bytes, int]] = {}
        self._other_programs: set[int | None] = set()
        self._pieces_begin: deque[int] = deque(maxlen=_PIECES_HELD)
        self._places = [(begin.first_line, begin.offset)]
        self._ended = False
        #: Those of them that are open on a character device.
        self.devices: set[int] = set()
        #: How many calls and lines the log has, as far as it was read.
        self.calls = 0
        self.lines = begin.first_line - 1

    def __iter__(self) -> BackendCalls:
        return self

    def __next__(self) -> Call:
        queue = self._queue
        while True:
            while queue:
                block = queue[0].block
                if block is None or block.used:
                    return queue.popleft()
                if block.used is None and not self._ended and not self._too_old(queue[0]):
                    break
                queue.popleft()
            if self._ended:
                raise StopIteration
            self._read_piece()

    def name_of(self, descriptor: int) -> str:
        """Return the path that strace gives for a backend's descriptor, empty if none."""
        name = self._descriptors.get(b"%d" % descriptor)
        return os.fsdecode(name) if name else ""

    def is_memory_file(self, name: str) -> bool:
        """Return whether a memfd of this name is a backend's."""
        return self._names.is_memory_file(name)

    def piece_before(self, line: int) -> tuple[int, int]:
        """Return the first line and the offset of a piece of the log that has ``line`` in it."""
        return self._places[max(bisect_right(self._places, (line, sys.maxsize)) - 1, 0)]

    def _too_old(self, call: Call) -> bool:
        return len(self._queue) > _RECORDS_HELD or call.line < self._pieces_begin[0]

    def _read_piece(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
            return
        self._pieces_begin.append(piece.first_line)
        self._places.append((piece.first_line, piece.offset))
        lines = piece.data.count(b"\n")
        self.lines = piece.first_line + lines - 1
        self.calls += lines - sum(
            piece.data.count(mark) for mark in (b" resumed>", b" +++\n", b" ---\n")
        )
        self._read(piece)

    def _read(self, piece: Piece) -> None:
        data = piece.data
        descriptors, unmapped, at = self._descriptors, self._blocks.unmapped, self._blocks.ranges.at
        is_name = self._names.is_name
        line, counted = piece.first_line, 0
        for match in NEXT_LINE.finditer(data):
            match match.lastgroup:
                case "address":
                    address = int(match["address"], 16)
                    if at(address) is None and address not in unmapped and not self._attached:
                        continue
                case "name":
                    descriptor, name = match.group("descriptor", "name")
                    if descriptor not in descriptors and not is_name(name):
                        continue
                case "path":
                    if not self._names.may_be_path(match["path"]):
                        continue
                case "descriptor":
                    if match["descriptor"] not in descriptors:
                        continue
                case "access" | "mapped" | "mapped_name":
                    if not self._may_map_backend(match) and not self._may_map_block(match):
                        continue
                case None:
                    return
            end = match.end() - 1
            start = data.rfind(b"\n", 0, end) + 1
            line += data.count(b"\n", counted, start)
            counted = start
            self._look_at(line, data[start:end])

    def _may_map_backend(self, match: re.Match[bytes]) -> bool:
        descriptor, name = match.group("mapped", "mapped_name")
        return descriptor in self._descriptors or (name is not None and self._names.is_name(name))

    def _may_map_block(self, match: re.Match[bytes]) -> bool:
        """Whether memory is reserved, or mapped where a block is or may be."""
        if not match["access"].startswith(_ACCESS):
            return True
        if match["at"] is None:
            return False
        address = int(match["at"], 16)
        may_begin_one = match["mapped"] is None and is_aligned(address)
        return may_begin_one or self._blocks.ranges.at(address) is not None

    def _look_at(self, line: int, text: bytes) -> None:
        match = _LINE.match(text)
        if match is None:
            return
        pid = read_pid(match[1])
        name, resumed, mark = match[2], match[3], match[4]
        if mark is not None:
            self._note_end(line, pid, text)
            return
        after = match.end()
        if resumed is not None:
            begun = self._unfinished.pop((pid, resumed), None)
            if begun is None:
                return
            line, beginning, begins = begun
            name, text, after = resumed, _joined(beginning, text[after:]), begins
        elif text.endswith(UNFINISHED):
            text = text[: -len(UNFINISHED)]
            match name:
                case b"exit_group":
                    text += b") = ?"
                case b"munmap" | b"close":
                    # Others may get the address or the descriptor before the log says that
                    # it is free, and the answer is not used.
                    text += b") = 0"
                case _:
                    if len(self._unfinished) < _UNFINISHED_KEPT:
                        self._unfinished[pid, name] = (line, text, after)
                    return
        if pid in self._other_programs:
            return
        if name == b"execve":
            if pid is not None and text.rstrip().endswith(b"= 0"):
                self._other_programs.add(pid)
            return
        call = read_call(line, pid, name.decode(), text, after)
        if call is not None and not (call.result is None and b"= ? ERESTART" in text):
            self._sort(call)

    def _note_end(self, line: int, pid: int | None, text: bytes) -> None:
        if pid in self._other_programs:
            return
        ended = _ENDED.search(text)
        if ended is not None:
            status: object = int(ended[1]) if ended[1] else ended[2].decode()
            name = EXITED if ended[1] else KILLED
            self._queue.append(Call(line, pid, name, (status,), None, text))
            return
        address = _SIGNAL_ADDRESS.search(text)
        where = int(address[1], 16) if address else None
        self._queue.append(Call(line, pid, SIGBUS, (where,), None, text))

    def _sort(self, call: Call) -> None:
        """Keep the call if it is on a backend, and note what it does to the backend."""
        match call.name:
            case "open":
                if self._names.is_on_path(call):
                    self._note_descriptor(call)
                    self._queue.append(call)
            case "unlink" | "statfs":
                if self._names.is_on_path(call):
                    self._queue.append(call)
            case "memfd_create":
                if call.args[0] != _PROBE:
                    self._note_descriptor(call)
                    self._queue.append(call)
            case "mmap":
                self._blocks.sort_mmap(call, on_backend=self._is_descriptor(call, call.args[4]))
            case "munmap" | "madvise" | "mbind" | "mprotect":
                self._blocks.sort_range_call(call)
            case "exit_group":
                self._queue.append(call)
            case "close":
                (descriptor,) = call.args
                if self._is_descriptor(call, descriptor):
                    if not call.failed:
                        del self._descriptors[b"%d" % descriptor]
                    self._queue.append(call)
            case _:
                if self._is_descriptor(call, call.args[0]):
                    self._queue.append(call)

    def _note_descriptor(self, call: Call) -> None:
        descriptor = call.given
        if descriptor is None:
            return
        named = _NAME_OF_DESCRIPTOR.search(call.text)
        self._descriptors[b"%d" % descriptor] = named["path"] if named else None
        if named and named["device"]:
            self.devices.add(descriptor)
        else:
            self.devices.discard(descriptor)

    def _is_descriptor(self, call: Call, descriptor: object) -> bool:
        """Whether the call's descriptor is a backend's, and not another with its number."""
        if not isinstance(descriptor, int):
            return False
        key = b"%d" % descriptor
        shown = re.search(rb"[( ]" + key + rb"<([^<>]*)", call.text)
        if key not in self._descriptors:
            if shown is None or not self._names.is_name(shown[1]):
                return False
            self._descriptors[key] = shown[1]
            return True
        known = self._descriptors[key]
        if known is not None and shown is not None and shown[1] != known:
            del self._descriptors[key]
            return False
        return True

    def _is_mapped_since(self, unmapped: Call, call: Call) -> bool:
        """Whether the log has a new mapping in the range that was unmapped before."""
        start, size = unmapped.args
        first_line, offset = self.piece_before(unmapped.line)
        lengths: dict[bytes | None, int] = {}
        for piece in self._log.pieces(offset, first_line):
            line, counted = piece.first_line, 0
            for match in _MAPPED.finditer(piece.data):
                line += piece.data.count(b"\n", counted, match.start())
                counted = match.start()
                if line > call.line:
                    return False
                if match[3] is None:
                    lengths[match[1]] = int(match[2] or 0)
                    continue
                # It may begin below the range and reach into it.
                length = int(match[2]) if match[2] else lengths.pop(match[1], 1)
                address = int(match[3], 16)
                if line > unmapped.line and address < start + size and start < address + length:
                    return True
            if piece.first_line > call.line:
                return False
        return False
