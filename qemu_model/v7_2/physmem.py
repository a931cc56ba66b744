"""``softmmu/physmem.c``: RAM blocks, from a file or anonymous (in 2018: ``exec.c``)."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .. import messages
from .. import physmem as exec
from ..error import Abort, Error, Livelock
from ..globals import Qemu
from ..host.linux import (
    ERRNO_NUMBERS,
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_HUGEPAGE,
    MADV_MERGEABLE,
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    SEEK_END,
)
from ..mmap_alloc import qemu_fd_getpagesize
from ..osdep import host_page_align, is_power_of_2, off_t, qemu_madvise, round_up
from ..ram_addr import RAM_NORESERVE, RAM_PMEM, RAM_SHARED, RAMBlock, RamFlags
from .mmap_alloc import MapFlags, mmap_errno, qemu_ram_mmap, qemu_ram_munmap
from .oslib_posix import qemu_anon_ram_alloc, qemu_anon_ram_free

if TYPE_CHECKING:
    from ..memory import MemoryRegion

C_FILE = "softmmu/physmem.c"

EINTR = ERRNO_NUMBERS["EINTR"]
ENOENT = ERRNO_NUMBERS["ENOENT"]
EEXIST = ERRNO_NUMBERS["EEXIST"]
EISDIR = ERRNO_NUMBERS["EISDIR"]

#: How a file is opened that must be new.
CREATE = O_RDWR | O_CREAT | O_EXCL
#: What 7.2 may be asked to allocate from a file.
KNOWN_FLAGS = RAM_SHARED | RAM_PMEM | RAM_NORESERVE
#: After this many rounds with the same answers the model calls file_ram_open's loop endless.
SAME_ANSWERS = 16


@attrs.define(eq=False)
class RAMBlock72(RAMBlock):
    """A stretch of guest RAM; ``readonly`` if QEMU itself may not write to it.

    ``behind_end``: the file was empty and could not be given its size.
    """

    readonly: bool = False
    behind_end: bool = False


def get_file_size(qemu: Qemu, fd: int) -> int:
    """Return the size in bytes of the file or device DAX, or the negative errno of ``lseek``."""
    size = qemu.host.dax_device_size(fd)
    return size if size is not None else qemu.host.lseek(fd, 0, SEEK_END)


def file_ram_open(qemu: Qemu, path: str, region_name: str, *, readonly: bool) -> tuple[int, bool]:
    """Open the file at ``path``, or create it, or a nameless one if it is a directory.

    A file that is not there is created for writing even if ``readonly``.  Returns the
    descriptor and whether a file was created that has a name.  Raises ``can't open
    backing store <path> for guest RAM: <strerror>``.  Where the kernel says ENOENT and
    then EEXIST for ever, as for a symbolic link to nothing, QEMU never returns: that is
    :class:`Livelock`.
    """
    host = qemu.host
    rounds: list[tuple[int, int]] = []
    while True:
        fd = host.open(path, O_RDONLY if readonly else O_RDWR, None)
        if fd >= 0:
            return fd, False
        opened = fd
        if fd == -ENOENT:
            fd = host.open(path, CREATE, 0o644)
            if fd >= 0:
                return fd, True
        elif fd == -EISDIR:
            sanitized = region_name.replace("/", "_")
            fd, filename = _mkstemp(qemu, f"{path}/qemu_back_mem.{sanitized}.")
            if fd >= 0:
                host.unlink(filename)
                return fd, False
        if fd not in (-EEXIST, -EINTR):
            raise messages.CANT_OPEN.error(-fd, path=path)
        rounds.append((opened, fd))
        if len(rounds) >= SAME_ANSWERS and len(set(rounds[-SAME_ANSWERS:])) == 1:
            raise Livelock("file_ram_open")


def _mkstemp(qemu: Qemu, prefix: str) -> tuple[int, str]:
    """mkstemp(3): open a new file whose name is ``prefix`` and six characters.

    Returns the descriptor, or the negative errno, and the name.
    """
    for _ in range(exec.MKSTEMP_ATTEMPTS):
        filename = prefix + qemu.host.temporary_name()
        fd = qemu.host.open(filename, CREATE, 0o600)
        if fd != -EEXIST:
            return fd, filename
    return -EEXIST, ""


def file_ram_alloc(qemu: Qemu, block: RAMBlock72, memory: int, fd: int, *, truncate: bool) -> int:
    """Map ``memory`` bytes of the file, rounded up to its pages, and return the address.

    An empty file is first given that size; if that fails, ``ftruncate:
    <strerror>`` is printed and QEMU goes on.  Raises ``alignment ...``,
    ``memory size ...`` and ``unable to map backing store for guest RAM: <strerror>``.
    """
    block.page_size = qemu_fd_getpagesize(qemu, fd)
    mr = block.mr
    if mr.align % block.page_size:
        raise messages.ALIGN_PAGE_SIZE.error(align=mr.align, page_size=block.page_size)
    if mr.align and not is_power_of_2(mr.align):
        raise messages.ALIGN_POWER_OF_TWO.error(align=mr.align)
    mr.align = max(block.page_size, mr.align)
    if qemu.platform.machine == "s390x" and qemu.platform.accelerator == "kvm":
        mr.align = max(mr.align, qemu.platform.vmalloc_align)

    if memory < block.page_size:
        raise messages.SIZE_BELOW_PAGE.error(size=memory, page_size=block.page_size)
    memory = round_up(memory, block.page_size)

    if truncate:
        result = qemu.host.ftruncate(fd, off_t(memory))
        if result:
            qemu.fprintf_stderr(messages.FTRUNCATE, -result)
            block.behind_end = True

    flags = MapFlags(0)
    if block.readonly:
        flags |= MapFlags.READONLY
    if RAM_SHARED in block.flags:
        flags |= MapFlags.SHARED
    if RAM_PMEM in block.flags:
        flags |= MapFlags.SYNC
    if RAM_NORESERVE in block.flags:
        flags |= MapFlags.NORESERVE
    area = qemu_ram_mmap(qemu, fd, memory, mr.align, flags)
    if area < 0:
        raise messages.UNABLE_TO_MAP.error(mmap_errno(area))

    block.fd = fd
    return area


def qemu_ram_alloc_from_fd(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, fd: int, *, readonly: bool
) -> RAMBlock72:
    """Make a RAM block of ``size`` bytes, rounded up to whole pages, of what ``fd`` is open on.

    Raises ``-mem-path not supported with Xen``, ``host lacks kvm mmu notifiers, ...``,
    ``backing store size ... does not match 'size' option ...`` and what
    ``file_ram_alloc`` raises.
    """
    assert ram_flags in KNOWN_FLAGS

    if qemu.platform.accelerator == "xen":
        raise messages.MEM_PATH_XEN.error()
    if qemu.platform.accelerator == "kvm-without-mmu-notifiers":
        raise messages.MEM_PATH_KVM.error()

    size = host_page_align(qemu, size)
    file_size = get_file_size(qemu, fd)
    if 0 < file_size < size:
        raise messages.SIZE_MISMATCH.error(found=file_size, wanted=size)

    block = RAMBlock72(mr, size, size, ram_flags, qemu.platform.page_size, readonly=readonly)
    block.host = file_ram_alloc(qemu, block, size, fd, truncate=file_size == 0)
    ram_block_add(qemu, block)
    return block


def qemu_ram_alloc_from_file(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, path: str, *, readonly: bool
) -> RAMBlock72:
    """Make a RAM block of the file at ``path``; a file created in vain is removed again.

    Raises what ``file_ram_open`` and ``qemu_ram_alloc_from_fd`` raise.
    """
    fd, created = file_ram_open(qemu, path, mr.name, readonly=readonly)
    try:
        return qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd, readonly=readonly)
    except Error:
        if created:
            qemu.host.unlink(path)
        qemu.host.close(fd)
        raise


def qemu_ram_alloc(qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags) -> RAMBlock72:
    """Make an anonymous RAM block of ``size`` bytes, rounded up to whole pages.

    Raises what ``ram_block_add`` raises.
    """
    size = host_page_align(qemu, size)
    block = RAMBlock72(mr, size, size, ram_flags, qemu.platform.page_size)
    ram_block_add(qemu, block)
    return block


def find_ram_offset(qemu: Qemu, size: int) -> int:
    """Return where ``size`` bytes fit best in the ram address space: in the smallest gap.

    Size 0 is an assertion that fails, and QEMU aborts; so it does where there is no gap.
    """
    if not size:
        raise Abort(messages.ASSERT_SIZE)
    return exec.find_ram_offset(qemu, size)


def memory_try_enable_merging(qemu: Qemu, addr: int, length: int) -> None:
    """Let KSM look at the range, unless the machine says ``mem-merge=off``."""
    if qemu.machine.mem_merge:
        qemu_madvise(qemu, addr, length, MADV_MERGEABLE)


def qemu_ram_setup_dump(qemu: Qemu, addr: int, length: int) -> None:
    """Keep the range out of core dumps if the machine says ``dump-guest-core=off``.

    Where the kernel refuses, QEMU says so on stderr and goes on.
    """
    if not qemu.machine.dump_guest_core:
        result = qemu_madvise(qemu, addr, length, MADV_DONTDUMP)
        if result:
            qemu.fprintf_stderr(messages.DONTDUMP_FAILED, -result)
            qemu.fprintf_stderr(messages.DONTDUMP_UNSUPPORTED)


def ram_block_add(qemu: Qemu, block: RAMBlock) -> None:
    """Add a block to the list of blocks, giving it anonymous memory if it has none yet.

    Raises ``cannot set up guest memory '<name>': <strerror>``.
    """
    block.offset = find_ram_offset(qemu, block.max_length)
    if not block.host:
        host, block.mr.align = qemu_anon_ram_alloc(
            qemu,
            block.max_length,
            shared=RAM_SHARED in block.flags,
            noreserve=RAM_NORESERVE in block.flags,
        )
        if host < 0:
            raise messages.CANNOT_SET_UP.error(mmap_errno(host), name=block.mr.name)
        block.host = host
        memory_try_enable_merging(qemu, block.host, block.max_length)

    smaller = (
        place for place, other in enumerate(qemu.ram_blocks) if other.max_length < block.max_length
    )
    qemu.ram_blocks.insert(next(smaller, len(qemu.ram_blocks)), block)

    qemu_ram_setup_dump(qemu, block.host, block.max_length)
    qemu_madvise(qemu, block.host, block.max_length, MADV_HUGEPAGE)
    qemu_madvise(qemu, block.host, block.max_length, MADV_DONTFORK)


def reclaim_ramblock(qemu: Qemu, block: RAMBlock) -> None:
    """Unmap a block and close its file: the RCU thread does it, after all readers."""
    if block.fd >= 0:
        qemu_ram_munmap(qemu, block.fd, block.host, block.max_length)
        qemu.host.close(block.fd)
    else:
        qemu_anon_ram_free(qemu, block.host, block.max_length)


def drain_call_rcu(qemu: Qemu) -> None:
    """Reclaim what waited for its readers to leave (``util/rcu.c:drain_call_rcu``)."""
    while qemu.call_rcu:
        reclaim_ramblock(qemu, qemu.call_rcu.pop(0))
