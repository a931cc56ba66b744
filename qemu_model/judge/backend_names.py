"""Which paths, memory files and descriptors of a log are a backend's, by their names."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from typing import Final

from .strace import AT_FDCWD, Call, read_string

#: How the name of a file begins that QEMU makes in a directory.
TEMPORARY_FILE: Final = "/qemu_back_mem"
_TEMPORARY: Final = TEMPORARY_FILE.encode()
#: What -y calls the descriptor of a memfd: since 10.0 it is named like the memory.
_MEMFD: Final = b"/memfd:"
#: The descriptor that QEMU makes to see whether memfd_create works.
_PROBED: Final = b"/memfd:test"
#: POSIX shared memory of QEMU (since 9.1), as a path and as a part of a line.
_SHM: Final = re.compile(r"/dev/shm/qemu-\d+-shm-[^/]+")
_SHM_BEGINS: Final = b"/dev/shm/qemu-"
#: So many names of descriptors are known without another look.
_NAMES_KEPT: Final = 4096


class BackendNames:
    """The names of backends.

    ``paths`` are the memory paths on the command line and in the QMP commands, ``names`` what
    the memory of objects may be called.
    """

    def __init__(self, paths: Iterable[str], names: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._memory_names = frozenset(names)
        self._raw_paths = frozenset(os.fsencode(path) for path in self._paths)
        #: Whether -y's name for a descriptor is a backend's, as it is or with strace's escapes.
        #: A long log has the same names again and again.
        self.is_name: Callable[[bytes], bool] = functools.lru_cache(_NAMES_KEPT)(self._is_name)

    def _is_name(self, name: bytes) -> bool:
        if name in self._raw_paths or _TEMPORARY in name or name.startswith(_SHM_BEGINS):
            return True
        if name.startswith(_MEMFD):
            return name != _PROBED
        return b"\\" in name and read_string(b'"%s"' % name) in self._paths

    def may_be_path(self, raw: bytes) -> bool:
        """Whether a path as strace prints it may be a backend's."""
        return (
            raw in self._raw_paths
            or b"\\" in raw
            or _TEMPORARY in raw
            or raw.startswith(_SHM_BEGINS)
        )

    def _on_path(self, path: str) -> bool:
        return path in self._paths or TEMPORARY_FILE in path or bool(_SHM.fullmatch(path))

    def is_on_path(self, call: Call) -> bool:
        """Whether the path of a call is a backend's."""
        path: str = call.args[0]
        return self._on_path(path) and (call.dirfd == AT_FDCWD or path.startswith("/"))

    def is_memory_file(self, name: str) -> bool:
        """Whether a memfd of this name is a backend's; since 10.0 that may be an object's name."""
        return name.startswith("memory-backend") or name in self._memory_names
