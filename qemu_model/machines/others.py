"""The machine types of qemu-system-aarch64, -arm, -ppc64 and -s390x that the model knows."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from ..boards import MIB, MachineClass, SMPCompatProps
from ..machine_properties import row
from ..numa import numa_default_auto_assign_ram, numa_legacy_auto_assign_ram
from ..revisions.release import Release
from ..s390_virtio_ccw import CCW_PROPERTIES, ccw_init, s390_fixup_ram_size
from ..spapr import (
    SPAPR_PROPERTIES,
    SPAPR_PROPERTIES_SINCE_5_0,
    spapr_boot_set,
    spapr_caps_apply,
    spapr_get_default_cpu_node_id,
    spapr_instance_init,
    spapr_machine_init,
    spapr_memory_plug,
    spapr_memory_pre_plug,
    spapr_possible_cpu_arch_ids,
)
from ..virt import (
    VIRT_PROPERTIES,
    machvirt_init,
    virt_get_default_cpu_node_id,
    virt_memory_plug,
    virt_memory_pre_plug,
    virt_possible_cpu_arch_ids,
)
from .versions import VERSIONS, deleted_in, expired_since, since_release, version_text

#: Versions of virt up to 2.7 have no interrupt translation; since 6.0 they may be given it.
_WITHOUT_ITS: Final = MappingProxyType({**VIRT_PROPERTIES, "its": row("bool", since=(6, 0))})
#: The last versions of pseries that left with 9.2, and of s390-ccw-virtio with 10.0.
_LAST_OLD_PSERIES: Final[Release] = (2, 12)
_LAST_OLD_CCW: Final[Release] = (2, 8)
_OLD_PSERIES: Final = "old and not maintained - use a 2.12+ version"

_VIRT: Final = MachineClass(
    "",
    "",
    machvirt_init,
    VIRT_PROPERTIES,
    chipset="virt",
    default_ram_id="mach-virt.ram",
    possible_cpu_arch_ids=virt_possible_cpu_arch_ids,
    get_default_cpu_node_id=virt_get_default_cpu_node_id,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
    smp_props=SMPCompatProps(clusters_supported=True),
    pre_plug=virt_memory_pre_plug,
    plug=virt_memory_plug,
)
_PSERIES: Final = MachineClass(
    "",
    "pSeries Logical Partition (PAPR compliant)",
    spapr_machine_init,
    SPAPR_PROPERTIES,
    chipset="pseries",
    default_ram_size=512 * MIB,
    default_ram_id="ppc_spapr.ram",
    possible_cpu_arch_ids=spapr_possible_cpu_arch_ids,
    get_default_cpu_node_id=spapr_get_default_cpu_node_id,
    numa_mem_align_shift=28,
    numa_auto_assign_ram=numa_default_auto_assign_ram,
    auto_enable_numa=True,
    instance_init=spapr_instance_init,
    reset=spapr_caps_apply,
    pre_plug=spapr_memory_pre_plug,
    plug=spapr_memory_plug,
    boot_set_handler=spapr_boot_set,
)
_CCW: Final = MachineClass(
    "",
    "",
    ccw_init,
    CCW_PROPERTIES,
    chipset="s390-ccw-virtio",
    max_cpus=248,
    default_ram_id="s390.ram",
    smp_props=SMPCompatProps(books_supported=True, drawers_supported=True),
)


def _virt(version: Release) -> MachineClass:
    """Return virt in one of its versions: what it does about memory."""
    text = version_text(version)
    return attrs.evolve(
        _VIRT,
        name=f"virt-{text}",
        desc=f"QEMU {text} ARM Virtual Machine",
        properties=_WITHOUT_ITS if version < (2, 8) else VIRT_PROPERTIES,
        version=version,
        since=since_release(version),
        until=deleted_in(version),
        deprecation_reasons=(expired_since(version),),
        max_cpus=512 if version > (2, 12) else 255,
        smp_props=attrs.evolve(_VIRT.smp_props, prefer_sockets=version < (6, 2)),
        numa_mem_supported=version < (5, 1),
        auto_enable_numa_with_memhp=version > (4, 1),
        auto_enable_numa_with_memdev=version >= (5, 1),
    )


def _pseries(version: Release, tag: str = "") -> MachineClass:
    """Return pseries in one of its versions: what it does about memory."""
    old = version <= _LAST_OLD_PSERIES
    reasons: tuple[tuple[Release, str | None], ...] = (expired_since(version),)
    if version < _LAST_OLD_PSERIES:
        reasons = (((9, 0), _OLD_PSERIES), *reasons)
    return attrs.evolve(
        _PSERIES,
        name=f"pseries-{version_text(version)}{tag}",
        properties=SPAPR_PROPERTIES if version < (5, 0) else SPAPR_PROPERTIES_SINCE_5_0,
        version=version,
        since=since_release(version),
        until=(9, 2) if old else deleted_in(version),
        deprecation_reasons=reasons,
        # From 6.1 to 8.2 there is no limit but that of interrupts between CPUs, which aborts.
        max_cpus=1024,
        max_cpus_in=(((6, 1), 4096),),
        smp_props=attrs.evolve(_PSERIES.smp_props, prefer_sockets=version < (6, 2)),
        numa_mem_supported=version < (5, 1),
        numa_auto_assign_ram=(
            numa_default_auto_assign_ram if version > (2, 9) else numa_legacy_auto_assign_ram
        ),
    )


def _ccw(version: Release) -> MachineClass:
    """Return s390-ccw-virtio in one of its versions: what it does about memory."""
    old = version <= _LAST_OLD_CCW
    text = version_text(version)
    return attrs.evolve(
        _CCW,
        name=f"s390-ccw-virtio-{text}",
        desc=f"Virtual s390x machine (version {text})",
        older_desc=((7, 1), f"VirtIO-ccw based S390 machine v{text}"),
        version=version,
        since=since_release(version),
        until=(10, 0) if old else deleted_in(version),
        deprecation_reasons=(expired_since(version),),
        smp_props=attrs.evolve(_CCW.smp_props, prefer_sockets=version < (6, 2)),
        fixup_ram_size=s390_fixup_ram_size if version <= (4, 2) else None,
    )


VIRT: Final = tuple(_virt(version) for version in VERSIONS if version >= (2, 6))
PSERIES: Final = (
    *(_pseries(version) for version in VERSIONS if version >= (2, 1)),
    _pseries((2, 12), "-sxxm"),
)
CCW: Final = tuple(_ccw(version) for version in VERSIONS if version >= (2, 4))
