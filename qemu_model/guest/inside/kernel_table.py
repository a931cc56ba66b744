"""What this kernel does besides MAP_SYNC: mbind, KSM, accounting of memory, populating.

    python -m qemu_model.guest.inside.kernel_table tmpfs=/mnt/tmpfs anonymous=

The places are those of :mod:`.map_sync_table`.  The answer is one JSON object with the
tables ``map_sync``, ``mbind``, ``memory`` and the kernel's ``release``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ...host import linux
from ...host.live import LiveHost
from . import map_sync_table

#: The size of a mapping whose memory is counted, in bytes; on huge pages that of the pool's.
COUNTED: Final = 8 * 1024 * 1024
#: How much other processes may change Committed_AS meanwhile, in bytes.
NOISE: Final = 1024 * 1024
READ_WRITE: Final = linux.PROT_READ | linux.PROT_WRITE
STRICT_MOVE: Final = 1 | 2
#: What mbind is asked: a policy's number, and the nodes, None for no mask.
BINDINGS: Final[Mapping[str, tuple[int, tuple[int, ...] | None]]] = MappingProxyType(
    {
        "default": (0, None),
        "bind 0": (2, (0,)),
        "bind 0-1": (2, (0, 1)),
        "bind 1": (2, (1,)),
        "bind 127": (2, (127,)),
        "preferred 0": (1, (0,)),
        "preferred 1": (1, (1,)),
        "interleave 0-63": (3, tuple(range(64))),
        "interleave 1-127": (3, tuple(range(1, 128))),
        "preferred-many 0": (5, (0,)),
        "preferred-many 0-1": (5, (0, 1)),
    }
)


def result(answer: int) -> str:
    """Return ``ok`` or the errno of an answer."""
    return "ok" if answer >= 0 else linux.errno_name(-answer)


def bindings(host: LiveHost) -> dict[str, str]:
    """Return what mbind answers for anonymous memory."""
    found = {}
    for name, (mode, nodes) in BINDINGS.items():
        address = host.mmap(0, COUNTED, READ_WRITE, linux.MAP_PRIVATE | linux.MAP_ANONYMOUS, -1, 0)
        highest = 0 if nodes is None else max(nodes) + 1
        found[name] = result(host.mbind(address, COUNTED, mode, nodes, highest + 1, STRICT_MOVE))
        host.munmap(address, COUNTED)
    return found


def committed() -> int:
    """Return Committed_AS in bytes."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Committed_AS")) << 10


def memory_of(host: LiveHost, fd: int, kind: int) -> dict[str, object]:
    """Return what a mapping counts and takes: as mapped, merged by KSM, and populated.

    ``counts``: how much of it Committed_AS grows by when it is mapped, and then when it is
    populated: ``all`` or ``nothing``.
    """
    flags = kind | (linux.MAP_ANONYMOUS if fd < 0 else 0)
    before = committed()
    address = host.mmap(0, COUNTED, READ_WRITE, flags, fd, 0)
    if address < 0:
        return {"mmap": result(address)}
    mapped = committed()
    merged = host.madvise(address, COUNTED, linux.MADV_MERGEABLE)
    shown = host.vm_flags(address) or []
    populated = host.madvise(address, COUNTED, linux.MADV_POPULATE_WRITE)
    after = committed()
    host.munmap(address, COUNTED)
    return {
        "mmap": "ok",
        "counts when mapped": _share(mapped - before),
        "counts when populated": _share(after - mapped),
        "MADV_MERGEABLE": result(merged),
        "mg": "mg" in shown,
        "MADV_POPULATE_WRITE": result(populated),
    }


def _share(grown: int) -> str:
    if abs(grown) < NOISE:
        return "nothing"
    return "all" if abs(grown - COUNTED) < NOISE else f"{grown} bytes"


def memory(host: LiveHost, path: str) -> dict[str, dict[str, object]]:
    """Return :func:`memory_of` for a shared and a private mapping of a file at ``path``."""
    found = {}
    for name, kind in (("shared", linux.MAP_SHARED), ("private", linux.MAP_PRIVATE)):
        if not path:
            found[name] = memory_of(host, -1, kind)
            continue
        directory = os.path.isdir(path)
        file = os.path.join(path, f"kernel-table-{os.getpid()}") if directory else path
        new = linux.O_CREAT | linux.O_EXCL if directory else 0
        fd = host.open(file, linux.O_RDWR | new, 0o600)
        if fd < 0:
            found[name] = {"open": result(fd)}
            continue
        if directory:
            host.ftruncate(fd, COUNTED)
        found[name] = memory_of(host, fd, kind)
        host.close(fd)
        if directory:
            host.unlink(file)
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure every ``NAME=PATH`` and print the answers as JSON."""
    host = LiveHost()
    places = dict(argument.split("=", 1) for argument in arguments)
    table = {
        "release": os.uname().release,
        "version": os.uname().version,
        "map_sync": {name: map_sync_table.measure(host, path) for name, path in places.items()},
        "mbind": bindings(host),
        "memory": {name: memory(host, path) for name, path in places.items()},
    }
    json.dump(table, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
