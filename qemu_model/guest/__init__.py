"""A virtual machine with persistent memory, on any machine, without special hardware.

MAP_SYNC needs a file on DAX.  Here a real kernel provides it: Debian's, unpacked
and not installed, in a QEMU without KVM, with part of its memory declared
persistent (``memmap=``).  The guest sees the whole file system of its host
read-only below a writable layer of its own, so that every program of the host,
Python with this package and QEMU included, runs there; one directory, the work
directory, is shared for writing, under the same path on both sides.

    with Guest() as guest:
        guest.make_file_system("ext4", "/dev/pmem0", "/mnt/ext4", options="dax")
        print(guest.run(["findmnt", "/mnt/ext4"]).stdout)
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from .machine import Guest, GuestError, Result

__all__ = ["Guest", "GuestError", "Result"]
