"""Read one line of an ``strace`` log: a system call, its arguments, its answer.

A log is untrusted input: every function here accepts any bytes, and a line that cannot be
read counts as no call.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..host import linux
from ..host.protocol import StatFs
from ..osdep import off_t

AT_FDCWD: Final = -100

#: Every flag and constant that strace may print in the calls read here, beside the model's own.
_OTHER_CONSTANTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "O_ACCMODE": 0o3,
        "O_NOCTTY": 0o400,
        "O_TRUNC": 0o1000,
        "O_APPEND": 0o2000,
        "O_NONBLOCK": 0o4000,
        "O_NDELAY": 0o4000,
        "O_DSYNC": 0o10000,
        "O_ASYNC": 0o20000,
        "O_DIRECT": 0o40000,
        # On x86-64 glibc never sets it and strace shows it for other architectures only.
        "O_LARGEFILE": 0,
        "O_DIRECTORY": 0o200000,
        "O_NOFOLLOW": 0o400000,
        "O_NOATIME": 0o1000000,
        "O_SYNC": 0o4010000,
        "O_PATH": 0o10000000,
        "O_TMPFILE": 0o20200000,
        "PROT_EXEC": 0x4,
        "PROT_SEM": 0x8,
        "PROT_GROWSDOWN": 0x1000000,
        "PROT_GROWSUP": 0x2000000,
        "MAP_FILE": 0,
        "MAP_ANON": 0x20,
        "MAP_32BIT": 0x40,
        "MAP_GROWSDOWN": 0x100,
        "MAP_DENYWRITE": 0x800,
        "MAP_EXECUTABLE": 0x1000,
        "MAP_LOCKED": 0x2000,
        "MAP_NONBLOCK": 0x10000,
        "MAP_HUGETLB": 0x40000,
        "MAP_FIXED_NOREPLACE": 0x100000,
        "MADV_RANDOM": 1,
        "MADV_SEQUENTIAL": 2,
        "MADV_WILLNEED": 3,
        "MADV_FREE": 8,
        "MADV_WIPEONFORK": 18,
        "MADV_KEEPONFORK": 19,
        "MADV_COLD": 20,
        "MADV_PAGEOUT": 21,
        "MADV_COLLAPSE": 25,
        "MADV_HWPOISON": 100,
        "MADV_SOFT_OFFLINE": 101,
        "MPOL_LOCAL": 4,
        "MPOL_PREFERRED_MANY": 5,
        "MPOL_F_NUMA_BALANCING": 1 << 13,
        "MPOL_F_RELATIVE_NODES": 1 << 14,
        "MPOL_F_STATIC_NODES": 1 << 15,
        "MPOL_MF_MOVE_ALL": 4,
        "MFD_NOEXEC_SEAL": 0x8,
        "MFD_EXEC": 0x10,
        "F_SEAL_FUTURE_WRITE": 0x10,
        "F_SEAL_EXEC": 0x20,
        "F_DUPFD": 0,
        "F_GETFD": 1,
        "F_SETFD": 2,
        "F_GETFL": 3,
        "F_SETFL": 4,
        "F_GETLK": 5,
        "F_SETLK": 6,
        "F_SETLKW": 7,
        "F_DUPFD_CLOEXEC": 1030,
        "F_GET_SEALS": 1034,
        "FD_CLOEXEC": 1,
        "SEEK_DATA": 3,
        "SEEK_HOLE": 4,
        "AT_FDCWD": AT_FDCWD,
        "AT_REMOVEDIR": 0x200,
        "NULL": 0,
        # Of file systems only hugetlbfs makes a difference to QEMU; strace's names for some
        # others, for the report.
        "EXT2_SUPER_MAGIC": 0xEF53,
        "XFS_SB_MAGIC": 0x58465342,
        "BTRFS_SUPER_MAGIC": 0x9123683E,
        "OVERLAYFS_SUPER_MAGIC": 0x794C7630,
        "NFS_SUPER_MAGIC": 0x6969,
        "FUSE_SUPER_MAGIC": 0x65735546,
        "PROC_SUPER_MAGIC": 0x9FA0,
        "SYSFS_MAGIC": 0x62656572,
        "RAMFS_MAGIC": 0x858458F6,
        "PIPEFS_MAGIC": 0x50495045,
    }
)


def _all_constants() -> Mapping[bytes, int]:
    names = {
        name: value
        for name, value in vars(linux).items()
        if name.isupper() and isinstance(value, int) and not name.startswith("SIG")
    }
    names.update(_OTHER_CONSTANTS)
    return MappingProxyType({name.encode(): value for name, value in names.items()})


_CONSTANTS: Final = _all_constants()


@attrs.define(eq=False)
class Call:
    """One system call as the log has it.

    ``line`` is the number of the line on which it starts, from 1; ``pid`` the
    thread that made it, None where the log does not say.  ``name`` is the
    call's name in events (``open`` for ``openat``), ``args`` in the order of
    :data:`qemu_model.calls.event.PARAMETERS`; an argument that cannot be read is the
    log's text.  ``result`` is what the kernel answered, or the negative errno,
    or None where the log has no answer.  ``dirfd`` is the directory of ``open``
    and ``unlink`` where it is not the current one, ``text`` the line.
    """

    line: int
    pid: int | None
    name: str
    args: tuple[Any, ...]
    result: int | None
    text: bytes
    out: StatFs | None = None
    dirfd: int = AT_FDCWD
    #: The object in QEMU that the call is on, as far as the log shows it.
    block: Any = None

    @property
    def failed(self) -> bool:
        """Whether the kernel refused."""
        return self.result is not None and -4096 < self.result < 0

    @property
    def given(self) -> int | None:
        """What the kernel gave: None where it refused, and where the log does not say."""
        return None if self.result is None or self.result < 0 else self.result


# Reading arguments.

_TOKEN: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*"(?:\.\.\.)?'  # a string, perhaps cut short
    rb"|<<"  # 21<<MFD_HUGE_SHIFT
    # What a descriptor stands for.
    rb"|<[^<>]*+(?>(?:<[^<>]*+>[^<>]*+)?)>(?>(?:\(deleted\))?)"
    rb"|/\*[^*]*+\*/"
    rb'|[^"<>()\[\]{},/]+'
    rb"|.",
    re.DOTALL,
)
#: Arguments that hold no string, no list and no structure.
_PLAIN: Final = re.compile(
    rb'((?>(?:[^"<>(){}\[\],/]++|<[^"<>(){}\[\],]*+>(?>(?:\(deleted\))?)|, )*))\)', re.DOTALL
)
#: An answer that the log does not have, ``= ?``, is none.
_RESULT: Final = re.compile(
    rb"\s*=\s*(?:0[xX](?P<hexadecimal>[0-9a-fA-F]{1,16})|(?P<decimal>-?\d{1,20}))"
    rb"(?:\s+(?P<errno>E[A-Z0-9]+)|\s+\(errno (?P<number>\d{1,9})\))?"
)
_STRING: Final = re.compile(rb'"(.*)"', re.DOTALL)
_LIST: Final = re.compile(rb"\[(.*)\]", re.DOTALL)
_ESCAPE: Final = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hexadecimal>[0-9a-fA-F]{2})|(?P<other>.))", re.DOTALL
)
_SIMPLE_ESCAPES: Final = MappingProxyType(
    {
        b"n": b"\n",
        b"t": b"\t",
        b"r": b"\r",
        b"f": b"\f",
        b"v": b"\v",
        b"a": b"\a",
        b"e": b"\x1b",
    }
)


def split_arguments(text: bytes) -> tuple[list[bytes], bytes] | None:
    """Split what follows a call's opening parenthesis into its arguments and the rest.

    None where the closing parenthesis is missing.
    """
    plain = _PLAIN.match(text)
    if plain is not None:
        return plain[1].split(b", "), text[plain.end() :]
    arguments: list[bytes] = []
    current: list[bytes] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        piece = token.group()
        if piece in (b"(", b"[", b"{"):
            depth += 1
        elif piece in (b")", b"]", b"}"):
            if not depth:
                arguments.append(b"".join(current).strip())
                return arguments, text[token.end() :]
            depth -= 1
        elif piece == b"," and not depth:
            arguments.append(b"".join(current).strip())
            current = []
            continue
        current.append(piece)
    return None


def read_result(rest: bytes) -> int | None:
    """Read what follows the arguments: ``= 0x7f...``, ``= -1 ENOENT (...)``, ``= ?``."""
    match = _RESULT.match(rest)
    if match is None:
        return None
    value = int(match["hexadecimal"], 16) if match["hexadecimal"] else int(match["decimal"])
    if match["errno"]:
        number = linux.ERRNO_NUMBERS.get(match["errno"].decode())
        return -number if number is not None else value
    if match["number"]:
        return -int(match["number"])
    return value


def _unescape(match: re.Match[bytes]) -> bytes:
    if match["hexadecimal"]:
        return bytes([int(match["hexadecimal"], 16)])
    if match["octal"]:
        return bytes([int(match["octal"], 8) & 0xFF])
    other = match["other"]
    return _SIMPLE_ESCAPES.get(other, other)


def read_string(text: bytes) -> str | None:
    """Read a C string as strace prints it; None if it is none or was cut short.

    Bytes that are not UTF-8 become what :func:`os.fsdecode` makes of them.
    """
    string = _STRING.fullmatch(text)
    return None if string is None else os.fsdecode(_ESCAPE.sub(_unescape, string[1]))


#: Most numbers; 2**64 has 20 digits.
_PLAIN_NUMBER: Final = re.compile(rb"0x[0-9a-f]{1,16}|[1-9][0-9]{0,19}")
_COMMENT: Final = re.compile(rb"\s*+/\*[^*]*+\*/\s*+")
_NUMBER: Final = re.compile(
    rb"[+-]?(?:0[xX][0-9a-fA-F]{1,16}|(?P<octal>0[0-7]{0,21})|[1-9][0-9]{0,21})"
)


def _constant(text: bytes) -> int | None:
    whole = _NUMBER.fullmatch(text)
    if whole is not None:
        return int(text, 8 if whole["octal"] else 0)
    if b"<<" in text:
        number, _, shift = text.partition(b"<<")
        left, right = _constant(number.strip()), _constant(shift.strip())
        if left is None or right is None or not 0 <= right < 64:
            return None
        return left << right
    return _CONSTANTS.get(text)


def read_flags(text: bytes) -> int | str:
    """Read a number, a constant or flags joined by ``|``; text that is none stays text."""
    if _PLAIN_NUMBER.fullmatch(text):
        return int(text, 0)
    return _read_names(text)


def read_length(text: bytes) -> int | str:
    """Read a length of ``off_t``: strace prints a negative one without its sign."""
    length = read_flags(text)
    return length if isinstance(length, str) else off_t(length)


@functools.lru_cache(maxsize=1024)
def _read_names(text: bytes) -> int | str:
    flags = 0
    for name in _COMMENT.sub(b"", text).split(b"|"):
        value = _constant(name.strip())
        if value is None:
            return _shown(text)
        flags |= value
    return flags


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def read_descriptor(text: bytes) -> int | str:
    """Read a descriptor, without what ``-y`` says about it; ``-e raw`` prints -1 in 32 bits."""
    number = text.partition(b"<")[0]
    return -1 if number == b"0xffffffff" else read_flags(number)


def read_path(text: bytes) -> str:
    """Read a string argument; what is not a whole string stays text."""
    path = read_string(text)
    return _shown(text) if path is None else path


#: A mask of more words than this is not a mask: Linux has at most 1024 nodes.
_MOST_WORDS: Final = 16
_MASK_WORD: Final = re.compile(rb"(?:0[xX])?[0-9a-fA-F]{1,16}")


def read_nodemask(text: bytes) -> tuple[int, ...] | str | None:
    """Read a mask of nodes, ``[0x0000000000000001]`` with one word for 64 nodes, or NULL."""
    if text == b"NULL":
        return None
    words = re.split(rb"[,\s]+", text.strip(b"[]{} "))
    if len(words) > _MOST_WORDS or not all(map(_MASK_WORD.fullmatch, words)):
        return _shown(text)
    digits = [word.lower().removeprefix(b"0x").zfill(16) for word in reversed(words)]
    mask = int(b"".join(digits), 16)
    return tuple(node for node in range(mask.bit_length()) if mask >> node & 1)


def read_statfs(text: bytes) -> StatFs | None:
    """Read what ``statfs`` answered; None where the log does not have it."""
    kind = re.search(rb'f_type="?([^",}]+)', text)
    size = re.search(rb"f_bsize=([^,}]+)", text)
    if kind is None or size is None:
        return None
    f_type, f_bsize = read_flags(kind[1]), read_flags(size[1])
    if isinstance(f_bsize, str):
        return None
    return StatFs(0 if isinstance(f_type, str) else f_type, f_bsize)


# Reading calls.

_Reader = Callable[[bytes], Any]
_MMAP_READERS: Final[tuple[_Reader, ...]] = (
    *(read_flags, read_flags, read_flags, read_flags),
    *(read_descriptor, read_flags),
)
_SIGNATURES: Final[Mapping[str, tuple[str, tuple[_Reader, ...]]]] = MappingProxyType(
    {
        "creat": ("open", (read_path, read_flags)),
        "close": ("close", (read_descriptor,)),
        "lseek": ("lseek", (read_descriptor, read_flags, read_flags)),
        "fstatfs": ("fstatfs", (read_descriptor,)),
        "fstatfs64": ("fstatfs", (read_descriptor,)),
        "statfs": ("statfs", (read_path,)),
        "statfs64": ("statfs", (read_path,)),
        "ftruncate": ("ftruncate", (read_descriptor, read_length)),
        "ftruncate64": ("ftruncate", (read_descriptor, read_length)),
        "unlink": ("unlink", (read_path,)),
        "memfd_create": ("memfd_create", (read_path, read_flags)),
        "fcntl": ("fcntl", (read_descriptor, read_flags)),
        "fcntl64": ("fcntl", (read_descriptor, read_flags)),
        "mmap": ("mmap", _MMAP_READERS),
        "mmap2": ("mmap", _MMAP_READERS),
        "munmap": ("munmap", (read_flags, read_flags)),
        "madvise": ("madvise", (read_flags, read_flags, read_flags)),
        "mbind": (
            "mbind",
            (read_flags, read_flags, read_flags, read_nodemask, read_flags, read_flags),
        ),
        "fallocate": ("fallocate", (read_descriptor, read_flags, read_flags, read_flags)),
        # The model never makes this one; on a backend it is a call too many.
        "mprotect": ("mprotect", (read_flags, read_flags, read_flags)),
        "exit_group": ("exit_group", (read_flags,)),
    }
)


#: What creat(2) opens a file with.
_CREAT_FLAGS: Final = b"O_WRONLY|O_CREAT|O_TRUNC"


def _open_arguments(path: bytes, flags: bytes, mode: bytes | None = None) -> tuple[Any, ...]:
    return (read_path(path), read_flags(flags), None if mode is None else read_flags(mode))


def read_call(line: int, pid: int | None, name: str, text: bytes, after: int) -> Call | None:
    """Read a whole call: ``text`` is its line, its arguments begin at ``after``.

    None where it is not one of the calls that are read here, or cannot be read.
    """
    split = split_arguments(text[after:])
    if split is None:
        return None
    arguments, rest = split
    result = read_result(rest)
    dirfd: int | str = AT_FDCWD
    if name in ("openat", "unlinkat") and len(arguments) >= 3:
        dirfd = read_descriptor(arguments[0])
        arguments = arguments[1:]
        name = name.removesuffix("at")
    if isinstance(dirfd, str):
        return None
    if name == "open":
        if len(arguments) < 2:
            return None
        return Call(line, pid, name, _open_arguments(*arguments[:3]), result, text, None, dirfd)
    signature = _SIGNATURES.get(name)
    if signature is None or len(arguments) < len(signature[1]):
        return None
    event, readers = signature
    args = tuple(read(argument) for read, argument in zip(readers, arguments, strict=False))
    out = None
    match name:
        case "statfs" | "fstatfs" | "statfs64" | "fstatfs64":
            out = read_statfs(arguments[-1])
        case "fcntl" | "fcntl64":
            args += (read_flags(next(iter(arguments[2:]), b"0")),)
        case "creat":
            path, mode = args
            args = (path, read_flags(_CREAT_FLAGS), mode)
    return Call(line, pid, event, args, result, text, out, dirfd)


# The command line.


@attrs.frozen
class CommandLine:
    """What an ``execve`` line says.

    ``argv`` is None where strace cut it short; ``failed`` tells that the program
    was not run.
    """

    line: int
    pid: int | None
    program: str
    argv: tuple[str, ...] | None
    failed: bool


def read_execve(line: int, pid: int | None, text: bytes, after: int) -> CommandLine | None:
    """Read an ``execve`` line whose arguments begin at ``after``; None if it is none."""
    split = split_arguments(text[after:])
    if split is None:
        return None
    arguments, rest = split
    if len(arguments) < 2:
        return None
    return CommandLine(
        line,
        pid,
        read_path(arguments[0]),
        _read_argv(arguments[1]),
        read_result(rest) != 0,
    )


def _read_argv(text: bytes) -> tuple[str, ...] | None:
    listed = _LIST.fullmatch(text)
    split = None if listed is None else split_arguments(listed[1] + b")")
    if split is None:
        return None
    argv = [read_string(argument) for argument in split[0] if argument]
    if any(argument is None for argument in argv):
        return None
    return tuple(argument for argument in argv if argument is not None)
