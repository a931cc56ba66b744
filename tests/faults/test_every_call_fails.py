"""Every call fails once, then for ever, with every errno it can give.

The expected side is the simulated kernel's own books, its descriptors, mappings and files, and
what QEMU was seen to leave behind.  Messages, replies and sizes of files are compared with a
real QEMU in ``../real/test_every_call_fails_on_qemu.py`` and with recordings of every release
in ``../kernel/test_faults.py``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from conftest import Figure
from every_call import (
    SHARE,
    Story,
    each_failing_from_then_on,
    each_failing_once,
    seed,
    some_stories,
    stories,
)
from run_with_faults import Ended, WithoutEnd, outcome, patience, run_on
from sampling import WHOLE

from qemu_model.host import profiles
from qemu_model.host.faults import Fault
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Run
from qemu_model.review.hosts import ReviewHost, simulated
from qemu_model.revision import find

#: Trees without a binary that do not treat a failing call as another one does.
WITHOUT_BINARY = ("base", "v8", "v2", "v6", "v7")
TREES = (*WITHOUT_BINARY, "qemu-4.1", "qemu-7.2", "qemu-11.1")
#: Seconds that all the faults of one line may take: a loop without end is told as one.
PATIENCE = 120
#: Base never frees the name in this message, nor does V2; patch 1 does.
TWICE = (
    "qemu: memory backend mem0 is used multiple times. "
    "Each -numa option must use a different memdev value."
)
LEAKS_THE_NAME = ("base", "v2")
#: After these has the file been mapped, and then QEMU never removes it.
AFTER_MAPPING = ("mbind", "madvise", "touch_pages")


def check_books(ended: Ended, clean: Ended, fault: Fault, kernel: SimulatedHost) -> None:
    """Hold what one run with faults leaves against the kernel's books."""
    done = ended.done
    failed = Counter(event.call for event in done.events if event.failed)
    ends = done.exit in (0, 1, -6) if done.livelock is None else done.exit is None
    assert ends, "a run ends with a status, or is said to be without end"

    # What an exit frees is freed, whatever failed before.
    assert kernel.open_descriptors() == []
    assert kernel.mappings() == []
    if done.exit not in (0, 1):
        # Amid a function all is still in hand.
        assert (done.leaks.fds, done.leaks.mappings) == (0, 0)
        assert done.exit is None or fault.call == "fstatfs"
        return

    # The model's own count of leaks is the kernel's.
    assert done.leaks.fds == ended.held - ended.blocks[0]
    assert (done.leaks.mappings > 0) == (ended.mapped > ended.blocks[1])

    # What QEMU leaves: a memfd that could not be mapped, what munmap refused to unmap, a
    # file that unlink refused to remove or that had been mapped when something failed.
    memfd = any(event.call == "memfd_create" and not event.failed for event in done.events)
    # One that could not be sized or sealed is closed: util/memfd.c:qemu_memfd_create.
    assert done.leaks.fds <= (memfd and not failed["ftruncate"] and not failed["fcntl"])
    if not failed["fstatfs"]:
        # Who does not know of huge pages does not know how long a reservation of them is.
        assert bool(done.leaks.mappings) == bool(failed["munmap"])
    leaks_a_name = done.revision.name in LEAKS_THE_NAME and TWICE in done.stderr[-1:]
    assert done.leaks.strings == leaks_a_name
    may_stay = "unlink" in failed or any(failed[call] for call in AFTER_MAPPING)
    left = set(done.leaks.files) - set(clean.done.leaks.files)
    assert not left or may_stay or _failed_late(done)


def _failed_late(done: Run) -> bool:
    """Whether it was preallocation, or anonymous memory after a file was mapped.

    Before 7.2 no call of QEMU's shows the former.
    """
    said = [*done.stderr[-1:], *map(str, done.replies)]
    late = ("preallocat", "Insufficient", "cannot set up guest memory")
    return any(part in text for text in said for part in late)


@pytest.mark.parametrize("host", profiles.names())
@pytest.mark.parametrize("each_failing", [each_failing_once, each_failing_from_then_on])
def test_a_failing_call_leaves_only_what_qemu_is_known_to_leave(
    each_failing: Callable[..., Iterator[tuple[int, Fault]]], host: str, figure: Figure
) -> None:
    runs = 0
    machine = simulated(host)
    for revision in map(find, TREES):
        for story in some_stories(machine, revision):
            clean = run_on(fresh(machine), story, revision)
            first = clean.until[0] if story.qmp else 0
            with patience(PATIENCE):
                for place, fault in each_failing(clean.done.events, first):
                    kernel = fresh(machine)
                    try:
                        ended = run_on(kernel, story, revision, (fault,))
                        assert ended.done.events[:place] == clean.done.events[:place]
                        assert ended.done.events[place].result == -fault.errno
                        assert ended.done.livelock is None or fault.last is None
                        check_books(ended, clean, fault, kernel)
                    except (AssertionError, WithoutEnd) as wrong:
                        told = f"{revision.name}, {host}, {fault}: {wrong}\n{story}"
                        raise AssertionError(told) from wrong
                    runs += 1
    figure(runs, f"simulated runs in which a call fails ({sample()})")
    assert runs > (1000 if WHOLE else 100)


