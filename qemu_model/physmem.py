"""``system/physmem.c``: RAM blocks, from a file or anonymous (``exec.c`` before 5.2)."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from stat import S_ISCHR, S_ISDIR

from . import messages
from .error import Abort, Error, Livelock, Message
from .glib import g_ascii_strtoll
from .globals import Qemu
from .host import linux
from .host.caller import CALL_RCU, MAIN, makes_calls
from .host.linux import (
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_DONTNEED,
    MADV_HUGEPAGE,
    MADV_MERGEABLE,
    MADV_REMOVE,
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    SEEK_END,
)
from .memfd import qemu_memfd_check, qemu_memfd_create
from .mmap_alloc import _mmap_errno, qemu_fd_getpagesize, qemu_ram_mmap, qemu_ram_munmap
from .osdep import host_page_align, is_power_of_2, off_t, qemu_madvise, round_up
from .oslib_posix import (
    Preallocation,
    qemu_anon_ram_alloc,
    qemu_anon_ram_free,
    qemu_prealloc_mem,
    qemu_shm_alloc,
)
from .ram_addr import (
    RAM_NORESERVE,
    RAM_PMEM,
    RAM_PRIVATE,
    RAM_READONLY,
    RAM_READONLY_FD,
    RAM_SHARED,
    RAM_SYNC,
    RAM_SYNC_OR_STOP,
    MemoryRegion,
    RAMBlock,
)
from .records.ram_flags import RamFlags

C_FILE = "system/physmem.c"

EINTR = linux.ERRNO_NUMBERS["EINTR"]
ENOENT = linux.ERRNO_NUMBERS["ENOENT"]
EEXIST = linux.ERRNO_NUMBERS["EEXIST"]
EISDIR = linux.ERRNO_NUMBERS["EISDIR"]
EACCES = linux.ERRNO_NUMBERS["EACCES"]

#: The mode of fallocate when a block is discarded.
PUNCH_HOLE = linux.FALLOC_FL_PUNCH_HOLE | linux.FALLOC_FL_KEEP_SIZE
#: The flags of open for a file that must be new.
CREATE = O_RDWR | O_CREAT | O_EXCL
#: The flags of a block that is allocated from a file.
KNOWN_FLAGS = (
    RAM_SHARED
    | RAM_PMEM
    | RAM_SYNC
    | RAM_SYNC_OR_STOP
    | RAM_NORESERVE
    | RAM_READONLY
    | RAM_READONLY_FD
)
NOT_PRIVATE = ~RAM_PRIVATE
#: mkstemp(3) gives up after this many names that exist; QEMU then begins again.
MKSTEMP_ATTEMPTS = 62**3
#: After so many rounds with the same answers the model treats file_ram_open's loop as endless.
SAME_ANSWERS = 16


@makes_calls
def get_file_size(qemu: Qemu, fd: int) -> int:
    """Return the size in bytes of a file or device DAX, or the negative errno of ``lseek``.

    That of a device DAX is in sysfs, where QEMU reads it since 4.2; before, and where it
    cannot be read, QEMU asks lseek.
    """
    if qemu.tree.physmem.reads_the_size_of_device_dax and qemu.platform.system == "linux":
        device = _character_device(qemu, fd)
        if device is not None:
            subsystem = qemu.host.readlink(f"{device}/subsystem")
            if isinstance(subsystem, str) and subsystem.endswith("/dax"):
                size = _number_in(qemu, f"{device}/size")
                if size is not None:
                    return size
    return qemu.host.lseek(fd, 0, SEEK_END)


def _character_device(qemu: Qemu, fd: int) -> str | None:
    """Return the directory in sysfs of the character device ``fd`` is open on, None if none."""
    found = qemu.host.fstat(fd)
    if isinstance(found, int) or not S_ISCHR(found.st_mode):
        return None
    return f"/sys/dev/char/{linux.major(found.st_rdev)}:{linux.minor(found.st_rdev)}"


def _number_in(qemu: Qemu, path: str) -> int | None:
    """Return the number that a file in sysfs holds, None if it cannot be read."""
    content = qemu.host.read_file(path)
    return g_ascii_strtoll(content) if isinstance(content, str) else None


@makes_calls
def file_ram_open(
    qemu: Qemu, path: str, region_name: str, readonly: bool = False
) -> tuple[int, bool]:
    """Open the file at ``path``, or create it, or a nameless one if it is a directory.

    Returns the descriptor, or the negative errno, and whether a file was created that has
    a name.  Until 8.1 a file that is not there is created for writing even if
    ``readonly``; since 8.2 that is ENOENT, and a directory EISDIR.  Where the kernel
    answers ENOENT and then EEXIST for ever, as for a symbolic link to nothing, QEMU never
    returns: :class:`Livelock`.
    """
    host = qemu.host
    creates = not (qemu.tree.physmem.readonly_makes_no_file and readonly)
    rounds: list[tuple[int, int]] = []
    while True:
        fd = host.open(path, O_RDONLY if readonly else O_RDWR, None)
        if fd >= 0:
            if not creates and _is_directory(qemu, fd):
                host.close(fd)
                return -EISDIR, False
            return fd, False
        opened = fd
        if fd == -ENOENT:
            if not creates:
                return fd, False
            fd = host.open(path, CREATE, 0o644)
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
            return fd, False
        rounds.append((opened, fd))
        if len(rounds) >= SAME_ANSWERS and len(set(rounds[-SAME_ANSWERS:])) == 1:
            raise Livelock("file_ram_open")


def _is_directory(qemu: Qemu, fd: int) -> bool:
    found = qemu.host.fstat(fd)
    return not isinstance(found, int) and S_ISDIR(found.st_mode)


def _mkstemp(qemu: Qemu, prefix: str) -> tuple[int, str]:
    """mkstemp(3): open a new file whose name is ``prefix`` and six characters.

    Returns the descriptor, or the negative errno, and the name.
    """
    attempts = 0
    while True:
        filename = prefix + qemu.host.temporary_name()
        fd = qemu.host.open(filename, CREATE, 0o600)
        attempts += 1
        if fd != -EEXIST or attempts == MKSTEMP_ATTEMPTS:
            return fd, filename


@makes_calls
def file_ram_alloc(
    qemu: Qemu, block: RAMBlock, memory: int, fd: int, truncate: bool, offset: int = 0
) -> int:
    """Map ``memory`` bytes of the file, rounded up to its pages, and return the address.

    An empty file is first given that size; where that fails QEMU prints ``ftruncate:
    <strerror>`` and continues.  ``offset`` in bytes is where in the file the
    block begins.  Raises ``alignment ...``, ``offset ...``, ``memory size ...``, ``unable
    to map backing store for guest RAM: <strerror>`` and, before 5.0 under -mem-prealloc,
    what ``os_mem_prealloc`` raises.
    """
    block.page_size = qemu_fd_getpagesize(qemu, fd)
    mr = block.mr
    if mr.align % block.page_size:
        raise messages.ALIGN_PAGE_SIZE.error(align=mr.align, page_size=block.page_size)
    if mr.align and not is_power_of_2(mr.align):
        raise messages.ALIGN_POWER_OF_TWO.error(align=mr.align)
    if offset % block.page_size:
        raise messages.OFFSET_PAGE_SIZE.error(offset=offset, page_size=block.page_size)
    mr.align = max(block.page_size, mr.align)
    if qemu.platform.machine == "s390x" and qemu.platform.accelerator == "kvm":
        mr.align = max(mr.align, qemu.platform.vmalloc_align)

    if memory < block.page_size:
        raise messages.SIZE_BELOW_PAGE.error(size=memory, page_size=block.page_size)
    memory = round_up(memory, block.page_size)

    if truncate:
        result = qemu.host.ftruncate(fd, off_t(offset + memory & 0xFFFF_FFFF_FFFF_FFFF))
        if result:
            qemu.fprintf_stderr(messages.FTRUNCATE, -result)

    # Patch 2: the block's flags are passed, no longer RAM_SHARED alone as a bool.
    flags = block.flags if qemu.tree.mmap_alloc.takes_flags else block.flags & RAM_SHARED
    area = qemu_ram_mmap(qemu, fd, memory, mr.align, flags, off_t(offset))
    if area < 0:
        raise messages.UNABLE_TO_MAP.error(_mmap_errno(area))

    if qemu.mem_prealloc and not qemu.tree.physmem.leaves_preallocation_to_the_backend:
        try:
            qemu_prealloc_mem(qemu, fd, area, memory, Preallocation(qemu.smp_cpus))
        except Error:
            qemu_ram_munmap(qemu, fd, area, memory)
            raise

    block.fd = fd
    return area


def qemu_ram_alloc_from_fd(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, fd: int, offset: int = 0
) -> RAMBlock:
    """Make a RAM block of ``size`` bytes, rounded up to whole pages, of what ``fd`` is open on.

    ``offset`` in bytes is where in the file it begins.  Raises ``-mem-path not supported
    with Xen`` and its like where the accelerator does not support it, ``backing store ...``
    where the file is too small, and what ``file_ram_alloc`` raises.
    """
    ram_flags &= NOT_PRIVATE
    assert ram_flags in KNOWN_FLAGS

    accelerator = qemu.platform.accelerator
    if accelerator == "xen":
        raise messages.MEM_PATH_XEN.error()
    if accelerator == "kvm-without-mmu-notifiers":
        raise messages.MEM_PATH_KVM.error()
    if accelerator == "own-allocator" and not qemu.tree.physmem.knows_no_other_allocator:
        raise messages.MEM_PATH_ACCELERATOR.error()

    size = host_page_align(qemu, size)
    file_size = get_file_size(qemu, fd)
    _check_file_size(qemu, file_size, size, offset, mr)
    _check_file_align(qemu, fd, mr)

    block = RAMBlock(mr, size, size, ram_flags, qemu.platform.page_size)
    block.fd_offset = offset
    block.host = file_ram_alloc(qemu, block, size, fd, file_size == 0, offset)
    ram_block_add(qemu, block)
    return block


def _check_file_size(qemu: Qemu, found: int, size: int, offset: int, mr: MemoryRegion) -> None:
    """Raise the error for a file that is not empty and ends before the block does.

    From 8.1 to 9.2 a file that ends before the block begins passes.  The path in the
    message is that of -mem-path before 5.0, whatever file is meant.
    """
    end = offset + size & 0xFFFF_FFFF_FFFF_FFFF
    least = 0 if qemu.tree.physmem.refuses_an_offset_behind_the_end else off_t(offset)
    if least < found < end:
        path = "(null)" if qemu.mem_path is None else qemu.mem_path
        raise messages.SIZE_MISMATCH.error(
            path=path, found=found, wanted=size, offset=offset, region=mr.name
        )


def _check_file_align(qemu: Qemu, fd: int, mr: MemoryRegion) -> None:
    """Raise the error for a device DAX that is mapped in larger units than 'align' says."""
    if qemu.tree.physmem.checks_the_align_of_device_dax:
        align = get_file_align(qemu, fd)
        if align > mr.align:
            raise messages.DEVICE_ALIGN.error(found=align, align=mr.align)


@makes_calls
def get_file_align(qemu: Qemu, fd: int) -> int:
    """Return in which units, in bytes, a device DAX can be mapped; -1 for anything else.

    QEMU asks libdaxctl (since 5.1); a build without it does not know.
    """
    if qemu.platform.libdaxctl:
        device = _character_device(qemu, fd)
        if device is not None:
            align = _number_in(qemu, f"{device}/../dax_region/align")
            if align is not None:
                return align
    return -1


@makes_calls
def qemu_ram_alloc_from_file(
    qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags, path: str, offset: int = 0
) -> RAMBlock:
    """Make a RAM block of the file at ``path``.  If that fails, a created file is removed.

    Raises ``can't open backing store <path> for guest RAM: <strerror>``, since 8.2 with a
    hint where the file could be opened read-only, and what ``qemu_ram_alloc_from_fd``
    raises.
    """
    readonly = RAM_READONLY_FD in ram_flags
    fd, created = file_ram_open(qemu, path, mr.name, readonly)
    if fd < 0:
        hint = ""
        if _could_be_read_only(qemu, ram_flags, fd):
            again, _ = file_ram_open(qemu, path, mr.name, True)
            if again >= 0:
                qemu.host.close(again)
                hint = messages.READ_ONLY_HINT
        raise messages.CANT_OPEN.error(-fd, path=path, hint=hint)
    try:
        return qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd, offset)
    except Error:
        if created:
            qemu.host.unlink(path)
        qemu.host.close(fd)
        raise


def _could_be_read_only(qemu: Qemu, ram_flags: RamFlags, refusal: int) -> bool:
    """Return whether QEMU tries to open a private file read-only, after ``refusal``."""
    return (
        qemu.tree.physmem.readonly_makes_no_file
        and refusal == -EACCES
        and not ram_flags & (RAM_READONLY_FD | RAM_SHARED)
    )


def qemu_ram_get_shared_fd(qemu: Qemu, name: str) -> int:
    """Return a descriptor of a new memory file, of no size yet (since 10.0).

    Raises what ``qemu_memfd_create`` and ``qemu_shm_alloc`` raise.
    """
    if qemu_memfd_check(qemu, 0):
        return qemu_memfd_create(qemu, name, 0, hugetlb=False, hugetlbsize=0, seals=0)
    return qemu_shm_alloc(qemu, 0)


@makes_calls
def qemu_ram_alloc(qemu: Qemu, size: int, mr: MemoryRegion, ram_flags: RamFlags) -> RAMBlock:
    """Make an anonymous RAM block of ``size`` bytes, rounded up to whole pages.

    Since 10.0 shared memory is a memory file instead, if it can be mapped.  Raises what
    ``qemu_ram_get_shared_fd`` and ``ram_block_add`` raise.
    """
    if qemu.tree.physmem.shared_memory_has_a_file:
        ram_flags &= NOT_PRIVATE
        if RAM_SHARED in ram_flags:
            fd = qemu_ram_get_shared_fd(qemu, mr.name)
            mr.align = qemu.platform.vmalloc_align
            try:
                return qemu_ram_alloc_from_fd(qemu, size, mr, ram_flags, fd)
            except Error:
                qemu.host.close(fd)
    size = host_page_align(qemu, size)
    block = RAMBlock(mr, size, size, ram_flags, qemu.platform.page_size)
    ram_block_add(qemu, block)
    return block


def find_ram_offset(qemu: Qemu, size: int) -> int:
    """Return where ``size`` bytes fit best in the ram address space: in the smallest gap.

    Size 0 fails an assertion: QEMU aborts, as it does where there is no gap.
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


