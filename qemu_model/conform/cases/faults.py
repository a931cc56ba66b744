"""Cases in which one system call of a backend fails."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from ..driver import Preparation
from .case import MIB, Case, Fault, an_object, removed

#: A call, which of its kind fails, and the errnos that it answers, each in a case of its own.
_Failures: TypeAlias = tuple[tuple[str, int, tuple[str, ...]], ...]

_IMAGE: Final = "$files/l.img"
_RAM: Final = "memory-backend-ram,id=b0,size=4M"
_FILE: Final = f"memory-backend-file,id=b0,mem-path={_IMAGE},size=4M"
_OF_A_FILE: Final[_Failures] = (
    ("openat", 1, ("EACCES", "EMFILE", "EINTR", "EIO", "EROFS", "EISDIR", "EEXIST")),
    ("openat", 2, ("EACCES", "ENOSPC", "EINTR", "EEXIST", "ENOENT")),
    ("lseek", 1, ("ESPIPE", "EIO", "EOVERFLOW")),
    ("fstatfs", 1, ("EINTR", "EIO", "ENOSYS")),
    ("ftruncate", 1, ("EFBIG", "ENOSPC", "EIO", "EINVAL", "EINTR")),
    ("mmap", 1, ("ENOMEM", "EAGAIN", "EINVAL")),
    ("mmap", 2, ("ENOMEM", "EAGAIN", "EINVAL", "EOPNOTSUPP", "EACCES", "ENODEV", "EPERM")),
    ("madvise", 1, ("EINVAL", "ENOMEM")),
    ("madvise", 2, ("EINVAL", "EAGAIN")),
    ("madvise", 3, ("EINVAL", "EPERM")),
)
#: The errnos that a file of huge pages is tried with.
_OF_HUGE_PAGES: Final = ("ENOMEM", "EINTR", "EOPNOTSUPP", "EACCES")
#: Backends, by the words for them, and which of their calls fail.
_BACKENDS: Final[tuple[tuple[str, str, _Failures], ...]] = (
    (
        "map_sync",
        f"{_FILE},share=on,pmem=on",
        (
            ("mmap", 2, ("EINVAL", "ENOMEM", "EOPNOTSUPP", "EPERM")),
            ("mmap", 3, ("EINVAL", "ENOMEM", "EOPNOTSUPP")),
        ),
    ),
    (
        "ram",
        _RAM,
        (
            ("mmap", 1, ("ENOMEM", "EAGAIN")),
            ("mmap", 2, ("ENOMEM", "EPERM")),
            ("munmap", 1, ("EINVAL",)),
            ("munmap", 2, ("EINVAL",)),
            ("madvise", 1, ("EINVAL",)),
            ("madvise", 2, ("EINVAL",)),
            ("madvise", 3, ("ENOMEM",)),
            ("madvise", 4, ("ENOMEM",)),
        ),
    ),
    (
        "memfd",
        "memory-backend-memfd,id=b0,size=4M",
        (
            ("memfd_create", 1, ("EMFILE", "ENFILE", "EINVAL", "ENOSYS")),
            ("ftruncate", 1, ("EINVAL", "ENOSPC", "EIO")),
            ("fcntl", 1, ("EBUSY", "EPERM", "EINVAL")),
            ("fstatfs", 1, ("EIO",)),
            ("lseek", 1, ("EIO",)),
            ("mmap", 1, ("ENOMEM",)),
            ("mmap", 2, ("ENOMEM", "EINVAL")),
        ),
    ),
    (
        "prealloc",
        f"{_FILE},prealloc=on",
        (
            ("fstatfs", 2, ("EIO",)),
            ("madvise", 4, ("EINVAL", "EFAULT", "ENOMEM", "EHWPOISON", "EAGAIN")),
            ("madvise", 5, ("EINVAL", "EFAULT", "ENOMEM", "EAGAIN")),
        ),
    ),
)
#: The words of a case before "answers ERRNO", the backend, the call, which one, the errnos.
_ONE_CALL: Final[tuple[tuple[str, str, str, int, tuple[str, ...]], ...]] = (
    (
        "bind: mbind",
        f"{_RAM},policy=bind,host-nodes=0",
        "mbind",
        1,
        ("EPERM", "ENOSYS", "EINVAL", "EIO", "ENOMEM"),
    ),
    (
        "file bind: mbind",
        f"{_FILE},policy=bind,host-nodes=0",
        "mbind",
        1,
        ("EPERM", "ENOSYS", "EINVAL", "EIO", "ENOMEM"),
    ),
    ("default policy: mbind", _RAM, "mbind", 1, ("ENOSYS", "EPERM")),
    (
        "directory: mkstemp's open",
        "memory-backend-file,id=b0,mem-path=$files,size=4M",
        "openat",
        2,
        ("EMFILE", "EACCES", "EEXIST"),
    ),
    (
        "directory: unlink",
        "memory-backend-file,id=b0,mem-path=$files,size=4M",
        "unlink",
        1,
        ("EIO",),
    ),
)


def _fresh(text: str, image: str = _IMAGE) -> tuple[Preparation, ...]:
    return (removed(image),) if image in text else ()


def faults() -> Iterator[Case]:
    """One call of the backend fails, each call in its turn."""
    for where in ("files", "huge"):
        image = f"${where}/l.img"
        text = f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on"
        for call, nth, errnos in _OF_A_FILE:
            for errno in errnos:
                if where == "files" or errno in _OF_HUGE_PAGES:
                    yield Case(
                        f"fault/{where}: {call} {nth} answers {errno}",
                        an_object(text),
                        setup=_fresh(text, image),
                        fault=Fault(call, nth, errno),
                    )
    rows = [
        (f"{words}: {call} {nth}", text, call, nth, errnos)
        for words, text, failures in _BACKENDS
        for call, nth, errnos in failures
    ]
    for words, text, call, nth, errnos in (*rows, *_ONE_CALL):
        for errno in errnos:
            yield Case(
                f"fault/{words} answers {errno}",
                an_object(text),
                setup=_fresh(text),
                fault=Fault(call, nth, errno),
            )
    for errno in ("EINVAL", "ENOMEM"):
        yield Case(
            f"fault/no dump: madvise 2 answers {errno}",
            an_object(_RAM),
            ("-M", "none,dump-guest-core=off"),
            fault=Fault("madvise", 2, errno),
        )
    yield Case(
        "fault/close after a failed mapping answers EIO",
        an_object(_FILE),
        setup=(Preparation("data", _IMAGE, MIB, 65),),
        fault=Fault("close", 1, "EIO"),
    )
