"""What holds for every -numa line: memory, distances, backends, and the string that base leaks."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qemu_model.host.live import LiveHost
from qemu_model.machines.table import MACHINES
from qemu_model.numa_info import NodeInfo, NumaState
from qemu_model.process import Process, Run
from qemu_model.revision import SERIES, Revision, find

MIB = 1 << 20
USED_TWICE = "is used multiple times. Each -numa option must use a different memdev value."
MISSING = "is missing, at least one distance value between each nodes should be provided."
ASYMMETRICAL = (
    "At least one asymmetrical pair of distances is given, please provide distances for both "
    "directions of all node pairs."
)

machines = st.sampled_from(["pc", "q35", "pc-i440fx-2.9", "pc-i440fx-3.1"])


def started(args: list[str], revision: Revision = SERIES[-1]) -> tuple[Run, NumaState]:
    """Run a line on this kernel, and return the run and what it knew of the nodes."""
    process = Process(args, LiveHost(), revision)
    process.start()
    return process.finish(), process.qemu.numa


@pytest.mark.parametrize(
    ("machine", "sizes"),
    [
        *((f"pc-i440fx-{version}", (8, 8, 8, 36)) for version in ("2.9", "2.8", "2.0", "1.7")),
        *((f"pc-q35-{version}", (8, 8, 8, 36)) for version in ("2.9", "2.4")),
        *((f"pc-i440fx-{version}", (8, 16, 16, 20)) for version in ("2.10", "3.1", "4.0")),
        *((f"pc-q35-{version}", (8, 16, 16, 20)) for version in ("2.10", "3.1")),
    ],
)
def test_how_a_machine_splits_ram_goes_by_its_version(machine: str, sizes: tuple[int, ...]) -> None:
    """hw/i386/pc_piix.c and pc_q35.c: since 2.10 what one node loses the next one gets.

    Worked out by hand of 15 MiB for each node, of which 8 MiB are a part.
    """
    _, numa = started(["-M", machine, "-m", "60M", *["-numa", "node"] * 4])
    assert tuple(numa.numa_info[node].node_mem // MIB for node in range(4)) == sizes


@given(size=st.integers(1, 1 << 45), nodes=st.integers(1, 9))
@example(1000 * MIB, 3)
@example(1 << 40, 7)
def test_ram_is_split_among_nodes_that_claim_none(size: int, nodes: int) -> None:
    """hw/core/numa.c: in parts of 8 MiB; before 2.10 the rest is the last node's."""
    for machine in ("pc-i440fx-2.10", "pc-i440fx-2.9"):
        kind = MACHINES[machine]
        split = [NodeInfo() for _ in range(nodes)]
        assert kind.numa_auto_assign_ram is not None
        kind.numa_auto_assign_ram(kind, split, size)
        parts = [node.node_mem for node in split]
        assert sum(parts) == size
        assert [part % (8 * MIB) for part in parts[:-1]] == [0] * (nodes - 1)
        borders = list(itertools.accumulate(parts[:-1]))
        if machine == "pc-i440fx-2.9":
            assert all(0 <= size // nodes - part < 8 * MIB for part in parts[:-1])
        else:
            due = [size // nodes * number for number in range(1, nodes)]
            gaps = [want - border for want, border in zip(due, borders, strict=True)]
            assert all(0 <= gap < 8 * MIB for gap in gaps)


@given(sizes=st.lists(st.integers(0, 3), min_size=1, max_size=5), total=st.integers(1, 8))
def test_the_memory_of_the_nodes_is_the_ram_or_the_line_is_refused(
    sizes: list[int], total: int
) -> None:
    nodes = [word for size in sizes for word in ("-numa", f"node,mem={size}")]
    run, numa = started(["-M", "pc", "-m", str(total), *nodes])
    found = sum(sizes) or total
    if found == total:
        assert (run.exit, run.stderr) == (0, ())
        assert sum(info.node_mem for info in numa.numa_info.values()) == total * MIB
    else:
        assert (run.exit, run.stderr) == (
            1,
            (
                f"qemu: total memory for NUMA nodes ({found * MIB:#x}) should equal RAM size "
                f"({total * MIB:#x})",
            ),
        )


@given(nodes=st.integers(1, 4), data=st.data())
def test_distances_come_out_complete_and_as_given_or_are_refused(
    nodes: int, data: st.DataObject
) -> None:
    pairs = [(src, dst) for src in range(nodes) for dst in range(nodes) if src != dst]
    some = st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([])
    wanted = {
        pair: data.draw(st.integers(10, 12)) for pair in data.draw(st.one_of(some, st.just(pairs)))
    }
    line = [
        word
        for (src, dst), val in wanted.items()
        for word in ("-numa", f"dist,src={src},dst={dst},val={val}")
    ]
    run, numa = started(["-M", "pc", "-m", "16", *["-numa", "node"] * nodes, *line])

    known = {frozenset(pair) for pair in wanted}
    asymmetric = any(wanted.get((dst, src), val) != val for (src, dst), val in wanted.items())
    if wanted and len(known) < nodes * (nodes - 1) // 2:
        assert run.exit == 1
        assert run.stderr[0].endswith(MISSING)
    elif asymmetric and len(wanted) < len(pairs):
        assert (run.exit, run.stderr) == (1, (f"qemu: {ASYMMETRICAL}",))
    else:
        assert (run.exit, run.stderr) == (0, ())
        found = {
            (src, dst): val
            for src, info in numa.numa_info.items()
            for dst, val in info.distance.items()
        }
        local = {(node, node): 10 for node in range(nodes)}
        back = {(dst, src): val for (src, dst), val in wanted.items()}
        assert found == ({**local, **back, **wanted} if wanted else {})


@given(uses=st.lists(st.sampled_from(["m0", "m1", "m2"]), min_size=1, max_size=4))
def test_each_backend_is_mapped_at_most_once(uses: list[str]) -> None:
    """Exactly the lines that name one twice are refused, each backend's calls are made once."""
    objects = [
        word
        for name in ("m0", "m1", "m2")
        for word in ("-object", f"memory-backend-ram,id={name},size=2M")
    ]
    nodes = [word for name in uses for word in ("-numa", f"node,memdev={name}")]
    run, _ = started(["-M", "pc", "-m", str(2 * len(uses)), *objects, *nodes])
    mapped = sum(event.call == "mmap" and event.args[0] != 0 for event in run.events)
    assert mapped == 3
    twice = [name for name, count in Counter(uses).items() if count > 1]
    if twice:
        first = next(name for place, name in enumerate(uses) if name in uses[:place])
        assert (run.exit, run.stderr) == (1, (f"qemu: memory backend {first} {USED_TWICE}",))
    else:
        assert (run.exit, run.stderr) == (0, ())


#: Nodes of backends, which some lines name twice, and lines that go wrong before that shows.
with_backends = st.lists(
    st.sampled_from(["node,memdev=m0", "node,memdev=m1", "node,memdev=/objects/m1"]), max_size=3
)
going_wrong = st.lists(
    st.sampled_from(
        [
            "node,memdev=none",
            "node,nodeid=3,memdev=m0",
            "node",
            "node,mem=2",
            "dist,src=0,dst=1,val=20",
            "dist,src=0,dst=1,val=9",
            "cpu,node-id=0,socket-id=0",
            "cpu",
        ]
    ),
    max_size=1,
)


@given(
    nodes=with_backends,
    others=going_wrong,
    surplus=st.sampled_from([0, 0, 0, 2]),
    device=st.booleans(),
    revision=st.sampled_from([tree.name for tree in SERIES]),
)
def test_base_leaks_one_string_in_exactly_the_runs_that_print_the_message(
    nodes: list[str], others: list[str], surplus: int, device: bool, revision: str
) -> None:
    size = 2 * len(nodes) + surplus or 2
    args = ["-M", "pc,nvdimm=on", "-m", f"{size}M,slots=1,maxmem=64M"]
    for name in ("m0", "m1"):
        args += ["-object", f"memory-backend-ram,id={name},size=2M"]
    for word in (*nodes, *others):
        args += ["-numa", word]
    if device:
        args += ["-device", "nvdimm,memdev=m0"]
    run, _ = started(args, find(revision))
    printed = any(line.endswith(USED_TWICE) for line in run.stderr)
    assert run.leaks.strings == (1 if printed and revision == "base" else 0)
    without, _ = started(args, find("v8/1"))
    assert (without.exit, without.stderr) == (run.exit, run.stderr)


def test_messages_about_memory_modules_leak_nothing() -> None:
    """They name the backend in a string of the same kind, and free it in every tree."""
    line = [
        *("-M", "pc,nvdimm=on", "-m", "2M,slots=2,maxmem=64M"),
        *("-object", "memory-backend-ram,id=m0,size=2M"),
    ]
    busy = ["-numa", "node,memdev=m0", "-device", "nvdimm,memdev=m0"]
    too_small = ["-device", "nvdimm,memdev=m0,label-size=2M"]
    for args, said in ((busy, "already busy memdev: m0"), (too_small, "size of memdev m0 ")):
        run, _ = started([*line, *args], find("base"))
        assert (run.exit, run.leaks.strings) == (1, 0)
        assert said in run.stderr[0]


def test_a_backend_that_a_memory_module_has_cannot_be_deleted() -> None:
    process = Process(
        [
            *("-M", "pc,nvdimm=on", "-m", "8M,slots=1,maxmem=64M"),
            *("-object", "memory-backend-ram,id=m0,size=4M"),
            *("-object", "memory-backend-ram,id=m1,size=4M"),
            *("-device", "nvdimm,memdev=m0"),
        ],
        LiveHost(),
        find("v8"),
    )
    process.start()
    for name in ("m0", "m1"):
        process.command({"execute": "object-del", "arguments": {"id": name}})
    run = process.finish()
    desc = "object 'm0' is in use, can not be deleted"
    assert run.replies == ({"error": {"class": "GenericError", "desc": desc}}, {"return": {}})
    assert run.exit == 0
