"""Every call fails once, then for ever, with every errno it can give.

What must come of it is said by the kernel's own books (the simulated one's descriptors,
mappings and promises), by the man pages, and by the facts known of QEMU: what it says,
what it ignores, what it leaves behind.  The exact words are compared with a real QEMU in
``test_every_call_fails_on_qemu.py`` and with recordings in ``test_faults.py``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import attrs
import pytest
from conftest import Figure, Surroundings
from every_call import (
    MAY_GIVE,
    each_failing_from_then_on,
    each_failing_once,
    numbers,
    sampler,
    seed,
)
from this_machine import Here, this_machine

from qemu_model.host import profiles
from qemu_model.host.faults import Fault
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.host.simulated import SimulatedHost
from qemu_model.oracle.conform import BackendFaultHost
from qemu_model.process import Process, Run, run
from qemu_model.review import space
from qemu_model.review.hosts import ReviewHost, simulated
from qemu_model.revision import Revision, find

REVISIONS = ("base", "v8", "v7.2")
#: Seconds that all the faults of one line may take: a loop without end is told as one.
PATIENCE = 120
#: What QEMU's words repeat the errno of, where the call's failure ends it.
SAYS_WHY = ("open", "mmap", "memfd_create", "mbind", "fcntl")
#: Base never frees the name in this message; patch 1 does.
TWICE = (
    "qemu: memory backend mem0 is used multiple times. "
    "Each -numa option must use a different memdev value."
)
#: After these has the file been mapped, and then QEMU never removes it.
AFTER_MAPPING = ("mbind", "madvise", "touch_pages")


class WithoutEnd(Exception):
    """The model itself did not come to an end."""


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Raise where what is inside takes longer than that."""

    def enough(_number: int, _frame: FrameType | None) -> None:
        raise WithoutEnd(f"no end after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, enough)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@attrs.frozen
class Ended:
    """A run at its end: ``held`` and ``mapped`` is what the kernel then had of it.

    ``held`` counts descriptors, ``mapped`` bytes; ``blocks`` are the descriptors and the
    bytes, guards among them, of blocks that QEMU still refers to.
    """

    done: Run
    held: int
    mapped: int
    blocks: tuple[int, int]
    files: dict[str, int]


def run_on(
    kernel: SimulatedHost,
    line: Sequence[str],
    revision: Revision,
    faults: Sequence[Fault] = (),
    qmp: Sequence[object] = (),
) -> Ended:
    """Run a line on a simulated kernel, and read its books before QEMU's exit frees all."""
    host: Host = BackendFaultHost(kernel, faults) if faults else kernel
    process = Process(line, host, revision)
    process.start()
    for command in qmp:
        process.command(command)
    held = len(kernel.open_descriptors())
    mapped = sum(end - start for start, end in kernel.mappings())
    files = kernel.file_sizes()
    owned = [*process.qemu.ram_blocks, *process.qemu.call_rcu]
    page = process.qemu.platform.page_size
    blocks = (
        sum(block.fd >= 0 for block in owned),
        sum(-(-block.max_length // block.page_size) * block.page_size + page for block in owned),
    )
    done = process.finish()
    return Ended(done, held, mapped, blocks, files)


def outcome(done: Run) -> tuple[object, ...]:
    """Return what a user sees of a run."""
    return done.exit, done.livelock, done.stderr, done.stdout, done.replies


def check(ended: Ended, clean: Ended, fault: Fault, kernel: SimulatedHost) -> None:
    """Hold one run with a fault against what is known of QEMU and of kernels."""
    done = ended.done
    memfd = any("memory-backend-memfd" in word for word in done.args)
    failed = Counter(event.call for event in done.events if event.failed)

    ends = done.exit in (0, 1, -6) if done.livelock is None else done.exit is None
    assert ends, "a run ends with a status, or is said to be without end"
    assert done.livelock is None or fault.last is None or fault.call == "open"

    # The model's own count of leaks is the kernel's.
    if done.exit is not None:
        assert done.leaks.fds == ended.held - ended.blocks[0]
        assert (done.leaks.mappings > 0) == (ended.mapped > ended.blocks[1])

    # What an exit frees is freed, whatever failed before.
    assert kernel.open_descriptors() == []
    assert kernel.mappings() == []

    # What QEMU leaves: a memfd that could not be mapped, what munmap refused to unmap, a
    # file that unlink refused to remove or that had been mapped when something failed.
    if done.exit is not None:
        made = not failed["memfd_create"] and fault.call not in ("ftruncate", "fcntl")
        assert done.leaks.fds <= (1 if memfd and done.exit == 1 and made else 0)
        assert done.leaks.mappings == min(1, failed["munmap"])
        assert done.leaks.strings == (done.revision.name == "base" and TWICE in done.stderr[-1:])
        may_stay = "unlink" in failed or any(failed[call] for call in AFTER_MAPPING)
        left = set(done.leaks.files) - set(clean.done.leaks.files)
        assert not left or may_stay or _preallocation_failed(done)

    # What it says: the errno in words, unless the failure is of no consequence.
    if fault.call in SAYS_WHY and done.exit == 1 and clean.done.exit == 0 and not failed["munmap"]:
        last = [event for event in done.events if event.failed and event.call in SAYS_WHY][-1]
        assert done.stderr[-1].endswith(f": {os.strerror(-last.result)}")
    ignored = fault.call == "madvise" and done.revision.name != "v7.2"
    if ignored or (fault.call == "munmap" and clean.done.exit == 0):
        assert outcome(done) == outcome(clean.done)


def _preallocation_failed(done: Run) -> bool:
    """Whether it did; before 7.2 no call of QEMU's shows it."""
    return "preallocat" in done.stderr[-1] or "Insufficient" in done.stderr[-1]


def each_fault(clean: Run, *, once: bool = True) -> Iterator[Fault]:
    """Yield the faults for the calls of a run, and those of its preallocation."""
    if once:
        yield from each_failing_once(clean.events)
    else:
        yield from each_failing_from_then_on(clean.events)
    yield Fault.nth("touch_pages", errno.EFAULT, 1)


@pytest.mark.slow
@pytest.mark.parametrize("once", [True, False], ids=["once", "from then on"])
@pytest.mark.parametrize("host", space.HOSTS)
def test_whatever_call_fails_qemu_leaves_only_what_it_is_known_to_leave(
    host: str, once: bool, figure: Figure
) -> None:
    runs = 0
    machine = simulated(host)
    for revision in map(find, REVISIONS):
        for place in range(len(space.LINES)):
            line = space.line_on(place, machine)
            clean = run_on(fresh(machine), line, revision)
            with patience(PATIENCE):
                for fault in each_fault(clean.done, once=once):
                    kernel = fresh(machine)
                    try:
                        check(run_on(kernel, line, revision, (fault,)), clean, fault, kernel)
                    except (AssertionError, WithoutEnd) as wrong:
                        raise AssertionError(
                            f"{revision.name}, {host}, {fault}: {wrong}\n{' '.join(line)}"
                        ) from wrong
                    runs += 1
    figure(runs, f"simulated runs in which a call fails {'once' if once else 'from then on'}")
    assert runs > 1000


def fresh(machine: ReviewHost) -> SimulatedHost:
    """Return the machine as it is before anything happens."""
    kernel = machine.make()
    assert isinstance(kernel, SimulatedHost)
    return kernel


LINE = ("-machine", "none", "-object", "memory-backend-file,id=m0,size=4M,mem-path=/mnt/a")


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("call", "number", "function"),
    [
        ("fstatfs", errno.EINTR, "qemu_fd_getpagesize"),
        ("open", errno.EINTR, "file_ram_open"),
        ("open", errno.EEXIST, "file_ram_open"),
    ],
)
def test_a_loop_that_qemu_never_leaves_is_named(
    call: str, number: int, function: str, revision: str
) -> None:
    kernel = SimulatedHost(profiles.default())
    ended = run_on(kernel, LINE, find(revision), (Fault(call, number),))
    assert (ended.done.exit, ended.done.livelock) == (None, function)
    assert kernel.open_descriptors() == []


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("times", [1, 2, 5, 15])
@pytest.mark.parametrize("call", ["fstatfs", "open"])
def test_a_call_that_is_interrupted_is_made_again(call: str, times: int, revision: str) -> None:
    clean = run_on(SimulatedHost(profiles.default()), LINE, find(revision)).done
    fault = Fault(call, errno.EINTR, first=1, last=times)
    done = run_on(SimulatedHost(profiles.default()), LINE, find(revision), (fault,)).done
    assert outcome(done) == outcome(clean)
    assert len(done.events) == len(clean.events) + times


class OddSeek(SimulatedHost):
    """A kernel whose lseek gives ``answer`` bytes, as when another process shrinks the file."""

    answer = 0

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        return self.answer


@pytest.mark.parametrize("answer", [0, 1, 4095, 4 << 20, (4 << 20) + 1, 1 << 40])
@pytest.mark.parametrize("kind", ["file", "memfd"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_size_that_is_short_is_refused_in_qemus_words(
    revision: str, kind: str, answer: int
) -> None:
    class Seeks(OddSeek):
        pass

    Seeks.answer = answer
    kernel = Seeks(profiles.default())
    path = ",mem-path=/mnt/a" if kind == "file" else ""
    words = f"memory-backend-{kind},id=m0,size=4M{path}"
    ended = run_on(kernel, ("-machine", "none", "-object", words), find(revision))
    name = "" if revision == "v7.2" else "(null) "
    refused = f"backing store {name}size {answer:#x} does not match 'size' option 0x400000"
    before = "qemu:" if revision == "v7.2" else f"qemu: -object {words}:"
    short = 0 < answer < 4 << 20
    expected = (1, [f"{before} {refused}"]) if short else (0, [])
    assert (ended.done.exit, list(ended.done.stderr)) == expected
    assert ended.done.leaks.fds == (1 if short and kind == "memfd" else 0)
    assert kernel.file_sizes().get("/mnt/a") == (
        None if short or kind == "memfd" else 4 << 20 if answer == 0 else 0
    )


@pytest.fixture(scope="module")
def here(surroundings: Surroundings) -> Iterator[Here]:
    """This machine as a profile, with the surroundings mounted as the profile says."""
    del surroundings
    with this_machine() as machine:
        yield machine


OPTIONS = (
    "",
    ",share=on,pmem=on,sync=on",
    ",share=on,prealloc=on",
    ",merge=off,dump=off",
    ",policy=bind,host-nodes=0",
    ",align=2M",
    ",align=3M",
)
DIRECTORIES = ("/mnt/ext4", "/mnt/tmpfs", "/mnt/huge")
#: How many faults are made on this machine's kernel.
SAMPLE = 1500


def live_lines(revision: str) -> Iterator[tuple[str, ...]]:
    for directory in DIRECTORIES:
        for options in OPTIONS:
            told = options if revision == "v8" else options.replace(",sync=on", "")
            yield (f"memory-backend-file,id=m0,size=4M,mem-path={directory}/fault.img{told}",)
    yield ("memory-backend-ram,id=m0,size=4M",)
    yield ("memory-backend-ram,id=m0,size=4M,prealloc=on",)
    yield ("memory-backend-memfd,id=m0,size=4M",)
    yield ("memory-backend-memfd,id=m0,size=4M,hugetlb=on",)


def ours() -> set[str]:
    """Return this process's mappings that a backend can have left, and its descriptors.

    Python maps nothing that may not be touched, nothing shared, and no file for writing.
    """
    kept = set()
    for line in Path("/proc/self/maps").read_text().splitlines():
        _addresses, permissions, _rest = line.split(maxsplit=2)
        if permissions in ("---p", "rw-s", "---s") or "/mnt/" in line or "memfd:" in line:
            kept.add(line)
    return kept | {f"descriptor {name}" for name in os.listdir("/proc/self/fd")}


def on_this_kernel(line: Sequence[str], revision: Revision, fault: Fault) -> tuple[object, ...]:
    words = ("-machine", "none", "-object", *line)
    host = BackendFaultHost(LiveHost(), (fault,))
    done = run(words, host, revision)
    sizes = {
        str(path): path.stat().st_size
        for directory in DIRECTORIES
        for path in Path(directory).iterdir()
        if path.is_file()
    }
    for path in sizes:
        Path(path).unlink()
    return (*outcome(done), done.leaks, sizes)


@pytest.mark.slow
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_fault_on_this_kernel_ends_as_on_the_simulated_one_and_nothing_is_left(
    revision: str, here: Here, figure: Figure
) -> None:
    population = []
    for line in live_lines(revision):
        words = ("-machine", "none", "-object", *line)
        clean = run_on(SimulatedHost(here.profile), words, find(revision)).done
        population += [(line, fault) for fault in each_fault(clean)]
        never = {Fault(call, number) for call in MAY_GIVE for number in numbers(call)[:3]}
        population += [(line, fault) for fault in sorted(never, key=str)]
    sample = sampler(f"live {revision}").sample(population, SAMPLE // len(REVISIONS))
    before = ours()
    for line, fault in sample:
        actual = on_this_kernel(line, find(revision), fault)
        kernel = SimulatedHost(here.profile)
        words = ("-machine", "none", "-object", *line)
        ended = run_on(kernel, words, find(revision), (fault,))
        files = {path: size for path, size in ended.files.items() if "fault.img" in path}
        expected = (*outcome(ended.done), ended.done.leaks, files)
        assert expected == actual, f"{fault}: {' '.join(line)}"
    assert ours() - before == set()
    figure(len(sample), f"faults on this machine's kernel (sample {seed()})")
