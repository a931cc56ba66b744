"""What may still come in a log when the model has made its last call."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from mirror_host import ADDRESS, HUGE, PAGE
from mirror_process import FILE, RAM, Machine

from qemu_model.judge.backend_calls import LoggedBlock
from qemu_model.judge.later_calls import LaterCalls
from qemu_model.judge.strace import Call

MIB = 1 << 20
#: Where QEMU puts anonymous memory in what this host reserves: at a multiple of 2 MiB.
START = 0x7F00_0020_0000
MERGEABLE, UNMERGEABLE, DONTDUMP, DODUMP, HUGEPAGE, DONTFORK = 12, 13, 16, 17, 14, 10
REMOVE, DONTNEED = 9, 4


def call(name: str, *args: Any, result: int | None = 0) -> Call:
    return Call(1, 1, name, args, result, b"")


def after(kind: str = RAM, *, attached: bool = False, **props: Any) -> LaterCalls:
    """Return what may come after one backend of 4 MiB is made."""
    machine = Machine()
    assert machine.add(kind, size=4 * MIB, **props) == {}
    return LaterCalls(machine.process, attached=attached)


def advice(number: int, address: int = START, size: int = 4 * MIB) -> Call:
    return call("madvise", address, size, number)


@pytest.mark.parametrize(
    ("props", "idle", "other"),
    [
        ({}, (MERGEABLE, DODUMP), (UNMERGEABLE, DONTDUMP)),
        ({"merge": False}, (UNMERGEABLE, DODUMP), (MERGEABLE, DONTDUMP)),
        ({"dump": False}, (MERGEABLE, DONTDUMP), (UNMERGEABLE, DODUMP)),
        ({"merge": False, "dump": False}, (UNMERGEABLE, DONTDUMP), (MERGEABLE, DODUMP)),
    ],
)
def test_only_what_changes_merge_or_dump_is_advised(
    props: dict[str, bool], idle: tuple[int, ...], other: tuple[int, ...]
) -> None:
    """backends/hostmem.c: setting a property to what it is gives no advice."""
    for number in idle:
        assert not after(**props).allows(advice(number))
    for number in other:
        assert after(**props).allows(advice(number))


def test_advice_changes_what_the_next_may_be() -> None:
    """Of its own pair, back and forth; the other pair and other places stay as they are."""
    now = after()
    for _ in range(2):
        assert now.allows(advice(UNMERGEABLE))
        assert not now.allows(advice(UNMERGEABLE))
        assert now.allows(advice(DONTDUMP))
        assert not now.allows(advice(DONTDUMP))
        assert now.allows(advice(MERGEABLE))
        assert not now.allows(advice(MERGEABLE))
        assert now.allows(advice(DODUMP))
        assert not now.allows(advice(DODUMP))


def test_advice_on_merge_and_dump_is_on_a_whole_backend_and_no_other_place() -> None:
    for address, size in ((START, 2 * MIB), (START + MIB, 4 * MIB), (START, 4 * MIB + PAGE)):
        for number in (MERGEABLE, UNMERGEABLE, DODUMP, DONTDUMP):
            assert not after().allows(advice(number, address, size))


def test_other_advice_is_on_any_part_and_that_of_making_a_block_does_not_come_again() -> None:
    """Discarding and populating are on parts; ram_block_add() advises once."""
    for number in (REMOVE, DONTNEED, 23):
        assert after().allows(advice(number, START + PAGE, PAGE))
    for number in (HUGEPAGE, DONTFORK):
        assert not after().allows(advice(number))


def test_a_backend_that_has_no_memory_yet_and_other_objects_are_no_places() -> None:
    machine = Machine()
    assert machine.add("rng-random", "r0") == {}
    machine.add(RAM, size=4 * MIB)
    now = LaterCalls(machine.process, attached=False)
    assert now.allows(advice(UNMERGEABLE))
    assert not now.allows(advice(UNMERGEABLE, 0, 0))
    assert not LaterCalls(Machine().process, attached=False).allows(advice(UNMERGEABLE))


def test_a_block_is_unmapped_with_its_guard_page_and_not_otherwise() -> None:
    """mmap-alloc.c: qemu_ram_munmap() takes size + one page."""
    assert after().allows(call("munmap", START, 4 * MIB + PAGE))
    machine = Machine()
    machine.add(RAM, size=4 * MIB + PAGE)
    odd = LaterCalls(machine.process, attached=False)
    assert odd.allows(call("munmap", START, 4 * MIB + 2 * PAGE))
    for args in (
        (START, 4 * MIB),
        (START, 4 * MIB - PAGE),
        (START, 8 * MIB),
        (START + PAGE, 4 * MIB + PAGE),
    ):
        assert not after().allows(call("munmap", *args))


def test_memory_is_neither_bound_nor_mapped_nor_protected_again() -> None:
    for one in (
        call("mbind", START, 4 * MIB, 2, (0,), 2, 3),
        call("mmap", START, 4 * MIB, 3, 0x32, -1, 0),
        call("mprotect", START, PAGE, 0),
        call("fork"),
    ):
        assert not after().allows(one)


def test_a_backends_file_may_be_closed_and_looked_at_and_not_changed() -> None:
    """The file's descriptor is 7, as this host answers."""
    now = after(FILE)
    for name, args, may in (
        ("close", (7,), True),
        ("close", (8,), False),
        ("close", (-1,), False),
        ("fstatfs", (7,), True),
        ("fallocate", (7, 3, 0, PAGE), True),
        ("lseek", (7, 0, 2), False),
        ("ftruncate", (7, 0), False),
        ("fcntl", (7, 1033, 5), False),
    ):
        assert now.allows(call(name, *args)) == may, name
    attached = after(FILE, attached=True)
    assert attached.allows(call("close", 8)), "whose descriptor it is, is not known"
    assert not attached.allows(call("lseek", 8, 0, 2))
    assert not after(RAM).allows(call("close", -1)), "anonymous memory has no descriptor"


