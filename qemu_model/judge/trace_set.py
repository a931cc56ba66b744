"""What strace was asked to trace: ``--trace SET``, in strace's own spelling."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

#: The set with which the documentation records.
DOCUMENTED: Final = (
    "execve,open,openat,close,mmap,munmap,mprotect,madvise,ftruncate,fallocate,mbind,"
    "unlink,fstatfs,statfs,lseek,memfd_create,fcntl,exit_group"
)
#: The kernel's names of the calls that the judge compares, by the names of events.
_KERNELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "open": ("openat", "open"),
        "close": ("close",),
        "lseek": ("lseek", "_llseek"),
        "fstatfs": ("fstatfs", "fstatfs64"),
        "statfs": ("statfs", "statfs64"),
        "ftruncate": ("ftruncate", "ftruncate64"),
        "fallocate": ("fallocate",),
        "unlink": ("unlink", "unlinkat"),
        "memfd_create": ("memfd_create",),
        "fcntl": ("fcntl", "fcntl64"),
        "mmap": ("mmap", "mmap2"),
        "munmap": ("munmap",),
        "madvise": ("madvise",),
        "mbind": ("mbind",),
    }
)
_ALL: Final = frozenset(_KERNELS)
_ON_PATHS: Final = frozenset({"open", "statfs", "unlink"})
_ON_MEMORY: Final = frozenset({"mmap", "munmap", "madvise", "mbind"})
_ON_DESCRIPTORS: Final = _ALL - _ON_PATHS - _ON_MEMORY | {"open", "mmap"}
#: strace's classes of calls, as far as the judge compares their members.
_CLASSES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "all": _ALL,
        "%all": _ALL,
        "none": frozenset(),
        "file": _ON_PATHS,
        "%file": _ON_PATHS,
        "desc": _ON_DESCRIPTORS,
        "%desc": _ON_DESCRIPTORS,
        "memory": _ON_MEMORY,
        "%memory": _ON_MEMORY,
        "%statfs": frozenset({"statfs"}),
        "%fstatfs": frozenset({"fstatfs"}),
        "%%statfs": frozenset({"statfs", "fstatfs"}),
    }
)
_WORD: Final = re.compile(r"%{0,3}[A-Za-z0-9_]+|/.+")


@attrs.frozen
class TraceSet:
    """The calls that strace was asked to log, by the names of events."""

    text: str
    calls: frozenset[str]

    def __contains__(self, call: object) -> bool:
        return call in self.calls


def read_trace_set(text: str) -> TraceSet:
    """Read what ``strace -e trace=`` takes, or ``documented``.

    Names, classes (``%file``, ``%memory``, ``%desc``), ``/REGEX``, ``?`` before any of them,
    ``!`` before the whole.  Raises ValueError with a sentence for anything else.
    """
    given = text.removeprefix("trace=")
    if given == "documented":
        given = DOCUMENTED
    wanted = given.removeprefix("!")
    found: set[str] = set()
    for word in wanted.split(","):
        found |= _calls_of(word.strip().removeprefix("?"))
    calls = _ALL - found if given.startswith("!") else frozenset(found)
    return TraceSet(text, calls)


def _calls_of(word: str) -> frozenset[str]:
    if not _WORD.fullmatch(word):
        raise ValueError(
            f"--trace takes documented, all or a list as strace's trace=, not '{word}'"
        )
    if word.startswith("/"):
        try:
            pattern = re.compile(word[1:])
        except re.error as error:
            raise ValueError(f"--trace: '{word}' is not a regular expression: {error}") from error
        return frozenset(
            call for call, names in _KERNELS.items() if any(map(pattern.search, names))
        )
    if word in _CLASSES:
        return _CLASSES[word]
    return frozenset(call for call, names in _KERNELS.items() if word in names)
