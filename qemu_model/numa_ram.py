"""``numa.c`` before 5.0: where the guest's RAM comes from if it is not a backend of its own."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from . import messages
from .error import Error, Exit
from .globals import Qemu
from .hostmem import host_memory_backend_get_memory, host_memory_backend_set_mapped
from .memory import (
    memory_region_add_subregion,
    memory_region_init,
    memory_region_init_ram_from_file,
    memory_region_init_ram_nomigrate,
    memory_region_is_mapped,
)
from .qom import object_get_canonical_path_component
from .ram_addr import NO_FLAGS, MemoryRegion

C_FILE = "hw/core/numa.c"


def allocate_system_memory_nonnuma(qemu: Qemu, mr: MemoryRegion, name: str, ram_size: int) -> None:
    """Take the guest's RAM, ``ram_size`` bytes, from -mem-path, or anonymous memory.

    If -mem-path fails its error is printed; under -mem-prealloc QEMU then exits with 1, else
    it prints that it falls back, and takes anonymous memory.  Where that fails too, it prints
    ``cannot set up guest memory '<name>': <strerror>`` and exits with 1.
    """
    if qemu.mem_path is not None:
        try:
            memory_region_init_ram_from_file(qemu, mr, name, ram_size, 0, NO_FLAGS, qemu.mem_path)
        except Error as error:
            qemu.error_report_err(error)
            if qemu.mem_prealloc:
                raise Exit(1) from error
            _report_fallback(qemu)
        else:
            return
    try:
        memory_region_init_ram_nomigrate(qemu, mr, name, ram_size)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error


def _report_fallback(qemu: Qemu) -> None:
    """Print ``falling back to regular RAM allocation``, since 4.1 as deprecated."""
    if qemu.tree.numa.fallback_is_deprecated:
        qemu.warn_report(messages.FALLING_BACK)
        qemu.fprintf_stderr(messages.FALLING_BACK_DEPRECATED)
    else:
        qemu.error_report(messages.FALLING_BACK)


def memory_region_allocate_system_memory(
    qemu: Qemu, mr: MemoryRegion, name: str, ram_size: int
) -> None:
    """Take the guest's RAM: the backends of the nodes, one after the other, or RAM of its own.

    Prints what ``allocate_system_memory_nonnuma`` prints, or ``memory backend <id>
    is used multiple times. ...`` and exits with 1.
    """
    numa = qemu.numa
    if not numa.nb_numa_nodes or numa.have_memdevs != 1:
        allocate_system_memory_nonnuma(qemu, mr, name, ram_size)
        return

    memory_region_init(mr, name, ram_size)
    for node in range(numa.nb_numa_nodes):
        backend = numa.info(node).node_memdev
        if backend is None:
            continue
        seg = host_memory_backend_get_memory(backend)
        if memory_region_is_mapped(seg):
            path = object_get_canonical_path_component(qemu, backend)
            qemu.error_report(messages.MEMDEV_USED_TWICE, id=path)
            # Patch 1: the string belongs to the caller, who frees it.
            if qemu.tree.numa.frees_the_memdev_name:
                qemu.heap.g_free(path)
            raise Exit(1)
        host_memory_backend_set_mapped(backend, True)
        memory_region_add_subregion(mr, seg)
