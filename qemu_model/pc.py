"""``hw/i386/pc.c``: RAM and memory devices of a PC."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from . import messages
from .boards import DeviceMemory, machine_get_class
from .error import Abort, Exit
from .fw_cfg import fw_cfg_common_realize
from .globals import Qemu
from .machine_properties import (
    NUMA_PROPERTIES,
    NVDIMM_PROPERTIES,
    PROPERTIES,
    Properties,
    row,
)
from .numa_ram import memory_region_allocate_system_memory
from .osdep import round_up
from .pc_dimm import pc_dimm_plug, pc_dimm_pre_plug
from .ram_addr import MemoryRegion
from .x86 import _check_apic_id_limit
from .x86_cpu import _cpu_has_32_bits, _cpu_is_amd, _cpu_phys_bits

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice

C_FILE = "hw/i386/pc.c"

GIB: Final = 1 << 30
FOUR_GIB: Final = 1 << 32
TARGET_PAGE_SIZE: Final = 4096
ACPI_MAX_RAM_SLOTS: Final = 256
UINT32_MASK: Final = 0xFFFF_FFFF
UINT64_MASK: Final = (1 << 64) - 1
#: AMD's HyperTransport takes the addresses just below 1 TiB; RAM moves above them.
AMD_HT_START: Final = 0xFD_0000_0000
AMD_ABOVE_1TB_START: Final = 0x100_0000_0000
#: How many devices a PC may boot from, and the letters of those that it can.
PC_MAX_BOOT_DEVICES: Final = 3
_PC_BOOT_DEVICES: Final = "abcdn"


def pc_machine_set_max_ram_below_4g(qemu: Qemu, value: int) -> None:
    """Leave at most ``value`` bytes of RAM below 4 GiB.

    Raises ``Machine option 'max-ram-below-4g=<n>' expects size less than or equal
    to 4G``; warns below 1 MiB.
    """
    if value > FOUR_GIB:
        raise messages.BELOW_4G_TOO_LARGE.error(size=value)
    if value < 1 << 20:
        qemu.warn_report(messages.BELOW_4G_SMALL, size=value)
    qemu.machine.max_ram_below_4g = value


def x86_machine_set_acpi(qemu: Qemu, value: str) -> None:
    """Describe the machine to the guest by ACPI or not."""
    qemu.machine.acpi = value != "off"


_ON_OFF_AUTO: Final = "OnOffAuto"
#: Properties of machines with an x86 processor (``hw/i386/x86.c``).
X86_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **PROPERTIES,
        **NUMA_PROPERTIES,
        "acpi": row(_ON_OFF_AUTO, x86_machine_set_acpi, since=(5, 0)),
        "bus-lock-ratelimit": row("any", since=(6, 1)),
        "pic": row(_ON_OFF_AUTO, since=(7, 1)),
        "pit": row(_ON_OFF_AUTO, since=(4, 2)),
        "sgx-epc": row("any", since=(6, 2)),
        "smm": row(_ON_OFF_AUTO, since=(5, 0)),
        "x-oem-id": row("any", since=(6, 0)),
        "x-oem-table-id": row("any", since=(6, 0)),
    }
)
#: Properties of a PC without PCI.
ISAPC_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **X86_PROPERTIES,
        **NVDIMM_PROPERTIES,
        "cxl": row("bool", since=(7, 1), until=(9, 0)),
        "cxl-fmw": row("any", since=(7, 1), until=(9, 0)),
        "default-bus-bypass-iommu": row("bool", since=(6, 2)),
        "device-memory-region-size": row("read-only", until=(8, 1)),
        "fd-bootchk": row("bool", since=(9, 0)),
        "hpet": row("bool", since=(5, 2)),
        "i8042": row("bool", since=(7, 0)),
        "igvm-cfg": row("any", since=(10, 1)),
        "max-fw-size": row("any", since=(6, 0)),
        "max-ram-below-4g": row("size", pc_machine_set_max_ram_below_4g),
        "pcspk-audiodev": row("any", since=(5, 1)),
        "pit": (*row("bool", until=(7, 1)), *row(_ON_OFF_AUTO, since=(7, 1))),
        "sata": row("bool"),
        "smbios-entry-point-type": row("any", since=(7, 0)),
        "smbus": row("bool"),
        "smm": row(_ON_OFF_AUTO),
        "vmport": row(_ON_OFF_AUTO),
    }
)
#: Properties of a PC.
PC_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **ISAPC_PROPERTIES,
        "cxl": row("bool", since=(7, 1)),
        "cxl-fmw": row("any", since=(7, 1)),
        "pflash0": row("any", since=(4, 0)),
        "pflash1": row("any", since=(4, 0)),
    }
)


def pc_machine_done(qemu: Qemu) -> None:
    """Describe the CPUs to the guest.

    Prints ``current -smp configuration requires ...``, and exits with 1.  Aborts where the
    number of sockets wraps to 0.
    """
    if messages.ASSERT_SOCKETS.is_said_in(qemu.tree):
        cpus_of_socket = qemu.smp_cores * qemu.smp_threads & UINT32_MASK
        has_no_socket = (qemu.smp_cpus + cpus_of_socket - 1) & UINT32_MASK < cpus_of_socket
        if has_no_socket and machine_get_class(qemu).describes_each_socket:
            raise Abort(messages.ASSERT_SOCKETS)
    if messages.SMP_NEEDS_INTERRUPT_MODE.is_said_in(qemu.tree):
        _check_apic_id_limit(qemu, messages.SMP_NEEDS_INTERRUPT_MODE)


def pc_memory_init(qemu: Qemu, above_4g_mem_size: int) -> None:
    """Lay out the RAM and the range for memory devices above it; before 5.0 take the RAM.

    Prints what taking the RAM prints, ``Address space limit ... phys-bits too low (<n>)``
    and what ``_device_memory_init`` and ``fw_cfg_common_realize`` print, and exits with 1.
    """
    machine = qemu.machine
    if not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "pc.ram", machine.ram_size)
    above_4g_mem_start = FOUR_GIB
    if qemu.tree.pc.checks_phys_bits:
        above_4g_mem_start = _check_phys_bits(qemu, above_4g_mem_size)
    _device_memory_init(qemu, above_4g_mem_start + above_4g_mem_size)
    fw_cfg_common_realize(qemu)


def set_boot_dev(qemu: Qemu, boot_device: str) -> None:
    """Store the devices that a PC boots from.

    Prints ``Too many boot devices for PC`` and ``Invalid boot device for PC: '<letter>'``, and
    exits with 1.
    """
    if len(boot_device) > PC_MAX_BOOT_DEVICES:
        qemu.error_report(messages.PC_BOOT_DEVICES)
        raise Exit(1)
    for letter in boot_device:
        if letter not in _PC_BOOT_DEVICES:
            qemu.error_report(messages.PC_BOOT_DEVICE, letter=letter)
            raise Exit(1)


def pc_cmos_init(qemu: Qemu) -> None:
    """Tell the guest's firmware what to boot.  Prints what ``set_boot_dev`` prints."""
    set_boot_dev(qemu, qemu.machine.boot.get("order") or "")


