"""Faults: spelled as strace spells them, striking the calls that strace strikes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import json
import subprocess
import sys
from typing import Any

import pytest
from conftest import needs_program
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import RELEASES, SETS, Recording, recordings

from qemu_model.host import linux, profiles
from qemu_model.host.faults import CALLS, Fault, FaultError, FaultHost, parse
from qemu_model.host.protocol import Host
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import find

HOW_MANY = 12
ERRNOS = st.sampled_from(sorted(linux.ERRNO_NAMES))

faults = st.builds(
    lambda call, number, first, more, step: Fault(
        call, number, first, None if more is None else first + more, step
    ),
    st.sampled_from(CALLS),
    ERRNOS,
    st.integers(1, HOW_MANY),
    st.none() | st.integers(0, HOW_MANY),
    st.integers(1, 5),
)


def host_with(*spelled: str, only_path: str | None = None) -> FaultHost:
    """Return the default simulated host with these faults."""
    wanted = [fault for text in spelled for fault in parse(text, only_path=only_path)]
    return FaultHost(SimulatedHost(profiles.default()), wanted)


@given(faults)
def test_a_fault_reads_back_as_it_was_spelled(fault: Fault) -> None:
    (read,) = parse(str(fault))
    struck = [[each.strikes(count) for count in range(1, 40)] for each in (fault, read)]
    assert struck[0] == struck[1]
    assert (read.call, read.errno) == (fault.call, fault.errno)


@given(st.text(max_size=40) | faults.map(str).flatmap(lambda text: st.just(text + ":when=")))
def test_any_text_is_a_fault_or_refused_in_one_line(text: str) -> None:
    try:
        assert all(isinstance(fault, Fault) for fault in parse(text))
        refused = ""
    except FaultError as error:
        refused = str(error)
    assert "\n" not in refused.replace(text, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mmap:error=ENOTHING", "'ENOTHING' is not an errno, such as ENOMEM"),
        ("map:error=ENOMEM", "'map' is not a call that can be made to fail"),
        ("mmap", "error=ERRNO is missing"),
        ("mmap:error=ENOMEM:when=0", "when=0 never happens: calls count from 1"),
        ("mmap:error=ENOMEM:when=3..2", "when=3..2 never happens"),
        ("mmap:error=ENOMEM:when=x", "when=x is not FIRST[..LAST][+[STEP]]"),
        ("mmap:retval=5", "'retval=5' is neither error=ERRNO nor when="),
    ],
)
def test_a_fault_that_is_misspelt_is_told_how(text: str, said: str) -> None:
    with pytest.raises(FaultError) as raised:
        parse(text)
    assert str(raised.value).startswith(f"fault '{text}': {said}")


def test_several_calls_in_one_fault_count_each_for_itself() -> None:
    host = host_with("openat,ftruncate:error=EIO:when=1")
    assert host.open("/a", linux.O_RDWR | linux.O_CREAT, 0o644) == -errno.EIO
    fd = host.open("/a", linux.O_RDWR | linux.O_CREAT, 0o644)
    assert fd >= 0
    assert host.ftruncate(fd, 4096) == -errno.EIO
    assert host.ftruncate(fd, 4096) == 0


CALLER = f"""
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
libc.ftruncate.argtypes = [ctypes.c_int, ctypes.c_long]
struck = []
for _ in range({HOW_MANY}):
    libc.ftruncate(-1, 0)
    struck.append(ctypes.get_errno() == {errno.EXDEV})
print(json.dumps(struck))
"""
whens = st.builds(
    "".join,
    st.tuples(
        st.integers(1, HOW_MANY).map(str),
        st.sampled_from(["", "..12", "..14"]),
        st.sampled_from(["", "+", "+1", "+2", "+3", "+20"]),
    ),
)


@settings(max_examples=12)
@given(whens)
def test_the_calls_that_fail_are_those_that_strace_makes_fail(when: str) -> None:
    strace = needs_program("strace")
    spelled = f"ftruncate:error=EXDEV:when={when}"
    done = subprocess.run(
        [strace, "-o", "/dev/null", f"--inject={spelled}", sys.executable, "-S", "-c", CALLER],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = json.loads(done.stdout)
    host = host_with(spelled)
    actual = [host.ftruncate(-1, 0) == -errno.EXDEV for _ in range(HOW_MANY)]
    assert expected == actual


PATH_CALLER = """
import json, os, sys
struck = []
def call(function, *args):
    try:
        result = function(*args)
    except OSError as error:
        struck.append(error.errno)
        return -1
    struck.append(0)
    return result
