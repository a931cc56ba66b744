"""The simulated kernel's system calls."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from .. import linux
from ..linux import MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, MAP_SYNC
from ..profile import FileRules, Profile
from ..protocol import HostRefuses, Platform, StatFs
from ..vm_flags import (
    VM_ACCOUNT,
    VM_DONTCOPY,
    VM_DONTDUMP,
    VM_DONTEXPAND,
    VM_HUGEPAGE,
    VM_HUGETLB,
    VM_MAYEXEC,
    VM_MAYREAD,
    VM_MAYSHARE,
    VM_MAYWRITE,
    VM_MERGEABLE,
    VM_NOHUGEPAGE,
    VM_NORESERVE,
    VM_SHARED,
    VM_WRITE,
    vm_flag_letters,
)
from .address_space import AddressSpace, Mapping
from .extents import Extents
from .inodes import Descriptor, Inode, Mounted
from .memory import OVERCOMMIT_NEVER, HugePagePool, Memory
from .names import Names

EACCES: Final = -errno.EACCES
EBADF: Final = -errno.EBADF
EFAULT: Final = -errno.EFAULT
EINVAL: Final = -errno.EINVAL
ENOMEM: Final = -errno.ENOMEM
ENODEV: Final = -errno.ENODEV
EOPNOTSUPP: Final = -errno.EOPNOTSUPP

_TYPE_AND_SYNC: Final = linux.MAP_TYPE | MAP_SYNC
#: What MAP_SHARED_VALIDATE lets through everywhere (LEGACY_MAP_MASK and the type).
_LEGACY: Final = 0xFC07FFFF
_VALIDATE: Final = linux.MAP_SHARED_VALIDATE
_MEMFD_FLAGS: Final = (
    linux.MFD_CLOEXEC
    | linux.MFD_ALLOW_SEALING
    | linux.MFD_HUGETLB
    | linux.MFD_HUGE_MASK << linux.MFD_HUGE_SHIFT
)
_ALL_SEALS: Final = 0x3F
_WRITE_SEALS: Final = linux.F_SEAL_WRITE | 0x10
_F_GET_SEALS: Final = 1034
_MBIND_FLAGS: Final = 0x7
_POLICIES: Final = 4
_FIRST_DESCRIPTOR: Final = 3
#: The first kernel in which MAP_FIXED without memory for it leaves what was there.
_KEEPS_WHAT_IT_REPLACES: Final = (6, 12)
_OFFSETS: Final = 1 << 63
_WORD: Final = (1 << 64) - 1
_SIX_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

#: What each advice clears and sets in a mapping's flags.
_ADVICE_BITS: Final = MappingProxyType(
    {
        linux.MADV_DONTFORK: (0, VM_DONTCOPY),
        linux.MADV_DOFORK: (VM_DONTCOPY, 0),
        linux.MADV_DONTDUMP: (0, VM_DONTDUMP),
        linux.MADV_DODUMP: (VM_DONTDUMP, 0),
        linux.MADV_HUGEPAGE: (VM_NOHUGEPAGE, VM_HUGEPAGE),
        linux.MADV_NOHUGEPAGE: (VM_HUGEPAGE, VM_NOHUGEPAGE),
        linux.MADV_MERGEABLE: (0, VM_MERGEABLE),
        linux.MADV_UNMERGEABLE: (VM_MERGEABLE, 0),
    }
)
_MERGING: Final = (linux.MADV_MERGEABLE, linux.MADV_UNMERGEABLE)
_HUGE: Final = (linux.MADV_HUGEPAGE, linux.MADV_NOHUGEPAGE)

#: How large a device DAX is that the profile says nothing about, in bytes.
_DAX_DEVICE_SIZE: Final = 1 << 30


class SimulatedHost:
    """A host whose kernel is simulated, for the machine that ``profile`` describes.

    It starts as the profile says, with no descriptor and nothing mapped; nothing of it
    outlives the object.  The same calls always give the same answers.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.platform: Platform = profile.platform
        kernel = profile.kernel
        self._page = profile.platform.page_size
        self._names = Names(profile)
        self._descriptors: dict[int, Descriptor] = {}
        self._lowest_descriptor = _FIRST_DESCRIPTOR
        size = 1 << kernel.address_bits
        self._space = AddressSpace(size - self._page, size - (size >> 14))
        total = kernel.memory + kernel.swap
        self._memory = Memory(total, kernel.overcommit, kernel.memory // 2 + kernel.swap)
        self._pools: dict[int, HugePagePool] = {}
        self._temporary_names = 0

    @property
    def name(self) -> str:
        """``sim:`` and the profile's name."""
        return f"sim:{self.profile.name}"

    # Files

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2).  Return the lowest free descriptor or -errno."""
        creates = flags & linux.O_CREAT
        exclusive = creates and flags & linux.O_EXCL
        found = self._names.find(pathname, follow=not exclusive)
        if isinstance(found, int):
            return found
        inode = found.inode
        if len(self._descriptors) + _FIRST_DESCRIPTOR >= self.profile.kernel.open_files:
            return -errno.EMFILE
        access = flags & 0o3
        if inode is None:
            device = self.profile.unknown_file
            if not creates and device is not None and not found.path.startswith("/dev/"):
                inode = Inode("device", device, found.mounted)
                inode.size = _DAX_DEVICE_SIZE
            elif not creates:
                return -errno.ENOENT
            elif found.as_directory:
                return -errno.EISDIR
            elif found.mounted.read_only:
                return -errno.EROFS
            else:
                inode = self._names.create(found)
        elif creates and pathname.endswith("/"):
            return -errno.EISDIR
        else:
            if exclusive:
                return -errno.EEXIST
            if inode.kind == "directory" and (creates or access != linux.O_RDONLY):
                return -errno.EISDIR
            if inode.kind == "symlink":
                return -errno.ELOOP
            if found.mounted.read_only and access != linux.O_RDONLY and inode.kind == "file":
                return -errno.EROFS
            if inode.open_error:
                return -inode.open_error
        return self._descriptor(inode, access, found.path)

    def _descriptor(self, inode: Inode, access: int, path: str) -> int:
        descriptors = self._descriptors
        fd = self._lowest_descriptor
        descriptors[fd] = Descriptor(inode, access, path)
        inode.references += 1
        following = fd + 1
        while following in descriptors:
            following += 1
        self._lowest_descriptor = following
        return fd

    def close(self, fd: int) -> int:
        """close(2).  Return 0 or -errno."""
        descriptor = self._descriptors.pop(fd, None)
        if descriptor is None:
            return EBADF
        if fd < self._lowest_descriptor:
            self._lowest_descriptor = fd
        self._drop(descriptor.inode)
        return 0

    def _drop(self, inode: Inode) -> None:
        inode.references -= 1
        if not inode.references and not inode.linked:
            self._memory.used -= inode.free_from(0)

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2).  Return the new offset in bytes or -errno."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return EBADF
        inode = descriptor.inode
        if not 0 <= whence <= 4:
            return EINVAL
        if inode.kind == "fifo":
            return -errno.ESPIPE
        if inode.kind == "device":
            return descriptor.position
        if whence == linux.SEEK_END:
            offset += inode.size
        elif whence == linux.SEEK_CUR:
            offset += descriptor.position
        elif whence != linux.SEEK_SET:
            if not 0 <= offset < inode.size:
                return -errno.ENXIO
            offset = offset if whence == 3 else inode.size
        if not 0 <= offset <= inode.rules.largest_file:
            return EINVAL
        descriptor.position = offset
        return offset

    def fstatfs(self, fd: int) -> StatFs | int:
        """fstatfs(2).  Return what the file system says of itself, or -errno."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return EBADF
        return descriptor.inode.mounted.rules.statfs

    def statfs(self, path: str) -> StatFs | int:
        """statfs(2).  Return what the file system says of itself, or -errno."""
        found = self._names.find(path)
        if isinstance(found, int):
            return found
        if found.inode is None and self.profile.unknown_file is None:
            return -errno.ENOENT
        return found.mounted.rules.statfs

    def ftruncate(self, fd: int, length: int) -> int:
        """ftruncate(2).  ``length`` in bytes.  Return 0 or -errno."""
        if not 0 <= length < _OFFSETS:
            return EINVAL
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return EBADF
        inode = descriptor.inode
        if inode.kind != "file" or descriptor.access == linux.O_RDONLY:
            return EINVAL
        rules = inode.rules
        if length > rules.largest_file:
            return -errno.EFBIG
        if rules.huge and length % rules.page_size:
            return EINVAL
        seals = inode.seals
        if seals and (
            (seals & linux.F_SEAL_GROW and length > inode.size)
            or (seals & linux.F_SEAL_SHRINK and length < inode.size)
        ):
            return -errno.EPERM
        if length < inode.size:
            self._memory.used -= inode.free_from(-(-length // rules.page_size))
        inode.size = length
        return 0

    def unlink(self, pathname: str) -> int:
        """unlink(2).  Return 0 or -errno."""
        found = self._names.find(pathname, follow=False)
        if isinstance(found, int):
            return found
        inode = found.inode
        if inode is None:
            return -errno.ENOENT
        if inode.kind == "directory":
            return -errno.EISDIR
        if found.as_directory:
            return -errno.ENOTDIR
        if found.mounted.read_only:
            return -errno.EROFS
        self._names.remove(found)
        inode.linked = False
        if not inode.references:
            self._memory.used -= inode.free_from(0)
        return 0

    def memfd_create(self, name: str, flags: int) -> int:
        """memfd_create(2).  Return a descriptor or -errno."""
        rules = self._memfd_rules(name, flags)
        if isinstance(rules, int):
            return rules
        inode = Inode("file", rules, Mounted(rules, None, False))
        inode.linked = False
        inode.seals = 0 if flags & linux.MFD_ALLOW_SEALING else linux.F_SEAL_SEAL
        return self._descriptor(inode, linux.O_RDWR, f"/memfd:{name}")

    def _memfd_rules(self, name: str, flags: int) -> FileRules | int:
        profile = self.profile
        kernel = profile.kernel
        if kernel.memfd_error:
            return -kernel.memfd_error
        huge = flags & linux.MFD_HUGETLB
        known = _MEMFD_FLAGS if huge else linux.MFD_CLOEXEC | linux.MFD_ALLOW_SEALING
        if kernel.version < (4, 14):
            known &= ~linux.MFD_HUGETLB
        if flags & ~known or len(name) > 249:
            return EINVAL
        if huge and flags & linux.MFD_ALLOW_SEALING and kernel.version < (4, 16):
            return EINVAL
        if not huge:
            return profile.memfd
        exponent = flags >> linux.MFD_HUGE_SHIFT & linux.MFD_HUGE_MASK
        size = 1 << exponent if exponent else profile.default_huge_page
        return profile.huge_memfd.get(size, -errno.ENODEV)

    def memfd_probe(self, flags: int) -> bool:
        """Return whether ``memfd_create("test", flags)`` would work."""
        return not isinstance(self._memfd_rules("test", flags), int)

    def fcntl(self, fd: int, cmd: int, arg: int) -> int:
        """fcntl(2), as far as seals go.  Return its result or -errno."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return EBADF
        inode = descriptor.inode
        seals = inode.seals
        if seals is None and inode.kind == "file" and (inode.rules.in_memory or inode.rules.huge):
            seals = linux.F_SEAL_SEAL
        if cmd == _F_GET_SEALS:
            return EINVAL if seals is None else seals
        if cmd != linux.F_ADD_SEALS:
            return EINVAL
        if descriptor.access == linux.O_RDONLY:
            return -errno.EPERM
        if arg & ~_ALL_SEALS or seals is None:
            return EINVAL
        if seals & linux.F_SEAL_SEAL:
            return -errno.EPERM
        if arg & linux.F_SEAL_WRITE and any(
            mapping.inode is inode and mapping.bits & VM_SHARED for mapping in self._space
        ):
            return -errno.EBUSY
        inode.seals = seals | arg
        return 0

    # Memory

    def mmap(self, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """mmap(2).  ``addr`` 0 is NULL.  Return an address or -errno."""
        page = self._page
        if offset & (page - 1):
            return EINVAL
        inode: Inode | None = None
        access = linux.O_RDWR
        if flags & MAP_ANONYMOUS:
            rules = self.profile.anonymous
        else:
            descriptor = self._descriptors.get(fd)
            if descriptor is None:
                return EBADF
            inode = descriptor.inode
            access = descriptor.access
            rules = inode.rules
        if not length:
            return EINVAL
        unit = rules.page_size
        length = length + unit - 1 & -unit & _WORD
        if not length:
            return EINVAL if rules.huge else ENOMEM
        space = self._space
        start = self._address(addr, length, flags, rules)
        if start < 0:
            return start
        kind = flags & linux.MAP_TYPE
        added = rules.answers.get(flags & _TYPE_AND_SYNC, EINVAL)
        if inode is not None:
            refused = _refused_by_flags(inode, access, prot, flags, added)
            if refused:
                return refused
        elif added < 0:
            return added
        bits = prot & 7 | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
        shared = kind & MAP_SHARED
        if shared:
            if access == linux.O_RDWR:
                bits |= VM_SHARED | VM_MAYSHARE
            else:
                bits = (bits | VM_MAYSHARE) & ~VM_MAYWRITE
        if flags & MAP_NORESERVE:
            bits |= VM_NORESERVE
        if rules.huge:
            bits |= VM_HUGETLB | VM_DONTEXPAND
        end = start + length
        fixed = flags & MAP_FIXED
        if fixed and not space.can_cut(start, end):
            return EINVAL
        counted = bits & (VM_WRITE | VM_SHARED | VM_HUGETLB) == VM_WRITE and (
            not bits & VM_NORESERVE or self.profile.kernel.overcommit == OVERCOMMIT_NEVER
        )
        if counted:
            if not self._memory.promise(length):
                if fixed and self.profile.kernel.version < _KEEPS_WHAT_IT_REPLACES:
                    self._cut(start, end)
                return ENOMEM
            bits |= VM_ACCOUNT
        # From here on a refusal leaves a hole where MAP_FIXED was to replace something.
        if fixed:
            self._cut(start, end)
        if rules.name == "zero":
            inode, offset = None, 0
        refused = (
            added if added < 0 else self._refused_by_file(rules, inode, start, length, bits, offset)
        )
        if refused:
            if counted:
                self._memory.promised -= length
            return refused
        mapping = Mapping(start, end, bits | added, inode, offset, unit)
        if inode is not None:
            inode.references += 1
            if rules.huge:
                mapping.promised = not shared and not bits & VM_NORESERVE
                if prot & linux.PROT_WRITE:
                    inode.size = max(inode.size, offset + length)
        space.insert(mapping)
        return start

    def _cut(self, start: int, end: int) -> None:
        for piece in self._space.cut(start, end):
            self._release(piece)

    def _refused_by_file(
        self, rules: FileRules, inode: Inode | None, start: int, length: int, bits: int, offset: int
    ) -> int:
        """Return 0, or the negative errno of the file's own part of mmap."""
        if rules.huge:
            assert inode is not None
            return self._promise_huge_pages(inode, length, bits, offset)
        if inode is None:
            if bits & VM_SHARED and not bits & VM_NORESERVE and not self._memory.promise(length):
                return ENOMEM
        elif (start | length) & (rules.alignment - 1):
            return EINVAL
        return 0

    def _address(self, addr: int, length: int, flags: int, rules: FileRules) -> int:
        """Return where a mapping goes, or -errno (``mm/mmap.c:get_unmapped_area``)."""
        space = self._space
        if length > space.size:
            return ENOMEM
        unit = rules.page_size
        if flags & MAP_FIXED:
            if rules.huge and addr & (unit - 1):
                return EINVAL
            if addr > space.size - length:
                return ENOMEM
            return EINVAL if addr & (self._page - 1) else addr
        alignment = unit if rules.huge else rules.alignment
        if addr:
            addr = addr + alignment - 1 & -alignment
            if addr + length <= space.size and not space.within(addr, addr + length):
                return addr
        elif flags & MAP_ANONYMOUS and not flags & MAP_SHARED:
            kernel = self.profile.kernel
            huge = kernel.transparent_huge_page
            if (
                huge
                and length >= huge
                and kernel.version >= (6, 7)
                and (kernel.version < (6, 12) or length % huge == 0)
            ):
                start = space.place(length, huge)
                if start is not None:
                    return start
        start = space.place(length, alignment if alignment > self._page else 1)
        return ENOMEM if start is None else start

    def _pool(self, size: int) -> HugePagePool:
        pool = self._pools.get(size)
        if pool is None:
            pool = self._pools[size] = HugePagePool(size, self.profile.huge_pages[size])
        return pool

    def _pool_for(self, mounted: Mounted, size: int) -> HugePagePool:
        """Return where a hugetlbfs takes its pages from: one mounted with a size has its own."""
        if mounted.limit is None:
            return self._pool(size)
        if mounted.pool is None:
            mounted.pool = HugePagePool(size, mounted.limit // size)
        return mounted.pool

    def _promise_huge_pages(self, inode: Inode | None, length: int, bits: int, offset: int) -> int:
        """Promise pool pages to a mapping; return 0 or -errno (``hugetlb_reserve_pages``)."""
        assert inode is not None
        unit = inode.rules.page_size
        if offset & (unit - 1):
            return EINVAL
        if inode.pool is None:
            inode.pool = self._pool_for(inode.mounted, unit)
        if bits & VM_NORESERVE:
            return 0
        first, last = offset // unit, (offset + length) // unit
        if not bits & VM_MAYSHARE:
            return 0 if inode.pool.promise(last - first) else ENOMEM
        if inode.promised is None:
            inode.promised = Extents()
        new = last - first - inode.promised.count(first, last)
        if not inode.pool.promise(new):
            return ENOMEM
        inode.promised.add(first, last)
        return 0

    def munmap(self, addr: int, length: int) -> int:
        """munmap(2).  Return 0 or -errno."""
        page = self._page
        space = self._space
        if addr & (page - 1) or addr > space.size or length > space.size - addr:
            return EINVAL
        end = addr + (length + page - 1 & -page)
        if end == addr or not space.can_cut(addr, end):
            return EINVAL
        self._cut(addr, end)
        return 0

    def _release(self, mapping: Mapping) -> None:
        """Give back what a mapping that is gone had for itself."""
        inode = mapping.inode
        length = mapping.end - mapping.start
        own = 0
        if mapping.own is not None:
            unit = mapping.unit
            own = mapping.own.count(mapping.start // unit, mapping.end // unit)
        if mapping.bits & VM_HUGETLB:
            assert inode is not None
            assert inode.pool is not None
            pages = length // mapping.unit
            inode.pool.give_back(own, pages - own if mapping.promised else 0)
        else:
            self._memory.used -= own * mapping.unit
            shared_memory = inode is None and mapping.bits & VM_SHARED
            if mapping.bits & VM_ACCOUNT or (shared_memory and not mapping.bits & VM_NORESERVE):
                self._memory.promised -= length
        if inode is not None:
            self._drop(inode)

    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2).  Return 0 or -errno."""
        if not self._knows_advice(advice):
            return EINVAL
        page = self._page
        if addr & (page - 1):
            return EINVAL
        rounded = length + page - 1 & -page & _WORD
        if length and not rounded:
            return EINVAL
        end = addr + rounded
        if end > _WORD:
            return EINVAL
        if end == addr:
            return 0
        if advice == linux.MADV_POPULATE_WRITE:
            return self._populate(addr, end)
        answer = 0
        here = addr
        bits = _ADVICE_BITS.get(advice)
        for mapping in self._space.within(addr, end):
            if mapping.start > here:
                answer = ENOMEM
            here = mapping.end
            first, last = max(mapping.start, addr), min(mapping.end, end)
            if bits is not None:
                error = self._advise(mapping, first, last, advice, *bits)
            elif advice == linux.MADV_REMOVE:
                error = self._remove(mapping, first, last)
            elif advice == linux.MADV_DONTNEED:
                error = EINVAL if first & (mapping.unit - 1) else 0
            else:
                error = 0
            if error:
                return error
        return answer if here >= end else ENOMEM

    def _populate(self, addr: int, end: int) -> int:
        """Populate ``[addr, end)`` for writing; return 0 or -errno.

        EINVAL where it may not be written, ENOMEM at a hole, EFAULT for a SIGBUS.
        """
        here = addr
        for mapping in self._space.within(addr, end):
            if mapping.start > here:
                return ENOMEM
            if not mapping.bits & VM_WRITE:
                return EINVAL
            first, last = max(mapping.start, addr), min(mapping.end, end)
            if self.touch_pages(first, last - first, mapping.unit):
                return EFAULT
            here = mapping.end
        return 0 if here >= end else ENOMEM

    def _knows_advice(self, advice: int) -> bool:
        kernel = self.profile.kernel
        if self.platform.system != "linux" or advice not in linux.ADVICE_NAMES:
            return advice in (linux.MADV_NORMAL, linux.MADV_DONTNEED)
        if advice == linux.MADV_POPULATE_WRITE:
            return kernel.version >= (5, 14)
        if advice in _MERGING:
            return kernel.same_page_merging
        if advice in _HUGE:
            return bool(kernel.transparent_huge_page)
        return True

    def _advise(
        self, mapping: Mapping, start: int, end: int, advice: int, clear: int, add: int
    ) -> int:
        """Change the flags of one mapping; return 0 or -errno."""
        old = mapping.bits
        if advice in _MERGING and (old & (VM_MAYSHARE | VM_HUGETLB) or self._is_dax(mapping)):
            return 0
        new = old & ~clear | add
        if new != old:
            if start != mapping.start or end != mapping.end:
                if (start | end) & (mapping.unit - 1):
                    return EINVAL
                mapping = self._space.split_at(mapping, start, end)
            mapping.bits = new
        return 0

    @staticmethod
    def _is_dax(mapping: Mapping) -> bool:
        return mapping.inode is not None and mapping.inode.rules.dax

    def _remove(self, mapping: Mapping, start: int, end: int) -> int:
        """MADV_REMOVE on one mapping: punch a hole; return 0 or -errno."""
        inode = mapping.inode
        if inode is None:
            if not mapping.bits & VM_SHARED:
                return EINVAL
            if mapping.own is not None:
                unit = mapping.unit
                self._memory.used -= mapping.own.discard(start // unit, end // unit) * unit
            return 0
        if mapping.bits & (VM_SHARED | VM_WRITE) != VM_SHARED | VM_WRITE:
            return EACCES
        if inode.kind != "file" or not inode.rules.punch_hole:
            return EOPNOTSUPP
        if inode.seals and inode.seals & _WRITE_SEALS:
            return -errno.EPERM
        unit = mapping.unit
        first = -(-(mapping.offset + start - mapping.start) // unit)
        last = (mapping.offset + end - mapping.start) // unit
        self._memory.used -= inode.punch(first, last)
        return 0

    def mbind(
        self,
        addr: int,
        length: int,
        mode: int,
        nodemask: Sequence[int] | None,
        maxnode: int,
        flags: int,
    ) -> int:
        """mbind(2).  ``nodemask`` is the nodes in it, or None for NULL.  Return 0 or -errno."""
        kernel = self.profile.kernel
        if kernel.mbind_error:
            return -kernel.mbind_error
        page = self._page
        if not 0 <= mode < _POLICIES or flags & ~_MBIND_FLAGS or addr & (page - 1):
            return EINVAL
        end = addr + (length + page - 1 & -page & _WORD)
        if end > _WORD:
            return EINVAL
        if end == addr:
            return 0
        asked = frozenset(node for node in nodemask or () if node < maxnode - 1)
        policy: tuple[int, frozenset[int]] | None = None
        if mode == linux.MPOL_DEFAULT:
            if asked:
                return EINVAL
        else:
            nodes = asked & self.profile.nodes
            if not nodes and (asked or mode != linux.MPOL_PREFERRED):
                return EINVAL
            policy = (mode, nodes)
        pieces = self._space.within(addr, end)
        if not pieces or (policy is not None and not _covers(pieces, addr, end)):
            return EFAULT
        for mapping in pieces:
            if mapping.policy == policy:
                continue
            first, last = max(mapping.start, addr), min(mapping.end, end)
            if first != mapping.start or last != mapping.end:
                if (first | last) & (mapping.unit - 1):
                    return EINVAL
                mapping = self._space.split_at(mapping, first, last)
            mapping.policy = policy
        return 0

    def touch_pages(self, addr: int, length: int, page_size: int) -> int:
        """Give every page of the range its memory.  Return 0 or -EFAULT for a SIGBUS.

        Raise :class:`~qemu_model.host.protocol.HostRefuses` where the simulated machine
        has less memory than that: a real one would kill the process.
        """
        end = addr + length
        here = addr
        for mapping in self._space.within(addr, end):
            if mapping.start > here or mapping.bits & VM_WRITE == 0:
                return EFAULT
            here = mapping.end
            unit = mapping.unit
            first = max(mapping.start, addr) // unit
            last = -(-min(mapping.end, end) // unit)
            if not self._touch(mapping, first, last):
                return EFAULT
        return 0 if here >= end else EFAULT

    def _touch(self, mapping: Mapping, first: int, last: int) -> bool:
        """Touch the pages ``[first, last)`` of the address space; return whether all were had."""
        inode = mapping.inode
        unit = mapping.unit
        shared = mapping.bits & VM_SHARED
        if inode is None:
            return self._touch_own(mapping, first, last)
        moved = (mapping.offset - mapping.start) // unit
        in_file = (first + moved, min(last + moved, -(-inode.size // unit)))
        enough = in_file[1] == last + moved or inode.kind == "device"
        if inode.kind == "device":
            return True
        if shared or (inode.rules.filled_by_reading and not inode.rules.huge):
            enough = self._touch_file(inode, *in_file) and enough
        if not shared and enough:
            enough = self._touch_own(mapping, first, last)
        return enough

    def _touch_file(self, inode: Inode, first: int, last: int) -> bool:
        if inode.pages is None:
            inode.pages = Extents()
        unit = inode.rules.page_size
        for start, end in inode.pages.missing(first, last):
            if inode.pool is not None:
                if inode.promised is None:
                    inode.promised = Extents()
                promised = inode.promised.count(start, end)
                got = inode.pool.take(end - start, promised)
                inode.promised.add(start, start + got)
            else:
                got = inode.mounted.take((end - start) * unit) // unit
                if inode.rules.in_memory:
                    self._use_memory(got * unit)
            inode.pages.add(start, start + got)
            if got < end - start:
                return False
        return True

    def _touch_own(self, mapping: Mapping, first: int, last: int) -> bool:
        if mapping.own is None:
            mapping.own = Extents()
        pool = mapping.inode.pool if mapping.inode is not None else None
        for start, end in mapping.own.missing(first, last):
            if pool is not None and mapping.bits & VM_HUGETLB:
                got = pool.take(end - start, end - start if mapping.promised else 0)
            else:
                got = end - start
                self._use_memory(got * mapping.unit)
            mapping.own.add(start, start + got)
            if got < end - start:
                return False
        return True

    def _use_memory(self, length: int) -> None:
        if self._memory.take(length) < length:
            raise HostRefuses(
                f"touching these pages takes more memory than the simulated machine has "
                f"({self._memory.total} bytes): Linux would kill QEMU here"
            )

    # Beside the system calls

    def temporary_name(self) -> str:
        """Return six characters, different each time, the same in each run."""
        number = self._temporary_names
        self._temporary_names += 1
        characters = []
        for _ in range(6):
            number, digit = divmod(number, len(_SIX_CHARACTERS))
            characters.append(_SIX_CHARACTERS[digit])
        return "".join(reversed(characters))

    def fd_path(self, fd: int) -> str:
        """Return the path a descriptor was opened by; of a file without a name, as Linux does."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return ""
        return descriptor.path if descriptor.inode.linked else f"{descriptor.path} (deleted)"

    def overcommit_memory(self) -> int | None:
        """Return the profile's overcommit mode."""
        return self.profile.kernel.overcommit

    def dax_device_size(self, fd: int) -> int | None:
        """Return the size of a device DAX, None for anything else."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None or descriptor.inode.kind != "device":
            return None
        return descriptor.inode.size if descriptor.inode.rules.dax else None

    def vm_flags(self, addr: int) -> list[str] | None:
        """Return the flags in smaps' ``VmFlags`` of the mapping at ``addr``, None if unmapped."""
        mapping = self._space.at(addr)
        return None if mapping is None else vm_flag_letters(mapping.bits)

    def describe(self) -> dict[str, object]:
        """Return the profile, each answer with its evidence."""
        return self.profile.describe()

    def open_descriptors(self) -> list[int]:
        """Return the descriptors that are open, in order."""
        return sorted(self._descriptors)

    def mappings(self) -> list[tuple[int, int]]:
        """Return start and end address of each mapping, in order."""
        return [(mapping.start, mapping.end) for mapping in self._space]

    def file_sizes(self) -> dict[str, int]:
        """Return the size in bytes of each regular file that has a name."""
        return self._names.sizes()

    def free_huge_pages(self, size: int) -> int:
        """Return how many huge pages of ``size`` bytes are neither in use nor promised."""
        pool = self._pool(size)
        return pool.free - pool.promised


def _refused_by_flags(inode: Inode, access: int, prot: int, flags: int, answer: int) -> int:
    """Return 0, or the negative errno for which mmap does not even ask the file.

    ``answer`` is the file's answer, ``access`` how the descriptor was opened.
    """
    kind = flags & linux.MAP_TYPE
    rules = inode.rules
    if kind == _VALIDATE and rules.answers.get(kind) is not None:
        understood = _LEGACY | MAP_SYNC if rules.accepts_sync else _LEGACY
        if flags & ~understood:
            return EOPNOTSUPP
    if access != linux.O_RDWR and (
        access == linux.O_WRONLY or (kind != MAP_PRIVATE and prot & linux.PROT_WRITE)
    ):
        return EACCES
    if answer in (EINVAL, ENODEV) and (kind not in rules.answers or answer == ENODEV):
        return answer
    if kind & MAP_SHARED and prot & linux.PROT_WRITE and inode.seals and inode.seals & _WRITE_SEALS:
        return -errno.EPERM
    return 0


def _covers(pieces: Sequence[Mapping], start: int, end: int) -> bool:
    here = start
    for mapping in pieces:
        if mapping.start > here:
            return False
        here = mapping.end
    return here >= end
