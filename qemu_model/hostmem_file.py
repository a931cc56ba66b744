"""``backends/hostmem-file.c``: a backend of a file, and the option ``sync``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from . import messages
from .globals import Qemu
from .host.caller import makes_calls
from .host.linux import MADV_REMOVE
from .hostmem import (
    HostMemoryBackend,
    _host_memory_backend_ram_flags,
    backend_type,
    host_memory_backend_get_name,
    host_memory_backend_init,
    host_memory_backend_mr_inited,
    host_memory_backend_post_init,
)
from .memory import (
    memory_region_get_ram_ptr,
    memory_region_init_ram_from_file,
    memory_region_size,
)
from .osdep import qemu_madvise
from .oslib_posix import qemu_get_pmem_size
from .qom import Property, TypeInfo
from .ram_addr import (
    RAM_PMEM,
    RAM_READONLY,
    RAM_READONLY_FD,
    RAM_SYNC,
    RAM_SYNC_OR_STOP,
)
from .records.ram_flags import RamFlags

if TYPE_CHECKING:
    from .qom import Visitor

C_FILE = "backends/hostmem-file.c"


@attrs.define(eq=False, repr=False)
class HostMemoryBackendFile(HostMemoryBackend):
    """A file backend; ``align`` in bytes, 0 for the page size of the file.

    ``offset`` in bytes is where in the file the memory begins.  ``rom`` is ``auto``,
    ``on`` or ``off``.  ``sync`` is a value of the option's: a boolean is ``on`` or ``off``.
    """

    mem_path: str | None = None
    align: int = 0
    discard_data: bool = False
    is_pmem: bool = False
    sync: str = "off"
    offset: int = 0
    readonly: bool = False
    rom: str = "auto"


def _file_backend_instance_init(qemu: Qemu) -> HostMemoryBackendFile:
    """Make a backend with its defaults."""
    backend = HostMemoryBackendFile(TYPE_MEMORY_BACKEND_FILE)
    host_memory_backend_init(qemu, backend)
    host_memory_backend_post_init(qemu, backend)
    if qemu.tree.hostmem_file.has_sync:
        backend.sync = qemu.tree.policy.default
    return backend


def file_backend_memory_alloc(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Map the file, with the flags for the options.

    Raises ``backend '<type>' not supported on this host`` (before 4.0 ``-mem-path not
    supported on this host``), ``can't create backend with size 0``, ``mem-path property not
    set``, ``unable to stat pmem file "<path>"`` and ``size property <n> is larger than pmem
    file ...`` (4.0 and 4.1, which leave the backend without memory where the file is
    empty), ``property 'rom' = ...`` and what ``qemu_ram_alloc_from_file`` raises.
    """
    posix = qemu.platform.system != "windows"
    if not posix and qemu.tree.hostmem_file.looks_at_the_host_first:
        raise messages.NOT_POSIX.error(type=fb.type.name)
    if not fb.size:
        raise messages.SIZE_NEVER_SET.error()
    if fb.mem_path is None:
        raise messages.NO_MEM_PATH.error()
    if not posix:
        raise messages.NOT_POSIX.error(type=fb.type.name)
    if fb.is_pmem and qemu.tree.hostmem_file.checks_the_size_of_pmem:
        size = qemu_get_pmem_size(qemu, fb.mem_path)
        if not size:
            return
        if fb.size > size:
            raise messages.PMEM_TOO_SMALL.error(wanted=fb.size, path=fb.mem_path, found=size)
    _decide_rom(fb)
    if not qemu.tree.hostmem.mem_prealloc_is_a_default:
        fb.force_prealloc = qemu.mem_prealloc
    fb.aligned = True
    memory_region_init_ram_from_file(
        qemu,
        fb.mr,
        host_memory_backend_get_name(qemu, fb),
        fb.size,
        fb.align,
        _ram_flags(qemu, fb),
        fb.mem_path,
        fb.offset,
    )


def _decide_rom(fb: HostMemoryBackendFile) -> None:
    """Turn ``rom=auto`` into what ``readonly`` says, and refuse what contradicts it (8.2)."""
    if fb.rom == "auto":
        fb.rom = "on" if fb.readonly else "off"
    elif fb.rom == "on" and not fb.readonly:
        raise messages.ROM_WRITABLE.error()
    elif fb.rom == "off" and fb.readonly and fb.share:
        raise messages.ROM_OFF_SHARED.error()


def _ram_flags(qemu: Qemu, fb: HostMemoryBackendFile) -> RamFlags:
    """Return the flags of the block: share, reserve, pmem, readonly, rom and sync."""
    flags = _host_memory_backend_ram_flags(fb)
    if fb.readonly:
        flags |= RAM_READONLY_FD
    if fb.rom == "on":
        flags |= RAM_READONLY
    if fb.is_pmem:
        flags |= RAM_PMEM
    # Patch 5: the option becomes a flag; patch 3 turns the flag into MAP_SYNC.
    if fb.sync != "off":
        flags |= RAM_SYNC
        if fb.sync in qemu.tree.policy.demands:
            flags |= RAM_SYNC_OR_STOP
    return flags


@makes_calls
def file_backend_unparent(qemu: Qemu, fb: HostMemoryBackendFile) -> None:
    """Discard the file's data if ``discard-data`` is on, when the object is deleted."""
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
    _refuse_change(qemu, fb, name)
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
    _refuse_change(qemu, fb, name)
    fb.align = v.type_size(name)


