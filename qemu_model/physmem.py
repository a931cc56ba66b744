"""``exec.c``: RAM blocks, from a file or anonymous."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from . import messages
from .error import Abort, Error, Livelock
from .globals import Qemu
from .host import linux
from .host.linux import (
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_DONTNEED,
    MADV_HUGEPAGE,
    MADV_MERGEABLE,
    MADV_REMOVE,
    O_CREAT,
    O_EXCL,
    O_RDWR,
    SEEK_END,
)
from .mmap_alloc import qemu_fd_getpagesize, qemu_ram_mmap, qemu_ram_munmap
from .osdep import host_page_align, is_power_of_2, off_t, qemu_madvise, round_up
from .oslib_posix import os_mem_prealloc, qemu_anon_ram_alloc, qemu_anon_ram_free
from .ram_addr import (
    NO_FLAGS,
    RAM_PMEM,
    RAM_SHARED,
    RAM_SYNC,
    RAM_SYNC_OR_STOP,
    RAMBlock,
    RamFlags,
)

if TYPE_CHECKING:
    from .memory import MemoryRegion

C_FILE = "exec.c"

EINTR = linux.ERRNO_NUMBERS["EINTR"]
ENOENT = linux.ERRNO_NUMBERS["ENOENT"]
EEXIST = linux.ERRNO_NUMBERS["EEXIST"]
EISDIR = linux.ERRNO_NUMBERS["EISDIR"]
ENXIO = linux.ERRNO_NUMBERS["ENXIO"]

#: What a tree may be asked to allocate from a file.
KNOWN_FLAGS = RAM_SHARED | RAM_PMEM | RAM_SYNC | RAM_SYNC_OR_STOP
#: mkstemp(3) gives up after this many names that exist; QEMU then begins again.
MKSTEMP_ATTEMPTS = 62**3
#: After this many rounds with the same answers the model calls file_ram_open's loop endless.
SAME_ANSWERS = 16


def file_ram_open(qemu: Qemu, path: str, region_name: str) -> tuple[int, bool]:
    """Open the file at ``path``, or create it, or a nameless one if it is a directory.

    Returns the descriptor and whether a file was created that has a name.
    Raises ``can't open backing store <path> for guest RAM: <strerror>``.  Where
    the kernel says ENOENT and then EEXIST for ever, as for a symbolic link to
    nothing, QEMU never returns: that is :class:`Livelock`.
    """
    host = qemu.host
    rounds: list[tuple[int, int]] = []
    while True:
        fd = host.open(path, O_RDWR, None)
        if fd >= 0:
            return fd, False
        opened = fd
        if fd == -ENOENT:
            fd = host.open(path, O_RDWR | O_CREAT | O_EXCL, 0o644)
            if fd >= 0:
                return fd, True
        elif fd == -EISDIR:
            sanitized = region_name.replace("/", "_")
            fd, filename = _mkstemp(qemu, f"{path}/qemu_back_mem.{sanitized}.")
            if fd == -EEXIST:
                raise Livelock("file_ram_open")
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
    attempts = 0
    while True:
        filename = prefix + qemu.host.temporary_name()
        fd = qemu.host.open(filename, O_RDWR | O_CREAT | O_EXCL, 0o600)
        attempts += 1
        if fd != -EEXIST or attempts == MKSTEMP_ATTEMPTS:
            return fd, filename


def get_file_size(qemu: Qemu, fd: int) -> int:
    """Return the size in bytes of the file, or the negative errno of ``lseek``."""
    return qemu.host.lseek(fd, 0, SEEK_END)


def file_ram_alloc(qemu: Qemu, block: RAMBlock, memory: int, fd: int, *, truncate: bool) -> int:
    """Map ``memory`` bytes of the file, rounded up to its pages, and return the address.

    An empty file is first given that size; if that fails, ``ftruncate:
    <strerror>`` is printed and QEMU goes on.  Raises ``alignment ...``,
    ``memory size ...``, ``unable to map backing store for guest RAM:
    <strerror>`` and, under -mem-prealloc, what ``os_mem_prealloc`` raises.
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
        if result < 0:
            qemu.fprintf_stderr(messages.FTRUNCATE, -result)

    # Patch 2: the block's flags are handed on, no longer RAM_SHARED alone as a bool.
    flags = block.flags if qemu.tree.mmap_alloc.takes_flags else block.flags & RAM_SHARED
    area = qemu_ram_mmap(qemu, fd, memory, mr.align, flags)
    if area < 0:
        raise messages.UNABLE_TO_MAP.error(-area)

    if qemu.mem_prealloc:
        try:
            os_mem_prealloc(qemu, fd, area, memory)
        except Error:
            qemu_ram_munmap(qemu, area, memory)
            raise

    block.fd = fd
    return area


def qemu_ram_alloc_from_fd(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, fd: int
) -> RAMBlock:
    """Make a RAM block of ``size`` bytes, rounded up to whole pages, of what ``fd`` is open on.

    Raises ``-mem-path not supported with Xen`` and its like where the accelerator is
    in the way, ``backing store <path> size ... does not match 'size' option ...``, with
    the path of -mem-path whatever file is meant, and what ``file_ram_alloc`` raises.
    """
    assert ram_flags & ~KNOWN_FLAGS == NO_FLAGS

    accelerator = qemu.platform.accelerator
    if accelerator == "xen":
        raise messages.MEM_PATH_XEN.error()
    if accelerator == "kvm-without-mmu-notifiers":
        raise messages.MEM_PATH_KVM.error()
    if accelerator == "own-allocator":
        raise messages.MEM_PATH_ACCELERATOR.error()

    size = host_page_align(qemu, size)
    file_size = get_file_size(qemu, fd)
    if 0 < file_size < size:
        path = "(null)" if qemu.mem_path is None else qemu.mem_path
        raise messages.SIZE_MISMATCH.error(path=path, found=file_size, wanted=size)

    block = RAMBlock(mr, size, size, ram_flags, qemu.platform.page_size)
    block.host = file_ram_alloc(qemu, block, size, fd, truncate=file_size == 0)
    ram_block_add(qemu, block)
    return block


