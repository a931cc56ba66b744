"""Logs that could be: other threads beside the one that makes a backend, memory anywhere.

A schedule is a log that no strace wrote, but one that it could have written: QEMU's main
thread makes a backend on a file, while its RCU thread and a worker do what glibc and
ld.so do in them.  At each step any thread may go on, a call may be interrupted by
others' (``<unfinished ...>``), and the kernel puts new memory into any gap, also into
one that the backend's own reservation left.  What the main thread does is written
down from the recordings in ``data/``, which know nothing of the judge.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from typing import Final

import attrs

PAGE: Final = 4096
HUGE: Final = 2 << 20
#: The size of one of glibc's heaps, which is also how it is aligned.
HEAP: Final = 64 << 20
STACK: Final = (8 << 20) + PAGE
SIZE: Final = 4 << 20
PATH: Final = "/mnt/dax/f"
FILE: Final = f"3<{PATH}>"
ANONYMOUS: Final = "MAP_PRIVATE|MAP_ANONYMOUS"
READ_WRITE: Final = "PROT_READ|PROT_WRITE"
FSTATFS: Final = (
    f"fstatfs({FILE}, ",
    "{f_type=EXT2_SUPER_MAGIC, f_bsize=4096, f_blocks=26605, f_flags=ST_VALID|ST_RELATIME})",
)
MAIN, RCU, WORKER = 264, 265, 268
LOWEST: Final = 0x7F00_0000_0000


@attrs.frozen
class Backend:
    """The backend that the main thread makes; ``refused``: the file is not on DAX."""

    align: int
    share: bool
    pmem: bool
    refused: bool
    prealloc: bool
    plain: bool

    @property
    def option(self) -> str:
        """The -object's text."""
        words = [
            "memory-backend-file",
            "id=m0",
            f"mem-path={PATH}",
            f"size={SIZE}",
            f"share={'on' if self.share else 'off'}",
            f"pmem={'on' if self.pmem else 'off'}",
        ]
        words += [f"align={self.align}"] if self.align != PAGE else []
        words += ["prealloc=on"] if self.prealloc else []
        words += [] if self.plain else ["merge=off", "dump=off"]
        return ",".join(words)


@attrs.frozen
class Shown:
    """A call whose answer is known: what stands before and behind an interruption."""

    begin: str
    rest: str
    answer: str = "0"


@attrs.frozen
class Mapping:
    """An mmap; without an address the kernel chooses one."""

    address: int
    length: int
    prot: str
    flags: str
    fd: str = "-1"


@attrs.frozen
class Unmapping:
    """A munmap."""

    address: int
    length: int


@attrs.frozen
class Starts:
    """A thread begins (the call is not traced)."""

    thread: int


@attrs.frozen
class Waits:
    """Nothing more until another thread gives the word."""

    word: str


@attrs.frozen
class Gives:
    """The word that others wait for."""

    word: str


Step = Shown | Mapping | Unmapping | Starts | Waits | Gives
Thread = Generator[Step, int, None]


def advice(address: int, length: int, name: str) -> Shown:
    """Return a madvise."""
    return Shown(f"madvise({address:#x}, {length}, {name}", ")")


def protection(address: int, length: int, prot: str) -> Shown:
    """Return an mprotect."""
    return Shown(f"mprotect({address:#x}, {length}, {prot}", ")")


def opening(flags: str, answer: str) -> Shown:
    """Return an openat of the backend's file."""
    return Shown(f'openat(AT_FDCWD</tmp>, "{PATH}", {flags}', ")", answer)


# What glibc and ld.so do, in whichever thread.


