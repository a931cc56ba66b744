"""Runs of a real QEMU in which one call of a backend fails, beside the same runs of the model.

The cases are lines of Debian's QEMU 7.2.  Which of a program's calls are the backend's
is read from a log of the same line without the fault, since strace counts all calls of a
name that a thread makes.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from every_call import MAY_GIVE

from qemu_model.calls.event import Event
from qemu_model.conform.cases import Case, Place, Preparation
from qemu_model.conform.conform import (
    call_differences,
    file_differences,
    files_in,
    observe,
    prepare,
    said_differences,
)
from qemu_model.conform.conform_place import make_place
from qemu_model.conform.driver import Observation, Qemu
from qemu_model.conform.surroundings import BackendFaultHost
from qemu_model.host.faults import Fault as HostFault
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.process import run
from qemu_model.revision import QEMU_7_2

CAPABILITIES = {"execute": "qmp_capabilities"}
QUIT = {"execute": "quit"}


def _object(text: str) -> tuple[str, ...]:
    return ("-object", text)


def _file(where: str, more: str = "", *setup: Preparation) -> Case:
    path = f"${where}/f.img"
    return Case(
        f"{where}{more}",
        _object(f"memory-backend-file,id=m0,mem-path={path},size=4M{more}"),
        setup=setup or (Preparation("rm", path),),
    )


def _set(name: str, value: object) -> Mapping[str, Any]:
    arguments = {"path": "/objects/m0", "property": name, "value": value}
    return {"execute": "qom-set", "arguments": arguments}


def _asked(case: Case, name: str, *commands: Mapping[str, Any]) -> Case:
    return attrs.evolve(case, name=name, qmp=(CAPABILITIES, *commands, QUIT))


def lines() -> dict[str, Case]:
    """Return the lines in which calls are made to fail, by name."""
    made = []
    for where in ("files", "tmpfs", "huge"):
        for more in ("", ",share=on", ",share=on,pmem=on", ",share=on,prealloc=on"):
            made.append(_file(where, more))
    for more in (
        ",pmem=on",
        ",prealloc=on",
        ",merge=off,dump=off",
        ",policy=bind,host-nodes=0",
        ",policy=preferred,host-nodes=0,share=on,prealloc=on",
        ",reserve=off",
        ",share=on,reserve=off",
        ",align=2M",
        ",align=3M",
        ",share=on,discard-data=on",
    ):
        made.append(_file("files", more))
    whole = Preparation("data", "$files/f.img", 4 << 20, 65)
    made.append(attrs.evolve(_file("files", ",share=on", whole), name="whole file"))
    made.append(attrs.evolve(_file("files", ",readonly=on", whole), name="readonly"))
    half = Preparation("data", "$files/f.img", 1 << 20, 65)
    made.append(attrs.evolve(_file("files", "", half), name="small file"))
    directory = "memory-backend-file,id=m0,mem-path=$files,size=4M"
    made.append(Case("directory", _object(directory)))
    for more in (
        "",
        ",share=on",
        ",prealloc=on",
        ",reserve=off",
        ",policy=bind,host-nodes=0",
        ",merge=off,dump=off",
    ):
        for kind in ("ram", "memfd"):
            made.append(
                Case(f"{kind}{more}", _object(f"memory-backend-{kind},id=m0,size=4M{more}"))
            )
    for more in (",seal=off", ",hugetlb=on", ",share=off", ",hugetlb=on,prealloc=on"):
        made.append(Case(f"memfd{more}", _object(f"memory-backend-memfd,id=m0,size=4M{more}")))
    quiet = attrs.evolve(_file("files"), machine=("-M", "none,dump-guest-core=off,mem-merge=off"))
    made.append(attrs.evolve(quiet, name="no dump, no merge"))
    first = _file("files", ",share=on")
    second = _object("memory-backend-ram,id=m1,size=4M")
    made.append(attrs.evolve(first, name="two", args=(*first.args, *second)))
    made.append(_asked(first, "prealloc later", _set("prealloc", True)))
    made.append(_asked(first, "merge and dump later", _set("merge", False), _set("dump", False)))
    props = {"mem-path": "$files/f.img", "size": 4 << 20, "share": True, "prealloc": True}
    added = {"qom-type": "memory-backend-file", "id": "m0", **props}
    add = {"execute": "object-add", "arguments": added}
    bare = Case("added", (), setup=first.setup)
    made.append(_asked(bare, "added", add, {"execute": "query-memdev"}))
    gone = {"execute": "object-del", "arguments": {"id": "m0"}}
    for name, props in (
        ("file added and deleted", {"mem-path": "$tmpfs/f.img", "discard-data": True}),
        ("bound file added and deleted", {"mem-path": "$files/f.img", "host-nodes": [0]}),
        ("ram added and deleted", {"prealloc": True}),
        ("memfd added and deleted", {"seal": True}),
    ):
        kind = "file" if "mem-path" in props else name.partition(" ")[0]
        bound = {"policy": "bind"} if "host-nodes" in props else {}
        arguments = {"qom-type": f"memory-backend-{kind}", "id": "m0", "size": 4 << 20}
        more = {"execute": "object-add", "arguments": {**arguments, **props, **bound}}
        path = str(props.get("mem-path", "$files/f.img"))
        bare = Case(name, (), setup=(Preparation("rm", path),))
        made.append(_asked(bare, name, more, _set("merge", False), gone))
    made += _of_machines(first)
    return {case.name: case for case in made}


def _of_machines(first: Case) -> list[Case]:
    """Return lines in which the guest's RAM is made by the machine."""
    path = ("-mem-path", "$files/f.img")
    backed = ("-M", "none,memory-backend=m0")
    node = ("-m", "4M", "-numa", "node,memdev=m0")
    return [
        attrs.evolve(first, name=name, machine=machine, args=args)
        for name, machine, args in (
            ("machine's ram", ("-M", "none"), ("-m", "4M")),
            ("machine's file", ("-M", "none"), ("-m", "4M", *path)),
            ("machine's file touched", ("-M", "none"), ("-m", "4M", "-mem-prealloc", *path)),
            ("machine's backend", backed, ("-m", "4M", *first.args)),
            ("all touched", ("-M", "none"), ("-mem-prealloc", *first.args)),
            ("a PC's ram", ("-M", "pc"), ("-m", "4M")),
            ("a PC's file", ("-M", "pc"), ("-m", "4M", *path)),
            ("a PC's node", ("-M", "pc"), (*node, *first.args)),
        )
    ]


