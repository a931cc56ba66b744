"""``hw/arm/virt.c``: the machine ``virt`` of qemu-system-aarch64 and -arm."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from . import messages
from .boards import CPUArchId, DeviceMemory, machine_get_class
from .error import Exit
from .fw_cfg import fw_cfg_common_realize
from .globals import Qemu
from .machine_properties import (
    NUMA_PROPERTIES,
    NVDIMM_PROPERTIES,
    PROPERTIES,
    Properties,
    _came_with,
    keep,
    row,
)
from .numa_ram import memory_region_allocate_system_memory
from .osdep import round_up
from .pc_dimm import pc_dimm_plug, pc_dimm_pre_plug
from .ram_addr import MemoryRegion
from .revisions.release import Release, is_between

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice

C_FILE = "hw/arm/virt.c"

GIB: Final = 1 << 30
#: Where RAM begins in the guest, and its limit in the older memory map.
VIRT_MEM_BASE: Final = GIB
LEGACY_RAMLIMIT_GB: Final = 255
ACPI_MAX_RAM_SLOTS: Final = 256
UINT64_MASK: Final = (1 << 64) - 1
#: The CPUs of the interrupt controller GICv2, and of GICv3 below and above 4 GiB.
GIC_NCPU: Final = 8
GICV3_CPUS: Final = 123
GICV3_CPUS_HIGH: Final = 512
_WITHOUT_HIGH_REDISTS: Final = (GICV3_CPUS, GICV3_CPUS // 2)
#: The address bits of TCG's largest CPU before 7.0.
MOST_BITS: Final = 48
#: The sizes of what lies above the memory.
HIGH_REGIONS: Final = (64 << 20, 256 << 20, 512 * GIB)
#: The last version without ACPI's generic event device, which memory hotplug needs.
LAST_WITHOUT_GED: Final = (4, 1)
#: Bits of a physical address by CPU, as TCG emulates it (``target/arm``).
_ADDRESS_BITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "cortex-a7": 40,
        "cortex-a15": 40,
        "cortex-a35": 40,
        "cortex-a53": 40,
        "cortex-a55": 40,
        "cortex-a57": 44,
        "cortex-a72": 44,
        "cortex-a76": 40,
        "cortex-a710": 40,
        "neoverse-n1": 48,
        "neoverse-n2": 48,
        "neoverse-v1": 48,
        "a64fx": 40,
    }
)
#: CPUs without memory tags.
_WITHOUT_MTE: Final = _ADDRESS_BITS.keys() - {"cortex-a710", "neoverse-n2"}
_OF_32_BITS: Final = frozenset({"cortex-a7", "cortex-a15"})
#: The CPUs that virt takes, in the order of the message, and the release that each came with.
_VALID_CPUS: Final[Mapping[str, Release]] = MappingProxyType(
    {
        "cortex-a7": (4, 1),
        "cortex-a15": (),
        "cortex-a35": (7, 2),
        "cortex-a55": (8, 0),
        "cortex-a72": (),
        "cortex-a76": (7, 1),
        "cortex-a710": (8, 2),
        "a64fx": (6, 2),
        "neoverse-n1": (7, 1),
        "neoverse-v1": (8, 1),
        "neoverse-n2": (8, 2),
        "cortex-a53": (),
        "cortex-a57": (),
        "max": (),
    }
)

#: The releases that a version of the interrupt controller came with.
_GIC_VERSIONS: Final[Mapping[str, Release]] = MappingProxyType(
    {"2": (), "3": (), "4": (7, 1), "x-5": (11, 1), "host": (), "max": ()}
)
_IOMMUS: Final = ("none", "smmuv3")


def virt_set_gic_version(qemu: Qemu, value: str) -> None:
    """Take the version of the interrupt controller.  Raises ``Invalid gic-version value``."""
    since = _GIC_VERSIONS.get(value)
    if since is None or not is_between(qemu.tree.release, since, None):
        raise messages.VIRT_GIC.error(hint=messages.VIRT_GIC_VALUES.text_in(qemu.tree))
    qemu.machine.properties["gic-version"] = value


def virt_set_iommu(_qemu: Qemu, value: str) -> None:
    """Take the kind of IOMMU.  Raises ``Invalid iommu value``."""
    if value not in _IOMMUS:
        raise messages.VIRT_IOMMU.error(hint=messages.VIRT_IOMMU_HINT)


VIRT_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **PROPERTIES,
        **NUMA_PROPERTIES,
        "acpi": row("OnOffAuto", keep("acpi"), since=(5, 0)),
        "compact-highmem": row("bool", since=(8, 0)),
        "cxl": row("bool", since=(10, 1)),
        "cxl-fmw": row("any", since=(10, 1)),
        "default-bus-bypass-iommu": row("bool", since=(6, 2)),
        "dtb-kaslr-seed": row("bool", since=(7, 0)),
        "dtb-randomness": row("bool", since=(7, 1)),
        "firmware": row("any", keep("firmware")),
        "gic-version": row("string", virt_set_gic_version),
        "highmem": row("bool", keep("highmem")),
        "highmem-ecam": row("bool", since=(8, 0)),
        "highmem-mmio": row("bool", since=(8, 0)),
        "highmem-mmio-size": row("size", since=(10, 0)),
        "highmem-redists": row("bool", keep("highmem-redists"), since=(8, 0)),
        "iommu": row("string", virt_set_iommu),
        "its": row("bool"),
        "kernel": row("any", keep("kernel")),
        "msi": row("string", since=(11, 0)),
        "mte": row("bool", keep("mte"), since=(5, 1)),
        **_came_with((5, 1), NVDIMM_PROPERTIES),
        "pflash0": row("any", keep("firmware"), since=(4, 1)),
        "pflash1": row("any", since=(4, 1)),
        "ras": row("bool", since=(5, 1)),
        "secure": row("bool"),
        "virtio-mmio-transports": row("int", since=(11, 1)),
        "virtualization": row("bool", keep("virtualization")),
        "x-oem-id": row("any", since=(6, 0)),
        "x-oem-table-id": row("any", since=(6, 0)),
    }
)


def _cpu_name(qemu: Qemu) -> str:
    return (qemu.machine.cpu or "cortex-a15").partition(",")[0].removesuffix("-arm-cpu")


def arm_pamax(qemu: Qemu) -> int | None:
    """Return how many bits the guest's physical addresses have, None if the host decides.

    ``target/arm/ptw.c``.  A CPU that the model does not know is taken for large enough.
    """
    name = _cpu_name(qemu)
    if qemu.platform.accelerator != "tcg" or name == "host":
        return None
    if name == "max" and qemu.target.name == "arm":
        return 40 if qemu.tree.virt.max_of_32_bits_has_40 else 32
    if name == "max":
        return 52
    return _ADDRESS_BITS.get(name)


def is_cpu_type_supported(qemu: Qemu) -> None:
    """Refuse a CPU that virt does not take (``hw/core/machine.c``; in ``virt.c`` before 9.0).

    Prints ``mach-virt: CPU type <name>-arm-cpu not supported``, since 9.0 ``Invalid CPU model:
    <name>`` and the valid models, and exits with 1.
    """
    name, release = _cpu_name(qemu), qemu.tree.release
    valid = [cpu for cpu, since in _VALID_CPUS.items() if is_between(release, since, None)]
    if qemu.target.name == "arm":
        valid = [cpu for cpu in valid if cpu in _OF_32_BITS or cpu == "max"]
    if name in valid or name == "host" or qemu.target.every_machine_is is not None:
        return
    qemu.error_report(messages.VIRT_CPU, name=name)
    if messages.VIRT_CPUS_VALID.is_said_in(qemu.tree):
        qemu.fprintf_stderr(messages.VIRT_CPUS_VALID, names=", ".join(valid))
    raise Exit(1)


def _is_aarch64(qemu: Qemu) -> bool:
    """Return whether the guest's CPUs have 64 bits."""
    return qemu.target.name == "aarch64" and _cpu_name(qemu) not in _OF_32_BITS


