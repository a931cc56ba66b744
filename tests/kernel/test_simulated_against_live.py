"""The simulated kernel against this one: the same calls, the same answers.

The expected side is the kernel this test runs on.  Sequences are drawn by
Hypothesis; after each call both answers are compared, and a difference is told as
"live raised X, simulated raised Y" with the calls that led there.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from conftest import Surroundings
from hypothesis import given, settings
from hypothesis import strategies as st
from this_machine import CASE, DIRECTORIES, HUGE, Here, clean, prepare, this_machine

from qemu_model.host import linux
from qemu_model.host.live import LiveHost
from qemu_model.host.profile import Profile
from qemu_model.host.protocol import Host, StatFs
from qemu_model.host.simulated import SimulatedHost

PAGE = 4096
TERA = 1 << 40
#: Where fixed mappings go: far below everything else, so that no hole there is
#: ever filled by this process's own memory.
ARENA = 1 << 44
#: How many huge pages of addresses the calls use: few, so that they meet each other.
SLOTS = 4
BEYOND_MEMORY = 1 << 42
#: How many sequences each test draws; more with SIMULATED_EXAMPLES in the environment.
EXAMPLES = int(os.environ.get("SIMULATED_EXAMPLES", "40"))

#: What smaps shows and a simulated kernel does not claim to know: soft-dirty tracking,
#: and whether the mount allows execution.
NOT_COMPARED = {"sd", "me"}

NAMES = ("a", "b", "dangling", "link", "loop", "directory", "directory/inside", "fifo")
ODD_NAMES = ("a/x", "absent/x", "directory/", "absent/", "n" * 256, "./a", "directory/../b")

Call = tuple[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def here(surroundings: Surroundings) -> Iterator[Here]:
    """This machine as a profile, with the surroundings mounted as the profile says."""
    del surroundings
    with this_machine() as machine:
        yield machine


@attrs.define
class Both:
    """One sequence of calls on both kernels, and what they have in common so far."""

    live: Host
    simulated: SimulatedHost
    log: list[str] = attrs.field(factory=list)
    descriptors: list[tuple[int, int]] = attrs.field(factory=list)
    placed: list[tuple[int, int, int]] = attrs.field(factory=list)

    def call(self, name: str, *args: Any) -> tuple[Any, Any]:
        """Make the call on both; return both answers, which agree but for their numbers."""
        pairs = [arg if isinstance(arg, Pair) else Pair(arg, arg) for arg in args]
        live = getattr(self.live, name)(*(pair.live for pair in pairs))
        simulated = getattr(self.simulated, name)(*(pair.simulated for pair in pairs))
        shown = ", ".join(
            hex(pair.simulated) if isinstance(pair.simulated, int) else repr(pair.simulated)
            for pair in pairs
        )
        self.log.append(f"{name}({shown}) = {_shown(live)}")
        alike = (
            live == simulated
            if name not in ("open", "memfd_create", "mmap")
            else min(live, 0) == min(simulated, 0)
        )
        told = "\n".join(self.log)
        assert alike, f"live {_raised(live)}, simulated {_raised(simulated)}:\n{told}"
        return live, simulated

    def descriptor(self, index: int) -> Pair:
        """Return the descriptor opened ``index``-th, one that is not open if none is."""
        if not self.descriptors:
            return Pair(9999, 9999)
        return Pair(*self.descriptors[index % len(self.descriptors)])


@attrs.frozen
class Pair:
    """An argument that is a different number on each side."""

    live: Any
    simulated: Any


def _shown(answer: object) -> str:
    if isinstance(answer, int) and answer < 0:
        return linux.errno_name(-answer)
    if isinstance(answer, StatFs):
        return f"{answer.f_type:#x}, {answer.f_bsize}"
    return hex(answer) if isinstance(answer, int) else str(answer)


def _raised(answer: object) -> str:
    failed = isinstance(answer, int) and answer < 0
    return f"raised {_shown(answer)}" if failed else f"answered {_shown(answer)}"


@contextlib.contextmanager
def both(profile: Profile, kind: str | None) -> Iterator[Both]:
    """Run a sequence on both sides, then leave nothing of it on the live one."""
    pair = Both(LiveHost(allow_discard=True), SimulatedHost(profile))
    directory = Path(DIRECTORIES[kind], CASE) if kind else None
    if directory:
        prepare(directory)
    try:
        yield pair
    finally:
        pair.live.munmap(ARENA, 1 << 43)
        for address, _simulated, length in pair.placed:
            pair.live.munmap(address, length)
        for live, _simulated in pair.descriptors:
            pair.live.close(live)
        if directory:
            clean(directory)


LENGTHS = st.sampled_from(
    [HUGE, 2 * HUGE, PAGE, 2 * PAGE, HUGE + PAGE, HUGE - PAGE, 3 * HUGE, 1, 4097, 0]
)
ODD_LENGTHS = st.sampled_from([BEYOND_MEMORY, 1 << 47, (1 << 47) - PAGE, (1 << 64) - 1, 1 << 62])
SIZES = st.sampled_from(
    [
        HUGE,
        2 * HUGE,
        0,
        PAGE,
        1,
        HUGE + PAGE,
        3 * HUGE,
        8 * HUGE,
        (1 << 44) - PAGE,
        1 << 44,
        1 << 62,
        (1 << 63) - 1,
        -1,
        TERA,
    ]
)
OFFSETS = st.sampled_from([0, 0, 0, 0, PAGE, HUGE, 1])
INDEX = st.integers(0, 3)
ADDRESSES = st.builds(
    lambda slot, extra: ARENA + slot * HUGE + extra,
    st.integers(0, SLOTS - 1),
    st.sampled_from([0, 0, 0, PAGE, HUGE - PAGE, 1]),
)
KINDS = st.sampled_from([linux.MAP_SHARED, linux.MAP_PRIVATE, linux.MAP_SHARED_VALIDATE])
UNKNOWN_FLAG = 0x200000
EXTRA_FLAGS = st.sampled_from(
    [0, 0, 0, linux.MAP_SYNC, linux.MAP_SYNC, linux.MAP_NORESERVE, UNKNOWN_FLAG]
)
PROTECTIONS = st.sampled_from([3, 3, 3, 3, 0, 1])
#: Populating for reading alone is nothing that QEMU ever does.
ADVICES = st.sampled_from([*(set(linux.ADVICE_NAMES) - {linux.MADV_POPULATE_READ}), 99])


def _op(name: str, *args: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.tuples(st.just(name), st.tuples(*args))


def _path_ops(directory: str) -> list[st.SearchStrategy[Call]]:
    case = f"{directory}/{CASE}"
    paths = st.sampled_from([f"{case}/{name}" for name in (*NAMES, *NAMES, *ODD_NAMES)])
    flags = st.sampled_from([0o2, 0o2, 0o302, 0o302, 0o102])
    return [
        _op("open", paths, flags),
        _op("open", st.just(f"{case}/a"), st.just(0o102)),
        _op("unlink", paths),
        _op("statfs", paths),
    ]


DESCRIPTOR_OPS = [
    _op("close", INDEX),
    _op("lseek", INDEX, st.sampled_from([0, 1, PAGE, -1]), st.sampled_from([2, 2, 0, 1, 99])),
    _op("fstatfs", INDEX),
    _op("ftruncate", INDEX, SIZES),
    _op("ftruncate", INDEX, st.just(2 * HUGE)),
    _op(
        "fcntl",
        INDEX,
        st.sampled_from([linux.F_ADD_SEALS, linux.F_ADD_SEALS, 1034]),
        st.sampled_from([0, 1, 2, 4, 6, 7, 8, 15, 1 << 20]),
    ),
]
NODES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([(None, 1), ((0,), 1), ((0,), 2), ((1,), 2), ((0, 1), 2)]),
    st.tuples(st.sampled_from([None, (), (0,), (0, 1), (1,), (127,), (0, 127)]), st.just(129)),
)
MEMORY_OPS = [
    _op("map", LENGTHS, PROTECTIONS, KINDS, EXTRA_FLAGS, INDEX, OFFSETS),
    _op("map", ODD_LENGTHS, PROTECTIONS, KINDS, EXTRA_FLAGS, INDEX, OFFSETS),
    _op("map at", ADDRESSES, LENGTHS, PROTECTIONS, KINDS, EXTRA_FLAGS, INDEX, OFFSETS),
    _op("map at", ADDRESSES, LENGTHS, PROTECTIONS, KINDS, EXTRA_FLAGS, INDEX, OFFSETS),
    _op("reserve", ADDRESSES, LENGTHS),
    _op("munmap", ADDRESSES, LENGTHS),
    _op("madvise", ADDRESSES, LENGTHS, ADVICES),
    _op(
        "mbind",
        ADDRESSES,
        LENGTHS,
        st.sampled_from([0, 1, 2, 3, 99]),
        NODES,
        st.sampled_from([3, 3, 0, 1 << 20]),
    ),
    _op("touch", ADDRESSES, LENGTHS),
]
MEMFD_OPS = [
    _op(
        "memfd_create",
        st.sampled_from(["m", "n" * 249, "n" * 250]),
        st.sampled_from([3, 3, 1, 7, 7 | 21 << 26, 7 | 30 << 26, 7 | 22 << 26, 1 | 21 << 26, 64]),
    )
]
DEVICE_OPS = [
    _op("open", st.sampled_from(["/dev/zero", "/dev/null", "/dev"]), st.sampled_from([0o2, 0o302])),
    _op("statfs", st.sampled_from(["/dev/zero", "/dev/null", "/dev", ""])),
]


def _do(pair: Both, call: Call) -> None:
    name, args = call
    if name == "open":
        path, flags = args
        mode = 0o644 if flags & linux.O_CREAT else None
        opened = pair.call("open", path, flags, mode)
        if opened[0] >= 0:
            pair.descriptors.append(opened)
    elif name == "memfd_create":
        opened = pair.call(name, *args)
        if opened[0] >= 0:
            pair.descriptors.append(opened)
    elif name == "close":
        fd = pair.descriptor(args[0])
        pair.call("close", fd)
        if pair.descriptors:
            pair.descriptors.remove((fd.live, fd.simulated))
    elif name in ("lseek", "fstatfs", "ftruncate", "fcntl"):
        pair.call(name, pair.descriptor(args[0]), *args[1:])
    elif name == "map":
        length, prot, kind, extra, index, offset = args
        _map(pair, 0, length, prot, kind | extra, index, offset)
    elif name == "map at":
        address, length, prot, kind, extra, index, offset = args
        _map(pair, address, length, prot, kind | extra | linux.MAP_FIXED, index, offset)
    elif name == "reserve":
        address, length = args
        flags = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS | linux.MAP_FIXED
        pair.call("mmap", address, length, 0, flags, -1, 0)
    elif name == "mbind":
        address, length, mode, (nodes, maxnode), flags = args
        pair.call("mbind", address, length, mode, nodes, maxnode, flags)
    elif name == "touch":
        _touch(pair, *args)
    else:
        pair.call(name, *args)
    _compare_flags(pair)


def _map(
    pair: Both, address: int, length: int, prot: int, flags: int, index: int, offset: int
) -> None:
    fd = pair.descriptor(index)
    if not pair.descriptors:
        fd, flags = Pair(-1, -1), flags | linux.MAP_ANONYMOUS
    live, simulated = pair.call("mmap", address, length, prot, flags, fd, offset)
    if address == 0 and live > 0:
        unit = HUGE if "ht" in (pair.simulated.vm_flags(simulated) or ()) else PAGE
        pair.placed.append((live, simulated, length + unit - 1 & -unit))
        if unit == HUGE or (length % HUGE == 0 and flags & linux.MAP_ANONYMOUS and flags & 2):
            assert live % HUGE == simulated % HUGE, "\n".join(pair.log)
        assert _flags(pair.live, live) == _flags(pair.simulated, simulated), "\n".join(pair.log)


def _touch(pair: Both, address: int, length: int) -> None:
    unit = HUGE if "ht" in (pair.simulated.vm_flags(address) or ()) else PAGE
    address, length = address & -unit, length + unit - 1 & -unit
    for start, end in pair.simulated.mappings():
        if start < address + length and address < end:
            flags = pair.simulated.vm_flags(start) or []
            if "wr" not in flags or ("ht" in flags) != (unit == HUGE):
                # Touching stands for stores into one backend's memory, which is writable.
                return
    pair.call("touch_pages", address, length, unit)


def _flags(host: Host, address: int) -> list[str] | None:
    flags = host.vm_flags(address)
    return None if flags is None else [flag for flag in flags if flag not in NOT_COMPARED]


def _compare_flags(pair: Both) -> None:
    """Compare the flags of what is mapped at each edge in the arena."""
    if not pair.log[-1].startswith(("mmap", "munmap", "madvise")):
        return
    live = _arena_flags()
    simulated = {
        (start, end): _flags(pair.simulated, start)
        for start, end in pair.simulated.mappings()
        if start < 2 * ARENA
    }
    assert _by_page(live) == _by_page(simulated), "\n".join(pair.log)


def _by_page(flags: dict[tuple[int, int], list[str] | None]) -> list[tuple[int, int, str]]:
    """Join neighbours with equal flags: the kernel may have merged them or not."""
    joined: list[tuple[int, int, str]] = []
    for (start, end), letters in sorted(flags.items()):
        text = " ".join(letters or ())
        if joined and joined[-1][1:] == (start, text):
            joined[-1] = (joined[-1][0], end, text)
        else:
            joined.append((start, end, text))
    return joined


def _arena_flags() -> dict[tuple[int, int], list[str] | None]:
    found: dict[tuple[int, int], list[str] | None] = {}
    edges = (0, 0)
    with open("/proc/self/smaps", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            head = line.split(" ", 1)[0]
            if "-" in head and not head.endswith(":"):
                first, _, last = head.partition("-")
                edges = (int(first, 16), int(last, 16))
            elif line.startswith("VmFlags:") and ARENA <= edges[0] < 2 * ARENA:
                found[edges] = [flag for flag in line.split()[1:] if flag not in NOT_COMPARED]
    return found


def _sequences(*ops: list[st.SearchStrategy[Call]]) -> st.SearchStrategy[list[Call]]:
    every = [op for group in ops for op in group]
    return st.lists(st.one_of(every), min_size=1, max_size=14)


def _sequences_on(kind: str) -> st.SearchStrategy[list[Call]]:
    """Return sequences that begin with a file of two megabytes or more of that kind."""
    first: list[Call] = [
        ("open", (f"{DIRECTORIES[kind]}/{CASE}/a", 0o102)),
        ("ftruncate", (0, 2 * HUGE)),
    ]
    mapped: list[Call] = [
        *first,
        ("map at", (ARENA, 2 * HUGE, 3, linux.MAP_SHARED, 0, 0, 0)),
        ("map at", (ARENA + 2 * HUGE, HUGE, 3, linux.MAP_PRIVATE, 0, 0, 0)),
    ]
    return st.builds(
        lambda start, rest: start + rest,
        st.sampled_from([mapped, mapped, first, first[:1], []]),
        _sequences(_path_ops(DIRECTORIES[kind]), DESCRIPTOR_OPS, MEMORY_OPS, MEMORY_OPS),
    )


def _run(profile: Profile, kind: str | None, calls: list[Call]) -> None:
    with both(profile, kind) as pair:
        for call in calls:
            _do(pair, call)


@pytest.mark.parametrize("kind", DIRECTORIES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_files_of_each_kind_answer_as_on_the_live_kernel(
    here: Here, kind: str, data: st.DataObject
) -> None:
    _run(here.profile, kind, data.draw(_sequences_on(kind)))


@settings(max_examples=EXAMPLES)
@given(calls=_sequences(MEMORY_OPS))
def test_anonymous_memory_answers_as_on_the_live_kernel(here: Here, calls: list[Call]) -> None:
    _run(here.profile, None, calls)


@settings(max_examples=EXAMPLES)
@given(calls=_sequences(DEVICE_OPS, DEVICE_OPS, DESCRIPTOR_OPS, MEMORY_OPS))
def test_devices_answer_as_on_the_live_kernel(here: Here, calls: list[Call]) -> None:
    _run(here.profile, None, calls)


@settings(max_examples=EXAMPLES)
@given(calls=_sequences(MEMFD_OPS, MEMFD_OPS, DESCRIPTOR_OPS, MEMORY_OPS))
def test_memfds_answer_as_on_the_live_kernel(here: Here, calls: list[Call]) -> None:
    _run(here.profile, None, calls)


@pytest.mark.parametrize("kind", ["hugetlbfs", "tmpfs"])
@pytest.mark.parametrize("share", [linux.MAP_SHARED, linux.MAP_PRIVATE])
def test_mapping_lengthens_a_file_of_huge_pages_alone(here: Here, kind: str, share: int) -> None:
    path = f"{DIRECTORIES[kind]}/{CASE}/a"
    with both(here.profile, kind) as pair:
        _do(pair, ("open", (path, linux.O_RDWR | linux.O_CREAT)))
        _do(pair, ("map at", (ARENA, 2 * HUGE, 3, share, 0, 0, 0)))
        _do(pair, ("lseek", (0, 0, linux.SEEK_END)))


@pytest.mark.parametrize("length", [HUGE, 2 * HUGE, 3 * HUGE, 32 * HUGE])
def test_a_reservation_of_whole_huge_pages_is_aligned_as_by_the_live_kernel(
    here: Here, length: int
) -> None:
    with both(here.profile, None) as pair:
        # One page first, so that no next address is aligned by chance.
        for asked in (PAGE, length, PAGE, length):
            _do(pair, ("map", (asked, 0, linux.MAP_PRIVATE, linux.MAP_ANONYMOUS, 0, 0)))
        aligned = [(live % HUGE, simulated % HUGE) for live, simulated, _ in pair.placed[1::2]]
        assert [live for live, _ in aligned] == [simulated for _, simulated in aligned]