LINES = lines()

_CALL = re.compile(r"(?P<thread>\d+)\s+(?P<call>\w+)\(")


def backend_calls(seen: Observation, case: Case) -> list[tuple[str, int]]:
    """Return the calls of a backend in a log, in order: each with its place among its name's.

    Only the main thread's, which strace counts apart.  The judge says which they are.
    """
    held: set[int] = set()
    with seen.trace.open("rb") as file:
        judge(
            Log(file),
            QEMU_7_2,
            options=[*case.machine, *case.args],
            qmp=list(case.qmp),
            on_line=lambda line, _text: held.add(line),
        )
    found: list[tuple[str, int]] = []
    count: Counter[str] = Counter()
    main = None
    with seen.trace.open(encoding="utf-8", errors="surrogateescape") as log:
        for number, line in enumerate(log, 1):
            match = _CALL.match(line)
            main = main or (match and match["thread"])
            if match is not None and match["thread"] == main:
                count[match["call"]] += 1
                if number in held:
                    found.append((match["call"], count[match["call"]]))
    return found


@attrs.frozen
class Question:
    """One call of a line that fails: ``nth`` among the model's calls of that name.

    ``for_ever``: all that follow fail with it.  ``answer`` is what the call answers in
    place of failing: a size of a file that is none.
    """

    line: str
    call: str
    nth: int
    errno: str
    for_ever: bool = False
    answer: int | None = None

    def host(self) -> Host:
        """Return this kernel, with the call failing."""
        if self.answer is not None:
            return OddSize(self.nth, self.answer)
        number = 133 if self.errno == "EHWPOISON" else getattr(errno, self.errno)
        last = None if self.for_ever else self.nth
        return BackendFaultHost(
            LiveHost(allow_discard=True), [HostFault(self.call, number, self.nth, last)]
        )

    def inject(self, place: int) -> str:
        """Return the same for strace; the call is the ``place``-th of that name there."""
        name = "openat" if self.call == "open" else self.call
        what = f"error={self.errno}" if self.answer is None else f"retval={self.answer}"
        return f"{name}:{what}:when={place}{'+' if self.for_ever else ''}"

    def __str__(self) -> str:
        what = self.errno if self.answer is None else f"{self.answer:#x}"
        often = "from then on" if self.for_ever else "once"
        return f"{self.call} {self.nth} answers {what} {often}"


