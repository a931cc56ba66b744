"""``backends/hostmem-file.c``: a backend of a file; no ``sync``, but ``readonly``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from .. import messages
from ..globals import Qemu
from ..host.linux import MADV_REMOVE
from ..hostmem import host_memory_backend_mr_inited
from ..hostmem_file import (
    file_memory_backend_get_align,
    file_memory_backend_get_discard_data,
    file_memory_backend_get_pmem,
    file_memory_backend_set_align,
    file_memory_backend_set_discard_data,
    get_mem_path,
    set_mem_path,
)
from ..osdep import qemu_madvise
from ..qom import Property, TypeInfo
from ..ram_addr import RAM_PMEM
from .hostmem import (
    HostMemoryBackend,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_memory_complete,
    host_memory_backend_post_init,
    host_memory_backend_ram_flags,
    region,
)
from .memory import memory_region_init_ram_from_file

if TYPE_CHECKING:
    from ..qom import Visitor

C_FILE = "backends/hostmem-file.c"


@attrs.define(eq=False)
class HostMemoryBackendFile(HostMemoryBackend):
    """A file backend; ``align`` in bytes, 0 for the page size of the file."""

    mem_path: str | None = None
    align: int = 0
    discard_data: bool = False
    is_pmem: bool = False
    readonly: bool = False


def file_backend_instance_init(qemu: Qemu) -> HostMemoryBackendFile:
    """Make a backend with its defaults."""
    backend = HostMemoryBackendFile(TYPE_MEMORY_BACKEND_FILE)
    host_memory_backend_post_init(qemu, backend)
    return backend


def file_backend_memory_alloc(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Map the file, with the flags that share, reserve and pmem stand for.

    Raises ``-mem-path not supported on this host`` and what
    ``softmmu/physmem.c:qemu_ram_alloc_from_file`` raises.
    """
    if qemu.platform.system == "windows":
        raise messages.NOT_POSIX.error()
    if not fb.size:
        raise messages.SIZE_NEVER_SET.error()
    if fb.mem_path is None:
        raise messages.NO_MEM_PATH.error()
    name = host_memory_backend_get_name(qemu, fb)
    ram_flags = host_memory_backend_ram_flags(fb)
    if fb.is_pmem:
        ram_flags |= RAM_PMEM
    memory_region_init_ram_from_file(
        qemu, fb.mr, name, fb.size, fb.align, ram_flags, fb.mem_path, readonly=fb.readonly
    )


def file_backend_complete(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Complete the backend."""
    host_memory_backend_memory_complete(qemu, fb, lambda: file_backend_memory_alloc(qemu, fb))


def file_memory_backend_set_pmem(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Say that the file is persistent memory.

    Raises ``cannot change property 'pmem' of <type>.`` and, in a build without
    libpmem, ``Lack of libpmem support ...``.
    """
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_STOP.error(property=name, type=fb.type.name)
    if value and not qemu.platform.libpmem:
        raise messages.NO_LIBPMEM.error(type=fb.type.name)
    fb.is_pmem = value


def file_memory_backend_get_readonly(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return whether the file is opened and mapped for reading only."""
    return fb.readonly


def file_memory_backend_set_readonly(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Open and map the file for reading only.

    Raises ``cannot change property 'readonly' of <type>.``.
    """
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_STOP.error(property=name, type=fb.type.name)
    fb.readonly = value


def file_backend_unparent(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Leave ``/objects``; with ``discard-data`` the file's content goes too."""
    if host_memory_backend_mr_inited(fb) and fb.discard_data:
        qemu_madvise(qemu, *region(fb), MADV_REMOVE)


TYPE_MEMORY_BACKEND_FILE: Final[TypeInfo] = backend_type(
    "memory-backend-file",
    file_backend_instance_init,
    file_backend_complete,
    Property("mem-path", "string", get_mem_path, set_mem_path),
    Property("align", "int", file_memory_backend_get_align, file_memory_backend_set_align),
    Property(
        "discard-data",
        "bool",
        file_memory_backend_get_discard_data,
        file_memory_backend_set_discard_data,
    ),
    Property("pmem", "bool", file_memory_backend_get_pmem, file_memory_backend_set_pmem),
    Property(
        "readonly",
        "bool",
        file_memory_backend_get_readonly,
        file_memory_backend_set_readonly,
    ),
    unparent=file_backend_unparent,
)