def virt_possible_cpu_arch_ids(qemu: Qemu) -> list[CPUArchId]:
    """Return the places for CPUs: numbers, since 7.1 threads of a core of a cluster of a socket."""
    if not qemu.tree.virt.cpus_have_a_topology:
        return [CPUArchId(thread_id=index) for index in range(qemu.max_cpus)]
    places = []
    for index in range(qemu.max_cpus):
        core, thread_id = divmod(index, qemu.smp_threads)
        cluster, core_id = divmod(core, qemu.smp_cores)
        socket_id, cluster_id = divmod(cluster, qemu.smp_clusters)
        places.append(CPUArchId(socket_id, core_id, thread_id, cluster_id=cluster_id))
    return places


def virt_get_default_cpu_node_id(qemu: Qemu, index: int) -> int:
    """Return the node of a CPU that no -numa names: CPUs, since 7.1 sockets, go round the nodes."""
    socket_id = qemu.machine.possible_cpus[index].socket_id
    return (index if socket_id is None else socket_id) % qemu.numa.nb_numa_nodes


def virt_set_memmap(qemu: Qemu) -> int:
    """Lay out the RAM and the range for memory devices above it, since 4.0; return its end.

    Prints ``unsupported number of memory slots: <n>``, ``maxmem/slots too huge`` and since
    7.0 ``Addressing limited to <n> bits, but memory exceeds it by <n> bytes``, and exits
    with 1.
    """
    machine = qemu.machine
    if machine.ram_slots > ACPI_MAX_RAM_SLOTS:
        qemu.error_report(messages.VIRT_SLOTS, slots=machine.ram_slots)
        raise Exit(1)
    base = round_up(VIRT_MEM_BASE + machine.ram_size, GIB)
    size = (machine.maxram_size - machine.ram_size + machine.ram_slots * GIB) & UINT64_MASK
    memtop = (base + round_up(size, GIB)) & UINT64_MASK
    bits = arm_pamax(qemu) if machine.properties.get("highmem", True) else 32
    if messages.VIRT_ADDRESS_BITS.is_said_in(qemu.tree) and bits and memtop > 1 << bits:
        qemu.error_report(messages.VIRT_ADDRESS_BITS, bits=bits, excess=memtop - (1 << bits))
        if qemu.tree.virt.an_empty_line_follows_the_error:
            qemu.put_stderr("")
        raise Exit(1)
    if memtop < base:
        qemu.error_report(messages.VIRT_MAXMEM)
        raise Exit(1)
    if size:
        machine.device_memory = DeviceMemory(base, size)
    return memtop