def qemu_ram_alloc_from_file(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, path: str
) -> RAMBlock:
    """Make a RAM block of the file at ``path``; a file created in vain is removed again.

    Raises what ``file_ram_open`` and ``qemu_ram_alloc_from_fd`` raise.
    """
    fd, created = file_ram_open(qemu, path, mr.name)
    qemu.paths[fd] = path
    try:
        return qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd)
    except Error:
        if created:
            qemu.host.unlink(path)
        qemu.host.close(fd)
        raise


def qemu_ram_alloc(qemu: Qemu, size: int, mr: MemoryRegion, *, share: bool) -> RAMBlock:
    """Make an anonymous RAM block of ``size`` bytes, rounded up to whole pages.

    Raises what ``ram_block_add`` raises.
    """
    size = host_page_align(qemu, size)
    flags = RAM_SHARED if share else NO_FLAGS
    block = RAMBlock(mr, size, size, flags, qemu.platform.page_size)
    ram_block_add(qemu, block)
    return block


def find_ram_offset(qemu: Qemu, size: int) -> int:
    """Return where ``size`` bytes fit best in the ram address space: in the smallest gap.

    Size 0 is an assertion that fails, and QEMU aborts; so it does where there is no gap.
    """
    if size == 0:
        raise Abort(messages.ASSERT_SIZE)
    if not qemu.ram_blocks:
        return 0

    # Blocks start at whole words of the dirty bitmap: 64 pages.
    alignment = 64 * qemu.platform.page_size
    fitting = []
    for block in qemu.ram_blocks:
        candidate = round_up(block.offset + block.max_length, alignment)
        following = min(
            (other.offset for other in qemu.ram_blocks if other.offset >= candidate),
            default=(1 << 64) - 1,
        )
        gap = following - candidate
        if size <= gap:
            fitting.append((gap, candidate))
    if not fitting:
        raise Abort(messages.NO_RAM_GAP, size=size)
    _, offset = min(fitting, key=lambda place: place[0])
    return offset


def memory_try_enable_merging(qemu: Qemu, addr: int, length: int) -> None:
    """Let KSM look at the range, unless the machine says ``mem-merge=off``."""
    if qemu.machine.mem_merge:
        qemu_madvise(qemu, addr, length, MADV_MERGEABLE)


def qemu_ram_setup_dump(qemu: Qemu, addr: int, length: int) -> None:
    """Keep the range out of core dumps if the machine says ``dump-guest-core=off``.

    A failure is printed in two lines, and QEMU goes on.
    """
    if not qemu.machine.dump_guest_core:
        result = qemu_madvise(qemu, addr, length, MADV_DONTDUMP)
        if result < 0:
            qemu.fprintf_stderr(messages.DONTDUMP_FAILED, -result)
            qemu.fprintf_stderr(messages.DONTDUMP_UNSUPPORTED)


def ram_block_add(qemu: Qemu, block: RAMBlock) -> None:
    """Add a block to the list of blocks, giving it anonymous memory if it has none yet.

    Raises ``cannot set up guest memory '<name>': <strerror>``.
    """
    block.offset = find_ram_offset(qemu, block.max_length)
    if not block.host:
        shared = RAM_SHARED in block.flags
        host, block.mr.align = qemu_anon_ram_alloc(qemu, block.max_length, shared=shared)
        if host < 0:
            raise messages.CANNOT_SET_UP.error(-host, name=block.mr.name)
        block.host = host
        memory_try_enable_merging(qemu, block.host, block.max_length)

    smaller = (
        place for place, other in enumerate(qemu.ram_blocks) if other.max_length < block.max_length
    )
    position = next(smaller, len(qemu.ram_blocks))
    qemu.ram_blocks.insert(position, block)

    qemu_ram_setup_dump(qemu, block.host, block.max_length)
    qemu_madvise(qemu, block.host, block.max_length, MADV_HUGEPAGE)
    qemu_madvise(qemu, block.host, block.max_length, MADV_DONTFORK)


def reclaim_ramblock(qemu: Qemu, block: RAMBlock) -> None:
    """Unmap a block and close its file: the RCU thread does it, after all readers."""
    if block.fd >= 0:
        qemu_ram_munmap(qemu, block.host, block.max_length)
        qemu.host.close(block.fd)
    else:
        qemu_anon_ram_free(qemu, block.host, block.max_length)


def qemu_ram_free(qemu: Qemu, block: RAMBlock) -> None:
    """Take a block off the list and leave the rest to the RCU thread."""
    qemu.ram_blocks.remove(block)
    qemu.call_rcu.append(block)


def drain_call_rcu(qemu: Qemu) -> None:
    """Reclaim what waited for its readers to leave (``util/rcu.c:drain_call_rcu``)."""
    while qemu.call_rcu:
        reclaim_ramblock(qemu, qemu.call_rcu.pop(0))


def ram_block_discard_range(qemu: Qemu, block: RAMBlock, length: int) -> None:
    """Give the first ``length`` bytes of a block back to the kernel.

    Of a file QEMU also punches a hole, which is not modelled.
    """
    if block.page_size == qemu.platform.page_size:
        anonymous = block.fd == -1 and bool(block.flags & RAM_SHARED)
        qemu_madvise(qemu, block.host, length, MADV_REMOVE if anonymous else MADV_DONTNEED)
