"""``backends/hostmem*.c``: what other builds, systems and kernels lead to, and V2 to V7's sync.

The expected side is the function that a test names, in C, or the letter of the version.
What Linux and a build with everything do is in the recordings.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno

import pytest
from mirror_host import PAGE, ToldHost, qemu_on
from mirror_numbers import EVERY_TREE, MIB
from mirror_process import FILE, KINDS, MEMFD, RAM, Machine

from qemu_model.host.protocol import Platform
from qemu_model.hostmem import (
    TYPE_MEMORY_BACKEND,
    HostMemoryBackend,
    host_memory_backend_memory_complete,
)
from qemu_model.process import run
from qemu_model.revision import find

#: What each accelerator has against RAM of a file.
OBSTACLES = {
    "xen": "-mem-path not supported with Xen",
    "kvm-without-mmu-notifiers": "host lacks kvm mmu notifiers, -mem-path unsupported",
    "own-allocator": "-mem-path not supported with this accelerator",
}
BACKEND = "memory-backend-file,id=m0,mem-path=/f,size=1M"


@pytest.mark.parametrize("accelerator", ["tcg", "kvm", *OBSTACLES])
@EVERY_TREE
def test_accelerator_that_cannot_map_files_refuses_them_and_the_new_file_is_removed(
    tree: str, accelerator: str
) -> None:
    """exec.c:qemu_ram_alloc_from_fd; the third obstacle is gone since 5.0."""
    host = ToldHost(Platform(accelerator=accelerator), open=[-errno.ENOENT, 3])
    done = run(["-M", "none", "-object", BACKEND], host, find(tree))
    old = tree in ("base", "v8")
    text = None if accelerator == "own-allocator" and not old else OBSTACLES.get(accelerator)
    if text is None:
        assert (done.exit, done.stderr, host.made("unlink")) == (0, (), [])
    else:
        place = f" -object {BACKEND}:" if old else ""
        assert (done.exit, done.stderr) == (1, (f"qemu:{place} {text}",))
        assert host.made("unlink") == [("unlink", "/f")]
        assert host.made("mmap", "lseek") == []
    anonymous = ["-M", "none", "-object", "memory-backend-ram,id=m0,size=1M"]
    assert run(anonymous, ToldHost(Platform(accelerator=accelerator)), find(tree)).exit == 0


@EVERY_TREE
@pytest.mark.parametrize(
    ("machine", "accelerator", "align"),
    [("s390x", "kvm", MIB), ("s390x", "tcg", PAGE), ("x86_64", "kvm", PAGE)],
)
def test_on_s390x_with_kvm_a_file_is_aligned_as_anonymous_memory_is(
    machine: str, accelerator: str, align: int, tree: str
) -> None:
    """exec.c:file_ram_alloc."""
    platform = Platform("linux", machine, vmalloc_align=MIB, accelerator=accelerator)
    host = ToldHost(platform)
    assert run(["-M", "none", "-object", BACKEND], host, find(tree)).exit == 0
    assert host.made("mmap")[0][2] == MIB + align


@EVERY_TREE
def test_build_without_libnuma_binds_nothing(tree: str) -> None:
    """backends/hostmem.c: all of it is for builds with CONFIG_NUMA."""
    machine = Machine(tree=tree, platform=Platform(libnuma=False))
    assert machine.add(RAM) == {}
    assert machine.host.made("mbind") == []


@pytest.mark.parametrize(
    ("tree", "on", "off"),
    [
        (
            "v8",
            f"Lack of libpmem support while setting the 'pmem=on' of {FILE}. We can't ensure "
            "data persistence.",
            {},
        ),
        ("qemu-7.2", *["Parameter 'pmem' is unexpected"] * 2),
    ],
)
def test_build_without_libpmem_refuses_pmem(tree: str, on: object, off: object) -> None:
    """hostmem-file.c:file_memory_backend_set_pmem; since 6.0 qapi/qom.json has no pmem then."""
    for value, expected in ((True, on), (False, off)):
        without = Machine(tree=tree, platform=Platform(libpmem=False))
        assert without.add(FILE, pmem=value) == expected
        assert Machine(tree=tree).add(FILE, pmem=value) == {}


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ("v8", "-mem-path not supported on this host"),
        ("qemu-7.2", "backend 'memory-backend-file' not supported on this host"),
    ],
)
def test_windows_maps_no_files_and_other_systems_do(tree: str, said: str) -> None:
    """hostmem-file.c:file_backend_memory_alloc without CONFIG_POSIX."""
    windows = Machine(tree=tree, platform=Platform("windows", map_sync=0, map_shared_validate=0))
    assert (windows.add(FILE), windows.host.made("open")) == (said, [])
    for system in ("darwin", "zos"):
        elsewhere = Platform(system, map_sync=0, map_shared_validate=0)
        machine = Machine(tree=tree, platform=elsewhere)
        assert machine.add(FILE) == {}
        # qapi/machine.json:Memdev has 'reserve' on Linux alone.
        assert "reserve" not in machine.do("query-memdev")[0]


@pytest.mark.parametrize("tree", ["v8", "qemu-7.2"])
def test_memfd_backend_needs_seals_and_hugetlb_needs_a_kernel_with_it(tree: str) -> None:
    """hostmem-memfd.c:register_types; memfd_create(2): MFD_HUGETLB is 4, MFD_ALLOW_SEALING 2."""
    for seals, huge in ((True, True), (True, False), (False, False)):
        machine = Machine(
            tree=tree, memfd_probe=[lambda flags, s=seals, h=huge: h if flags & 4 else s]
        )
        assert (machine.add(MEMFD, id="m1") == {}) is seals
        assert (machine.add(MEMFD, hugetlb=True) == {}) is (seals and huge)


@pytest.mark.parametrize("kind", KINDS)
def test_mem_prealloc_in_v8_forces_files_and_memfds_but_no_ram(kind: str) -> None:
    """hostmem.c:host_memory_backend_set_prealloc; exec.c touches them once more."""
    machine = Machine("-mem-prealloc")
    assert machine.add(kind, prealloc=False) == {}
    forced = kind != RAM
    assert machine.get("prealloc") is forced
    refused = "remove -mem-prealloc to use the prealloc property"
    assert machine.set("prealloc", True) == (refused if forced else {})
    twice = Machine("-mem-prealloc")
    twice.add(kind)
    assert len(twice.host.made("touch_pages")) == (2 if forced else 1)


@pytest.mark.parametrize("words", [("-mem-prealloc",), ()])
def test_memory_that_is_preallocated_must_be_reserved(words: tuple[str, ...]) -> None:
    """hostmem.c: with -mem-prealloc prealloc is on before an object says anything."""
    for given in ({"prealloc": True, "reserve": False}, {"reserve": False, "prealloc": True}):
        machine = Machine(*words, tree="qemu-7.2")
        assert machine.add(RAM, **given) == "'prealloc=on' and 'reserve=off' are incompatible"
        assert machine.host.made("mmap") == []
    alone = Machine(*words, tree="qemu-7.2").add(RAM, reserve=False)
    assert (alone == {}) is (not words)


def test_sync_of_v6_has_three_values() -> None:
    """The letters of V3 to V7; since V8 it is a bool of patch 5."""
    then = Machine(tree="v6")
    assert then.add(FILE) == {}
    assert then.get("sync") == "auto"
    assert then.set("sync", "x") == "Invalid parameter 'x'"
    assert then.set("sync", "off") == f"cannot change property 'sync' of {FILE}"
    assert then.add(FILE, "m1", sync="off") == {}
    assert then.get("sync", "/objects/m1") == "off"
    assert Machine(tree="v8/4").add(FILE, sync=True) == "Property '.sync' not found"


def test_map_sync_is_asked_for_with_the_options_of_the_letter() -> None:
    """The letters of V6, V7 and V8."""
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
    machine.add(FILE, share=share, pmem=pmem, sync=sync == "on" if tree == "v8" else sync)
    return any(call[4] & 0x80000 for call in machine.host.made("mmap"))


def test_abstract_backend_allocates_nothing() -> None:
    """No object is of an abstract type."""
    with pytest.raises(AssertionError):
        TYPE_MEMORY_BACKEND.instance_init(qemu_on(ToldHost()))


def test_a_backend_whose_class_has_no_alloc_takes_no_memory() -> None:
    """backends/hostmem.c:host_memory_backend_memory_complete: ``if (!bc->alloc) return;``."""
    host = ToldHost()
    host_memory_backend_memory_complete(qemu_on(host), HostMemoryBackend(TYPE_MEMORY_BACKEND))
    assert host.calls == []
