"""Every call fails once, on this machine's kernel.

The host lets the call fail in place of the kernel; the expected side is the simulated kernel.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from conftest import Figure, Surroundings
from every_call import MAY_GIVE, Story, each_failing_once, numbers, sampler, seed
from own_mappings import own_mappings
from run_with_faults import outcome, run_on
from sampling import WHOLE
from this_machine import Here, this_machine

from qemu_model.conform.surroundings import BackendFaultHost
from qemu_model.host.faults import Fault
from qemu_model.host.live import LiveHost
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