watched, other = sys.argv[1:]
flags = os.O_RDWR | os.O_CREAT
one = call(os.open, other, flags, 0o644)
two = call(os.open, watched, flags, 0o644)
call(os.ftruncate, one, 4096)
call(os.ftruncate, two, 4096)
again = call(os.open, watched, flags, 0o644)
call(os.ftruncate, two, 8192)
call(os.ftruncate, one, 8192)
call(os.unlink, other)
call(os.unlink, watched)
print(json.dumps(struck))
"""


@settings(max_examples=8)
@given(call=st.sampled_from(["openat", "ftruncate", "unlink"]), when=st.integers(1, 3))
def test_a_watched_path_counts_as_strace_counts_it(
    call: str, when: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    strace = needs_program("strace")
    directory = tmp_path_factory.mktemp("watched")
    watched, other = str(directory / "watched"), str(directory / "other")
    spelled = f"{call}:error=EXDEV:when={when}"
    program = [sys.executable, "-S", "-c", PATH_CALLER, watched, other]
    done = subprocess.run(
        [strace, "-o", "/dev/null", "-P", watched, f"--inject={spelled}", *program],
        capture_output=True,
        text=True,
        check=True,
    )
    host = host_with(spelled, only_path=watched)
    assert json.loads(done.stdout) == _path_calls(host, watched, other)


def _path_calls(host: Host, watched: str, other: str) -> list[int]:
    flags = linux.O_RDWR | linux.O_CREAT
    answers = [one := host.open(other, flags, 0o644), two := host.open(watched, flags, 0o644)]
    answers += [host.ftruncate(one, 4096), host.ftruncate(two, 4096)]
    answers.append(host.open(watched, flags, 0o644))
    answers += [host.ftruncate(two, 8192), host.ftruncate(one, 8192)]
    answers += [host.unlink(other), host.unlink(watched)]
    return [-min(answer, 0) for answer in answers]


@given(st.integers(0, 3))
def test_a_failing_close_has_closed_the_descriptor(before: int) -> None:
    host = host_with("close:error=EIO")
    for number in range(before):
        assert host.open(f"/{number}", linux.O_RDWR | linux.O_CREAT, 0o644) >= 0
    fd = host.open("/a", linux.O_RDWR | linux.O_CREAT, 0o644)
    assert host.close(fd) == -errno.EIO
    assert host.close(fd) == -errno.EBADF
    inner = host.inner
    assert isinstance(inner, SimulatedHost)
    assert fd not in inner.open_descriptors()


@given(faults)
def test_a_call_that_fails_has_changed_nothing(fault: Fault) -> None:
    host = FaultHost(SimulatedHost(profiles.default()), [fault])
    inner = host.inner
    assert isinstance(inner, SimulatedHost)

    def state() -> tuple[object, ...]:
        return inner.open_descriptors(), inner.mappings(), inner.file_sizes()

    before = state()
    fd = host.open("/a", linux.O_RDWR | linux.O_CREAT, 0o644)
    if fd == -fault.errno:
        assert state() == before
        return
    before = state()
    if host.ftruncate(fd, 4096) == -fault.errno:
        assert state() == before
    before = state()
    address = host.mmap(0, 4096, 3, linux.MAP_SHARED, fd, 0)
    if address == -fault.errno:
        assert state() == before
        return
    before = state()
    if host.munmap(address, 4096) == -fault.errno:
        assert state() == before


def test_asking_for_memfd_at_start_up_counts_as_a_call_of_it() -> None:
    host = host_with("memfd_create:error=ENOSYS:when=2")
    assert [host.memfd_probe(0), host.memfd_probe(0), host.memfd_probe(0)] == [True, False, True]


def test_faults_are_told_with_the_host() -> None:
    described = host_with("mmap:error=EINVAL:when=2", only_path="/a").describe()
    assert described["faults"] == [{"fault": "mmap:error=EINVAL:when=2", "only_path": "/a"}]
    assert described["name"] == "default"


#: The machine that the recordings were made on.
RECORDED_ON = {
    "name": "recorded",
    "title": "the machine of the recordings",
    "mounts": [
        {"path": "/mnt/ext4", "file_system": "ext4"},
        {"path": "/mnt/huge", "file_system": "hugetlbfs"},
    ],
}


def injected() -> list[Any]:
    """Return the recordings that were made with faults."""
    return [
        pytest.param(one, id=f"{name}-{one.name}")
        for name in (*SETS, *RELEASES)
        for one in recordings(name)
        if one.inject
    ]


@pytest.mark.parametrize("one", injected())
def test_the_same_fault_gives_the_outcome_of_the_recorded_qemu(one: Recording) -> None:
    inner = SimulatedHost(profiles.build(RECORDED_ON))
    wanted = [fault for text in one.inject for fault in parse(text, only_path=one.only_path)]
    done = run(
        [*one.machine, *one.args], FaultHost(inner, wanted), find(one.revision.lower()), qmp=one.qmp
    )
    sizes = inner.file_sizes()
    expected = {
        "exit": one.exit,
        "stderr": one.stderr,
        "replies": one.replies,
        "files": one.files_after,
    }
    actual = {
        "exit": done.exit,
        "stderr": list(done.stderr),
        "replies": list(done.replies),
        "files": {path: sizes.get(path, "absent") for path in one.files_after},
    }
    assert expected == actual
