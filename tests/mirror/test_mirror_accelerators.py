"""What runs the guest, as far as it matters to RAM of a file: ``exec.c``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno

import pytest
from mirror_host import PAGE, ToldHost
from mirror_numbers import MIB

from qemu_model.host.protocol import Platform
from qemu_model.process import run
from qemu_model.revision import find

#: What each accelerator has against RAM of a file, and from which trees on it is gone.
OBSTACLES = {
    "xen": "-mem-path not supported with Xen",
    "kvm-without-mmu-notifiers": "host lacks kvm mmu notifiers, -mem-path unsupported",
    "own-allocator": "-mem-path not supported with this accelerator",
}


@pytest.mark.parametrize("accelerator", ["tcg", "kvm", *OBSTACLES])
@pytest.mark.parametrize("tree", ["base", "v8", "v7.2"])
def test_an_accelerator_can_be_in_the_way_of_a_file(tree: str, accelerator: str) -> None:
    """exec.c:qemu_ram_alloc_from_fd: the new file is removed again; anonymous RAM is no matter."""
    host = ToldHost(Platform(accelerator=accelerator), open=[-errno.ENOENT, 3])
    backend = "memory-backend-file,id=m0,mem-path=/f,size=1M"
    done = run(["-M", "none", "-object", backend], host, find(tree))
    text = OBSTACLES.get(accelerator)
    if tree == "v7.2" and accelerator == "own-allocator":
        text = None
    if text is None:
        assert (done.exit, done.stderr, host.made("unlink")) == (0, (), [])
    else:
        place = "" if tree == "v7.2" else f" -object {backend}:"
        assert (done.exit, done.stderr) == (1, (f"qemu:{place} {text}",))
        assert host.made("unlink") == [("unlink", "/f")]
        assert host.made("mmap") == host.made("lseek") == []
    anonymous = ["-M", "none", "-object", "memory-backend-ram,id=m0,size=1M"]
    assert run(anonymous, ToldHost(Platform(accelerator=accelerator)), find(tree)).exit == 0


@pytest.mark.parametrize("tree", ["base", "v8", "v7.2"])
@pytest.mark.parametrize(
    ("machine", "accelerator", "align"),
    [
        ("s390x", "kvm", MIB),
        ("s390x", "tcg", PAGE),
        ("s390x", "another", PAGE),
        ("x86_64", "kvm", PAGE),
        ("aarch64", "kvm", PAGE),
    ],
)
def test_on_s390x_with_kvm_a_file_is_aligned_as_anonymous_memory_is(
    machine: str, accelerator: str, align: int, tree: str
) -> None:
    """exec.c:file_ram_alloc."""
    platform = Platform("linux", machine, vmalloc_align=MIB, accelerator=accelerator)
    host = ToldHost(platform)
    backend = "memory-backend-file,id=m0,mem-path=/f,size=1M"
    assert run(["-M", "none", "-object", backend], host, find(tree)).exit == 0
    assert host.made("mmap")[0][2] == MIB + align
