"""``hw/ppc/spapr.c``: the machine ``pseries`` of qemu-system-ppc64."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from . import messages
from .boards import MIB, CPUArchId, DeviceMemory, machine_get_class
from .error import Error, Exit
from .globals import Qemu
from .machine_properties import (
    NUMA_PROPERTIES,
    NVDIMM_PROPERTIES,
    PROPERTIES,
    Properties,
    _came_with,
    accept,
    keep,
    row,
)
from .memory_device import memory_device_get_region_size
from .numa_ram import memory_region_allocate_system_memory
from .osdep import round_up
from .pc_dimm import pc_dimm_plug, pc_dimm_pre_plug
from .ram_addr import MemoryRegion
from .revisions.release import Release, is_between

if TYPE_CHECKING:
    from .pc_dimm import PCDIMMDevice

C_FILE = "hw/ppc/spapr.c"

GIB: Final = 1 << 30
TIB: Final = 1 << 40
#: The unit of the guest's memory, and of memory that is plugged in.
SPAPR_MEMORY_BLOCK_SIZE: Final = 256 * MIB
SPAPR_MAX_RAM_SLOTS: Final = 32
#: The memory that the firmware SLOF needs.
MIN_RMA_SLOF: Final = 128 * MIB

#: Values of capabilities and of properties, beside those that stand there.
_SAFETY: Final = ("broken", "workaround")
_FIXED_IBS: Final = ("fixed-ibs", "fixed-ccd", "fixed-na")
_RESIZE_HPT: Final = ("default", "disabled", "enabled", "required")
#: The releases that a mode of ``target/ppc/compat.c`` came with; the empty mode is none.
_COMPAT_MODES: Final[Mapping[str, Release]] = MappingProxyType(
    {
        **dict.fromkeys(("", "power6", "power7", "power7+", "power8", "power9"), ()),
        "power10": (5, 0),
        "power11": (10, 0),
    }
)


def _capability(name: str, *modes: str) -> Callable[[Qemu, Any], None]:
    """Return the setter of a capability, whose modes may be given in capitals."""

    def spapr_cap_set_string(qemu: Qemu, value: str) -> None:
        if value.lower() not in modes:
            raise messages.SPAPR_CAPABILITY.error(name=name, value=value)
        qemu.machine.properties[name] = value.lower()

    return spapr_cap_set_string


def _string(name: str, *values: str) -> Callable[[Qemu, Any], None]:
    return accept(name, values, messages.SPAPR_BAD_VALUE)


def ppc_compat_prop_set(qemu: Qemu, value: str) -> None:
    """Take the mode that the guest's CPUs are limited to.

    Raises ``Invalid compatibility mode "<value>"``.
    """
    since = _COMPAT_MODES.get(value)
    if since is None or not is_between(qemu.tree.release, since, None):
        raise messages.SPAPR_COMPAT.error(value=value)
    qemu.machine.properties["max-cpu-compat"] = value


SPAPR_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        **PROPERTIES,
        **NUMA_PROPERTIES,
        "cap-ail-mode-3": row("bool", since=(8, 1)),
        "cap-ccf-assist": row("bool", keep("cap-ccf-assist"), since=(4, 0)),
        "cap-cfpc": row("string", _capability("cap-cfpc", *_SAFETY, "fixed")),
        "cap-dawr1": row("bool", since=(10, 0)),
        "cap-dfp": row("bool"),
        "cap-fwnmi": row("bool", since=(5, 0)),
        "cap-hpt-max-page-size": row("size"),
        "cap-htm": row("bool"),
        "cap-ibs": row("string", _capability("cap-ibs", *_SAFETY, *_FIXED_IBS)),
        "cap-large-decr": row("bool", since=(4, 0)),
        "cap-nested-hv": row("bool"),
        "cap-nested-papr": row("bool", since=(9, 0)),
        "cap-rpt-invalidate": row("bool", since=(6, 1)),
        "cap-sbbc": row("string", _capability("cap-sbbc", *_SAFETY, "fixed")),
        "cap-vsx": row("bool"),
        "host-model": row("string", since=(4, 0)),
        "host-serial": row("string", since=(4, 0)),
        "ic-mode": row("string", _string("ic-mode", "xics", "xive", "dual"), since=(4, 0)),
        "kernel-addr": row("uint64", since=(5, 0)),
        "kvm-type": row("string"),
        "max-cpu-compat": row("string", ppc_compat_prop_set),
        "modern-hotplug-events": row("bool"),
        "resize-hpt": row("string", _string("resize-hpt", *_RESIZE_HPT)),
        "vfio-no-msix-emulation": row("read-only"),
        "vsmt": row("uint32"),
        "x-vof": row("bool", since=(6, 1)),
    }
)
#: Properties of machines since pseries-5.0, which take NVDIMMs.
SPAPR_PROPERTIES_SINCE_5_0: Final[Properties] = MappingProxyType(
    {
        **SPAPR_PROPERTIES,
        **_came_with((5, 0), NVDIMM_PROPERTIES),
    }
)


def spapr_instance_init(qemu: Qemu) -> None:
    """Allow NVDIMMs unless the line says nvdimm=off."""
    qemu.machine.nvdimm = True


def spapr_boot_set(_qemu: Qemu, _boot_device: str) -> None:
    """Store what the guest boots from; any letters will do."""


def spapr_possible_cpu_arch_ids(qemu: Qemu) -> list[CPUArchId]:
    """Return the places for CPUs: cores."""
    threads = qemu.smp_threads or 1
    return [CPUArchId(core_id=core * threads) for core in range(qemu.max_cpus // threads)]


def spapr_get_default_cpu_node_id(qemu: Qemu, index: int) -> int:
    """Return the node of a core that no -numa names."""
    return index // qemu.smp_cores % qemu.numa.nb_numa_nodes


def spapr_rma_size(qemu: Qemu) -> int:
    """Return how many bytes the guest can use in real mode: those of the first node with memory.

    Raises ``pSeries SLOF firmware requires >= 80ldMiB guest RMA (Real Mode Area memory)``,
    where 80 is hexadecimal and ld a slip of QEMU's.
    """
    machine = qemu.machine
    nodes = (qemu.numa.info(node).node_mem for node in range(qemu.numa.nb_numa_nodes))
    first = next((size for size in nodes if size), machine.ram_size)
    floor = 1 << (first.bit_length() - 1) if qemu.numa.nb_numa_nodes and first else first
    size = min(machine.ram_size, floor, TIB)
    if size < MIN_RMA_SLOF:
        raise messages.SPAPR_RMA.error(least=MIN_RMA_SLOF // MIB)
    return size


def spapr_set_vsmt_mode(qemu: Qemu) -> None:
    """Check how many threads a core has.

    Raises ``TCG cannot support more than ... threads/core on a pseries machine`` and ``Cannot
    support <n> threads/core on a pseries machine because it must be a power of 2``.
    """
    threads = qemu.smp_threads
    most = 8 if qemu.tree.spapr.tcg_has_threads else 1
    if qemu.platform.accelerator == "tcg" and threads > most:
        raise messages.SPAPR_TCG_THREADS.error()
    if threads & (threads - 1):
        raise messages.SPAPR_THREADS.error(threads=threads)


def _dr_lmb_enabled(qemu: Qemu) -> bool:
    """Return whether memory can be plugged in, in blocks: machines since 2.5."""
    return machine_get_class(qemu).version >= (2, 5)


def spapr_validate_node_memory(qemu: Qemu) -> None:
    """Refuse memory that is not a multiple of 256 MiB: in all, with maxmem, in a node.

    Raises ``Memory size 0x<n> is not aligned to 256 MiB``, ``Maximum memory size ...`` and
    ``Node <n> memory size ...``.
    """
    machine = qemu.machine
    block = SPAPR_MEMORY_BLOCK_SIZE // MIB
    if machine.ram_size % SPAPR_MEMORY_BLOCK_SIZE:
        raise messages.SPAPR_RAM_SIZE.error(size=machine.ram_size, block=block)
    if machine.maxram_size % SPAPR_MEMORY_BLOCK_SIZE:
        # QEMU names the size of the RAM here as well.
        raise messages.SPAPR_MAXRAM_SIZE.error(size=machine.ram_size, block=block)
    for node in range(qemu.numa.nb_numa_nodes):
        size = qemu.numa.info(node).node_mem
        if size % SPAPR_MEMORY_BLOCK_SIZE:
            raise messages.SPAPR_NODE_SIZE.error(node=node, size=size, block=block)


def spapr_machine_init(qemu: Qemu) -> None:
    """Make the machine.

    Prints what ``spapr_rma_size``, ``spapr_set_vsmt_mode`` and
    ``spapr_validate_node_memory`` raise, ``Specified number of memory slots <n> exceeds max
    supported 32``, before 5.0 what taking the RAM prints, and exits with 1.
    """
    machine = qemu.machine
    try:
        if qemu.tree.machine.ram_is_a_backend:
            spapr_rma_size(qemu)
        spapr_set_vsmt_mode(qemu)
        if _dr_lmb_enabled(qemu):
            spapr_validate_node_memory(qemu)
    except Error as error:
        qemu.error_report_err(error)
        raise Exit(1) from error
    if not qemu.tree.machine.ram_is_a_backend:
        machine.ram = MemoryRegion()
        memory_region_allocate_system_memory(qemu, machine.ram, "ppc_spapr.ram", machine.ram_size)
    if machine.ram_size < machine.maxram_size:
        if machine.ram_slots > SPAPR_MAX_RAM_SLOTS:
            slots = machine.ram_slots
            qemu.error_report(messages.SPAPR_SLOTS, slots=slots, most=SPAPR_MAX_RAM_SLOTS)
            raise Exit(1)
        base = round_up(machine.ram_size, GIB)
        machine.device_memory = DeviceMemory(base, machine.maxram_size - machine.ram_size)
    if not qemu.tree.machine.ram_is_a_backend:
        try:
            spapr_rma_size(qemu)
        except Error as error:
            qemu.error_report_err(error)
            raise Exit(1) from error


def spapr_nvdimm_validate(qemu: Qemu, nvdimm: PCDIMMDevice, size: int) -> None:
    """Refuse an NVDIMM that PAPR does not allow (``hw/ppc/spapr_nvdimm.c``).

    Raises ``NVDIMM hotplug not supported for this machine``, ``nvdimm device found but
    'nvdimm=off' was set``, ``PAPR requires NVDIMM devices to have label-size set``, ``PAPR
    requires NVDIMM memory size (excluding label) to be a multiple of 256MB`` and ``NVDIMM
    device requires the uuid to be set``.
    """
    from .nvdimm import NVDIMMDevice

    assert isinstance(nvdimm, NVDIMMDevice)
    if not qemu.tree.spapr.takes_nvdimms or machine_get_class(qemu).version < (5, 0):
        raise messages.SPAPR_WITHOUT_NVDIMM.error()
    if not qemu.machine.nvdimm and messages.SPAPR_NVDIMM_OFF.is_said_in(qemu.tree):
        raise messages.SPAPR_NVDIMM_OFF.error()
    if not nvdimm.label_size and messages.SPAPR_LABEL_SIZE.is_said_in(qemu.tree):
        raise messages.SPAPR_LABEL_SIZE.error()
    if size % SPAPR_MEMORY_BLOCK_SIZE:
        raise messages.SPAPR_NVDIMM_SIZE.error(block=SPAPR_MEMORY_BLOCK_SIZE // MIB)
    if not nvdimm.has_uuid:
        raise messages.SPAPR_UUID.error()


def spapr_memory_pre_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Find a place for a memory module.

    Raises ``Memory hotplug not supported for this machine``, ``Hotplugged memory
    size must be a multiple of 256 MB``, and what ``spapr_nvdimm_validate`` and
    ``pc_dimm_pre_plug`` raise.
    """
    if not _dr_lmb_enabled(qemu):
        raise messages.SPAPR_WITHOUT_HOTPLUG.error()
    size = memory_device_get_region_size(qemu, dimm)
    if dimm.type.is_nvdimm:
        spapr_nvdimm_validate(qemu, dimm, size)
    elif size % SPAPR_MEMORY_BLOCK_SIZE:
        raise messages.SPAPR_DIMM_SIZE.error(block=SPAPR_MEMORY_BLOCK_SIZE // MIB)
    pc_dimm_pre_plug(qemu, dimm, None)


def spapr_memory_plug(qemu: Qemu, dimm: PCDIMMDevice) -> None:
    """Map a memory module into the guest."""
    pc_dimm_plug(qemu, dimm)


def spapr_caps_apply(qemu: Qemu) -> None:
    """Warn of capabilities that TCG does not have (``hw/ppc/spapr_caps.c``), at each reset."""
    if qemu.platform.accelerator != "tcg":
        return
    version, given = machine_get_class(qemu).version, qemu.machine.properties
    default = "workaround" if version >= (4, 0) else "broken"
    for name, warning in (
        ("cap-cfpc", messages.SPAPR_TCG_CFPC),
        ("cap-sbbc", messages.SPAPR_TCG_SBBC),
        ("cap-ibs", messages.SPAPR_TCG_IBS),
    ):
        value = given.get(name, default)
        if value != "broken":
            qemu.warn_report(warning, value=value)
    if given.get("cap-ccf-assist", version >= (5, 0)):
        qemu.warn_report(messages.SPAPR_TCG_CCF)