def pc_get_device_memory_range(qemu: Qemu, above_4g_end: int) -> tuple[int, int]:
    """Return where memory devices go in the guest, and how many bytes there are for them."""
    machine = qemu.machine
    size = machine.maxram_size - machine.ram_size
    if machine_get_class(qemu).enforce_aligned_dimm:
        # Each device may have to be aligned to the next GiB.
        size = (size + GIB * machine.ram_slots) & UINT64_MASK
    return round_up(above_4g_end, GIB), size


def pc_max_used_gpa(qemu: Qemu, above_4g_end: int, bits: int) -> int:
    """Return the last address that the guest may use: that of PCI's addresses above 4 GiB.

    A CPU of 32 bits has none: the last of memory devices, else of the RAM, for machines since
    8.2; before, as far as the CPU's ``bits`` reach.  Before 8.2 of QEMU any CPU has none whose
    addresses have 32 bits.
    """
    machine, mc = qemu.machine, machine_get_class(qemu)
    start = above_4g_end
    has_32_bits = _cpu_has_32_bits(qemu)
    checks = qemu.tree.pc.checks_memory_for_cpus_of_32_bits
    if (has_32_bits and mc.version < (8, 2)) if checks else bits <= 32:
        return (1 << bits) - 1
    if mc.has_reserved_memory and machine.ram_size < machine.maxram_size:
        start, size = pc_get_device_memory_range(qemu, above_4g_end)
        start += 0 if mc.broken_reserved_end else size
    if has_32_bits and checks:
        return start - 1
    return (round_up(start, GIB) + mc.hole64_size - 1) & UINT64_MASK


