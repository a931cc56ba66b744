"""What releases without a recording do about memory, read in their C.

The expected side is the C of the release's tag, named in each case.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest

from qemu_model.host.faults import FaultHost, parse
from qemu_model.host.profiles import load
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Run, run
from qemu_model.revision import find

MIB = 1 << 20
FILE = "memory-backend-file,id=b0,size=4M,mem-path=/mnt/new"


def on(revision: str, *args: str, host: str = "default", qmp: tuple[object, ...] = ()) -> Run:
    line = ["-M", "none", *args]
    return run(line, SimulatedHost(load(host)), find(revision), qmp=qmp)


def ask(execute: str, **arguments: object) -> dict[str, object]:
    return {"execute": execute, "arguments": {"path": "/objects/b0", **arguments}}


@pytest.mark.parametrize(
    ("revision", "text"),
    [
        ("qemu-3.1", "cannot change property 'pmem' of memory-backend-file 'b0'"),
        ("base", "cannot change property 'pmem' of memory-backend-file."),
        ("qemu-5.1", "cannot change property 'pmem' of memory-backend-file."),
    ],
)
def test_error_about_pmem_named_the_object_in_3_1(revision: str, text: str) -> None:
    """hostmem-file.c:file_memory_backend_set_pmem of 3.1, and commit 87dc3ce60a after it."""
    done = on(revision, "-object", FILE, qmp=(ask("qom-set", property="pmem", value=True),))
    assert done.replies[0]["error"]["desc"] == text


@pytest.mark.parametrize("revision", ["qemu-4.0", "qemu-4.1"])
def test_pmem_of_4_0_and_4_1_wants_a_file_that_exists(revision: str) -> None:
    """oslib-posix.c:qemu_get_pmem_size, which 4.2 no longer has."""
    done = on(revision, "-object", f"{FILE},pmem=on")
    assert (done.exit, done.stderr) == (
        1,
        (f'qemu: -object {FILE},pmem=on: unable to stat pmem file "/mnt/new"',),
    )
    assert on("qemu-4.2", "-object", f"{FILE},pmem=on").exit == 0
    found = {}
    for size in (0, MIB, 4 * MIB):
        host = SimulatedHost(load("default"))
        host.ftruncate(host.open("/mnt/new", 0o102, 0o644), size)
        line = ["-M", "none", "-object", f"{FILE},pmem=on"]
        found[size] = run(line, host, find(revision)).stderr
    assert found[4 * MIB] == ()
    assert found[0][0].endswith("memory_region_get_ram_ptr: Assertion `mr->ram_block' failed.")
    assert found[MIB][0].endswith(
        'size property 4194304 is larger than pmem file "/mnt/new" size 1048576'
    )


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        ("qemu-6.1", "os_mem_prealloc: Insufficient free host memory pages available"),
        ("qemu-7.0", "os_mem_prealloc: preallocating memory failed: Cannot allocate memory"),
        ("qemu-7.1", "os_mem_prealloc: preallocating memory failed: Cannot allocate memory"),
        ("qemu-8.0", "qemu_prealloc_mem: preallocating memory failed: Cannot allocate memory"),
        ("qemu-9.0", "qemu_prealloc_mem: preallocating memory failed: Cannot allocate memory"),
    ],
)
def test_failed_preallocation_is_said_as_the_release_says_it(revision: str, says: str) -> None:
    """oslib-posix.c:os_mem_prealloc, qemu_prealloc_mem since 7.2."""
    full = parse("madvise:error=ENOMEM:when=6") + parse("touch_pages:error=EFAULT")
    host = FaultHost(SimulatedHost(load("default")), full)
    line = ["-M", "none", "-object", "memory-backend-ram,id=b0,size=4M,prealloc=on"]
    assert says in run(line, host, find(revision)).stderr[0]


def test_merge_off_aborts_9_1_alone() -> None:
    """hostmem.c:host_memory_backend_set_merge: 9.1 has a condition upside down."""
    line = ("-object", "memory-backend-ram,id=b0,size=4M,merge=off")
    done = on("qemu-9.1", *line)
    assert (done.exit, len(done.stderr)) == (-6, 1)
    assert done.stderr[0].endswith("memory_region_get_ram_ptr: Assertion `mr->ram_block' failed.")
    assert [on(other, *line).exit for other in ("qemu-9.0", "qemu-9.2")] == [0, 0]


@pytest.mark.parametrize(
    ("revision", "exit"), [("qemu-8.1", 0), ("qemu-9.2", 0), ("qemu-10.0", 1), ("qemu-10.2", 1)]
)
def test_file_that_ends_before_the_offset_is_refused_since_10_0(revision: str, exit: int) -> None:
    """physmem.c:qemu_ram_alloc_from_fd: the file is neither empty nor long enough."""
    host = SimulatedHost(load("default"))
    fd = host.open("/mnt/new", 0o102, 0o644)
    host.ftruncate(fd, MIB)
    done = run(["-M", "none", "-object", f"{FILE},offset=4M"], host, find(revision))
    assert done.exit == exit


@pytest.mark.parametrize(("revision", "mode"), [("qemu-7.2", "MPOL_PREFERRED"), ("qemu-8.0", 5)])
def test_preferred_policy_may_prefer_many_nodes_since_8_0(revision: str, mode: object) -> None:
    """hostmem.c:host_memory_backend_memory_complete; numaif.h: MPOL_PREFERRED_MANY is 5."""
    line = "memory-backend-ram,id=b0,size=4M,host-nodes=0,policy=preferred"
    done = on(revision, "-object", line)
    bound = [event for event in done.events if event.call == "mbind"]
    assert [event.args[2] for event in bound] == [1 if mode == "MPOL_PREFERRED" else mode]


@pytest.mark.parametrize(("revision", "calls"), [("qemu-5.0", 1), ("qemu-5.1", 0)])
def test_memory_without_nodes_is_not_bound_since_5_1(revision: str, calls: int) -> None:
    """hostmem.c:host_memory_backend_memory_complete."""
    done = on(revision, "-object", "memory-backend-ram,id=b0,size=4M")
    assert sum(event.call == "mbind" for event in done.events) == calls


@pytest.mark.parametrize(
    ("revision", "function"),
    [
        ("qemu-3.1", "exec.c:get_file_size"),
        ("qemu-5.1", "exec.c:get_file_size"),
        ("qemu-5.2", "softmmu/physmem.c:get_file_size"),
        ("qemu-8.1", "softmmu/physmem.c:get_file_size"),
        ("qemu-8.2", "system/physmem.c:get_file_size"),
    ],
)
def test_call_is_by_the_function_as_the_release_names_it(revision: str, function: str) -> None:
    """The files of each release's tag: exec.c, softmmu/physmem.c, system/physmem.c."""
    done = on(revision, "-object", FILE)
    assert [event.by for event in done.events if event.call == "lseek"] == [function]