def heap() -> Thread:
    """Reserve two heaps' space, keep the aligned one, let it grow, give a part back."""
    start = yield Mapping(0, 2 * HEAP, "PROT_NONE", f"{ANONYMOUS}|MAP_NORESERVE")
    aligned = -(-start // HEAP) * HEAP
    if aligned > start:
        yield Unmapping(start, aligned - start)
    if start + 2 * HEAP > aligned + HEAP:
        yield Unmapping(aligned + HEAP, start + HEAP - aligned)
    yield protection(aligned, 33 * PAGE, READ_WRITE)
    yield protection(aligned + 33 * PAGE, 2 * PAGE, READ_WRITE)
    yield advice(aligned + 16 * PAGE, 2 * PAGE, "MADV_DONTNEED")


def stack() -> Generator[Step, int, int]:
    """Make a thread's stack, and return where it is."""
    start = yield Mapping(0, STACK, "PROT_NONE", f"{ANONYMOUS}|MAP_STACK")
    yield protection(start + PAGE, STACK - PAGE, READ_WRITE)
    return start


def library() -> Thread:
    """Map a library: its last part is new memory at a given address."""
    file = "9</usr/lib/libx.so>"
    fixed = "MAP_PRIVATE|MAP_FIXED"
    start = yield Mapping(0, 1024 * PAGE, "PROT_READ", "MAP_PRIVATE|MAP_DENYWRITE", file)
    yield Mapping(start + 2 * PAGE, 2 * PAGE, "PROT_READ|PROT_EXEC", f"{fixed}|MAP_DENYWRITE", file)
    zeros = -(-(start + 5 * PAGE) // HUGE) * HUGE
    if zeros + 2 * PAGE > start + 1024 * PAGE:
        zeros = start + 5 * PAGE
    yield Mapping(zeros, 2 * PAGE, READ_WRITE, f"{fixed}|MAP_ANONYMOUS")
    yield protection(zeros, PAGE, "PROT_READ")


def ring() -> Thread:
    """Set an io_uring up, and take it down again."""
    flags, file = "MAP_SHARED|MAP_POPULATE", "9<anon_inode:[io_uring]>"
    one = yield Mapping(0, 4928, READ_WRITE, flags, file)
    other = yield Mapping(0, 2 * PAGE, READ_WRITE, flags, file)
    yield Unmapping(other, 2 * PAGE)
    yield Unmapping(one, 4928)


def translator() -> Thread:
    """Make the buffer of translated code: reserved, advised, and opened."""
    size = 75722752
    start = yield Mapping(0, size, "PROT_NONE", ANONYMOUS)
    yield advice(start, size, "MADV_HUGEPAGE")
    yield protection(start, size - PAGE, "PROT_READ|PROT_WRITE|PROT_EXEC")


# The threads.


def make(backend: Backend, at: dict[str, int]) -> Thread:
    """Make the backend as the recorded 7.2 did."""
    yield opening("O_RDWR", "-1 ENOENT (No such file or directory)")
    yield opening("O_RDWR|O_CREAT|O_EXCL, 0644", FILE)
    yield Shown(f"lseek({FILE}, 0, SEEK_END", ")")
    yield Shown(*FSTATFS)
    yield Shown(f"ftruncate({FILE}, {SIZE}", ")")
    reserved = yield Mapping(0, SIZE + backend.align, "PROT_NONE", ANONYMOUS)
    start = -(-reserved // backend.align) * backend.align
    kind = "MAP_SHARED" if backend.share else "MAP_PRIVATE"
    if backend.share and backend.pmem:
        flags = "MAP_SHARED_VALIDATE|MAP_FIXED|MAP_SYNC"
        if backend.refused:
            begin = f"mmap({start:#x}, {SIZE}, {READ_WRITE}, {flags}, {FILE}, 0"
            yield Shown(begin, ")", "-1 EOPNOTSUPP (Operation not supported)")
        else:
            yield Mapping(start, SIZE, READ_WRITE, flags, FILE)
    if backend.refused or not (backend.share and backend.pmem):
        yield Mapping(start, SIZE, READ_WRITE, f"{kind}|MAP_FIXED", FILE)
    if start > reserved:
        yield Unmapping(reserved, start - reserved)
    behind, end = start + SIZE + PAGE, reserved + SIZE + backend.align
    if end > behind:
        yield Unmapping(behind, end - behind)
    for _ in range(3):
        yield Mapping(0, 266240, READ_WRITE, ANONYMOUS)
    yield advice(start, SIZE, "MADV_HUGEPAGE")
    yield advice(start, SIZE, "MADV_DONTFORK")
    yield advice(start, SIZE, "MADV_MERGEABLE" if backend.plain else "MADV_DONTDUMP")
    if backend.prealloc:
        yield Shown(*FSTATFS)
        yield advice(start, PAGE, "MADV_POPULATE_WRITE")
        yield advice(start, SIZE, "MADV_POPULATE_WRITE")
    at["block"] = start


def main_thread(backend: Backend, at: dict[str, int], chance: random.Random) -> Thread:
    """QEMU from its start to its end."""
    yield from library()
    yield from stack()
    yield Starts(RCU)
    yield from ring()
    yield from translator()
    yield from make(backend, at)
    yield from ring()
    at["stack"] = yield from stack()
    yield Starts(WORKER)
    yield from library()
    yield Gives("work is done")
    yield from ring()
    if chance.random() < 0.5:
        yield Gives("the backend goes")
    yield from ring()


def rcu_thread(at: dict[str, int]) -> Thread:
    """What reclaims a block on QEMU's way out, if it comes to it."""
    yield from heap()
    yield Waits("the backend goes")
    yield Unmapping(at["block"], SIZE + PAGE)
    yield Shown(f"close({FILE}", ")")
    yield from heap()


def worker_thread(at: dict[str, int]) -> Thread:
    """A thread that comes and goes."""
    yield from heap()
    yield Waits("work is done")
    yield advice(at["stack"], STACK - 6 * PAGE, "MADV_DONTNEED")


class Kernel:
    """Which addresses are taken; new memory comes into any gap that is large enough."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._highest = LOWEST + 0x6000_0000 + chance.randrange(1 << 12) * PAGE
        self._taken: list[tuple[int, int]] = []
        for _ in range(chance.randrange(5)):
            self.take(LOWEST + chance.randrange(0x60000) * PAGE, chance.choice((PAGE, HUGE)))

    def take(self, address: int, length: int) -> None:
        """Note that there is memory."""
        self.free(address, length)
        self._taken.append((address, address + _pages(length)))
        self._taken.sort()

    def free(self, address: int, length: int) -> None:
        """Note that there is none any more."""
        end = address + _pages(length)
        left = []
        for first, last in self._taken:
            left += [(first, min(last, address)), (max(first, end), last)]
        self._taken = sorted((first, last) for first, last in left if first < last)

    def place(self, length: int) -> int:
        """Return an address for new memory: at a gap's end, its start, or a huge page's."""
        size = _pages(length)
        gaps = [(first, last) for first, last in self._gaps() if last - first >= size]
        first, last = self._chance.choice(gaps)
        aligned = (last - size) // HUGE * HUGE
        return self._chance.choice((last - size, last - size, first, max(aligned, first)))

    def _gaps(self) -> Iterator[tuple[int, int]]:
        free = LOWEST
        for first, last in self._taken:
            yield free, first
            free = last
        yield free, max(self._highest, free)


def _pages(length: int) -> int:
    return -(-length // PAGE) * PAGE


class _Process:
    """The threads of one schedule, and the log that comes of them."""

    def __init__(self, backend: Backend, chance: random.Random, restless: float) -> None:
        self.lines: list[str] = []
        self._chance = chance
        self._restless = restless
        self._kernel = Kernel(chance)
        self._at: dict[str, int] = {}
        self._threads: dict[int, Thread] = {MAIN: main_thread(backend, self._at, chance)}
        self._answers: dict[int, int | None] = {MAIN: None}
        self._interrupted: dict[int, str] = {}
        self._waiting: dict[int, str] = {}
        self._given: set[str] = set()

    def run(self) -> None:
        """Let threads go on, one step at a time, until the main thread has no more steps."""
        while MAIN in self._threads or MAIN in self._interrupted:
            ready = [one for one in self._threads if self._waiting.get(one) in {None, *self._given}]
            ready += [one for one in self._interrupted if one not in ready]
            turn = self._chance.random() < self._restless or MAIN not in ready
            self._go_on(self._chance.choice(ready) if turn else MAIN)

    def _go_on(self, thread: int) -> None:
        rest = self._interrupted.pop(thread, None)
        if rest is not None:
            self._write(thread, rest)
            return
        try:
            step = self._threads[thread].send(self._answers[thread])  # type: ignore[arg-type]
        except StopIteration:
            del self._threads[thread]
            return
        self._answers[thread] = None
        if isinstance(step, Starts):
            starts = rcu_thread if step.thread == RCU else worker_thread
            self._threads[step.thread], self._answers[step.thread] = starts(self._at), None
        elif isinstance(step, Gives):
            self._given.add(step.word)
        elif isinstance(step, Waits):
            self._waiting[thread] = step.word
        else:
            self._call(thread, self._done(thread, step))

    def _done(self, thread: int, step: Shown | Mapping | Unmapping) -> Shown:
        if isinstance(step, Mapping):
            address = step.address or self._kernel.place(step.length)
            self._kernel.take(address, step.length)
            self._answers[thread] = address
            where = f"{step.address:#x}" if step.address else "NULL"
            begin = f"mmap({where}, {step.length}, {step.prot}, {step.flags}, {step.fd}, 0"
            return Shown(begin, ")", f"{address:#x}")
        if isinstance(step, Unmapping):
            self._kernel.free(step.address, step.length)
            return Shown(f"munmap({step.address:#x}, {step.length}", ")")
        return step

    def _call(self, thread: int, call: Shown) -> None:
        end = f"{call.rest} = {call.answer}"
        if self._chance.random() < self._restless / 2:
            self._write(thread, f"{call.begin} <unfinished ...>")
            name = call.begin.partition("(")[0]
            self._interrupted[thread] = f"<... {name} resumed>{end}"
        else:
            self._write(thread, call.begin + end)

    def _write(self, thread: int, text: str) -> None:
        before = self.lines[-1] if self.lines else ""
        mark = " <unfinished ...>"
        if "resumed>" in text and before.startswith(f"{thread} ") and before.endswith(mark):
            # Nothing came between: strace writes it in one.
            self.lines[-1] = before.removesuffix(mark) + text.partition("resumed>")[2]
        else:
            self.lines.append(f"{thread}   {text}")


def any_backend(chance: random.Random) -> Backend:
    """Return one of the backends that there are."""
    switches = [chance.random() < 0.5 for _ in range(5)]
    return Backend(chance.choice((PAGE, HUGE)), *switches)


def schedule(seed: int) -> bytes:
    """Return the log of the schedule number ``seed``: always the same one."""
    chance = random.Random(seed)
    backend = any_backend(chance)
    process = _Process(backend, chance, chance.choice((0.2, 0.5, 0.9)))
    process.run()
    words = ", ".join(f'"{word}"' for word in ("qemu", "-M", "none", "-object", backend.option))
    begin = f'{MAIN}   execve("/usr/bin/qemu-system-x86_64", [{words}], 0x7ffd /* 1 vars */) = 0'
    end = [f"{MAIN}   exit_group(0) = ?", f"{RCU}   +++ exited with 0 +++"]
    end += [f"{MAIN}   +++ exited with 0 +++", ""]
    return "\n".join([begin, *process.lines, *end]).encode()