def _check_phys_bits(qemu: Qemu, above_4g_mem_size: int) -> int:
    """Return where the RAM above 4 GiB begins, if the CPU can address all of it.

    Prints ``Address space limit 0x<n> < 0x<n> phys-bits too low (<n>)`` and exits with 1.
    """
    start = FOUR_GIB
    bits = _cpu_phys_bits(qemu)
    if bits is None:
        return start
    moves = machine_get_class(qemu).enforce_amd_1tb_hole and _cpu_is_amd(qemu)
    if moves and pc_max_used_gpa(qemu, start + above_4g_mem_size, bits) >= AMD_HT_START:
        start = AMD_ABOVE_1TB_START
    used, limit = pc_max_used_gpa(qemu, start + above_4g_mem_size, bits), (1 << bits % 64) - 1
    if limit < used:
        qemu.error_report(messages.PHYS_BITS, limit=limit, used=used, bits=bits)
        raise Exit(1)
    return start


def _device_memory_init(qemu: Qemu, above_4g_end: int) -> None:
    """Lay out the range for memory devices; this is in ``pc_memory_init`` in C.

    Prints what is wrong with ``slots`` and ``maxmem`` of -m, and exits with 1.
    """
    machine, mc = qemu.machine, machine_get_class(qemu)
    plugged = max(machine.maxram_size - machine.ram_size, 0)
    if not mc.has_reserved_memory and (machine.ram_slots or plugged):
        qemu.error_report(messages.SLOTS_NOT_SUPPORTED, machine=mc.name)
        raise Exit(1)
    machine.device_memory = DeviceMemory()
    if not plugged:
        return

    if machine.ram_slots > ACPI_MAX_RAM_SLOTS:
        qemu.error_report(messages.SLOTS_AMOUNT, slots=machine.ram_slots)
        raise Exit(1)
    if machine.maxram_size % TARGET_PAGE_SIZE:
        qemu.error_report(messages.MAXMEM_ALIGNMENT, page_size=TARGET_PAGE_SIZE)
        raise Exit(1)
    base, size = pc_get_device_memory_range(qemu, above_4g_end)
    if base + size > UINT64_MASK:
        qemu.error_report(messages.MAXMEM_AMOUNT, maxram_size=machine.maxram_size)
        raise Exit(1)
    machine.device_memory = DeviceMemory(base, size)


def pc_memory_pre_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory module.

    Raises ``memory hotplug is not enabled: missing acpi device or acpi disabled``, ``nvdimm
    is not enabled: missing 'nvdimm' in '-M'`` and what ``pc_dimm_pre_plug`` raises.
    """
    mc = machine_get_class(qemu)
    if not (mc.has_acpi and qemu.machine.acpi):
        raise messages.HOTPLUG_WITHOUT_ACPI.error()
    if dimm.type.is_nvdimm and not qemu.machine.nvdimm:
        raise messages.NVDIMM_NOT_ENABLED.error()
    pc_dimm_pre_plug(qemu, dimm, None if mc.enforce_aligned_dimm else TARGET_PAGE_SIZE)


def pc_memory_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Map a memory module into the guest."""
    pc_dimm_plug(qemu, dimm)
