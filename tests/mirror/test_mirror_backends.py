"""Backends and their properties: ``backends/hostmem*.c``.

Expected texts are those that the trees of 2018 were recorded to print, or that patch 4
of the letter gives instead; calls are named with the kernel's numbers.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import signal
from typing import Any

import pytest
from mirror_host import PAGE
from mirror_process import FILE, KINDS, MEMFD, RAM, Machine

from qemu_model.host.protocol import Platform

MIB = 1 << 20
MERGEABLE, UNMERGEABLE, DONTDUMP, DODUMP, REMOVE = 12, 13, 16, 17, 9
DEFAULT, PREFERRED, BIND, INTERLEAVE = 0, 1, 2, 3
STRICT_AND_MOVE = 0x3

NO = "cannot change property value"
#: What each setter says once there is memory: property, value, before patch 4, after it.
FIXED = (
    (FILE, "size", MIB, NO, f"cannot change property size of {FILE} "),
    (RAM, "size", MIB, NO, f"cannot change property size of {RAM} "),
    (MEMFD, "size", MIB, NO, f"cannot change property size of {MEMFD} "),
    (FILE, "share", True, NO, NO),
    (RAM, "share", True, NO, NO),
    (FILE, "mem-path", "/g", NO, f"cannot change property 'mem-path' of {FILE}"),
    (FILE, "align", 0, NO, f"cannot change property 'align' of {FILE}"),
    (FILE, "pmem", False, *[f"cannot change property 'pmem' of {FILE}."] * 2),
    (MEMFD, "hugetlbsize", 2 * MIB, NO, NO),
)


@pytest.mark.parametrize(("kind", "name", "value", "before", "after"), FIXED)
@pytest.mark.parametrize("tree", ["base", "v8/1", "v8/2", "v8/3", "v8/4", "v8"])
def test_what_is_fixed_once_there_is_memory(
    kind: str, name: str, value: Any, before: str, after: str, tree: str
) -> None:
    """Recorded in base and v8; the letter: patch 4 changes four of them."""
    machine = Machine(tree=tree)
    assert machine.add(kind, size=MIB) == {}
    kept = machine.get(name)
    assert machine.set(name, value) == (after if tree in ("v8/4", "v8") else before)
    assert machine.get(name) == kept


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ("v8/3", "Property '{}.size' doesn't take value '0'"),
        ("v8/4", "property 'size' of {} doesn't take value '0'"),
    ],
)
def test_a_size_of_0_is_refused(kind: str, tree: str, text: str) -> None:
    """Recorded; the letter: patch 4."""
    assert Machine(tree=tree).add(kind, size=0) == text.format(kind)
    assert Machine(tree=tree).add(kind) == "can't create backend with size 0"


def test_sync_is_fixed_too_and_v6_has_three_values() -> None:
    """Patch 5; the letters of V3 to V7 for auto."""
    now, then = Machine(), Machine(tree="v6")
    assert now.add(FILE, size=MIB, sync=True) == {}
    assert (now.get("sync"), now.set("sync", False)) == (
        True,
        f"cannot change property 'sync' of {FILE}",
    )
    assert now.set("sync", "x") == "Invalid parameter type for 'sync', expected: boolean"
    assert then.add(FILE, size=MIB) == {}
    assert then.get("sync") == "auto"
    assert then.set("sync", "x") == "Invalid parameter 'x'"
    assert then.set("sync", "off") == f"cannot change property 'sync' of {FILE}"
    assert then.add(FILE, "m1", size=MIB, sync="off") == {}
    assert then.get("sync", "/objects/m1") == "off"
    assert Machine(tree="v8/4").add(FILE, size=MIB, sync=True) == "Property '.sync' not found"


def test_the_options_of_a_file_become_flags_of_its_mapping() -> None:
    """The letters: which tree asks for MAP_SYNC with which options."""
    asks = {
        (tree, share, pmem, sync)
        for tree in ("v8", "v7", "v6")
        for share in (False, True)
        for pmem in (False, True)
        for sync in ("off", "auto", "on")
        if not (tree == "v8" and sync == "auto")
        if sync_asked(tree, share, pmem, sync)
    }
    assert asks == {
        ("v8", True, True, "on"),
        ("v7", True, True, "on"),
        ("v7", True, True, "auto"),
        *(("v6", True, pmem, sync) for pmem in (False, True) for sync in ("on", "auto")),
    }


def sync_asked(tree: str, share: bool, pmem: bool, sync: str) -> bool:
    """Whether a mapping with MAP_SYNC is tried."""
    machine = Machine(tree=tree)
    machine.add(FILE, size=MIB, share=share, pmem=pmem, sync=sync == "on" if tree == "v8" else sync)
    flags = [call[4] for call in machine.host.made("mmap")]
    shared = [kind & 0xF for kind in flags[1:2]]
    assert shared in ([], [1 if share else 2], [3])
    return any(kind & 0x80000 for kind in flags)


@pytest.mark.parametrize("kind", KINDS)
def test_merge_and_dump_can_change_at_any_time(kind: str) -> None:
    """Recorded: an advice on each change, over the size as given, and on a change alone."""
    machine = Machine()
    machine.add(kind, size=MIB - 1)
    machine.advice()
    for name, off, on in (("merge", UNMERGEABLE, MERGEABLE), ("dump", DONTDUMP, DODUMP)):
        for value, expected in ((True, []), (False, [off]), (False, []), (True, [on])):
            assert machine.set(name, value) == {}
            assert machine.get(name) is value
            assert machine.advice() == [(MIB - 1, advice) for advice in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_without_memory_nothing_is_advised(kind: str) -> None:
    """Recorded: merge=off and dump=off at creation."""
    machine = Machine()
    assert machine.add(kind, size=MIB - 1, merge=False, dump=False) == {}
    given = [advice for advice in machine.advice() if advice[0] == MIB - 1]
    assert given == [(MIB - 1, DONTDUMP)]
    plain = Machine()
    plain.add(kind, size=MIB - 1)
    assert [one for one in plain.advice() if one[0] == MIB - 1] == [(MIB - 1, MERGEABLE)]


POLICIES = {"default": DEFAULT, "preferred": PREFERRED, "bind": BIND, "interleave": INTERLEAVE}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("nodes", [[], [0], [3, 1], [127]])
@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_bound_to_the_nodes(kind: str, policy: str, nodes: list[int]) -> None:
    """Recorded: the mask, one more than the highest node twice over, and the flags."""
    machine = Machine()
    said = machine.add(kind, size=MIB - 1, host_nodes=nodes, policy=policy)
    if (policy == "default") == bool(nodes):
        assert said == (
            "host-nodes must be empty for policy default, or you should explicitly specify a "
            "policy other than default"
            if nodes
            else f"host-nodes must be set for policy {policy}"
        )
        return
    assert said == {}
    (bound,) = machine.host.made("mbind")
    mask = tuple(sorted(nodes)) or None
    most = max(nodes) + 2 if nodes else 1
    assert bound[2:] == (MIB - 1, POLICIES[policy], mask, most, STRICT_AND_MOVE)
    assert machine.get("policy") == policy


@pytest.mark.parametrize(
    ("number", "policy", "nodes", "fails"),
    [
        (errno.ENOSYS, "default", [], False),
        (errno.EPERM, "default", [], True),
        (errno.EOPNOTSUPP, "default", [], True),
        (errno.ENOSYS, "bind", [0], True),
        (errno.EPERM, "bind", [0], True),
        (errno.EPERM, "interleave", [0], True),
    ],
)
def test_only_a_kernel_without_mbind_is_let_pass_and_only_with_the_default(
    number: int, policy: str, nodes: list[int], fails: bool
) -> None:
    """backends/hostmem.c:host_memory_backend_memory_complete."""
    machine = Machine(mbind=[-number])
    said = machine.add(RAM, size=MIB, policy=policy, host_nodes=nodes)
    if fails:
        assert str(said).startswith("cannot bind memory to host NUMA nodes: ")
    else:
        assert said == {}


def test_what_a_positive_answer_of_mbind_means() -> None:
    """backends/hostmem.c: any answer but 0 is a failure in C; mbind(2) gives no positive one."""
    assert Machine(mbind=[0]).add(RAM, size=MIB, host_nodes=[0], policy="bind") == {}


def test_a_build_without_libnuma_binds_nothing_and_checks_nothing() -> None:
    """backends/hostmem.c: all of it is for builds with CONFIG_NUMA."""
    machine = Machine(platform=Platform(libnuma=False))
    assert machine.add(RAM, size=MIB, policy="bind") == {}
    assert machine.host.made("mbind") == []


def test_nodes_add_up_and_have_a_limit() -> None:
    """Recorded: setting adds; reading none aborts QEMU."""
    machine = Machine()
    machine.add(RAM, size=MIB)
    assert machine.set("host-nodes", [127]) == {}
    assert machine.set("host-nodes", [0, 5]) == {}
    assert machine.get("host-nodes") == [0, 5, 127]
    assert machine.set("host-nodes", [128]) == "Invalid host-nodes value: 128"
    assert machine.set("host-nodes", [1, 500]) == "Invalid host-nodes value: 500"
    assert machine.set("host-nodes", [-1]) == "Parameter 'null' expects uint16_t"
    assert machine.set("host-nodes", [65535]) == "Invalid host-nodes value: 65535"
    assert machine.set("host-nodes", [65536]) == "Parameter 'null' expects uint16_t"
    assert machine.set("host-nodes", [0, 1 << 64]) == "Parameter 'host-nodes[1]' expects uint64"
    for huge in (-(1 << 63) - 1, 1 << 64, (1 << 64) + 1):
        assert machine.set("host-nodes", [huge]) == "Parameter 'host-nodes[0]' expects uint64"
    for large in (-(1 << 63), -(1 << 63) + 1, -65536, (1 << 64) - 1):
        assert machine.set("host-nodes", [large]) == "Parameter 'null' expects uint16_t"
    assert machine.set("host-nodes", [True]) == "Parameter 'host-nodes[0]' expects uint64"
    expected = "Invalid parameter type for 'host-nodes', expected: array"
    assert machine.set("host-nodes", 1) == expected
    assert machine.get("host-nodes") == [0, 5, 127]
    assert machine.set("policy", "foo") == "Invalid parameter 'foo'"
    other = Machine()
    other.add(RAM, size=MIB)
    other.process.command(
        {"execute": "qom-get", "arguments": {"path": "/objects/m0", "property": "host-nodes"}}
    )
    assert other.process.finish().exit == -6


@pytest.mark.parametrize("kind", KINDS)
def test_prealloc_touches_the_memory_once(kind: str) -> None:
    """Recorded: at creation, or when it is switched on; switching it off does nothing then."""
    machine = Machine()
    machine.add(kind, size=MIB)
    assert machine.get("prealloc") is False
    for value, touched in ((False, 0), (True, 1), (True, 0), (False, 0), (True, 0)):
        machine.host.calls.clear()
        assert machine.set("prealloc", value) == {}
        calls = machine.host.made("touch_pages")
        assert [call[2:] for call in calls] == [(MIB, PAGE)] * touched
        asked = [("fstatfs", {FILE: 7, MEMFD: 5}.get(kind))] * (touched and kind != RAM)
        assert machine.host.made("fstatfs") == asked
    assert machine.get("prealloc") is True
    early = Machine()
    early.add(kind, size=MIB, prealloc=True)
    assert [call[2:] for call in early.host.made("touch_pages")] == [(MIB, PAGE)]


def test_a_failing_prealloc_can_be_tried_again() -> None:
    """Recorded on a small tmpfs, by qom-set."""
    machine = Machine(touch_pages=[signal.SIGBUS, 0])
    machine.add(FILE, size=MIB)
    assert str(machine.set("prealloc", True)).startswith("os_mem_prealloc: Insufficient")
    assert machine.get("prealloc") is False
    assert machine.set("prealloc", True) == {}
    assert machine.get("prealloc") is True


@pytest.mark.parametrize("kind", KINDS)
def test_mem_prealloc_forces_files_and_memfds_but_no_ram(kind: str) -> None:
    """Recorded: reading gives true, setting true fails, setting false has no effect."""
    machine = Machine("-mem-prealloc")
    assert machine.add(kind, size=MIB, prealloc=False) == {}
    forced = kind != RAM
    assert machine.get("prealloc") is forced
    assert len(machine.host.made("touch_pages")) == (1 if forced else 0)
    refused = "remove -mem-prealloc to use the prealloc property"
    assert machine.set("prealloc", True) == (refused if forced else {})
    assert machine.set("prealloc", False) == {}
    assert machine.get("prealloc") is True
    twice = Machine("-mem-prealloc")
    twice.add(kind, size=MIB)
    assert len(twice.host.made("touch_pages")) == (2 if forced else 1)


@pytest.mark.parametrize("discard", [True, False])
def test_data_is_thrown_away_only_if_the_user_says_so(discard: bool) -> None:
    """Recorded: MADV_REMOVE when the object is deleted, whichever way it goes."""
    for deleted in (True, False):
        machine = Machine()
        machine.add(FILE, size=MIB - 1)
        assert machine.set("discard-data", discard) == {}
        assert machine.get("discard-data") is discard
        machine.advice()
        if deleted:
            assert machine.do("object-del", id="m0") == {}
        else:
            machine.process.command({"execute": "quit"})
        removed = [call for call in machine.host.made("madvise") if call[3] == REMOVE]
        assert [call[2] for call in removed] == [MIB - 1] * discard
    failing = Machine(mmap=[-errno.ENOMEM])
    failing.add(FILE, size=MIB, discard_data=True)
    assert failing.host.made("madvise") == []


def test_a_file_needs_a_path_and_a_system_that_has_it() -> None:
    """Recorded; for Windows backends/hostmem-file.c:file_backend_memory_alloc."""
    nowhere = Machine()
    nowhere.do("object-add", **{"qom-type": FILE, "id": "m0", "props": {"size": MIB}})
    assert nowhere.process.replies[-1]["error"]["desc"] == "mem-path property not set"
    windows = Machine(platform=Platform("windows", map_sync=0, map_shared_validate=0))
    assert windows.add(FILE, size=MIB) == "-mem-path not supported on this host"
    assert windows.host.calls == []
    for system in ("darwin", "linux", "zos"):
        elsewhere = Machine(platform=Platform(system, map_sync=0, map_shared_validate=0))
        assert elsewhere.add(FILE, size=MIB) == {}


def test_pmem_needs_libpmem() -> None:
    """backends/hostmem-file.c:file_memory_backend_set_pmem; off is let pass."""
    without = Machine(platform=Platform(libpmem=False))
    text = (
        f"Lack of libpmem support while setting the 'pmem=on' of {FILE}. We can't ensure data "
        "persistence."
    )
    assert without.add(FILE, size=MIB, pmem=True) == text
    assert without.add(FILE, size=MIB, pmem=False) == {}
    assert Machine().add(FILE, size=MIB, pmem=True) == {}


def test_what_a_backend_was_given_reads_back() -> None:
    """Recorded: qom-get of every property."""
    machine = Machine()
    machine.add(FILE, size=MIB - 1, share=True, align=2 * MIB, pmem=True, discard_data=True)
    expected = {
        "type": FILE,
        "size": MIB - 1,
        "share": True,
        "align": 2 * MIB,
        "pmem": True,
        "discard-data": True,
        "mem-path": "/f",
        "merge": True,
        "dump": True,
        "prealloc": False,
        "policy": "default",
        "sync": False,
    }
    assert {name: machine.get(name) for name in expected} == expected
    plain = Machine()
    plain.add(FILE, size=MIB)
    assert {name: plain.get(name) for name in ("share", "align", "pmem", "discard-data")} == {
        "share": False,
        "align": 0,
        "pmem": False,
        "discard-data": False,
    }


def test_a_memfd_is_sealed_and_shared_unless_told_otherwise() -> None:
    """Recorded: memfd_create, ftruncate, F_ADD_SEALS with grow, shrink and seal."""
    plain = Machine()
    plain.add(MEMFD, size=MIB)
    assert plain.host.made("memfd_create", "fcntl") == [
        ("memfd_create", "memory-backend-memfd", 3),
        ("fcntl", 5, 1033, 0x7),
    ]
    assert plain.host.made("mmap")[1][4] == 0x11
    names = ("share", "seal", "hugetlb", "hugetlbsize")
    assert [plain.get(name) for name in names] == [True, True, False, 0]
    assert plain.set("seal", False) == {}
    assert plain.set("hugetlb", True) == {}
    assert [plain.get(name) for name in names] == [True, False, True, 0]
    other = Machine()
    other.add(MEMFD, size=MIB, seal=False, share=False, hugetlb=True, hugetlbsize=2 * MIB)
    assert other.host.made("memfd_create", "fcntl") == [
        ("memfd_create", "memory-backend-memfd", 5 | 21 << 26)
    ]
    assert other.host.made("mmap")[1][4] == 0x12
    assert [other.get(name) for name in names] == [False, False, True, 2 * MIB]
    refused = Machine().add(MEMFD, size=MIB, hugetlbsize=0)
    assert refused == f"Property '{MEMFD}.hugetlbsize' doesn't take value '0'"


@pytest.mark.parametrize(
    ("works", "said"),
    [
        (lambda flags: False, {RAM: {}, MEMFD: f"invalid object type: {MEMFD}"}),
        (lambda flags: flags == 0, {"hugetlb": False, "hugetlbsize": False, "seal": False}),
        (lambda flags: flags in (0, 2), {"hugetlb": False, "hugetlbsize": False, "seal": True}),
        (lambda flags: flags in (0, 4), {"hugetlb": True, "hugetlbsize": True, "seal": False}),
    ],
)
def test_what_the_kernel_does_not_know_does_not_exist(works: Any, said: dict[str, Any]) -> None:
    """Recorded with memfd_create made to fail: the type, or its properties, are not there."""
    for name, expected in said.items():
        machine = Machine(memfd_probe=[works])
        if name in KINDS:
            assert machine.add(name, size=MIB) == expected
        else:
            value = {"hugetlbsize": 2 * MIB}.get(name, False)
            answer = machine.add(MEMFD, size=MIB, **{name: value})
            assert answer == ({} if expected else f"Property '.{name}' not found")
