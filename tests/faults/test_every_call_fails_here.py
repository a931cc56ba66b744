"""Every call fails once, on this machine's kernel.

Twice over: the host lets the call fail in place of the kernel, and the simulated kernel
says what must come of it; or strace makes the kernel itself refuse, and a run in which the
host did so says what must come of it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from conftest import Figure, Surroundings, needs, needs_program
from every_call import MAY_GIVE, Story, each_failing_once, numbers, sampler, seed
from own_mappings import own_mappings
from run_with_faults import outcome, run_on
from sampling import WHOLE
from strace_injection import tell
from this_machine import Here, this_machine

from qemu_model.conform.surroundings import BackendFaultHost
from qemu_model.host import linux
from qemu_model.host.faults import Fault, FaultHost
from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import Revision, find

REVISIONS = ("base", "v8", "v7.2")
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
NONE = ("-machine", "none")
#: How many faults are made in place of the kernel.
SAMPLE = 3000 if WHOLE else 600
#: How many times strace makes a call of all stories fail, and in how many seconds at most.
ROUNDS = int(os.environ.get("FAULTS_BY_STRACE", "30" if WHOLE else "6"))
PATIENCE = 300
PROGRAM = Path(__file__).parents[1] / "support" / "strace_injection.py"


@pytest.fixture(scope="module")
def here(surroundings: Surroundings) -> Iterator[Here]:
    """This machine as a profile, with the surroundings mounted as the profile says."""
    del surroundings
    with this_machine() as machine:
        yield machine


def _change(name: str, value: object) -> dict[str, object]:
    arguments = {"path": "/objects/m0", "property": name, "value": value}
    return {"execute": "qom-set", "arguments": arguments}


def live_stories(revision: str) -> Iterator[Story]:
    """Yield lines of each kind of backend and of the machine, and commands after them."""
    for directory in DIRECTORIES:
        file = f"memory-backend-file,id=m0,size=4M,mem-path={directory}/fault.img"
        for options in OPTIONS:
            told = options if revision == "v8" else options.replace(",sync=on", "")
            yield Story((*NONE, "-object", file + told))
        changes = (_change("merge", False), _change("dump", False), _change("prealloc", True))
        gone = {"execute": "object-del", "arguments": {"id": "m0"}}
        yield Story((*NONE, "-object", f"{file},share=on"), (*changes, gone))
        memory = ("-machine", "pc", "-m", "4M", "-mem-path", f"{directory}/fault.img")
        yield Story(memory)
        yield Story((*memory, "-mem-prealloc"))
    yield Story((*NONE, "-object", "memory-backend-file,id=m0,size=4M,mem-path=/mnt/tmpfs"))
    for backend in ("ram", "ram,prealloc=on", "memfd", "memfd,hugetlb=on", "memfd,seal=off"):
        kind, comma, more = backend.partition(",")
        text = f"memory-backend-{kind},id=m0,size=4M{comma}{more}"
        yield Story((*NONE, "-object", text))
    yield Story(("-machine", "pc", "-m", "4M"))


def ours() -> set[str]:
    """Return this process's mappings that a backend can have left, and its descriptors.

    Python maps nothing that may not be touched, nothing shared, and no file for writing.
    """
    kept = set()
    for line in own_mappings():
        _addresses, permissions, _rest = line.split(maxsplit=2)
        if permissions in ("---p", "rw-s", "---s") or "/mnt/" in line or "memfd:" in line:
            kept.add(line)
    return kept | {f"descriptor {name}" for name in os.listdir("/proc/self/fd")}


def sizes_and_none_left() -> dict[str, int]:
    """Return the sizes of the files that runs left, and remove them."""
    found = {
        str(path): path.stat().st_size
        for directory in DIRECTORIES
        for path in Path(directory).iterdir()
        if path.is_file()
    }
    for path in found:
        Path(path).unlink()
    return found


def without_letters(files: dict[str, int]) -> dict[str, int]:
    """Return the sizes by path, without the letters that mkstemp chose."""
    return {path[:-6] if "qemu_back_mem" in path else path: size for path, size in files.items()}


def on_this_kernel(story: Story, revision: Revision, fault: Fault) -> tuple[object, ...]:
    host = BackendFaultHost(LiveHost(allow_discard=True), (fault,))
    done = run(story.args, host, revision, qmp=story.qmp)
    files = sizes_and_none_left()
    return (*outcome(done), done.leaks.to_json() | {"files": 0}, without_letters(files))


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_fault_on_this_kernel_ends_as_on_the_simulated_one_and_nothing_is_left(
    revision: str, here: Here, figure: Figure
) -> None:
    population = []
    for story in live_stories(revision):
        clean = run_on(SimulatedHost(here.profile), story, find(revision)).done
        faults = [fault for _, fault in each_failing_once(clean.events)]
        faults += [attrs.evolve(fault, last=None) for fault in faults]
        faults.append(Fault.nth("touch_pages", errno.EFAULT, 1))
        never = {Fault(call, number) for call in MAY_GIVE for number in numbers(call)[:3]}
        population += [(story, fault) for fault in [*faults, *sorted(never, key=str)]]
    sample = sampler(f"live {revision}").sample(population, SAMPLE // len(REVISIONS))
    before = ours()
    for story, fault in sample:
        actual = on_this_kernel(story, find(revision), fault)
        ended = run_on(SimulatedHost(here.profile), story, find(revision), (fault,))
        files = {path: size for path, size in ended.files.items() if path.startswith("/mnt/")}
        expected = (
            *outcome(ended.done),
            ended.done.leaks.to_json() | {"files": 0},
            without_letters(files),
        )
        assert expected == actual, f"{fault}: {story}"
    assert ours() - before == set()
    figure(len(sample), f"faults in place of this machine's kernel (sample {seed()})")


Told = dict[str, Any]


@attrs.frozen
class Struck:
    """One call of a name, and the errno with which the kernel refuses it."""

    call: str
    errno: str
    nth: int

    @property
    def fault(self) -> Fault:
        """The same, for a host."""
        return Fault.nth(self.call, linux.ERRNO_NUMBERS.get(self.errno, 133), self.nth)

    @property
    def inject(self) -> str:
        """The same, for strace."""
        call = "openat" if self.call == "open" else self.call
        return f"{call}:error={self.errno}:when={self.nth}"


class Victim:
    """A process whose children strace strikes: see ``strace_injection.py``."""

    def __init__(self, stories: Sequence[dict[str, Any]], scratch: Path) -> None:
        self._stories = stories
        known = scratch / "stories"
        known.write_text(json.dumps(stories))
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).parents[1] / "support" / "strace_injection.py"),
                str(known),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._answer()
        sizes_and_none_left()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()

    def _traced(self) -> bool:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return "TracerPid:\t0\n" not in status

    def _wait_until(self, traced: bool) -> None:
        for _ in range(PATIENCE * 1000):
            if self._traced() == traced:
                return
            time.sleep(0.001)
        raise AssertionError("strace comes and goes")

    def told(self, strace: str, struck: Struck) -> Iterator[Told | None]:
        """Yield what came of each story, None where Python did not survive."""
        call = struck.inject.partition(":")[0]
        words = (strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}")
        with subprocess.Popen(
            [*words, "-e", f"inject={struck.inject}", "-p", str(self._process.pid)],
            stderr=subprocess.DEVNULL,
        ) as tracer:
            try:
                self._wait_until(traced=True)
                for _ in self._stories:
                    assert self._process.stdin is not None
                    self._process.stdin.write(b"x")
                    self._process.stdin.flush()
                    told = json.loads(self._answer())
                    files = sizes_and_none_left()
                    yield told and {**told, "files": without_letters(files)}
            finally:
                tracer.terminate()
        self._wait_until(traced=False)

    def end(self) -> None:
        """Let it go."""
        self._process.communicate(timeout=PATIENCE)


def told_by(story: dict[str, Any], host: Host) -> Told:
    """Return what comes of a story in this process."""
    told = tell(story, host)
    return {**told, "files": without_letters(sizes_and_none_left())}


@contextmanager
def victim(stories: Sequence[dict[str, Any]], scratch: Path) -> Iterator[Victim]:
    made = Victim(stories, scratch)
    try:
        yield made
    finally:
        made.end()


def told_stories() -> Iterator[dict[str, Any]]:
    for revision in REVISIONS:
        for story in live_stories(revision):
            yield {"args": story.args, "qmp": story.qmp, "revision": revision}


def may_strike(story: dict[str, Any], struck: Struck) -> bool:
    """Whether the host's calls of that name are the kernel's, one for one.

    This machine's host populates memory with madvise where QEMU stores into it, and
    closes what a question for memfd_create gave.
    """
    words = str(story)
    if struck.call == "madvise":
        return story["revision"] == "v7.2" or "prealloc" not in words
    return struck.call != "close" or "memfd" not in words


def test_where_the_kernel_itself_refuses_the_same_comes_of_it(
    surroundings: Surroundings, tmp_path: Path, figure: Figure
) -> None:
    del surroundings
    strace = needs_program("strace")
    needs(os.geteuid() == 0, "root, to trace a process that runs already")
    stories = list(told_stories())
    clean = [told_by(story, LiveHost(allow_discard=True)) for story in stories]
    most = {call: max(calls_of(told, call) for told in clean) for call in MAY_GIVE}
    known = [
        Struck(call, name, nth)
        for call, names in MAY_GIVE.items()
        for name in names.split()
        for nth in range(1, most[call] + 1)
    ]
    chosen = sampler("struck by strace").sample(known, min(ROUNDS, len(known)))
    hits = asked = 0
    with victim(stories, tmp_path) as process:
        for struck in chosen:
            for story, told in zip(stories, process.told(strace, struck), strict=True):
                if calls_of(clean[stories.index(story)], struck.call) < struck.nth:
                    continue
                if not may_strike(story, struck):
                    continue
                asked += 1
                if told is None or [struck.call, struck.errno] not in told["calls"]:
                    # It struck memory that Python took for itself.
                    continue
                expected = told_by(story, FaultHost(LiveHost(allow_discard=True), (struck.fault,)))
                assert expected == told, f"{struck.inject}: {story}"
                hits += 1
    figure(hits, f"calls refused by the kernel itself (sample {seed()})")
    # How often Python is struck depends on the calls in the sample.
    assert 2 * hits > asked


def calls_of(told: dict[str, Any], call: str) -> int:
    calls = told["calls"]
    assert isinstance(calls, list)
    return sum(name == call for name, _ in calls)
