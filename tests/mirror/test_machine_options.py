"""Which machine a line gets, and what -machine does about memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools

import pytest

from qemu_model import process
from qemu_model.host.linux import MADV_DONTDUMP, MADV_MERGEABLE
from qemu_model.host.live import LiveHost
from qemu_model.process import Run
from qemu_model.revision import V8, find

RAM = ("-object", "memory-backend-ram,id=m0,size=4M")
#: These rules are those of the tree of 2018.
run = functools.partial(process.run, revision=V8)


def advice(done: Run) -> list[int]:
    """Return what was advised on each block, in order, of merging and dumping."""
    wanted = (MADV_MERGEABLE, MADV_DONTDUMP)
    return [e.args[2] for e in done.events if e.call == "madvise" and e.args[2] in wanted]


@pytest.mark.parametrize(
    ("args", "machine"),
    [
        ((), "none"),
        (RAM, "none"),
        ((*RAM, "-smp", "1"), "pc"),
        ((*RAM, "-device", "virtio-balloon"), "none"),
        ((*RAM, "-m", "8M"), "pc"),
        (("-numa", "node"), "pc"),
        (("-mem-prealloc",), "pc"),
        (("-mem-path", "/dev/shm"), "pc"),
        ((*RAM, "-device", "nvdimm,memdev=m0"), "pc"),
        ((*RAM, "-machine", "mem-merge=off"), "pc"),
    ],
)
def test_without_a_machine_the_line_says_which_one_is_meant(
    args: tuple[str, ...], machine: str
) -> None:
    done = run(args, LiveHost())
    assert (done.machine, done.line.assumed_machine) == (machine, machine)
    assert run(args, LiveHost(), assumed_machine="pc").machine == "pc"


@pytest.mark.parametrize("machine", ["none", "pc", "q35", "isapc", "pc-i440fx-2.9", "pc-q35-3.1"])
def test_a_machine_that_is_named_is_not_assumed(machine: str) -> None:
    done = run(["-M", f"{machine},accel=tcg", "-m", "8M"], LiveHost())
    assert (done.exit, done.machine, done.line.assumed_machine) == (0, machine, None)
    name = "ram" if machine == "none" else "pc.ram"
    assert [(mapping.id, mapping.size) for mapping in done.mappings] == [(name, 8 << 20)]


def test_the_machine_decides_what_is_merged_and_dumped_unless_the_object_does() -> None:
    """The RAM follows the machine, an object too where it says nothing itself."""
    on, off = MADV_MERGEABLE, MADV_DONTDUMP
    plain = ["-M", "pc", "-m", "8M", *RAM]
    both_off = [*plain, "-machine", "mem-merge=off,dump_guest_core=off"]
    assert advice(run(plain, LiveHost())) == [on, on, on]
    assert advice(run(both_off, LiveHost())) == [off, off, off]
    both_on = [arg.replace("size=4M", "size=4M,merge=on,dump=on") for arg in both_off]
    assert advice(run(both_on, LiveHost())) == [off, on, off]


@pytest.mark.parametrize("value", ["on", "YES", "True", "off", "No", "FALSE"])
def test_a_property_of_a_machine_takes_more_words_than_one_of_an_object(value: str) -> None:
    assert run(["-M", f"pc,mem-merge={value}", "-m", "8M"], LiveHost()).exit == 0


def test_memory_that_mem_prealloc_touches_is_not_the_anonymous_ram() -> None:
    """-mem-prealloc makes the pages of files present, and those of objects."""
    done = run(["-M", "pc", "-m", "8M", "-mem-prealloc"], LiveHost())
    assert (done.exit, done.stderr) == (0, ())
    assert [event.call for event in done.events if event.call == "fstatfs"] == []


@pytest.mark.parametrize("revision", ["base", "v8", "v7.2"])
@pytest.mark.parametrize(
    "words",
    [
        ("-version",),
        ("-h",),
        ("--help",),
        ("-cpu", "help"),
        ("-accel", "help"),
        ("-device", "help"),
        ("-device", "nvdimm,help"),
        ("-device", "virtio-balloon,?"),
    ],
)
def test_what_asks_for_help_makes_nothing(revision: str, words: tuple[str, ...]) -> None:
    done = run([*RAM, "-m", "8M", *words], LiveHost(), revision=find(revision))
    assert (done.exit, done.stderr, done.events) == (0, (), ())


def test_a_wrong_option_before_the_help_is_told_first() -> None:
    done = run(["-m", "x", "-version"], LiveHost())
    assert done.exit == 1


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (
            '{"driver":"nvdimm","memdev":"m0"}',
            '\'{"driver":"nvdimm"\' is not a valid device model name',
        ),
        ("memdev=m0", "Parameter 'driver' is missing"),
        ("virtio-balloon,id=1x", "Parameter 'id' expects an identifier"),
    ],
)
def test_a_device_that_the_tree_of_2018_does_not_read(device: str, message: str) -> None:
    """JSON came with 6.2; the other two are wrong in every tree."""
    done = run([*RAM, "-m", "8M", "-device", device], LiveHost())
    assert done.exit == 1
    assert done.stderr[0] == f"qemu: -device {device}: {message}"


def test_a_device_that_takes_no_backend_is_named_as_ignored() -> None:
    done = run([*RAM, "-device", "virtio-balloon,id=b0"], LiveHost())
    assert (done.exit, done.line.ignored) == (0, ["-device virtio-balloon,id=b0"])