@makes_calls
def memory_try_enable_merging(qemu: Qemu, addr: int, length: int) -> None:
    """Let KSM look at the range, unless the machine says ``mem-merge=off``."""
    if qemu.machine.mem_merge:
        qemu_madvise(qemu, addr, length, MADV_MERGEABLE)


@makes_calls
def qemu_ram_setup_dump(qemu: Qemu, addr: int, length: int) -> None:
    """Keep the range out of core dumps if the machine says ``dump-guest-core=off``.

    A failure is printed in two lines, and QEMU continues.
    """
    if not qemu.machine.dump_guest_core:
        result = qemu_madvise(qemu, addr, length, MADV_DONTDUMP)
        if result < 0:
            qemu.fprintf_stderr(messages.DONTDUMP_FAILED, -result)
            qemu.fprintf_stderr(messages.DONTDUMP_UNSUPPORTED)


@makes_calls
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
            raise messages.CANNOT_SET_UP.error(_mmap_errno(host), name=block.mr.name)
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


@makes_calls
def reclaim_ramblock(qemu: Qemu, block: RAMBlock) -> None:
    """Unmap a block and close its file: the RCU thread does it, after all readers."""
    if block.fd >= 0:
        qemu_ram_munmap(qemu, block.fd, block.host, block.max_length)
        qemu.host.close(block.fd)
    else:
        qemu_anon_ram_free(qemu, block.host, block.max_length)


