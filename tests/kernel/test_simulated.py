"""Whole runs of the model on simulated machines: the option matrix, faults, sequences."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qemu_model.calls.event import Event
from qemu_model.host import linux, profiles
from qemu_model.host.errors import EINVAL, ENODEV
from qemu_model.host.linux import MAP_FIXED, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_SYNC
from qemu_model.host.profile import Profile
from qemu_model.host.protocol import HostRefuses
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Run, run
from qemu_model.revision import V8
from qemu_model.testing import strategies as qemu

VALUES = (None, "on", "off")
MATRIX = tuple(itertools.product(VALUES, repeat=3))
#: The file systems of shipped profiles on which MAP_SYNC is granted, as measured.
SYNCHRONOUS = {"ext4-dax", "xfs-dax", "device-dax"}


def block_mappings(done: Run) -> list[Event]:
    """Return the calls that map a block's memory over its reservation."""
    return [event for event in done.events if event.call == "mmap" and event.args[3] & MAP_FIXED]


def options(share: str | None, pmem: str | None, sync: str | None) -> str:
    """Return the three options as they stand on a line."""
    given = (("share", share), ("pmem", pmem), ("sync", sync))
    return "".join(f",{name}={value}" for name, value in given if value is not None)


def grants_map_sync(profile: Profile) -> bool:
    """Whether a file of the profile's kind can be mapped synchronously, as measured."""
    is_linux = profile.platform.system == "linux"
    file_system = profile.document["file_system"]
    return is_linux and profile.kernel.version >= (4, 15) and file_system in SYNCHRONOUS


@st.composite
def matrix_lines(draw: st.DrawFn) -> tuple[Profile, tuple[str | None, ...], list[str]]:
    """A machine, a point of the matrix, and a line with any size and alignment."""
    profile = draw(qemu.machines())
    chosen = draw(st.sampled_from(MATRIX))
    path = profile.mem_path
    if not path.startswith("/dev/"):
        state = draw(qemu.file_states(path))
        profile = state.on(profile)
    size = draw(st.sampled_from(["4M", "2M", "4096", "64k", "16M", "1", "3M"]))
    line = f"memory-backend-file,id=m0,mem-path={path},size={size}{options(*chosen)}"
    align = draw(st.sampled_from(["", ",align=2M", ",align=4096", ",align=16M"]))
    return profile, chosen, ["-machine", "none", "-object", line + align]


@given(matrix_lines())
@settings(max_examples=100)
def test_map_sync_is_in_force_only_where_the_file_supports_it(
    drawn: tuple[Profile, tuple[str | None, ...], list[str]],
) -> None:
    profile, chosen, args = drawn
    done = run(args, SimulatedHost(profile), V8)
    for mapping in done.mappings:
        in_force = "sf" in (mapping.vm_flags or ())
        (made,) = [event for event in block_mappings(done) if event.result == mapping.address]
        validated = made.args[3] & MAP_SHARED_VALIDATE == MAP_SHARED_VALIDATE
        assert not in_force or (validated and made.args[3] & MAP_SYNC)
        assert not in_force or grants_map_sync(profile)
        wanted = chosen == ("on", "on", "on") and grants_map_sync(profile)
        path_is_a_file = profile.files.get(profile.mem_path) is None
        if wanted and path_is_a_file:
            assert in_force


@pytest.mark.parametrize("name", profiles.names())
def test_a_refused_map_sync_leads_to_the_run_of_sync_off(name: str) -> None:
    profile = profiles.load(name)
    line = f"memory-backend-file,id=m0,mem-path={profile.mem_path},size=4M,align=2M,share=on"
    runs = []
    for sync in ("on", "off"):
        args = ["-machine", "none", "-object", f"{line},pmem=on,sync={sync}"]
        runs.append(run(args, SimulatedHost(profile), V8))
    on, off = runs
    if grants_map_sync(profile) and profile.platform.libpmem:
        assert "sf" in (on.mappings[0].vm_flags or ())
        return
    asked = [event for event in block_mappings(on) if event.args[3] & MAP_SYNC and event.result < 0]
    rest = [event for event in on.events if event not in asked]
    kept = ("call", "args", "result")
    assert [[getattr(e, key) for key in kept] for e in rest] == [
        [getattr(e, key) for key in kept] for e in off.events
    ]
    assert (on.exit, on.mappings) == (off.exit, off.mappings)


def _ended(case: qemu.Case) -> tuple[Run, SimulatedHost] | None:
    """Run a case; None where the machine has too little memory for it to end at all."""
    host = case.host()
    inner = host if isinstance(host, SimulatedHost) else host.inner  # type: ignore[attr-defined] # a FaultHost
    try:
        return run(case.args, host, qmp=case.qmp), inner
    except HostRefuses:
        return None


@given(qemu.cases())
@settings(max_examples=100)
def test_every_run_ends_as_a_process_ends(case: qemu.Case) -> None:
    ended = _ended(case)
    if ended is not None:
        done = ended[0]
        assert done.exit in (0, 1, -6, -11) if done.livelock is None else done.exit is None
        assert done.exit == 0 or done.stderr or done.livelock


@given(qemu.cases())
@settings(max_examples=100)
def test_the_same_case_gives_the_same_run(case: qemu.Case) -> None:
    first, second = _ended(case), _ended(case)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first[0] == second[0]


@pytest.mark.parametrize(("path", "position"), [("/dev/shm", -EINVAL), ("/", (1 << 63) - 1)])
def test_a_directory_can_be_read_and_not_mapped(path: str, position: int) -> None:
    """As measured on tmpfs and ext4; QEMU opens one with readonly=on until 8.1."""
    machine = SimulatedHost(profiles.load("default"))
    fd = machine.open(path, linux.O_RDONLY, None)
    assert fd >= 0
    assert machine.lseek(fd, 0, linux.SEEK_END) == position
    assert machine.mmap(0, 4096, 1, MAP_SHARED, fd, 0) == -ENODEV


def test_memory_beyond_the_machine_is_refused_unless_it_is_a_file() -> None:
    host = SimulatedHost(profiles.default())
    private = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS
    beyond = 64 << 30
    assert host.mmap(0, beyond, 3, private, -1, 0) == -linux.ERRNO_NUMBERS["ENOMEM"]
    assert host.mmap(0, beyond, 0, private, -1, 0) > 0
    fd = host.open("/sparse", linux.O_RDWR | linux.O_CREAT, 0o644)
    assert host.ftruncate(fd, 1 << 40) == 0
    assert host.mmap(0, 1 << 40, 3, MAP_SHARED, fd, 0) > 0
    assert host.ftruncate(fd, 1 << 45) == -linux.ERRNO_NUMBERS["EFBIG"]