def _check_address_bits(qemu: Qemu, memtop: int) -> None:
    """Refuse a CPU of 64 bits that cannot address what lies above the memory, until 6.2.

    These are CPUs' parts of a GICv3, and two ranges of PCI's.
    """
    base = max(memtop, VIRT_MEM_BASE + LEGACY_RAMLIMIT_GB * GIB)
    for size in HIGH_REGIONS:
        base = round_up(base, size) + size
    pamax, requested = arm_pamax(qemu), (base - 1).bit_length()
    high = qemu.machine.properties.get("highmem", True)
    if pamax and high and _is_aarch64(qemu) and min(pamax, MOST_BITS) < requested:
        bits = min(pamax, MOST_BITS)
        qemu.error_report(messages.VIRT_CPU_ADDRESS_BITS, bits=bits, requested=requested)
        raise Exit(1)


def _has_high_redists(qemu: Qemu) -> bool:
    """Return whether CPUs' parts of a GICv3 may lie above 4 GiB."""
    properties = qemu.machine.properties
    return bool(properties.get("highmem", True) and properties.get("highmem-redists", True))


def finalize_gic_version(qemu: Qemu) -> None:
    """Refuse an interrupt controller that TCG does not have.

    Prints ``gic-version=host requires KVM``, since 7.1 ``gic-version=4 requires
    virtualization enabled``, and exits with 1.
    """
    properties = qemu.machine.properties
    if qemu.platform.accelerator != "tcg":
        return
    if properties.get("gic-version") == "host":
        qemu.error_report(messages.VIRT_GIC_HOST)
        raise Exit(1)
    if properties.get("gic-version") == "4" and not properties.get("virtualization"):
        qemu.error_report(messages.VIRT_GIC_V4)
        raise Exit(1)


def _check_redists(qemu: Qemu) -> None:
    """Refuse CPUs that the emulated interrupt controller has no place for, until 7.2."""
    low = GICV3_CPUS // (2 if qemu.machine.properties.get("gic-version") == "4" else 1)
    if qemu.smp_cpus <= low or qemu.platform.accelerator != "tcg":
        return
    if messages.VIRT_REDIST_REGIONS.is_said_in(qemu.tree):
        qemu.error_report(messages.VIRT_REDIST_REGIONS)
        raise Exit(1)
    if messages.VIRT_REDISTS.is_said_in(qemu.tree) and not _has_high_redists(qemu):
        qemu.error_report(messages.VIRT_REDISTS, most=low, cpus=qemu.smp_cpus)
        raise Exit(1)


