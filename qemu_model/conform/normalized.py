"""What one run showed, without what differs from run to run: addresses, descriptors, names.

So two runs of one QEMU give equal values.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from ..calls.event import PARAMETERS
from ..judge.backend_calls import BackendCalls
from ..judge.call_predicates import populates
from ..judge.judge import judge_given, read_given
from ..judge.line import memory_paths
from ..judge.log import Log
from ..judge.strace import Call
from ..judge.trace_set import TraceSet
from ..judge.verdict import call_to_text
from ..revision import Revision
from .cases import Case
from .differences import lines, replies, without_letters
from .driver import Observation

_ON_DESCRIPTOR: Final = frozenset({"close", "lseek", "fstatfs", "ftruncate", "fcntl", "fallocate"})
_ANNOTATION: Final = re.compile(
    r"(?:(?<=\d)|(?<=AT_FDCWD))<[^<>]*(?:<[^<>]*>[^<>]*)?>(?:\(deleted\))?"
)
#: Where a call failed strace prints the pointer in place of what it points to.
_POINTER: Final = re.compile(r", 0x[0-9a-f]{9,}\)(?= = -1)")
#: An address stands first among the arguments, or is the answer.
_ADDRESS: Final = re.compile(r"(?<=\()0x[0-9a-f]+|(?<== )0x[0-9a-f]+$")
#: QEMU reads a file system's type and block size; the other values change all the time.
_FREE_SPACE: Final = re.compile(r"(f_bsize=\d+), [^}]*(?:\}[^})]*)*\}\)")
_RESULT: Final = re.compile(r"=\s*\d+$")
_FIRST: Final = re.compile(r"\((\d+)")
_FIFTH: Final = re.compile(r"(mmap2?\((?:[^,]*,){4} )(-?\d+),")
#: Calls that QEMU's RCU thread makes later, or never.
_RELEASES: Final = frozenset({"munmap", "close", "madvise"})


@attrs.frozen
class Normalized:
    """What a run showed, part by part; each part is a list of texts."""

    calls: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]

    def part(self, name: str) -> tuple[str, ...]:
        """Return one of the parts, the calls among them."""
        return self.calls if name == "calls" else self.parts[name]


PARTS: Final = ("calls", "exit status", "stderr", "stdout", "reply", "event", "file")


def normalized(
    seen: Observation, case: Case, revision: Revision, traced: TraceSet, files: Mapping[str, int]
) -> Normalized:
    """Return what a run showed; the model of ``revision`` says which calls are the backends'."""
    parts = {
        "exit status": (_end_of(seen),),
        "stderr": tuple(lines(seen.stderr)),
        "stdout": tuple(lines(seen.stdout)),
        "reply": tuple(replies(seen.replies, "reply")),
        "event": tuple(replies(seen.replies, "event")),
        "file": tuple(f"{path}: {size} bytes" for path, size in sorted(files.items())),
    }
    calls = () if seen.stopped is not None else tuple(_calls(seen, case, revision, traced))
    return Normalized(calls, parts)


def _end_of(seen: Observation) -> str:
    return f"stopped: {seen.stopped}" if seen.stopped is not None else f"exit {seen.exit}"


def _calls(seen: Observation, case: Case, revision: Revision, traced: TraceSet) -> Iterator[str]:
    """Yield the backends' calls of a run as texts."""
    words = [*case.machine, *case.args]
    judged: dict[int, str] = {}
    with seen.trace.open("rb") as stream:
        log = Log(stream)
        given = read_given(
            log, options=words, qmp=list(case.qmp), traced=traced, on_line=judged.__setitem__
        )
        judge_given(log, revision, given)
        every = BackendCalls(log, memory_paths(words, case.qmp), given.begin)
        kept = [call for call in every if call.line in judged and call.name in PARAMETERS]
    yield from _Texts(kept).texts()


class _Texts:
    """Writes the calls of one run as strace does, but with addresses and descriptors counted."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        self._main = calls[0].pid if calls else None
        #: The number of each block, and the address that offsets in it are counted from.
        self._blocks: dict[int, tuple[int, int]] = {}
        self._descriptors: dict[str, int] = {}

    def texts(self) -> Iterator[str]:
        """Yield one text for each call; what threads do at once is in the order of addresses."""
        waiting: list[str] = []
        for call in self._calls:
            populating = populates(call.name, call.args)
            if not populating and self._may_vary(call):
                continue
            text = self._text(call)
            if populating:
                waiting.append(text)
                continue
            yield from sorted(waiting)
            waiting.clear()
            yield text
        yield from sorted(waiting)

    def _may_vary(self, call: Call) -> bool:
        """Whether a call depends on where the kernel put a block, or on the RCU thread."""
        if call.name in _RELEASES and call.pid != self._main:
            return True
        if call.name != "munmap" or call.block is None or call.failed:
            return False
        mapping = call.block.mapping
        if mapping is None or not isinstance(mapping.args[0], int):
            return False
        start, length = call.args[:2]
        first, last = mapping.args[0], mapping.args[0] + mapping.args[1]
        return bool(start + length <= first or start >= last)

    def _text(self, call: Call) -> str:
        text = _ANNOTATION.sub("", call_to_text(call)).replace(" (INJECTED)", "")
        text = _FREE_SPACE.sub(r"\1, ...})", text)
        text = _POINTER.sub(", ...)", text)
        text = _ADDRESS.sub(lambda found: self._address(call, int(found[0], 16)), text)
        if call.name in ("open", "memfd_create") and call.given is not None:
            opened = self._descriptors[str(call.given)] = len(self._descriptors)
            text = _RESULT.sub(f"= fd {opened}", text)
        elif call.name in _ON_DESCRIPTOR:
            text = _FIRST.sub(lambda found: f"({self._descriptor(found[1])}", text, count=1)
        elif call.name == "mmap":
            text = _FIFTH.sub(lambda found: f"{found[1]}{self._descriptor(found[2])},", text)
        return without_letters(re.sub(r"\s+=", " =", text))

    def _address(self, call: Call, address: int) -> str:
        block = call.block
        if block is None:
            return "ADDRESS"
        mapping = block.mapping
        given = mapping is not None and isinstance(mapping.args[0], int) and mapping.args[0]
        start = given or address
        number, base = self._blocks.setdefault(id(block), (len(self._blocks), start))
        made = block.reservation
        whole = None if made is None else (made.result, made.args[1])
        if (call.name == "mmap" and not call.args[0]) or call.args[:2] == whole:
            # How far this is from the aligned address depends on the kernel.
            return f"block {number}, reserved"
        return f"block {number}" + (f"{address - base:+#x}" if address != base else "")

    def _descriptor(self, number: str) -> str:
        if number == "-1":
            return number
        return f"fd {self._descriptors.setdefault(number, len(self._descriptors))}"
