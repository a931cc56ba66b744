"""``backends/hostmem-file.c``: a backend of a file, and the option ``sync``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from . import messages
from .globals import Qemu
from .host.linux import MADV_REMOVE
from .hostmem import (
    HostMemoryBackend,
    backend_type,
    host_memory_backend_init,
    host_memory_backend_memory_complete,
    host_memory_backend_mr_inited,
)
from .memory import (
    memory_region_get_ram_ptr,
    memory_region_init_ram_from_file,
    memory_region_size,
)
from .osdep import qemu_madvise
from .qom import Property, TypeInfo, object_get_canonical_path
from .ram_addr import NO_FLAGS, RAM_PMEM, RAM_SHARED, RAM_SYNC, RAM_SYNC_OR_STOP

if TYPE_CHECKING:
    from .qom import Visitor

C_FILE = "backends/hostmem-file.c"


@attrs.define(eq=False)
class HostMemoryBackendFile(HostMemoryBackend):
    """A file backend; ``align`` in bytes, 0 for the page size of the file.

    ``sync`` is a value of the option's: a boolean is ``on`` or ``off``.
    """

    mem_path: str | None = None
    align: int = 0
    discard_data: bool = False
    is_pmem: bool = False
    sync: str = "off"


def file_backend_instance_init(qemu: Qemu) -> HostMemoryBackendFile:
    """Make a backend with its defaults."""
    backend = HostMemoryBackendFile(TYPE_MEMORY_BACKEND_FILE)
    host_memory_backend_init(qemu, backend)
    if has_sync(qemu):
        backend.sync = qemu.tree.policy.default
    return backend


def file_backend_memory_alloc(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Map the file, under the object's path, with the flags that share, pmem and sync stand for.

    Raises ``can't create backend with size 0``, ``mem-path property not set``,
    ``-mem-path not supported on this host`` and what
    ``exec.c:qemu_ram_alloc_from_file`` raises.
    """
    if not fb.size:
        raise messages.SIZE_NEVER_SET.error()
    if fb.mem_path is None:
        raise messages.NO_MEM_PATH.error()
    if qemu.platform.system == "windows":
        raise messages.NOT_POSIX.error()
    fb.force_prealloc = qemu.mem_prealloc
    ram_flags = RAM_SHARED if fb.share else NO_FLAGS
    if fb.is_pmem:
        ram_flags |= RAM_PMEM
    # Patch 5: the option becomes a flag; patch 3 turns the flag into MAP_SYNC.
    if fb.sync != "off":
        ram_flags |= RAM_SYNC
        if fb.sync in qemu.tree.policy.demands:
            ram_flags |= RAM_SYNC_OR_STOP
    memory_region_init_ram_from_file(
        qemu, fb.mr, object_get_canonical_path(fb), fb.size, fb.align, ram_flags, fb.mem_path
    )


def file_backend_complete(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Complete the backend."""
    host_memory_backend_memory_complete(qemu, fb, lambda: file_backend_memory_alloc(qemu, fb))


def file_backend_unparent(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Throw the file's data away if the user said so, as the object goes."""
    if host_memory_backend_mr_inited(fb) and fb.discard_data:
        qemu_madvise(qemu, memory_region_get_ram_ptr(fb.mr), memory_region_size(fb.mr), MADV_REMOVE)


def get_mem_path(_qemu: Qemu, fb: HostMemoryBackendFile) -> str:
    """Return the path, empty if it was never set."""
    return fb.mem_path or ""


def set_mem_path(qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str) -> None:
    """Set the path.

    Raises, once there is memory, ``cannot change property value``, from patch 4 on
    ``cannot change property 'mem-path' of <type>``.
    """
    value = v.type_str(name)
    refuse_change(qemu, fb, name)
    fb.mem_path = value


def file_memory_backend_get_align(_qemu: Qemu, fb: HostMemoryBackendFile) -> int:
    """Return the alignment in bytes, as it was given."""
    return fb.align


def file_memory_backend_set_align(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Set the alignment.

    Raises, once there is memory, ``cannot change property value``, from patch 4 on
    ``cannot change property 'align' of <type>``.
    """
    refuse_change(qemu, fb, name)
    fb.align = v.type_size(name)


def file_memory_backend_get_discard_data(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return whether the data is thrown away when the object goes."""
    return fb.discard_data


def file_memory_backend_set_discard_data(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Say whether the data is thrown away when the object goes, at any time."""
    fb.discard_data = v.type_bool(name)


def file_memory_backend_get_pmem(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return whether the file is said to be persistent memory."""
    return fb.is_pmem


def file_memory_backend_set_pmem(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Say that the file is persistent memory.

    Raises ``cannot change property 'pmem' of <type>.`` once there is memory, and
    ``Lack of libpmem support ...`` in a build without libpmem.
    """
    value = v.type_bool(name)
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_PMEM.error(type=fb.type.name)
    if value and not qemu.platform.libpmem:
        raise messages.NO_LIBPMEM.error(type=fb.type.name)
    fb.is_pmem = value


def sync_is_boolean(qemu: Qemu) -> bool:
    """V8 makes the option a boolean; before, it also has the value auto."""
    return "auto" not in qemu.tree.policy.values


def file_memory_backend_get_sync(qemu: Qemu, fb: HostMemoryBackendFile) -> bool | str:
    """Return whether MAP_SYNC is wanted."""
    return fb.sync == "on" if sync_is_boolean(qemu) else fb.sync


def file_memory_backend_set_sync(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Patch 5: want MAP_SYNC or not.

    Raises ``cannot change property 'sync' of <type>`` once there is memory, and
    before V8 ``Invalid parameter '<value>'``.
    """
    if sync_is_boolean(qemu):
        value = "on" if v.type_bool(name) else "off"
    else:
        value = v.type_enum(name, qemu.tree.policy.values)
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_QUOTED.error(property=name, type=fb.type.name)
    fb.sync = value


def refuse_change(qemu: Qemu, fb: HostMemoryBackendFile, name: str) -> None:
    """Raise the error for a property that is fixed once there is memory.

    Before patch 4 that is ``cannot change property value``, from then on ``cannot
    change property '<name>' of <type>``.
    """
    if host_memory_backend_mr_inited(fb):
        if qemu.tree.hostmem.errors_name_the_property:
            raise messages.CANNOT_CHANGE_QUOTED.error(property=name, type=fb.type.name)
        raise messages.CANNOT_CHANGE_VALUE.error()


def has_sync(qemu: Qemu) -> bool:
    """Patch 5 adds the property."""
    return qemu.tree.hostmem_file.has_sync


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
        "sync",
        "bool",
        file_memory_backend_get_sync,
        file_memory_backend_set_sync,
        exists=has_sync,
    ),
    unparent=file_backend_unparent,
)