def _virt_max_cpus(qemu: Qemu) -> int:
    """Return how many CPUs the interrupt controller can have."""
    version = qemu.machine.properties.get("gic-version") or "2"
    many = qemu.tree.virt.takes_gic_v3_for_many_cpus and qemu.max_cpus > GIC_NCPU
    if many and "gic-version" not in qemu.machine.properties:
        version = "3"
    if version == "2":
        return GIC_NCPU
    parts = 2 if version == "4" else 1
    high = not messages.VIRT_CPUS_HINT.is_said_in(qemu.tree) or _has_high_redists(qemu)
    return GICV3_CPUS // parts + (GICV3_CPUS_HIGH // parts if high else 0)


def machvirt_init(qemu: Qemu) -> None:
    """Make the machine.

    Prints what ``is_cpu_type_supported`` and ``virt_set_memmap`` print, ``Number
    of SMP CPUs requested (<n>) exceeds max CPUs supported by machine 'mach-virt' (<n>)``, in
    3.1 ``mach-virt: cannot model more than 255GB RAM``, ``MTE requested, but not supported by
    the guest CPU``, before 5.0 what taking the RAM prints, and exits with 1.
    """
    machine = qemu.machine
    if qemu.tree.virt.checks_the_cpu_first:
        is_cpu_type_supported(qemu)
    if qemu.tree.virt.ram_may_be_large:
        memtop = virt_set_memmap(qemu)
    finalize_gic_version(qemu)
    if not qemu.tree.virt.checks_the_cpu_first:
        is_cpu_type_supported(qemu)
    most = _virt_max_cpus(qemu)
    if qemu.max_cpus > most:
        qemu.error_report(messages.VIRT_CPUS, cpus=qemu.max_cpus, most=most)
        if messages.VIRT_CPUS_HINT.is_said_in(qemu.tree) and most in _WITHOUT_HIGH_REDISTS:
            qemu.put_stderr(messages.VIRT_CPUS_HINT.text_in(qemu.tree))
        raise Exit(1)
    if not qemu.tree.virt.ram_may_be_large and machine.ram_size > LEGACY_RAMLIMIT_GB * GIB:
        qemu.error_report(messages.VIRT_RAM_LIMIT, limit=LEGACY_RAMLIMIT_GB)
        raise Exit(1)
    if not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "mach-virt.ram", machine.ram_size)
    name = _cpu_name(qemu)
    lacks_tags = name in _WITHOUT_MTE or (name == "max" and qemu.target.name == "arm")
    if machine.properties.get("mte") and lacks_tags:
        qemu.error_report(messages.VIRT_MTE_CPU)
        raise Exit(1)
    if qemu.tree.virt.ram_may_be_large and messages.VIRT_CPU_ADDRESS_BITS.is_said_in(qemu.tree):
        _check_address_bits(qemu, memtop)
    _check_redists(qemu)
    fw_cfg_common_realize(qemu)


def _has_ged(qemu: Qemu) -> bool:
    """Return whether the guest has the device that tells it of memory plugged in."""
    properties = qemu.machine.properties
    return bool(
        machine_get_class(qemu).version > LAST_WITHOUT_GED
        and qemu.machine.acpi
        and properties.get("acpi") != "off"
        and properties.get("firmware")
        and _is_aarch64(qemu)
    )


def virt_memory_pre_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory module.

    Raises ``memory hotplug is not enabled: missing acpi-ged device``, which is there for a
    guest with 64 bits and firmware, ``memory hotplug is not enabled: MTE is enabled``,
    ``nvdimm is not enabled: add 'nvdimm=on' to '-M'``, and what ``pc_dimm_pre_plug`` raises.
    """
    properties = qemu.machine.properties
    need_not_plug = qemu.tree.virt.nvdimms_need_no_ged and dimm.type.is_nvdimm
    if not need_not_plug and not _has_ged(qemu):
        raise messages.VIRT_WITHOUT_GED.error()
    if properties.get("mte"):
        raise messages.VIRT_MTE.error()
    if dimm.type.is_nvdimm and not qemu.machine.nvdimm:
        raise messages.VIRT_NVDIMM_NOT_ENABLED.error()
    pc_dimm_pre_plug(qemu, dimm, None)


def virt_memory_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Map a memory module into the guest."""
    pc_dimm_plug(qemu, dimm)