def test_a_descriptor_numbered_0_is_a_backends_too() -> None:
    machine = Machine(open=[0])
    machine.add(FILE, size=4 * MIB)
    assert LaterCalls(machine.process, attached=False).allows(call("close", 0))


@pytest.mark.parametrize("opening", [("open", "/g", 2, None), ("memfd_create", "m", 1)])
def test_what_is_done_to_a_new_backend_is_not_judged(opening: tuple[Any, ...]) -> None:
    """A command may make one: its descriptor is known from here on."""
    for number in (0, 9):
        for refused in (None, -2, -1):
            now = after()
            assert now.allows(call(*opening, result=refused))
            assert not now.allows(call("ftruncate", number, 0))
        now = after()
        assert now.allows(call(*opening, result=number))
        for name, *args in (
            ("ftruncate", 1),
            ("lseek", 0, 2),
            ("fcntl", 1033, 5),
            ("fstatfs",),
            ("close",),
        ):
            assert now.allows(call(name, number, *args)), name
            assert name in ("fstatfs",) or not now.allows(call(name, 5, *args)), name
    assert after().allows(call("unlink", "/g"))
    assert after().allows(call("statfs", "/g"))


def test_what_is_done_to_a_block_that_is_nobodys_yet_is_not_judged() -> None:
    one = call("mbind", START, 4 * MIB, 2, (0,), 2, 3)
    one.block = LoggedBlock(START, START + 4 * MIB, None, True)
    assert after().allows(one)
    one.block.claimed = True
    assert not after().allows(one)


def test_calls_that_are_repeated_for_ever_are_a_loop() -> None:
    """file_ram_open() of 2018 never ends where a path is there and is not, in turn."""
    backend = f"{FILE},id=m0,mem-path=/f,size=4M"
    machine = Machine("-object", backend, open=[-2, -17] * 5000)
    assert machine.process.livelock == "file_ram_open"
    now = LaterCalls(machine.process, attached=False)
    assert now.is_in_loop(call("open", "/f", 0o2, None))
    assert now.is_in_loop(call("open", "/f", 0o302, 0o644))
    assert not now.is_in_loop(call("open", "/g", 0o2, None))
    assert not now.is_in_loop(call("close", 3))


def test_only_the_last_two_calls_are_the_loop_and_none_where_there_is_no_loop() -> None:
    machine = Machine()
    machine.add(FILE, size=4 * MIB)
    process = machine.process
    last = process.host.events[-1]
    now = LaterCalls(process, attached=False)
    assert not now.is_in_loop(call(last.call, *last.args))
    process.livelock = "file_ram_open"
    now = LaterCalls(process, attached=False)
    events = process.host.events
    assert len({(event.call, event.args) for event in events[-3:]}) == 3
    assert [now.is_in_loop(call(one.call, *one.args)) for one in events[-3:]] == [
        False,
        True,
        True,
    ]


def test_a_page_is_as_large_as_the_platforms() -> None:
    machine = Machine(fstatfs=[HUGE])
    machine.add(FILE, size=4 * MIB)
    (block,) = machine.process.qemu.ram_blocks
    assert block.host % HUGE.f_bsize == 0
    assert block.host > ADDRESS
    now = LaterCalls(machine.process, attached=False)
    assert now.allows(call("munmap", block.host, 4 * MIB + PAGE))
