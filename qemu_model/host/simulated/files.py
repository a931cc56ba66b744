"""The simulated kernel's calls on files, descriptors and memfds."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .. import errors, linux
from ..profile import FileRules
from ..protocol import StatFs
from ..vm_flags import VM_SHARED
from .errors import EBADF, EINVAL, EOPNOTSUPP, EPERM, WRITE_SEALS
from .inodes import Descriptor, Inode, Mounted
from .state import FIRST_DESCRIPTOR, State

_MEMFD_FLAGS: Final = (
    linux.MFD_CLOEXEC
    | linux.MFD_ALLOW_SEALING
    | linux.MFD_HUGETLB
    | linux.MFD_HUGE_MASK << linux.MFD_HUGE_SHIFT
)
_ALL_SEALS: Final = 0x3F
_F_GET_SEALS: Final = 1034
_OFFSETS: Final = 1 << 63
#: The size in bytes of a device DAX that the profile does not describe.
_DAX_DEVICE_SIZE: Final = 1 << 30


class FileCalls(State):
    """open, close, lseek, fstatfs, statfs, ftruncate, unlink, memfd_create, fcntl."""

    def open(self, pathname: str, flags: int, mode: int | None) -> int:
        """open(2).  Return the lowest free descriptor or -errno."""
        creates = flags & linux.O_CREAT
        exclusive = creates and flags & linux.O_EXCL
        found = self._names.find(pathname, follow=not exclusive)
        if isinstance(found, int):
            return found
        inode = found.inode
        if len(self._descriptors) + FIRST_DESCRIPTOR >= self.profile.kernel.open_files:
            return -errors.EMFILE
        access = flags & 0o3
        if inode is None:
            device = self.profile.unknown_file
            if not creates and device is not None and not found.path.startswith("/dev/"):
                inode = Inode("device", device, found.mounted)
                inode.size = _DAX_DEVICE_SIZE
            elif not creates:
                return -errors.ENOENT
            elif found.as_directory:
                return -errors.EISDIR
            elif found.mounted.read_only:
                return -errors.EROFS
            else:
                inode = self._names.create(found)
        elif creates and pathname.endswith("/"):
            return -errors.EISDIR
        else:
            if exclusive:
                return -errors.EEXIST
            if inode.kind == "directory" and (creates or access != linux.O_RDONLY):
                return -errors.EISDIR
            if inode.kind == "symlink":
                return -errors.ELOOP
            if found.mounted.read_only and access != linux.O_RDONLY and inode.kind == "file":
                return -errors.EROFS
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

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """lseek(2).  Return the new offset in bytes or -errno."""
        descriptor = self._descriptors.get(fd)
        if descriptor is None:
            return EBADF
        inode = descriptor.inode
        if not 0 <= whence <= 4:
            return EINVAL
        if inode.kind == "fifo":
            return -errors.ESPIPE
        if inode.kind == "device":
            return descriptor.position
        if whence == linux.SEEK_END:
            if inode.kind == "directory":
                return _end_of_directory(inode)
            offset += inode.size
        elif whence == linux.SEEK_CUR:
            offset += descriptor.position
        elif whence != linux.SEEK_SET:
            if not 0 <= offset < inode.size:
                return -errors.ENXIO
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
            return -errors.ENOENT
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
            return -errors.EFBIG
        if rules.huge and length % rules.page_size:
            return EINVAL
        seals = inode.seals
        if seals and (
            (seals & linux.F_SEAL_GROW and length > inode.size)
            or (seals & linux.F_SEAL_SHRINK and length < inode.size)
        ):
            return EPERM
        if length < inode.size:
            self._memory.used -= inode.free_from(-(-length // rules.page_size))
        inode.size = length
        return 0

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        """fallocate(2), which punches a hole.  Return 0 or -errno."""
        if mode != linux.FALLOC_FL_PUNCH_HOLE | linux.FALLOC_FL_KEEP_SIZE:
            return EOPNOTSUPP
        descriptor = self._descriptors.get(fd)
        if descriptor is None or descriptor.access == linux.O_RDONLY:
            return EBADF
        inode = descriptor.inode
        if inode.kind != "file" or not inode.rules.punch_hole:
            return -errors.ENODEV if inode.kind != "file" else EOPNOTSUPP
        if inode.seals and inode.seals & WRITE_SEALS:
            return EPERM
        unit = inode.rules.page_size
        self._memory.used -= inode.punch(-(-offset // unit), (offset + length) // unit)
        return 0

    def unlink(self, pathname: str) -> int:
        """unlink(2).  Return 0 or -errno."""
        found = self._names.find(pathname, follow=False)
        if isinstance(found, int):
            return found
        inode = found.inode
        if inode is None:
            return -errors.ENOENT
        if inode.kind == "directory":
            return -errors.EISDIR
        if found.as_directory:
            return -errors.ENOTDIR
        if found.mounted.read_only:
            return -errors.EROFS
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
        return profile.huge_memfd.get(size, -errors.ENODEV)

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
            return EPERM
        if arg & ~_ALL_SEALS or seals is None:
            return EINVAL
        if seals & linux.F_SEAL_SEAL:
            return EPERM
        if arg & linux.F_SEAL_WRITE and any(
            mapping.inode is inode and mapping.bits & VM_SHARED for mapping in self._space
        ):
            return -errors.EBUSY
        inode.seals = seals | arg
        return 0


def _end_of_directory(inode: Inode) -> int:
    """Return where lseek finds a directory's end (``ext4_dir_llseek``, ``dcache_dir_lseek``)."""
    return EINVAL if inode.rules.in_memory or inode.rules.huge else _OFFSETS - 1
