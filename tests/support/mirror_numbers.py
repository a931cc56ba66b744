"""Numbers of Linux on x86_64, written out: the kernel's, not the package's."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest

from qemu_model.ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC

PROT_NONE, READ, READ_WRITE = 0, 1, 3
SHARED, PRIVATE, VALIDATE, FIXED, ANONYMOUS = 0x1, 0x2, 0x3, 0x10, 0x20
NORESERVE, SYNC = 0x4000, 0x80000
O_RDONLY, O_RDWR, O_CREAT_EXCL = 0, 2, 0o300
MIB, GIB = 1 << 20, 1 << 30

#: The trees that the rules of the mirror are tried in, one of each way to do what differs.
TREES = ("base", "v8", "qemu-7.2", "qemu-11.1")
EVERY_TREE = pytest.mark.parametrize("tree", TREES)
#: With these flags a tree asks for MAP_SYNC: V8's letter, and util/mmap-alloc.c since 4.1.
ASKS = {"v8": RAM_SHARED | RAM_PMEM | RAM_SYNC, "qemu-7.2": RAM_SHARED | RAM_PMEM}
ASKS["qemu-11.1"] = ASKS["qemu-7.2"]
