"""The numbers of Linux's headers that the model uses, with their names.

Plain integers, as in C: a system call takes a number.  The names are those
that strace prints, and every table here is read-only.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .errors import ERRORS

O_RDONLY: Final = 0o0
O_WRONLY: Final = 0o1
O_RDWR: Final = 0o2
O_CREAT: Final = 0o100
O_EXCL: Final = 0o200
O_CLOEXEC: Final = 0o2000000
O_NOFOLLOW: Final = 0o400000

SEEK_SET: Final = 0
SEEK_CUR: Final = 1
SEEK_END: Final = 2

PROT_NONE: Final = 0x0
PROT_READ: Final = 0x1
PROT_WRITE: Final = 0x2

MAP_SHARED: Final = 0x01
MAP_PRIVATE: Final = 0x02
MAP_SHARED_VALIDATE: Final = 0x03
MAP_TYPE: Final = 0x0F
MAP_FIXED: Final = 0x10
MAP_ANONYMOUS: Final = 0x20
MAP_NORESERVE: Final = 0x4000
MAP_POPULATE: Final = 0x8000
MAP_STACK: Final = 0x20000
MAP_SYNC: Final = 0x80000

MADV_NORMAL: Final = 0
MADV_DONTNEED: Final = 4
MADV_REMOVE: Final = 9
MADV_DONTFORK: Final = 10
MADV_DOFORK: Final = 11
MADV_MERGEABLE: Final = 12
MADV_UNMERGEABLE: Final = 13
MADV_HUGEPAGE: Final = 14
MADV_NOHUGEPAGE: Final = 15
MADV_DONTDUMP: Final = 16
MADV_DODUMP: Final = 17
MADV_POPULATE_READ: Final = 22
MADV_POPULATE_WRITE: Final = 23

MPOL_DEFAULT: Final = 0
MPOL_PREFERRED: Final = 1
MPOL_BIND: Final = 2
MPOL_INTERLEAVE: Final = 3
MPOL_PREFERRED_MANY: Final = 5
MPOL_MF_STRICT: Final = 1
MPOL_MF_MOVE: Final = 2

MFD_CLOEXEC: Final = 0x1
MFD_ALLOW_SEALING: Final = 0x2
MFD_HUGETLB: Final = 0x4
MFD_HUGE_SHIFT: Final = 26
MFD_HUGE_MASK: Final = 0x3F

F_ADD_SEALS: Final = 1033
FALLOC_FL_KEEP_SIZE: Final = 0x1
FALLOC_FL_PUNCH_HOLE: Final = 0x2

F_SEAL_SEAL: Final = 0x1
F_SEAL_SHRINK: Final = 0x2
F_SEAL_GROW: Final = 0x4
F_SEAL_WRITE: Final = 0x8

#: The mode of /proc/sys/vm/overcommit_memory in which the kernel reserves memory whatever a
#: mapping asks for.
OVERCOMMIT_NEVER: Final = 2

#: Signals that a load or a store can raise.
SIGTRAP: Final = 5
SIGBUS: Final = 7
SIGSEGV: Final = 11

HUGETLBFS_MAGIC: Final = 0x958458F6
TMPFS_MAGIC: Final = 0x01021994
EXT4_SUPER_MAGIC: Final = 0xEF53
XFS_SUPER_MAGIC: Final = 0x58465342
V9FS_MAGIC: Final = 0x01021997
DEVTMPFS_MAGIC: Final = TMPFS_MAGIC


def _named(prefix: str, *, without: tuple[str, ...] = ()) -> Mapping[int, str]:
    return MappingProxyType(
        {
            value: name
            for name, value in globals().items()
            if name.startswith(prefix) and isinstance(value, int) and name not in without
        }
    )


WHENCE_NAMES: Final = _named("SEEK_")
ADVICE_NAMES: Final = _named("MADV_")
POLICY_NAMES: Final = _named("MPOL_", without=("MPOL_MF_STRICT", "MPOL_MF_MOVE"))
SEAL_NAMES: Final = _named("F_SEAL_")
FCNTL_NAMES: Final = MappingProxyType({F_ADD_SEALS: "F_ADD_SEALS"})

#: errno numbers with the names that strace prints: 95 and 11 have two names each.
ERRNO_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {int(error): name for name, error in ERRORS.items()}
)
ERRNO_NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {**{name: int(error) for name, error in ERRORS.items()}, "ENOTSUP": 95, "EWOULDBLOCK": 11}
)
_TEXTS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "Success", **{int(error): error.text for error in ERRORS.values()}}
)


def errno_name(number: int) -> str:
    """Return the name strace prints for errno ``number``, or the number as text."""
    return ERRNO_NAMES.get(number) or str(number)


def strerror(number: int) -> str:
    """Return glibc's text for errno ``number``, as QEMU's messages end in it."""
    return _TEXTS.get(number) or f"Unknown error {number}"


def _bits(value: int, names: tuple[tuple[int, str], ...]) -> list[str]:
    found = []
    for bit, name in names:
        if value & bit:
            found.append(name)
            value &= ~bit
    if value:
        found.append(hex(value))
    return found


_MMAP_BITS = (
    (MAP_FIXED, "MAP_FIXED"),
    (MAP_ANONYMOUS, "MAP_ANONYMOUS"),
    (MAP_NORESERVE, "MAP_NORESERVE"),
    (MAP_POPULATE, "MAP_POPULATE"),
    (MAP_STACK, "MAP_STACK"),
    (MAP_SYNC, "MAP_SYNC"),
)
_MMAP_TYPES = MappingProxyType(
    {
        MAP_SHARED: "MAP_SHARED",
        MAP_PRIVATE: "MAP_PRIVATE",
        MAP_SHARED_VALIDATE: "MAP_SHARED_VALIDATE",
    }
)
_OPEN_BITS = (
    (O_CREAT, "O_CREAT"),
    (O_EXCL, "O_EXCL"),
    (O_CLOEXEC, "O_CLOEXEC"),
    (O_NOFOLLOW, "O_NOFOLLOW"),
)
_OPEN_MODES = MappingProxyType(
    {O_RDONLY: "O_RDONLY", O_WRONLY: "O_WRONLY", O_RDWR: "O_RDWR", 3: "O_ACCMODE"}
)
_PROT_BITS = ((PROT_READ, "PROT_READ"), (PROT_WRITE, "PROT_WRITE"), (0x4, "PROT_EXEC"))
_MBIND_BITS = ((MPOL_MF_STRICT, "MPOL_MF_STRICT"), (MPOL_MF_MOVE, "MPOL_MF_MOVE"))
_MFD_BITS = (
    (MFD_CLOEXEC, "MFD_CLOEXEC"),
    (MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"),
    (MFD_HUGETLB, "MFD_HUGETLB"),
)
_FALLOCATE_BITS = (
    (FALLOC_FL_KEEP_SIZE, "FALLOC_FL_KEEP_SIZE"),
    (FALLOC_FL_PUNCH_HOLE, "FALLOC_FL_PUNCH_HOLE"),
)
_SEAL_BITS = (
    (F_SEAL_SEAL, "F_SEAL_SEAL"),
    (F_SEAL_SHRINK, "F_SEAL_SHRINK"),
    (F_SEAL_GROW, "F_SEAL_GROW"),
    (F_SEAL_WRITE, "F_SEAL_WRITE"),
)


def mmap_flag_names(flags: int) -> list[str]:
    """Return the sorted names of mmap's ``flags``; the two type bits are one name."""
    kind = flags & 0x03
    names = [_MMAP_TYPES[kind]] if kind else []
    return sorted(names + _bits(flags & ~0x03, _MMAP_BITS))


