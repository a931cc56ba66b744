"""Every call of a run fails once: which calls there are, and which errnos each can give."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from qemu_model.event import Event
from qemu_model.host.faults import Fault

#: The errnos of each call, from its man page (section 2, "ERRORS"), and those that file
#: systems add: EIO and ESTALE of network ones, EDQUOT of quotas.
MAY_GIVE = MappingProxyType(
    {
        "open": (
            "EACCES EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE "
            "ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW "
            "EPERM EROFS ESTALE ETXTBSY EAGAIN"
        ),
        "close": "EBADF EDQUOT EINTR EIO ENOSPC",
        "lseek": "EBADF EINVAL EIO ENXIO EOVERFLOW ESPIPE",
        "fstatfs": "EBADF EFAULT EINTR EIO ENOMEM ENOSYS EOVERFLOW ESTALE",
        "statfs": (
            "EACCES EFAULT EINTR EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSYS ENOTDIR EOVERFLOW"
        ),
        "ftruncate": (
            "EACCES EBADF EDQUOT EFBIG EINTR EINVAL EIO ENOSPC EPERM EROFS ESTALE ETXTBSY"
        ),
        "unlink": (
            "EACCES EBUSY EFAULT EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS"
        ),
        "memfd_create": "EACCES EFAULT EINVAL EMFILE ENFILE ENOMEM ENOSYS EPERM",
        "fcntl": "EACCES EAGAIN EBADF EBUSY EINVAL EPERM",
        "mmap": (
            "EACCES EAGAIN EBADF EEXIST EINTR EINVAL EIO ENFILE ENODEV ENOMEM EOPNOTSUPP EOVERFLOW "
            "EPERM ETXTBSY"
        ),
        "munmap": "EINVAL ENOMEM",
        "madvise": "EACCES EAGAIN EBADF EBUSY EFAULT EHWPOISON EINTR EINVAL EIO ENOMEM EPERM",
        "mbind": "EFAULT EINVAL EIO ENOMEM ENOSYS EPERM",
    }
)


def numbers(call: str) -> list[int]:
    """Return the errnos that a call can give."""
    return [getattr(errno, name, 133) for name in MAY_GIVE[call].split()]


def each_failing_once(events: Iterable[Event]) -> Iterator[Fault]:
    """Yield a fault for each call and each errno: the first call fails, then the second, ..."""
    count: Counter[str] = Counter()
    for event in events:
        count[event.call] += 1
        for number in numbers(event.call):
            yield Fault.nth(event.call, number, count[event.call])


def each_failing_from_then_on(events: Iterable[Event]) -> Iterator[Fault]:
    """Yield a fault for each call and each errno: it fails, and with it all that follow."""
    for fault in each_failing_once(events):
        yield Fault(fault.call, fault.errno, first=fault.first)


def seed() -> str:
    """Return what samples are drawn with: the commit where there is one."""
    return os.environ.get("QEMU_MODEL_SEED", "0")


def sampler(what: str) -> random.Random:
    """Return a source of samples: the same commit, the same sample."""
    return random.Random(f"{seed()} {what}")