def qemu_ram_free(qemu: Qemu, block: RAMBlock) -> None:
    """Take a block off the list and leave the rest to the RCU thread."""
    qemu.ram_blocks.remove(block)
    qemu.call_rcu.append(block)


def drain_call_rcu(qemu: Qemu) -> None:
    """Reclaim what waited for its readers to leave (``util/rcu.c:drain_call_rcu``)."""
    qemu.caller.thread = CALL_RCU
    try:
        while qemu.call_rcu:
            reclaim_ramblock(qemu, qemu.call_rcu.pop(0))
    finally:
        qemu.caller.thread = MAIN


@makes_calls
def ram_block_discard_range(qemu: Qemu, block: RAMBlock, length: int) -> int:
    """Give the first ``length`` bytes of a block back to the kernel; return 0 or -errno.

    This punches a hole in the file, also where the mapping is private.  Prints what went wrong.
    """

    def failed(message: Message, result: int) -> int:
        offset, id = block.fd_offset, block.idstr
        qemu.error_report(message, id=id, length=length, offset=offset, result=result)
        return result

    if block.fd != -1:
        if block.flags & RAM_READONLY_FD and messages.DISCARD_READONLY.is_said_in(qemu.tree):
            qemu.error_report(messages.DISCARD_READONLY)
            return -1
        if not block.flags & RAM_SHARED:
            qemu.warn_report_once(messages.DISCARD_PRIVATE)
        start = block.fd_offset if qemu.tree.physmem.discards_at_the_offset else 0
        result = qemu.host.fallocate(block.fd, PUNCH_HOLE, start, length)
        if result < 0:
            return failed(messages.DISCARD_FALLOCATE, result)
    if block.page_size == qemu.platform.page_size:
        advice = MADV_REMOVE if block.fd == -1 and block.flags & RAM_SHARED else MADV_DONTNEED
        result = qemu.host.madvise(block.host, length, advice)
        if result < 0:
            return failed(messages.DISCARD_MADVISE, result)
    return 0