def file_memory_backend_get_discard_data(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return whether the data is discarded when the object is deleted."""
    return fb.discard_data


def file_memory_backend_set_discard_data(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Set whether the data is discarded when the object is deleted; accepted at any time."""
    fb.discard_data = v.type_bool(name)


def file_memory_backend_get_offset(_qemu: Qemu, fb: HostMemoryBackendFile) -> int:
    """Return where in the file the memory begins, in bytes."""
    return fb.offset


def file_memory_backend_set_offset(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Set where in the file the memory begins, in bytes.

    Raises ``cannot change property 'offset' of <type>`` once there is memory.
    """
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_QUOTED.error(property=name, type=fb.type.name)
    fb.offset = v.type_size(name)


def file_memory_backend_get_pmem(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return the property pmem: whether the user declares the file persistent memory."""
    return fb.is_pmem


def file_memory_backend_set_pmem(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Say that the file is persistent memory.

    Raises ``cannot change property 'pmem' of <type>.`` once there is memory, and before 6.0
    ``Lack of libpmem support ...`` in a build without libpmem.
    """
    value = v.type_bool(name)
    _refuse_with_a_stop(fb, name)
    if value and not qemu.platform.libpmem:
        raise messages.NO_LIBPMEM.error(type=fb.type.name, id=fb.id or "(null)")
    fb.is_pmem = value


def file_memory_backend_get_readonly(_qemu: Qemu, fb: HostMemoryBackendFile) -> bool:
    """Return whether the file is opened read-only."""
    return fb.readonly


def file_memory_backend_set_readonly(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Open the file read-only.

    Raises ``cannot change property 'readonly' of <type>.`` once there is memory.
    """
    value = v.type_bool(name)
    _refuse_with_a_stop(fb, name)
    fb.readonly = value


def file_memory_backend_get_rom(_qemu: Qemu, fb: HostMemoryBackendFile) -> str:
    """Return whether the guest gets ROM; ``auto`` is decided when the file is mapped."""
    return fb.rom


def file_memory_backend_set_rom(
    _qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Say whether the guest gets ROM.

    Raises ``cannot change property 'rom' of <type>.`` once there is memory, and
    ``Parameter 'rom' does not accept value '<value>'``.
    """
    _refuse_with_a_stop(fb, name)
    fb.rom = v.type_enum(name, ("auto", "on", "off"))


def _refuse_with_a_stop(fb: HostMemoryBackendFile, name: str) -> None:
    """Raise the error, with a full stop, for a property that is fixed once there is memory."""
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_STOP.error(property=name, type=fb.type.name, id=fb.id)


def _sync_is_boolean(qemu: Qemu) -> bool:
    """V8 makes the option a boolean; before, it also has the value auto."""
    return "auto" not in qemu.tree.policy.values


def file_memory_backend_get_sync(qemu: Qemu, fb: HostMemoryBackendFile) -> bool | str:
    """Return whether MAP_SYNC is requested."""
    return fb.sync == "on" if _sync_is_boolean(qemu) else fb.sync


def file_memory_backend_set_sync(
    qemu: Qemu, fb: HostMemoryBackendFile, v: Visitor, name: str
) -> None:
    """Patch 5: request MAP_SYNC or not.

    Raises ``cannot change property 'sync' of <type>`` once there is memory, and
    before V8 ``Invalid parameter '<value>'``.
    """
    if _sync_is_boolean(qemu):
        value = "on" if v.type_bool(name) else "off"
    else:
        value = v.type_enum(name, qemu.tree.policy.values)
    if host_memory_backend_mr_inited(fb):
        raise messages.CANNOT_CHANGE_QUOTED.error(property=name, type=fb.type.name)
    fb.sync = value


def _refuse_change(qemu: Qemu, fb: HostMemoryBackendFile, name: str) -> None:
    """Raise the error for a property that is fixed once there is memory.

    Before patch 4 that is ``cannot change property value``, from then on ``cannot
    change property '<name>' of <type>``.
    """
    if host_memory_backend_mr_inited(fb):
        if qemu.tree.hostmem.errors_name_the_property:
            raise messages.CANNOT_CHANGE_QUOTED.error(property=name, type=fb.type.name)
        raise messages.CANNOT_CHANGE_VALUE.error()


def _has_pmem(qemu: Qemu) -> bool:
    """Return whether the property exists: since 6.0 only in a build with libpmem."""
    return not qemu.tree.hostmem_file.lacks_pmem_without_libpmem or qemu.platform.libpmem


def _has_sync(qemu: Qemu) -> bool:
    """Patch 5 adds the property."""
    return qemu.tree.hostmem_file.has_sync


TYPE_MEMORY_BACKEND_FILE: Final[TypeInfo] = backend_type(
    "memory-backend-file",
    _file_backend_instance_init,
    Property("mem-path", "string", get_mem_path, set_mem_path),
    Property("align", "int", file_memory_backend_get_align, file_memory_backend_set_align),
    Property(
        "discard-data",
        "bool",
        file_memory_backend_get_discard_data,
        file_memory_backend_set_discard_data,
    ),
    Property(
        "offset",
        "int",
        file_memory_backend_get_offset,
        file_memory_backend_set_offset,
        "Offset into the target file (ex: 1G)",
        since="8.1",
    ),
    Property(
        "pmem",
        "bool",
        file_memory_backend_get_pmem,
        file_memory_backend_set_pmem,
        exists=_has_pmem,
    ),
    Property(
        "readonly",
        "bool",
        file_memory_backend_get_readonly,
        file_memory_backend_set_readonly,
        since="6.0",
    ),
    Property(
        "rom",
        "OnOffAuto",
        file_memory_backend_get_rom,
        file_memory_backend_set_rom,
        "Whether to create Read Only Memory (ROM)",
        since="8.2",
    ),
    Property(
        "sync",
        "bool",
        file_memory_backend_get_sync,
        file_memory_backend_set_sync,
        exists=_has_sync,
    ),
    alloc=file_backend_memory_alloc,
    unparent=file_backend_unparent,
)
