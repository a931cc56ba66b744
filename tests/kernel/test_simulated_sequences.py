"""Whole runs and sequences of commands, on the simulated machine and on this one.

The expected side is the kernel this test runs on: the profile describes this machine,
so the same line leads to the same run, but for addresses and descriptors.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from calls import Call, modelled_calls
from conftest import Surroundings
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from this_machine import CASE, DIRECTORIES, HUGE, Here, clean, prepare, this_machine

from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import HostRefuses
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Process, Run, run
from qemu_model.revision import BASE, V8
from qemu_model.testing import strategies as qemu

#: How many lines each test draws; more with SIMULATED_EXAMPLES in the environment.
EXAMPLES = int(os.environ.get("SIMULATED_EXAMPLES", "40"))
PLACES = ("ext4", "tmpfs", "hugetlbfs")
#: What a path is before the run, by the name under the case's directory.
NAMES = ("new", "full", "empty", "directory", "link", "loop", "fifo", "new/below", "absent/below")
#: Long enough for many huge pages to be missing, or a few to be there.
SIZES = ("4M", "2M", "4096", "1", "3M", "6M", "65536", "1.5M", "1T")


@pytest.fixture(scope="module")
def here(surroundings: Surroundings) -> Iterator[Here]:
    """This machine as a profile, with the surroundings mounted as the profile says."""
    del surroundings
    with this_machine() as machine:
        yield machine


def cases_directory(place: str) -> Path:
    return Path(DIRECTORIES[place], CASE)


def outcome(done: Run) -> dict[str, Any]:
    """Return what is alike on both machines: no address, no descriptor, no random name."""
    return {
        "exit": done.exit,
        "livelock": done.livelock,
        "stderr": done.stderr,
        "replies": done.replies,
        "leaks": (done.leaks.fds, done.leaks.mappings, done.leaks.strings),
        "mappings": [(one.id, one.size, compared(one.vm_flags)) for one in done.mappings],
        "calls": without_placement(modelled_calls(done.events)),
    }


def compared(flags: tuple[str, ...] | None) -> list[str]:
    """Return the flags but for soft-dirty tracking and permission to execute."""
    return [flag for flag in flags or () if flag not in ("sd", "me")]


def without_placement(calls: Sequence[Call]) -> list[Call]:
    """Drop what depends on where the kernel puts a reservation: unmapping all or parts of it."""
    return [call for call in calls if call[0] != "munmap"]


def lines(place: str) -> st.SearchStrategy[list[str]]:
    """Return lines with backends on files of one kind, and without files."""
    paths = st.sampled_from([str(cases_directory(place) / name) for name in NAMES])
    return qemu.option_lines(
        backend=qemu.backends(mem_paths=paths, size_values=st.sampled_from(SIZES), highest_node=1)
    )


def files_of(directory: Path) -> dict[str, int]:
    """Return the size of each regular file in a directory."""
    return {
        str(path): path.stat().st_size
        for path in directory.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def fill(directory: Path, host: SimulatedHost) -> None:
    """Make the files that every case starts with, on both machines."""
    prepare(directory)
    for name, size in (("full", 2 * HUGE), ("empty", 0)):
        path = str(directory / name)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR))
        os.truncate(path, size)
        fd = host.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        host.ftruncate(fd, size)
        host.close(fd)


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_the_same_line_gives_the_same_run_on_both(
    here: Here, place: str, data: st.DataObject
) -> None:
    directory = cases_directory(place)
    args = data.draw(lines(place))
    revision = data.draw(st.sampled_from([V8, BASE]))
    simulated = SimulatedHost(here.profile)
    fill(directory, simulated)
    try:
        try:
            live = run(args, LiveHost(allow_discard=True), revision)
        except HostRefuses:
            # Touching a terabyte is not tried on a real machine, so nothing is compared.
            reject()
        ours = run(args, simulated, revision)
        live_files = files_of(directory)
    finally:
        clean(directory)
    our_files = {
        path: size
        for path, size in simulated.file_sizes().items()
        if path.startswith(f"{directory}/")
    }
    assert outcome(live) == outcome(ours)
    assert live_files == our_files


class Sequences(RuleBasedStateMachine):
    """One QEMU on each machine; every command goes to both."""

    here: Here
    place: str

    def __init__(self) -> None:
        super().__init__()
        self.directory = cases_directory(self.place)
        self.simulated = SimulatedHost(self.here.profile)
        fill(self.directory, self.simulated)
        args = ["-machine", "none"]
        self.live_process = Process(args, LiveHost(allow_discard=True), V8)
        self.process = Process(args, self.simulated, V8)
        self.live_process.start()
        self.process.start()

    @rule(data=st.data())
    def command(self, data: st.DataObject) -> None:
        """Any command about two objects, their files in the directory."""
        mem_path = str(self.directory / "image")
        self._send(data.draw(qemu.qmp_commands(mem_path=mem_path)))

    @rule(id=st.sampled_from(["m0", "m1"]), name=st.sampled_from(NAMES), share=st.booleans())
    def add(self, id: str, name: str, share: bool) -> None:
        """Add a backend of a file that may be anything."""
        props = {"mem-path": str(self.directory / name), "size": 2 * HUGE, "share": share}
        arguments = {"qom-type": "memory-backend-file", "id": id, "props": props}
        self._send({"execute": "object-add", "arguments": arguments})

    def _send(self, command: dict[str, Any]) -> None:
        for process in (self.live_process, self.process):
            if process.running:
                process.command(command)
        assert self.live_process.replies == self.process.replies
        assert self.live_process.running == self.process.running
        assert list(self.live_process.qemu.stderr) == list(self.process.qemu.stderr)

    @invariant()
    def the_calls_are_the_same(self) -> None:
        """Every call so far is the same on both, with the same answer."""
        live = modelled_calls(self.live_process.host.events)
        ours = modelled_calls(self.process.host.events)
        assert without_placement(live) == without_placement(ours)

    @invariant()
    def what_is_open_and_mapped_belongs_to_a_block(self) -> None:
        """Each open descriptor and mapping is of a block that QEMU knows, or a leaked memfd."""
        blocks = self.process.qemu.ram_blocks
        known = {block.fd for block in blocks if block.fd >= 0}
        memfds = {
            event.result
            for event in self.process.host.events
            if event.call == "memfd_create" and event.result >= 0
        }
        assert set(self.simulated.open_descriptors()) - known <= memfds
        if self.process.running:
            starts = [block.host for block in blocks]
            mapped = self.simulated.mappings()
            assert all(any(start <= at < end for start, end in mapped) for at in starts)
            assert len(mapped) >= len(starts)

    def teardown(self) -> None:
        """End both; the simulated machine then holds nothing of the process."""
        try:
            live, ours = self.live_process.finish(), self.process.finish()
            assert outcome(live) == outcome(ours)
            assert self.simulated.open_descriptors() == []
            assert self.simulated.mappings() == []
        finally:
            clean(self.directory)


@pytest.mark.parametrize("place", PLACES)
def test_sequences_of_commands_go_the_same_way_on_both(here: Here, place: str) -> None:
    machine = type("SequencesHere", (Sequences,), {"here": here, "place": place})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=EXAMPLES // 3, stateful_step_count=12, deadline=None),
    )
