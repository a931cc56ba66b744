"""Cases in which one system call of a backend fails."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..driver import Preparation
from .case import MIB, Case, Fault, an_object, removed

_FILE_CALLS: Final = (
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


def faults() -> Iterator[Case]:
    """One call of the backend fails, each call in its turn."""
    for where in ("files", "huge"):
        image = f"${where}/l.img"
        for call, nth, errnos in _FILE_CALLS:
            for errno in errnos:
                if where == "huge" and errno not in ("ENOMEM", "EINTR", "EOPNOTSUPP", "EACCES"):
                    continue
                yield Case(
                    f"fault/{where}: {call} {nth} answers {errno}",
                    an_object(f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on"),
                    setup=(removed(image),),
                    fault=Fault(call, nth, errno),
                )
    image = "$files/l.img"
    synchronous = f"memory-backend-file,id=b0,mem-path={image},size=4M,share=on,pmem=on"
    refused_sync: tuple[tuple[int, tuple[str, ...]], ...] = (
        (2, ("EINVAL", "ENOMEM", "EOPNOTSUPP", "EPERM")),
        (3, ("EINVAL", "ENOMEM", "EOPNOTSUPP")),
    )
    for nth, refusals in refused_sync:
        for errno in refusals:
            yield Case(
                f"fault/map_sync: mmap {nth} answers {errno}",
                an_object(synchronous),
                setup=(removed(image),),
                fault=Fault("mmap", nth, errno),
            )
    anonymous: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("mmap", 1, ("ENOMEM", "EAGAIN")),
        ("mmap", 2, ("ENOMEM", "EPERM")),
        ("munmap", 1, ("EINVAL",)),
        ("munmap", 2, ("EINVAL",)),
        ("madvise", 1, ("EINVAL",)),
        ("madvise", 2, ("EINVAL",)),
        ("madvise", 3, ("ENOMEM",)),
        ("madvise", 4, ("ENOMEM",)),
    )
    for call, nth, refusals in anonymous:
        for errno in refusals:
            yield Case(
                f"fault/ram: {call} {nth} answers {errno}",
                an_object("memory-backend-ram,id=b0,size=4M"),
                fault=Fault(call, nth, errno),
            )
    bound = "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes=0"
    for errno in ("EPERM", "ENOSYS", "EINVAL", "EIO", "ENOMEM"):
        yield Case(
            f"fault/bind: mbind answers {errno}",
            an_object(bound),
            fault=Fault("mbind", 1, errno),
        )
        yield Case(
            f"fault/file bind: mbind answers {errno}",
            an_object(
                f"memory-backend-file,id=b0,mem-path={image},size=4M,policy=bind,host-nodes=0"
            ),
            setup=(removed(image),),
            fault=Fault("mbind", 1, errno),
        )
    for errno in ("ENOSYS", "EPERM"):
        yield Case(
            f"fault/default policy: mbind answers {errno}",
            an_object("memory-backend-ram,id=b0,size=4M"),
            fault=Fault("mbind", 1, errno),
        )
    memfd = "memory-backend-memfd,id=b0,size=4M"
    of_memfd: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("memfd_create", 1, ("EMFILE", "ENFILE", "EINVAL", "ENOSYS")),
        ("ftruncate", 1, ("EINVAL", "ENOSPC", "EIO")),
        ("fcntl", 1, ("EBUSY", "EPERM", "EINVAL")),
        ("fstatfs", 1, ("EIO",)),
        ("lseek", 1, ("EIO",)),
        ("mmap", 1, ("ENOMEM",)),
        ("mmap", 2, ("ENOMEM", "EINVAL")),
    )
    for call, nth, refusals in of_memfd:
        for errno in refusals:
            yield Case(
                f"fault/memfd: {call} {nth} answers {errno}",
                an_object(memfd),
                fault=Fault(call, nth, errno),
            )
    for call, nth, errno in (
        ("fstatfs", 2, "EIO"),
        ("madvise", 4, "EINVAL"),
        ("madvise", 4, "EFAULT"),
        ("madvise", 4, "ENOMEM"),
        ("madvise", 4, "EHWPOISON"),
        ("madvise", 4, "EAGAIN"),
        ("madvise", 5, "EINVAL"),
        ("madvise", 5, "EFAULT"),
        ("madvise", 5, "ENOMEM"),
        ("madvise", 5, "EAGAIN"),
    ):
        yield Case(
            f"fault/prealloc: {call} {nth} answers {errno}",
            an_object(f"memory-backend-file,id=b0,mem-path={image},size=4M,prealloc=on"),
            setup=(removed(image),),
            fault=Fault(call, nth, errno),
        )
    for errno in ("EINVAL", "ENOMEM"):
        yield Case(
            f"fault/no dump: madvise 2 answers {errno}",
            an_object("memory-backend-ram,id=b0,size=4M"),
            ("-M", "none,dump-guest-core=off"),
            fault=Fault("madvise", 2, errno),
        )
    for call, errno in (("openat", "EMFILE"), ("openat", "EACCES"), ("openat", "EEXIST")):
        yield Case(
            f"fault/directory: mkstemp's open answers {errno}",
            an_object("memory-backend-file,id=b0,mem-path=$files,size=4M"),
            fault=Fault(call, 2, errno),
        )
    yield Case(
        "fault/directory: unlink answers EIO",
        an_object("memory-backend-file,id=b0,mem-path=$files,size=4M"),
        fault=Fault("unlink", 1, "EIO"),
    )
    yield Case(
        "fault/close after a failed mapping answers EIO",
        an_object(f"memory-backend-file,id=b0,mem-path={image},size=4M"),
        setup=(Preparation("data", image, MIB, 65),),
        fault=Fault("close", 1, "EIO"),
    )
