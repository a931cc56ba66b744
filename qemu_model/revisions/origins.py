"""In which file each release has a C function: files moved, functions were renamed and split.

The mirror, the messages and the clauses name a function as the newest release has it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .release import Release, by_release, value_in

#: A file's names, by the newest.
_FILES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "system/physmem.c": {
            "3.1": "exec.c",
            "5.2": "softmmu/physmem.c",
            "8.2": "system/physmem.c",
        },
        "system/memory.c": {
            "3.1": "memory.c",
            "5.1": "softmmu/memory.c",
            "8.2": "system/memory.c",
        },
        "system/bootdevice.c": {
            "3.1": "bootdevice.c",
            "5.2": "softmmu/bootdevice.c",
            "8.2": "system/bootdevice.c",
        },
        "system/vl.c": {"3.1": "vl.c", "5.0": "softmmu/vl.c", "8.2": "system/vl.c"},
        "system/qdev-monitor.c": {
            "3.1": "qdev-monitor.c",
            "5.2": "softmmu/qdev-monitor.c",
            "8.2": "system/qdev-monitor.c",
        },
        "hw/core/numa.c": {"3.1": "numa.c", "4.1": "hw/core/numa.c"},
    }
)
#: A function's names by the newest, with the file where it was another.
_FUNCTIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "util/mmap-alloc.c:mmap_reserve": {"3.1": "qemu_ram_mmap", "6.1": "mmap_reserve"},
        "util/mmap-alloc.c:mmap_activate": {"3.1": "qemu_ram_mmap", "6.1": "mmap_activate"},
        "util/oslib-posix.c:qemu_shm_alloc": {
            "9.1": "backends/hostmem-shm.c:shm_backend_memory_alloc",
            "10.0": "util/oslib-posix.c:qemu_shm_alloc",
        },
        "cpu-target.c:parse_cpu_option": {
            "3.1": "exec.c:parse_cpu_option",
            "5.2": "cpu.c:parse_cpu_option",
            "8.2": "parse_cpu_option",
        },
        "util/oslib-posix.c:qemu_prealloc_mem": {
            "3.1": "os_mem_prealloc",
            "7.2": "qemu_prealloc_mem",
        },
    }
)


@functools.cache
def origin_in(function: str, release: Release) -> str:
    """Return how ``release`` calls ``FILE:FUNCTION``, named as in the newest release."""
    c_file, separator, name = function.partition(":")
    files, names = _FILES.get(c_file), _FUNCTIONS.get(function)
    if files is not None:
        c_file = value_in(by_release(files), release) or c_file
    if names is not None:
        name = value_in(by_release(names), release) or name
        if ":" in name:
            return name
    return f"{c_file}{separator}{name}"


@functools.cache
def _newest_files() -> Mapping[str, str]:
    return MappingProxyType({old: new for new, names in _FILES.items() for old in names.values()})


@functools.cache
def newest_origin(function: str) -> str:
    """Return ``FILE:FUNCTION``, named as any release does, with the newest name of the file."""
    c_file, separator, name = function.partition(":")
    return f"{_newest_files().get(c_file, c_file)}{separator}{name}"
