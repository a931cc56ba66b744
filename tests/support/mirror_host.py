"""A host that answers as it is told, for tests of one function of the mirror.

Nothing of a kernel is in it: a test says what each call answers, and reads which
calls were made.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from qemu_model.error import Error
from qemu_model.globals import Qemu
from qemu_model.host.linux import makedev
from qemu_model.host.protocol import Platform, Stat, StatFs
from qemu_model.machines import TARGETS
from qemu_model.revision import SERIES, Revision

#: Where this host puts memory unless it is told otherwise: at no multiple of 2 MiB.
ADDRESS = 0x7F00_0010_1000
PAGE = 4096
EXT4 = StatFs(0xEF53, PAGE)
HUGE = StatFs(0x958458F6, 2 << 20)

Call = tuple[Any, ...]


def dax_device(size: int) -> dict[str, Any]:
    """Return what a host answers about a device DAX of ``size`` bytes."""
    return {
        "fstat": [Stat(0o20644, 0, makedev(252, 0))],
        "readlink": ["../../../../class/dax"],
        "read_file": [f"{size}\n"],
    }


class ToldHost:
    """``answers`` give, for a call's name, what it answers: in turn, the last for ever.

    An answer may be a function of the call's arguments.
    """

    name = "told"

    def __init__(self, platform: Platform | None = None, **answers: Any) -> None:
        self.platform = platform or Platform()
        self.calls: list[Call] = []
        self.answers: dict[str, list[Any]] = {
            "open": [7, 8, 9],
            "close": [0],
            "lseek": [0],
            "fstatfs": [EXT4],
            "statfs": [EXT4],
            "ftruncate": [0],
            "fallocate": [0],
            "unlink": [0],
            "memfd_create": [5],
            "fcntl": [0],
            "mmap": [lambda addr, *_: addr or ADDRESS],
            "munmap": [0],
            "madvise": [0],
            "mbind": [0],
            "touch_pages": [0],
            "memfd_probe": [True],
            "vm_flags": [None],
            "read_file": ["0\n"],
            "readlink": ["/f"],
            "fstat": [Stat(0o100644, 0)],
            "stat": [Stat(0o100644, 1 << 40)],
            "getpid": [1000],
            "describe": [{}],
            **{name: list(told) for name, told in answers.items()},
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "temporary_name":
            return lambda: "abcdef"
        if name not in self.answers:
            raise AttributeError(name)
        answers = self.answers[name]

        def call(*args: Any) -> Any:
            self.calls.append((name, *args))
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            return answer(*args) if callable(answer) else answer

        return call

    def made(self, *names: str) -> list[Call]:
        """Return the calls of these names, in order."""
        return [call for call in self.calls if call[0] in names]


def qemu_on(host: ToldHost, revision: Revision = SERIES[-1], **values: Any) -> Qemu:
    """Return the globals of a process on that host."""
    return attrs.evolve(Qemu(host, revision, host.platform, TARGETS["x86_64"]), **values)


def message(call: Any) -> str:
    """Return the text of the error that a call raises."""
    with pytest.raises(Error) as error:
        call()
    return error.value.text_in(SERIES[-1])
