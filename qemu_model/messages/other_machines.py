"""The texts of machines without an x86 processor: ``hw/arm/``, ``hw/ppc/``, ``hw/s390x/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

NO_DEFAULT_MACHINE: Final = Message(
    "No machine specified, and there is no default",
    {"3.1": "system/vl.c:select_machine", "6.0": "system/vl.c:qemu_create_machine"},
    ("qemu-system-aarch64 and qemu-system-arm have no default machine, and -machine is missing",),
)

# hw/arm/virt.c

VIRT_SLOTS: Final = Message(
    {"4.0": "unsupported number of memory slots: {slots}"},
    "hw/arm/virt.c:virt_set_memmap",
    ("'slots' of -m is above 256",),
)
VIRT_MAXMEM: Final = Message(
    {"4.0": "maxmem/slots too huge"},
    "hw/arm/virt.c:virt_set_memmap",
    ("'maxmem' and 'slots' of -m reach beyond 2^64",),
)
VIRT_ADDRESS_BITS: Final = Message(
    {"7.0": "Addressing limited to {bits} bits, but memory exceeds it by {excess} bytes"},
    "hw/arm/virt.c:virt_set_memmap",
    (
        "-m with maxmem and slots reaches beyond what the CPU can address",
        "highmem=off of -machine leaves 32 bits",
        "without -cpu it is a cortex-a15, which has 40 bits",
    ),
)
VIRT_CPUS: Final = Message(
    "Number of SMP CPUs requested ({cpus}) exceeds max CPUs supported by machine "
    "'mach-virt' ({most})",
    "hw/arm/virt.c:machvirt_init",
    (
        "-smp asks for more CPUs than the interrupt controller has",
        "GICv2 has 8; it is what QEMU takes without gic-version=, since 8.0 for up to 8 CPUs",
    ),
)
VIRT_CPUS_HINT: Final = Message(
    {"8.0": "Try 'highmem-redists=on' for more CPUs"},
    "hw/arm/virt.c:machvirt_init",
    ("highmem=off or highmem-redists=off leaves a GICv3 with 123 CPUs",),
)
VIRT_REDIST_REGIONS: Final = Message(
    {"3.1": "VGICv3 redist region number(2) not equal to 1", "6.2": None},
    "hw/intc/arm_gicv3.c:arm_gic_realize",
    ("-smp asks for more than 123 CPUs, which TCG's GICv3 serves since 6.2",),
)
VIRT_REDISTS: Final = Message(
    {
        "7.0": "Capacity of the redist regions({most}) is less than number of vcpus({cpus})",
        "7.1": "Capacity of the redist regions({most}) does not match the number of vcpus({cpus})",
        "8.0": None,
    },
    "hw/intc/arm_gicv3_common.c:arm_gicv3_common_realize",
    ("highmem=off leaves a GICv3 with 123 CPUs",),
)
VIRT_CPU_ADDRESS_BITS: Final = Message(
    {
        "4.0": "VCPU supports less PA bits ({bits}) than requested by the memory map ({requested})",
        "7.0": None,
    },
    "hw/arm/virt.c:virt_cpu_post_init",
    ("PCI's range of 512 GiB lies above -m with maxmem, and the CPU cannot address its end",),
)
VIRT_GIC: Final = Message(
    "Invalid gic-version value",
    "hw/arm/virt.c:virt_set_gic_version",
    ("gic-version= of -machine is a version that this release does not have",),
)
VIRT_GIC_VALUES: Final = Message(
    {
        "3.1": "Valid values are 3, 2, host, max.",
        "11.1": "Valid values are 2, 3, 4, x-5, host, and max.",
    },
    "hw/arm/virt.c:virt_set_gic_version",
    ("gic-version= of -machine is a version that this release does not have",),
)
VIRT_GIC_HOST: Final = Message(
    "gic-version=host requires KVM",
    "hw/arm/virt.c:finalize_gic_version",
    ("gic-version=host of -machine is the host's, which TCG does not have",),
)
VIRT_GIC_V4: Final = Message(
    {
        "7.1": "gic-version=4 requires virtualization enabled",
        "8.0": "tcg does not support GICv4 emulation, is virtualization=on?",
    },
    {"7.1": "hw/arm/virt.c:finalize_gic_version", "8.0": "hw/arm/virt.c:finalize_gic_version_do"},
    ("gic-version=4 of -machine needs virtualization=on",),
)
VIRT_IOMMU: Final = Message(
    "Invalid iommu value",
    "hw/arm/virt.c:virt_set_iommu",
    ("iommu= of -machine is neither none nor smmuv3",),
)
VIRT_IOMMU_HINT: Final = "Valid values are none, smmuv3."
VIRT_RAM_LIMIT: Final = Message(
    {"3.1": "mach-virt: cannot model more than {limit}GB RAM", "4.0": None},
    "hw/arm/virt.c:machvirt_init",
    ("-m asks for more than 255 GiB",),
)
VIRT_WITHOUT_GED: Final = Message(
    {"4.2": "memory hotplug is not enabled: missing acpi-ged device"},
    "hw/arm/virt.c:virt_memory_pre_plug",
    (
        "memory is plugged into the guest by ACPI, which needs firmware (-bios, pflash)",
        "and a CPU with 64 bits (-cpu cortex-a57, max, host), and acpi=off must not be said",
        "virt-4.1 and older have no such device",
    ),
)
VIRT_MTE: Final = Message(
    {"5.1": "memory hotplug is not enabled: MTE is enabled"},
    "hw/arm/virt.c:virt_memory_pre_plug",
    ("-machine has mte=on, and a memory device is plugged in",),
)
VIRT_MTE_CPU: Final = Message(
    {"5.1": "MTE requested, but not supported by the guest CPU"},
    "hw/arm/virt.c:machvirt_init",
    ("-machine has mte=on, and -cpu, or the default cortex-a15, has no memory tags",),
)
VIRT_NVDIMM_NOT_ENABLED: Final = Message(
    {"5.1": "nvdimm is not enabled: add 'nvdimm=on' to '-M'"},
    "hw/arm/virt.c:virt_memory_pre_plug",
    ("-machine lacks nvdimm=on",),
)

# hw/ppc/spapr.c, spapr_nvdimm.c, spapr_caps.c

SPAPR_RMA: Final = Message(
    {
        "3.1": "pSeries SLOF firmware requires >= {least}M guest RMA (Real Mode Area memory)",
        "5.0": (
            "pSeries SLOF firmware requires >= {least:x}ldMiB guest RMA (Real Mode Area memory)"
        ),
    },
    {"3.1": "hw/ppc/spapr.c:spapr_machine_init", "5.0": "hw/ppc/spapr.c:spapr_rma_size"},
    ("the guest, or its first node with memory, has less than 128 MiB",),
)
SPAPR_RAM_SIZE: Final = Message(
    "Memory size 0x{size:x} is not aligned to {block} MiB",
    "hw/ppc/spapr.c:spapr_validate_node_memory",
    ("the size of -m is not a multiple of 256 MiB",),
)
SPAPR_MAXRAM_SIZE: Final = Message(
    "Maximum memory size 0x{size:x} is not aligned to {block} MiB",
    "hw/ppc/spapr.c:spapr_validate_node_memory",
    (
        "'maxmem' of -m is not a multiple of 256 MiB",
        "the number in the message is the size of the RAM",
    ),
)
SPAPR_NODE_SIZE: Final = Message(
    "Node {node} memory size 0x{size:x} is not aligned to {block} MiB",
    "hw/ppc/spapr.c:spapr_validate_node_memory",
    ("the memory of a node is not a multiple of 256 MiB",),
)
SPAPR_SLOTS: Final = Message(
    "Specified number of memory slots {slots} exceeds max supported {most}",
    "hw/ppc/spapr.c:spapr_machine_init",
    ("'slots' of -m is above 32",),
)
SPAPR_TCG_THREADS: Final = Message(
    {
        "3.1": "TCG cannot support more than 1 thread/core on a pseries machine",
        "8.1": "TCG cannot support more than 8 threads/core on a pseries machine",
    },
    "hw/ppc/spapr.c:spapr_set_vsmt_mode",
    ("-smp asks for more threads in a core than TCG has: 1, since 8.1 8",),
)
SPAPR_THREADS: Final = Message(
    "Cannot support {threads} threads/core on a pseries machine because it must be a power of 2",
    "hw/ppc/spapr.c:spapr_set_vsmt_mode",
    ("the threads of -smp are not a power of 2",),
)
SPAPR_WITHOUT_HOTPLUG: Final = Message(
    "Memory hotplug not supported for this machine",
    "hw/ppc/spapr.c:spapr_memory_pre_plug",
    ("pseries-2.4 or older is given a memory device",),
)
SPAPR_DIMM_SIZE: Final = Message(
    "Hotplugged memory size must be a multiple of {block} MB",
    "hw/ppc/spapr.c:spapr_memory_pre_plug",
    ("the backend of a pc-dimm is not a multiple of 256 MiB",),
)
SPAPR_WITHOUT_NVDIMM: Final = Message(
    {"5.0": "NVDIMM hotplug not supported for this machine"},
    {
        "5.0": "hw/ppc/spapr.c:spapr_memory_pre_plug",
        "5.2": "hw/ppc/spapr_nvdimm.c:spapr_nvdimm_validate",
    },
    ("pseries-4.2 and older take no NVDIMMs",),
)
SPAPR_NVDIMM_OFF: Final = Message(
    {"5.2": "nvdimm device found but 'nvdimm=off' was set"},
    "hw/ppc/spapr_nvdimm.c:spapr_nvdimm_validate",
    ("-machine has nvdimm=off, and there is an NVDIMM",),
)
SPAPR_LABEL_SIZE: Final = Message(
    {"5.1": "PAPR requires NVDIMM devices to have label-size set"},
    "hw/ppc/spapr_nvdimm.c:spapr_nvdimm_validate",
    ("an NVDIMM lacks label-size=",),
)
SPAPR_NVDIMM_SIZE: Final = Message(
    {
        "5.0": "NVDIMM memory size excluding the label area must be a multiple of {block}MB",
        "5.1": ("PAPR requires NVDIMM memory size (excluding label) to be a multiple of {block}MB"),
    },
    "hw/ppc/spapr_nvdimm.c:spapr_nvdimm_validate",
    ("the size of an NVDIMM without its label is not a multiple of 256 MiB",),
)
SPAPR_UUID: Final = Message(
    {"5.0": "NVDIMM device requires the uuid to be set"},
    "hw/ppc/spapr_nvdimm.c:spapr_nvdimm_validate",
    ("an NVDIMM lacks uuid=",),
)
SPAPR_CAPABILITY: Final = Message(
    'Invalid capability mode "{value}" for {name}',
    "hw/ppc/spapr_caps.c:spapr_cap_set_string",
    ("cap-cfpc, cap-sbbc and cap-ibs of -machine take broken, workaround and a kind of fixed",),
)
SPAPR_BAD_VALUE: Final = Message(
    'Bad value for "{name}" property',
    "hw/ppc/spapr.c:spapr_set_resize_hpt",
    ("ic-mode takes xics, xive, dual; resize-hpt takes default, disabled, enabled, required",),
)
SPAPR_COMPAT: Final = Message(
    'Invalid compatibility mode "{value}"',
    "target/ppc/compat.c:ppc_compat_prop_set",
    ("max-cpu-compat takes power6 to power9, since 5.0 power10, since 10.0 power11",),
)
SPAPR_TCG_CFPC: Final = Message(
    "TCG doesn't support requested feature, cap-cfpc={value}",
    "hw/ppc/spapr_caps.c:cap_safe_cache_apply",
    ("TCG runs the guest, and cap-cfpc=broken is not on the line: pseries-4.0 and later ask",),
    stream="stderr",
)
SPAPR_TCG_SBBC: Final = Message(
    {"3.1": "TCG doesn't support requested feature, cap-sbbc={value}", "9.2": None},
    "hw/ppc/spapr_caps.c:cap_safe_bounds_check_apply",
    ("TCG runs the guest, and cap-sbbc=broken is not on the line: pseries-4.0 and later ask",),
    stream="stderr",
)
SPAPR_TCG_IBS: Final = Message(
    "TCG doesn't support requested feature, cap-ibs={value}",
    "hw/ppc/spapr_caps.c:cap_safe_indirect_branch_apply",
    ("TCG runs the guest, and cap-ibs=broken is not on the line: pseries-4.0 and later ask",),
    stream="stderr",
)
SPAPR_TCG_CCF: Final = Message(
    {"5.0": "TCG doesn't support requested feature, cap-ccf-assist=on"},
    "hw/ppc/spapr_caps.c:cap_ccf_assist_apply",
    ("TCG runs the guest, and cap-ccf-assist=off is not on the line: pseries-5.0 and later ask",),
    stream="stderr",
)

# hw/s390x/s390-virtio-ccw.c, ipl.c

S390_RAM_SIZE: Final = Message(
    {
        "7.2": "ram size must be multiples of 1 MiB",
        "8.0": None,
        "10.0": "ram size must be multiples of 1 MiB",
    },
    "hw/s390x/s390-virtio-ccw.c:s390_memory_init",
    (
        "the size of -m is not a multiple of 1 MiB",
        "in 7.2 this is in the stable releases only",
    ),
)
S390_RAM_FIXED_UP: Final = Message(
    {
        "5.0": (
            "Ram size {size}MB was fixed up to {new_size}MB to match machine restrictions. "
            "Consider updating the guest definition."
        )
    },
    "hw/s390x/s390-virtio-ccw.c:s390_fixup_ram_size",
    ("s390-ccw-virtio-4.2 and older round the RAM down to at most 1020 equal parts",),
    stream="stdout",
)
S390_THREADS: Final = Message(
    {"7.2": "S390 does not support more than 1 threads."},
    "hw/s390x/s390-virtio-ccw.c:s390_init_cpus",
    ("-smp asks for more than one thread in a core",),
)
S390_RAM_FOR_BIOS: Final = Message(
    {"9.2": "not enough RAM to load the BIOS file"},
    "hw/s390x/ipl.c:s390_ipl_realize",
    ("-m is below 3 MiB, and no -kernel is given",),
)
