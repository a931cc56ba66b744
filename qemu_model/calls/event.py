"""One system call with its result."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import attrs

from ..host import linux
from ..host.protocol import StatFs
from .strace_text import call_text, result_text

#: The argument names of each call, as the man pages have them, in the host's order.
PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "open": ("pathname", "flags", "mode"),
        "close": ("fd",),
        "lseek": ("fd", "offset", "whence"),
        "fstatfs": ("fd",),
        "statfs": ("path",),
        "ftruncate": ("fd", "length"),
        "fallocate": ("fd", "mode", "offset", "len"),
        "unlink": ("pathname",),
        "memfd_create": ("name", "flags"),
        "fcntl": ("fd", "cmd", "arg"),
        "mmap": ("addr", "length", "prot", "flags", "fd", "offset"),
        "munmap": ("addr", "length"),
        "madvise": ("addr", "length", "advice"),
        "mbind": ("addr", "len", "mode", "nodemask", "maxnode", "flags"),
    }
)

_READABLE: Final[Mapping[tuple[str, str], Callable[[Any], object]]] = MappingProxyType(
    {
        ("open", "flags"): linux.open_flag_names,
        ("lseek", "whence"): lambda value: linux.WHENCE_NAMES.get(value, value),
        ("fallocate", "mode"): linux.fallocate_flag_names,
        ("memfd_create", "flags"): linux.memfd_flag_names,
        ("fcntl", "cmd"): lambda value: linux.FCNTL_NAMES.get(value, value),
        ("fcntl", "arg"): linux.seal_names,
        ("mmap", "addr"): lambda value: value or None,
        ("mmap", "prot"): linux.prot_names,
        ("mmap", "flags"): linux.mmap_flag_names,
        ("madvise", "advice"): lambda value: linux.ADVICE_NAMES.get(value, value),
        ("mbind", "mode"): lambda value: linux.POLICY_NAMES.get(value, value),
        ("mbind", "nodemask"): lambda value: None if value is None else sorted(value),
        ("mbind", "flags"): linux.mbind_flag_names,
    }
)


def named_args(call: str, args: tuple[Any, ...]) -> dict[str, object]:
    """Return a call's arguments by name, flags and constants as names (the JSON form)."""
    named: dict[str, object] = {}
    for name, value in zip(PARAMETERS[call], args, strict=True):
        readable = _READABLE.get((call, name))
        named[name] = readable(value) if readable else value
    return named


class Event(NamedTuple):
    """A call, its arguments as numbers and strings in the call's order, and its answer.

    ``result`` is what the kernel answered: zero or more, or the negative errno.
    ``by`` is the C file and function that made the call
    (``util/mmap-alloc.c:qemu_ram_mmap``), empty where that is not known.

    A tuple, because a run makes many: one costs a fifth of what an attrs object does.
    """

    call: str
    args: tuple[Any, ...]
    result: int
    by: str = ""
    out: StatFs | None = None

    def __str__(self) -> str:
        """Return the call in one line, as strace prints it."""
        return f"{call_text(self)} = {result_text(self)}"

    @property
    def failed(self) -> bool:
        """Whether the kernel refused."""
        return -4096 < self.result < 0

    @property
    def errno(self) -> str | None:
        """The name of the errno of a failed call, as strace prints it; else None."""
        return linux.errno_name(-self.result) if self.failed else None

    def named_args(self) -> dict[str, object]:
        """Return the arguments by name, flags and constants as names (the JSON form)."""
        return named_args(self.call, self.args)

    def to_json(self) -> dict[str, object]:
        """Return the event as ``run --json`` shows it, without ``why``."""
        shown: dict[str, object] = {
            "call": self.call,
            "args": self.named_args(),
            "result": -1 if self.failed else self.result,
            "errno": self.errno,
            "by": self.by,
        }
        if self.out is not None:
            shown["out"] = attrs.asdict(self.out)
        return shown
