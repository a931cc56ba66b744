"""Numbers of Linux on x86_64, written out: the kernel's, not the package's."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from qemu_model.ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC
from qemu_model.revision import SERIES

PROT_NONE, READ_WRITE = 0, 3
SHARED, PRIVATE, VALIDATE, FIXED, ANONYMOUS = 0x1, 0x2, 0x3, 0x10, 0x20
NORESERVE, SYNC = 0x4000, 0x80000
O_RDWR, O_CREAT_EXCL = 2, 0o300
MERGEABLE, HUGEPAGE, DONTDUMP, DONTFORK = 12, 14, 16, 10
MIB = 1 << 20
ALL_SYNC = RAM_SHARED | RAM_PMEM | RAM_SYNC

BASE, V8 = SERIES[0], SERIES[-1]
