"""What mmap answers to MAP_SYNC on each kind of file, asked of the kernel here.

    python -m qemu_model.guest.inside.map_sync_table ext4-dax=/mnt/dax anonymous=

A place is a directory, in which a file is made and removed again; a device; or
nothing, for anonymous memory.  The answer is one JSON object: by place, by kind of
mapping, whether it was ``ok`` or the errno, and whether ``sf`` was in smaps.
No page is touched.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ...host import linux
from ...host.live import LiveHost
from ...host.protocol import Host

#: The size of the file and of the mapping, in bytes: two huge pages.
SIZE: Final = 4 * 1024 * 1024
READ_WRITE: Final = linux.PROT_READ | linux.PROT_WRITE

#: The columns: what each kind of mapping asks for.
MAPPINGS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "SHARED_VALIDATE+SYNC": linux.MAP_SHARED_VALIDATE | linux.MAP_SYNC,
        "SHARED+SYNC": linux.MAP_SHARED | linux.MAP_SYNC,
        "PRIVATE+SYNC": linux.MAP_PRIVATE | linux.MAP_SYNC,
        "SHARED_VALIDATE": linux.MAP_SHARED_VALIDATE,
        "SHARED": linux.MAP_SHARED,
    }
)


def measure(host: Host, path: str) -> dict[str, dict[str, object]]:
    """Return what ``host`` answers to each kind of mapping of a file at ``path``.

    ``path`` is a directory, a device, or empty for anonymous memory.  Raises OSError
    if there can be no file.
    """
    if not path:
        return answers(host, -1, linux.MAP_ANONYMOUS)
    directory = stat.S_ISDIR(os.stat(path).st_mode)
    name = os.path.join(path, f"map-sync-table-{os.getpid()}") if directory else path
    flags = linux.O_RDWR | (linux.O_CREAT | linux.O_EXCL if directory else 0)
    fd = host.open(name, flags, 0o600)
    if fd < 0:
        raise OSError(-fd, os.strerror(-fd), name)
    try:
        if directory and (result := host.ftruncate(fd, SIZE)) < 0:
            raise OSError(-result, os.strerror(-result), name)
        return answers(host, fd, 0)
    finally:
        host.close(fd)
        if directory:
            # Not earlier: 9p cannot truncate a file that has no name any more.
            host.unlink(name)


def answers(host: Host, fd: int, extra: int) -> dict[str, dict[str, object]]:
    """Return what ``host`` answers to each kind of mapping of ``fd``, with ``extra`` flags."""
    found: dict[str, dict[str, object]] = {}
    for name, flags in MAPPINGS.items():
        address = host.mmap(0, SIZE, READ_WRITE, flags | extra, fd, 0)
        if address < 0:
            found[name] = {"result": linux.errno_name(-address), "sf": None}
            continue
        shown = host.vm_flags(address)
        found[name] = {"result": "ok", "sf": None if shown is None else "sf" in shown}
        host.munmap(address, SIZE)
    return found


def main(arguments: list[str]) -> int:
    """Measure every ``NAME=PATH`` and print the answers as JSON."""
    host = LiveHost()
    table = {}
    for argument in arguments:
        name, _, path = argument.partition("=")
        table[name] = measure(host, path)
    json.dump(table, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
