"""Hosts as people have them: a server, a container, and small changes on the command line."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qemu_model.host import profiles
from qemu_model.host.profile_changes import CHANGES
from qemu_model.host.profiles import ProfileError
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import QEMU_7_2

MIB, GIB = 1 << 20, 1 << 30


def stderr(host: str, *args: str) -> tuple[str, ...]:
    return run(args, SimulatedHost(profiles.load(host)), QEMU_7_2).stderr


def backend(**values: str) -> tuple[str, str]:
    named = {"size": "1G", **values}
    kind = named.pop("kind", "memory-backend-file")
    text = ",".join(f"{name.replace('_', '-')}={value}" for name, value in named.items())
    return "-object", f"{kind},id=b,{text}"


@pytest.mark.parametrize(
    ("path", "file_system"),
    [
        ("/dev/shm/x", "tmpfs"),
        ("/dev/hugepages/x", "hugetlbfs"),
        ("/dev/hugepages1G/x", "hugetlbfs"),
        ("/var/lib/libvirt/images/x", "xfs"),
        ("/mnt/pmem0/x", "ext4-dax"),
        ("/tmp/x", "tmpfs"),
        ("/srv/x", "ext4"),
        ("/dev/pmem0", "block"),
        ("/dev/dax1.0", "device-dax"),
    ],
)
def test_a_server_has_file_systems_where_people_have_them(path: str, file_system: str) -> None:
    from qemu_model.findings.surroundings import rules_of

    assert rules_of(profiles.load("server"), path).name == file_system


def test_a_directory_that_is_not_there_is_enoent() -> None:
    (said,) = stderr("server", *backend(mem_path="/data/x"))
    assert said.endswith(
        "can't open backing store /data/x for guest RAM: No such file or directory"
    )
    assert stderr("server", *backend(mem_path="/var/lib/libvirt/qemu/ram/1-vm/x")) == ()


def test_pages_bound_to_a_node_come_from_that_node_alone() -> None:
    huge = {"kind": "memory-backend-memfd", "hugetlb": "on", "prealloc": "on", "size": "20G"}
    (said,) = stderr("server", *backend(**huge, policy="bind", host_nodes="1"))
    assert "preallocating memory failed: Bad address" in said
    assert stderr("server", *backend(**huge, policy="bind", host_nodes="1-2")) == ()
    assert stderr("server", *backend(**huge)) == ()


def test_changes_are_applied_in_order() -> None:
    profile = profiles.load("server,huge-pages=10,huge-pages-1G=2,memory=64G,shm=1G,nodes=0-1")
    assert profile.name == "server,huge-pages=10,huge-pages-1G=2,memory=64G,shm=1G,nodes=0-1"
    assert dict(profile.huge_pages) == {2 * MIB: 10, GIB: 2}
    assert {size: dict(nodes) for size, nodes in profile.node_huge_pages.items()} == {
        2 * MIB: {0: 5, 1: 5},
        GIB: {0: 1, 1: 1},
    }
    assert (profile.kernel.memory, profile.nodes) == (64 * GIB, frozenset({0, 1}))
    assert profile.mounts["/dev/shm"].size == GIB


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("pages=1", "there is no change 'pages' of a profile; there are: huge-pages, "),
        ("memory=much", "memory takes a size such as 64G, not 'much'"),
        ("overcommit=3", "overcommit takes a number up to 2, not '3'"),
        ("nodes=3-1", "nodes takes a node or a range such as 0-3, not '3-1'"),
        ("libpmem=yes", "libpmem takes on or off, not 'yes'"),
        ("kernel=new", "kernel takes a version such as 6.1, not 'new'"),
    ],
)
def test_a_change_that_there_is_not_is_refused_in_one_line(change: str, says: str) -> None:
    with pytest.raises(ProfileError) as error:
        profiles.load(f"server,{change}")
    assert says in str(error.value)


@given(st.sampled_from(sorted(CHANGES)), st.text(max_size=8), st.sampled_from(["server", "pod"]))
def test_any_value_of_a_change_is_taken_or_refused(name: str, value: str, base: str) -> None:
    try:
        profile = profiles.load(f"{base},{name}={value}")
    except ProfileError as error:
        said = str(error)
    else:
        said = profile.name
    assert said