#: What QEMU says where a store into memory raises SIGBUS; 7.2 has the kernel touch it.
UNTOUCHED = (
    "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
    "qemu_prealloc_mem: preallocating memory failed: Bad address",
)


@pytest.mark.parametrize("host", profiles.names())
def test_memory_that_cannot_be_touched_is_told_in_qemus_words(host: str, figure: Figure) -> None:
    runs = 0
    machine = simulated(host)
    touch = Fault("touch_pages", errno.EFAULT)
    for revision in map(find, TREES):
        for story in stories(machine, revision):
            if "prealloc" not in str(story):
                continue
            clean = run_on(fresh(machine), story, revision)
            kernel = fresh(machine)
            ended = run_on(kernel, story, revision, (touch,))
            check_books(ended, clean, touch, kernel)
            if outcome(ended.done) == outcome(clean.done):
                continue
            runs += 1
            errors = [reply["error"]["desc"] for reply in ended.done.replies if "error" in reply]
            said = UNTOUCHED[revision.release >= (6, 0)]
            assert any(text.endswith(said) for text in [*ended.done.stderr[-1:], *errors])
            assert ended.files == clean.files or "-mem-prealloc" in story.args
    figure(runs, "simulated runs in which memory cannot be touched")
    assert runs >= len(WITHOUT_BINARY)


def sample() -> str:
    """Return in words how much of it all is tried."""
    return "all there are" if SHARE == 1 else f"{SHARE:.0%} of all, sample {seed()}"


def fresh(machine: ReviewHost) -> SimulatedHost:
    """Return the machine as it is before anything happens."""
    kernel = machine.make()
    assert isinstance(kernel, SimulatedHost)
    return kernel


FILE = Story(("-machine", "none", "-object", "memory-backend-file,id=m0,size=4M,mem-path=/mnt/a"))
DIRECTORY = Story(
    ("-machine", "none", "-object", "memory-backend-file,id=m0,size=4M,mem-path=/dev/shm")
)


@pytest.mark.parametrize("revision", TREES)
@pytest.mark.parametrize(
    ("story", "call", "number", "first", "function"),
    [
        (FILE, "fstatfs", errno.EINTR, 1, "qemu_fd_getpagesize"),
        (FILE, "open", errno.EINTR, 1, "file_ram_open"),
        (FILE, "open", errno.EEXIST, 1, "file_ram_open"),
        (FILE, "open", errno.EEXIST, 2, "file_ram_open"),
        (DIRECTORY, "open", errno.EINTR, 2, "file_ram_open"),
    ],
)
def test_a_loop_that_qemu_never_leaves_is_named(
    story: Story, call: str, number: int, first: int, function: str, revision: str
) -> None:
    kernel = SimulatedHost(profiles.default())
    with patience(10):
        ended = run_on(kernel, story, find(revision), (Fault(call, number, first),))
    assert (ended.done.exit, ended.done.livelock) == (None, function)
    assert kernel.open_descriptors() == []


@pytest.mark.parametrize("revision", ["base", "v7.2"])
def test_a_directory_in_which_every_name_is_taken_is_a_loop_too(revision: str) -> None:
    # mkstemp tries every name there is before it gives up, and then QEMU begins again.
    kernel = SimulatedHost(profiles.default())
    with patience(PATIENCE):
        ended = run_on(kernel, DIRECTORY, find(revision), (Fault("open", errno.EEXIST, 2),))
    assert (ended.done.exit, ended.done.livelock) == (None, "file_ram_open")
    assert len(ended.done.events) > 62**3


@pytest.mark.parametrize("revision", TREES)
@pytest.mark.parametrize("times", [1, 2, 5, 15])
@pytest.mark.parametrize("call", ["fstatfs", "open"])
def test_a_call_that_is_interrupted_is_made_again(call: str, times: int, revision: str) -> None:
    clean = run_on(SimulatedHost(profiles.default()), FILE, find(revision)).done
    fault = Fault(call, errno.EINTR, first=1, last=times)
    done = run_on(SimulatedHost(profiles.default()), FILE, find(revision), (fault,)).done
    assert outcome(done) == outcome(clean)
    assert len(done.events) == len(clean.events) + times


class OddSeek(SimulatedHost):
    """A kernel whose lseek gives ``answer`` bytes, as when another process shrinks the file."""

    answer = 0

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        return self.answer


@pytest.mark.parametrize("answer", [0, 1, 4095, 4 << 20, (4 << 20) + 1, 1 << 40])
@pytest.mark.parametrize("kind", ["file", "memfd"])
@pytest.mark.parametrize("revision", ["base", "v8", "v7.2"])
def test_a_size_that_is_short_is_refused_in_qemus_words(
    revision: str, kind: str, answer: int
) -> None:
    class Seeks(OddSeek):
        pass

    Seeks.answer = answer
    kernel = Seeks(profiles.default())
    path = ",mem-path=/mnt/a" if kind == "file" else ""
    words = f"memory-backend-{kind},id=m0,size=4M{path}"
    story = Story(("-machine", "none", "-object", words))
    ended = run_on(kernel, story, find(revision))
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
