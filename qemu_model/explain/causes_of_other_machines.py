"""Causes of what the machines of other processors say: virt, pseries, s390-ccw-virtio."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import Cause

_LINE: Final = "ps -ww -o args= -C qemu-system-aarch64,qemu-system-ppc64,qemu-system-s390x"
_BLOCK: Final = "PAPR gives memory to the guest in blocks of 256 MiB, and {what} is not a multiple"


def _block(what: str, fix: str) -> tuple[Cause, ...]:
    return (Cause(_BLOCK.format(what=what), _LINE, fix=fix),)


def _tcg(capability: str, value: str = "broken") -> tuple[Cause, ...]:
    return (
        Cause(
            f"pseries asks for {capability}, which an emulated CPU has not; only a warning",
            _LINE,
            fix=f"add {capability}={value} to -machine, or ignore the warning",
        ),
    )


#: What a message begins with, and its causes.
OTHER_MACHINE_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    (
        "No machine specified",
        (Cause("-machine is missing, and ARM has no usual one", _LINE, fix="add -machine virt"),),
    ),
    (
        "unsupported number of memory slots",
        (Cause("slots= of -m is above 256", _LINE, fix="use slots=256 or fewer"),),
    ),
    (
        "maxmem/slots too huge",
        (Cause("maxmem= of -m is misspelt, or in the wrong unit", _LINE, fix="lower maxmem="),),
    ),
    (
        "Addressing limited to",
        (
            Cause("-cpu has too few address bits: cortex-a15 has 40", _LINE, fix="use -cpu max"),
            Cause("highmem=off leaves 4 GiB of addresses", _LINE, fix="remove highmem=off"),
            Cause("maxmem= or slots= is larger than needed", _LINE, fix="lower maxmem= or slots="),
        ),
    ),
    (
        "Number of SMP CPUs requested",
        (Cause("GICv2 serves 8 CPUs", _LINE, fix="add gic-version=3 to -machine"),),
    ),
    (
        "Try 'highmem-redists=on'",
        (Cause("a GICv3 below 4 GiB serves 123 CPUs", _LINE, fix="remove highmem=off"),),
    ),
    (
        "VGICv3 redist region number",
        (Cause("before 6.2 TCG's GICv3 serves 123 CPUs", _LINE, fix="use -smp 123 or fewer"),),
    ),
    (
        "Capacity of the redist regions",
        (Cause("a GICv3 below 4 GiB serves 123 CPUs", _LINE, fix="remove highmem=off"),),
    ),
    (
        "VCPU supports less PA bits",
        (
            Cause("maxmem= is larger than needed", _LINE, fix="lower maxmem="),
            Cause("-cpu has too few address bits", _LINE, fix="use -cpu max"),
        ),
    ),
    (
        "Invalid gic-version value",
        (Cause("this release has no such GIC", _LINE, fix="use gic-version=3"),),
    ),
    (
        "Valid values are",
        (Cause("this release has no such GIC", _LINE, fix="use gic-version=3"),),
    ),
    (
        "gic-version=host requires",
        (Cause("TCG runs the guest", _LINE, fix="use gic-version=max, or -accel kvm"),),
    ),
    (
        "gic-version=4 requires",
        (Cause("a GICv4 needs EL2", _LINE, fix="add virtualization=on to -machine"),),
    ),
    (
        "tcg does not support GICv4",
        (Cause("a GICv4 needs EL2", _LINE, fix="add virtualization=on to -machine"),),
    ),
    (
        "Invalid iommu value",
        (Cause("iommu= is misspelt", _LINE, fix="use iommu=none or iommu=smmuv3"),),
    ),
    (
        "mach-virt: cannot model more than",
        (Cause("QEMU 3.1 has no addresses for more", _LINE, fix="use 4.0 or later"),),
    ),
    (
        "memory hotplug is not enabled: missing acpi-ged",
        (
            Cause("the guest has no firmware", _LINE, fix="add -bios or pflash with UEFI"),
            Cause("the CPU has 32 bits: cortex-a15 is the default", _LINE, fix="add -cpu max"),
            Cause("acpi=off, or virt-4.1 and older", _LINE, fix="use acpi=on and a newer virt"),
        ),
    ),
    (
        "memory hotplug is not enabled: MTE",
        (Cause("-machine has mte=on", _LINE, fix="remove mte=on, or the memory device"),),
    ),
    (
        "MTE requested",
        (Cause("mte=on needs a CPU with memory tags", _LINE, fix="add -cpu max"),),
    ),
    (
        "-machine {name}={value}: unsupported option",
        (Cause("nvdimm-persistence= is misspelt", _LINE, fix="use cpu or mem-ctrl"),),
    ),
    (
        "nvdimm is not enabled: add",
        (Cause("-machine lacks nvdimm=on", _LINE, fix="add nvdimm=on to -machine"),),
    ),
    (
        "pSeries SLOF firmware requires",
        (
            Cause("-m is below 128 MiB", _LINE, fix="use -m 256M or more"),
            Cause("the first node has less than 128 MiB", _LINE, fix="give it more memory"),
        ),
    ),
    ("Memory size 0x", _block("-m", "use a size of whole 256 MiB")),
    ("Maximum memory size 0x", _block("maxmem=", "use maxmem= of whole 256 MiB")),
    ("Node {node} memory size 0x", _block("a node's backend", "use backends of whole 256 MiB")),
    (
        "Specified number of memory slots",
        (Cause("slots= of -m is above 32", _LINE, fix="use slots=32 or fewer"),),
    ),
    (
        "TCG cannot support more than",
        (Cause("threads= of -smp is more than TCG has", _LINE, fix="use threads=1"),),
    ),
    (
        "Cannot support {threads} threads/core",
        (Cause("threads= of -smp is 3, 5, 6 or 7", _LINE, fix="use threads=1, 2, 4 or 8"),),
    ),
    ("Hotplugged memory size", _block("a pc-dimm's backend", "use backends of whole 256 MiB")),
    (
        "Memory hotplug not supported",
        (Cause("pseries-2.4 and older take no memory devices", _LINE, fix="use a newer pseries"),),
    ),
    (
        "NVDIMM hotplug not supported",
        (Cause("pseries-4.2 and older take none", _LINE, fix="use pseries-5.0 or newer"),),
    ),
    (
        "nvdimm device found but",
        (Cause("-machine has nvdimm=off", _LINE, fix="remove nvdimm=off"),),
    ),
    (
        "PAPR requires NVDIMM devices to have label-size",
        (Cause("-device nvdimm has no label", _LINE, fix="add label-size=128K"),),
    ),
    (
        "PAPR requires NVDIMM memory size",
        _block("the backend without its label", "make the backend larger by the label's size"),
    ),
    (
        "NVDIMM memory size excluding the label area",
        _block("the backend without its label", "make the backend larger by the label's size"),
    ),
    (
        "NVDIMM device requires the uuid",
        (Cause("-device nvdimm has no uuid=", "uuidgen", fix="add uuid= with a new UUID"),),
    ),
    (
        "Invalid capability mode",
        (Cause("a capability of -machine is misspelt", _LINE, fix="use broken or workaround"),),
    ),
    (
        'Bad value for "{name}" property',
        (Cause("ic-mode= or resize-hpt= is misspelt", _LINE, fix="leave the property out"),),
    ),
    (
        "Invalid compatibility mode",
        (Cause("this release has no such mode", _LINE, fix="use max-cpu-compat=power8"),),
    ),
    ("TCG doesn't support requested feature, cap-cfpc", _tcg("cap-cfpc")),
    ("TCG doesn't support requested feature, cap-sbbc", _tcg("cap-sbbc")),
    ("TCG doesn't support requested feature, cap-ibs", _tcg("cap-ibs")),
    ("TCG doesn't support requested feature, cap-ccf-assist", _tcg("cap-ccf-assist", "off")),
    (
        "ram size must be multiples of 1 MiB",
        (Cause("-m has a size in KiB or bytes", _LINE, fix="use whole MiB"),),
    ),
    (
        "Ram size {size}MB was fixed up",
        (
            Cause(
                "s390-ccw-virtio-4.2 and older take at most 1020 equal parts of whole MiB",
                _LINE,
                fix="use the size that QEMU names, or a newer machine type",
            ),
        ),
    ),
    (
        "S390 does not support more than",
        (Cause("threads= of -smp is above 1", _LINE, fix="remove threads="),),
    ),
    (
        "not enough RAM to load the BIOS file",
        (Cause("-m is below 3 MiB", _LINE, fix="use -m 128M, or give a -kernel"),),
    ),
)