def prot_names(prot: int) -> list[str]:
    """Return the sorted names of mmap's ``prot``; none is ``["PROT_NONE"]``."""
    return sorted(_bits(prot, _PROT_BITS)) or ["PROT_NONE"]


def open_flag_names(flags: int) -> list[str]:
    """Return the sorted names of open's ``flags``."""
    return sorted([_OPEN_MODES[flags & 0o3], *_bits(flags & ~0o3, _OPEN_BITS)])


def mbind_flag_names(flags: int) -> list[str]:
    """Return the sorted names of mbind's ``flags``."""
    return sorted(_bits(flags, _MBIND_BITS))


def memfd_flag_names(flags: int) -> list[str]:
    """Return the sorted names of memfd_create's ``flags``; a page size as strace prints it."""
    size = flags >> MFD_HUGE_SHIFT & MFD_HUGE_MASK
    rest = flags & ~(MFD_HUGE_MASK << MFD_HUGE_SHIFT)
    names = _bits(rest, _MFD_BITS)
    if size:
        names.append(f"{size}<<MFD_HUGE_SHIFT")
    return sorted(names)


def fallocate_flag_names(mode: int) -> list[str]:
    """Return the sorted names of the flags of fallocate(2)."""
    return sorted(_bits(mode, _FALLOCATE_BITS))


def seal_names(seals: int) -> list[str]:
    """Return the sorted names of a set of file seals."""
    return sorted(_bits(seals, _SEAL_BITS))


def major(device: int) -> int:
    """Return the major number of a device number (``gnu_dev_major``)."""
    return device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000


def minor(device: int) -> int:
    """Return the minor number of a device number (``gnu_dev_minor``)."""
    return device & 0xFF | device >> 12 & 0xFFFF_FF00


def makedev(major_number: int, minor_number: int) -> int:
    """Return the device number of a major and a minor number (``gnu_dev_makedev``)."""
    return (
        (major_number & 0xFFF) << 8
        | (major_number & 0xFFFF_F000) << 32
        | minor_number & 0xFF
        | (minor_number & 0xFFFF_FF00) << 12
    )