class OddSize(BackendFaultHost):
    """This kernel, whose ``nth`` lseek answers what another process made of the file."""

    def __init__(self, nth: int, answer: int) -> None:
        super().__init__(LiveHost(allow_discard=True), ())
        self._left = nth
        self._answer = answer

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2)."""
        self._left -= 1
        return self.inner.lseek(fd, offset, whence) if self._left else self._answer


#: Calls that nothing but the backend makes from then on, and so may fail for ever.
ALONE = ("fstatfs", "lseek", "mbind", "memfd_create", "unlink")
#: With these QEMU opens again and again.
AGAIN = ("EEXIST", "EINTR")
#: Sizes, in bytes, that a file of 4 MiB can have become.
SIZES = (0, 1, 4095, 4096, (4 << 20) - 1, 4 << 20, 1 << 30)


def questions(line: str, events: Iterable[Event]) -> Iterator[Question]:
    """Yield a question for each call of a run without fault, and each answer it can give."""
    count: Counter[str] = Counter()
    firmware = "PC" in line
    for event in events:
        call = event.call
        count[call] += 1
        for name in MAY_GIVE[call].split():
            yield Question(line, call, count[call], name)
            if (call in ALONE and not firmware) or (call == "open" and name in AGAIN):
                yield Question(line, call, count[call], name, for_ever=True)
        if call == "lseek":
            for size in SIZES:
                yield Question(line, call, count[call], "", answer=size)


@attrs.frozen
class Answer:
    """What came of a question: ``differences`` between QEMU and the model."""

    question: Question
    differences: tuple[str, ...]
    end: str = ""
    asked: bool = True


class Bench:
    """One process's place for cases, and what it knows of each line."""

    def __init__(self, binary: str, scratch: Path) -> None:
        self.qemu = Qemu.at(binary)
        self.scratch = scratch
        scratch.mkdir(parents=True)
        self.place: Place = make_place(scratch, None)
        self._clean: dict[str, list[tuple[str, int]]] = {}

    def case(self, name: str) -> Case:
        return LINES[name].at(self.place)

    def modelled(self, name: str) -> tuple[Event, ...]:
        """Return the calls of the model on a line, without a fault."""
        prepare(self.case(name), self.place)
        case = self.case(name)
        return run(
            [*case.machine, *case.args], LiveHost(allow_discard=True), QEMU_7_2, qmp=case.qmp
        ).events

    def _calls(self, name: str) -> list[tuple[str, int]]:
        known = self._clean.get(name)
        if known is None:
            case = self.case(name)
            prepare(case, self.place)
            seen = observe(self.qemu, case, self.scratch)
            known = self._clean[name] = backend_calls(seen, case)
        return known

    def ask(self, question: Question) -> Answer:
        """Run QEMU and the model with the fault, and compare all there is to compare."""
        case = self.case(question.line)
        name = "openat" if question.call == "open" else question.call
        places = [place for call, place in self._calls(question.line) if call == name]
        if len(places) < question.nth:
            if name in ("munmap", "close") and "object-del" in str(case.qmp):
                # Another thread gives the block back, and strace would count its calls apart.
                return Answer(question, (), asked=False)
            return Answer(question, (f"QEMU makes no {name} {question.nth}",), asked=False)
        prepare(case, self.place)
        inject = [question.inject(places[question.nth - 1])]
        seen = observe(self.qemu, case, self.scratch, inject)
        files = files_in(self.place)
        if not _was_injected(seen):
            return Answer(question, ("strace injected nothing",), asked=False)
        differences = [*call_differences(seen, case, QEMU_7_2)]
        prepare(case, self.place)
        modelled = run([*case.machine, *case.args], question.host(), QEMU_7_2, qmp=case.qmp)
        differences += said_differences(seen, modelled)
        differences += file_differences(files, files_in(self.place))
        end = seen.stopped or f"status {seen.exit}"
        return Answer(question, tuple(differences), end)


def _was_injected(seen: Observation) -> bool:
    return b"(INJECTED)" in seen.trace.read_bytes()


def work(binary: str, scratch: Path, asked: list[Question], until: float) -> list[Answer]:
    """Ask the questions in this process, which leaves for mounts of its own.

    ``until`` is when to stop, by the monotonic clock.
    """
    bench = Bench(binary, scratch)
    answers = []
    for question in asked:
        if time.monotonic() > until:
            break
        answers.append(bench.ask(question))
    return answers


def population(binary: str, scratch: Path) -> list[Question]:
    """Return every question about every line; for a process of its own."""
    bench = Bench(binary, scratch)
    return [question for name in LINES for question in questions(name, bench.modelled(name))]
