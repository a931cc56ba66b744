"""Where QEMU's assertions stand in each release: file and line, as a build prints them.

A build in the source tree's folder ``build`` prints ``../`` before the file, Debian's of 5.2
and 7.2 ``../../``, and Debian's of 10.0 and 11.1 nothing; a patch to the file moves the line.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: ``find_ram_offset``: the size is not 0.
SIZE_ASSERTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "3.1": "exec.c:1892",
        "4.0": "exec.c:1910",
        "4.1": "exec.c:1968",
        "4.2": "exec.c:1922",
        "5.0": "exec.c:1875",
        "5.1": "exec.c:1906",
        "5.2": "../../softmmu/physmem.c:1535",
        "6.0": "../softmmu/physmem.c:1606",
        "6.1": "../softmmu/physmem.c:1616",
        "6.2": "../softmmu/physmem.c:1620",
        "7.0": "../softmmu/physmem.c:1622",
        "7.1": "../softmmu/physmem.c:1633",
        "7.2": "../../softmmu/physmem.c:1616",
        "8.0": "../softmmu/physmem.c:1432",
        "8.1": "../softmmu/physmem.c:1438",
        "8.2": "../system/physmem.c:1455",
        "9.0": "../system/physmem.c:1453",
        "9.1": "../system/physmem.c:1490",
        "9.2": "../system/physmem.c:1490",
        "10.0": "system/physmem.c:1488",
        "10.1": "../system/physmem.c:1517",
        "10.2": "../system/physmem.c:1811",
        "11.0": "../system/physmem.c:1798",
        "11.1": "system/physmem.c:1794",
    }
)
#: ``memory_region_get_ram_ptr``: the region has a RAM block.
RAM_BLOCK_ASSERTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "3.1": "memory.c:2104",
        "4.0": "memory.c:2155",
        "4.1": "memory.c:2203",
        "4.2": "memory.c:2180",
        "5.0": "memory.c:2170",
        "5.1": "softmmu/memory.c:2159",
        "5.2": "../../softmmu/memory.c:2211",
        "6.0": "../softmmu/memory.c:2221",
        "6.1": "../softmmu/memory.c:2296",
        "6.2": "../softmmu/memory.c:2314",
        "7.0": "../softmmu/memory.c:2324",
        "7.1": "../softmmu/memory.c:2324",
        "7.2": "../../softmmu/memory.c:2396",
        "8.0": "../softmmu/memory.c:2404",
        "8.1": "../softmmu/memory.c:2423",
        "8.2": "../system/memory.c:2424",
        "9.0": "../system/memory.c:2440",
        "9.1": "../system/memory.c:2419",
        "9.2": "../system/memory.c:2451",
        "10.0": "../system/memory.c:2451",
        "10.1": "../system/memory.c:2430",
        "10.2": "../system/memory.c:2448",
        "11.0": "../system/memory.c:2427",
        "11.1": "system/memory.c:2253",
    }
)
#: ``qemu_ram_mmap``: the alignment is at least as large as the guard, called as in C.
GUARD_ASSERTIONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "3.1": ("util/mmap-alloc.c:109", "getpagesize()"),
        "4.0": ("util/mmap-alloc.c:126", "pagesize"),
        "4.1": ("util/mmap-alloc.c:138", "pagesize"),
        "4.2": ("util/mmap-alloc.c:138", "pagesize"),
        "5.0": ("util/mmap-alloc.c:138", "pagesize"),
        "5.1": ("util/mmap-alloc.c:138", "pagesize"),
        "5.2": ("../../util/mmap-alloc.c:138", "pagesize"),
        "6.0": ("../util/mmap-alloc.c:141", "pagesize"),
        "6.1": ("../util/mmap-alloc.c:273", "guard_pagesize"),
        "6.2": ("../util/mmap-alloc.c:273", "guard_pagesize"),
        "7.0": ("../util/mmap-alloc.c:273", "guard_pagesize"),
        "7.1": ("../util/mmap-alloc.c:273", "guard_pagesize"),
        "7.2": ("../../util/mmap-alloc.c:242", "guard_pagesize"),
        "8.0": ("../util/mmap-alloc.c:242", "guard_pagesize"),
        "8.1": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "8.2": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "9.0": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "9.1": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "9.2": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "10.0": ("util/mmap-alloc.c:270", "guard_pagesize"),
        "10.1": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "10.2": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "11.0": ("../util/mmap-alloc.c:270", "guard_pagesize"),
        "11.1": ("util/mmap-alloc.c:270", "guard_pagesize"),
    }
)
#: ``smbios_get_tables``: there is a socket.
SOCKET_ASSERTIONS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "3.1": "hw/smbios/smbios.c:861",
        "4.0": "hw/smbios/smbios.c:861",
        "4.1": "hw/smbios/smbios.c:866",
        "4.2": "hw/smbios/smbios.c:865",
        "5.0": "hw/smbios/smbios.c:864",
        "5.1": "hw/smbios/smbios.c:864",
        "5.2": None,
    }
)
#: ``pci_register_bar``: the size is a power of two.
BAR_SIZE_ASSERTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "5.2": "../../hw/pci/pci.c:1155",
        "6.0": "../hw/pci/pci.c:1165",
        "6.1": "../hw/pci/pci.c:1196",
        "6.2": "../hw/pci/pci.c:1196",
        "7.0": "../hw/pci/pci.c:1219",
        "7.1": "../hw/pci/pci.c:1240",
        "7.2": "../../hw/pci/pci.c:1240",
        "8.0": "../hw/pci/pci.c:1289",
        "8.1": "../hw/pci/pci.c:1317",
        "8.2": "../hw/pci/pci.c:1310",
        "9.0": "../hw/pci/pci.c:1313",
        "9.1": "../hw/pci/pci.c:1313",
        "9.2": "../hw/pci/pci.c:1334",
        "10.0": "hw/pci/pci.c:1475",
        "10.1": "../hw/pci/pci.c:1476",
        "10.2": "../hw/pci/pci.c:1489",
        "11.1": "hw/pci/pci.c:1515",
    }
)
#: ``apic_common_set_id``: no assertion, but QEMU aborts on its error.
APIC_ID_ERRORS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "9.0": "../hw/intc/apic_common.c:447",
        "9.1": "../hw/intc/apic_common.c:448",
        "9.2": "../hw/intc/apic_common.c:448",
        "10.0": "hw/intc/apic_common.c:447",
        "10.1": "../hw/intc/apic_common.c:447",
        "10.2": "../hw/intc/apic_common.c:430",
        "11.0": None,
    }
)
#: ``object_property_try_add``: an object has the property already.  No assertion, but said in
#: the same way where QEMU cannot go on; 7.2 and later refuse it before, but for 8.0.
DUPLICATE_PROPERTIES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "5.1": "qom/object.c:1180",
        "5.2": "../../qom/object.c:1218",
        "6.0": "../qom/object.c:1222",
        "6.1": "../qom/object.c:1223",
        "6.2": "../qom/object.c:1223",
        "7.0": "../qom/object.c:1228",
        "7.1": "../qom/object.c:1228",
        "7.2": None,
        "8.0": "../qom/object.c:1238",
        "8.1": None,
    }
)
