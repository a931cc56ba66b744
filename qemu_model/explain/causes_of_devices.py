"""Causes of what memory devices and machines say: -device, -machine, -m with slots."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import DEVICE_HELP, EXPLAIN, LINE, MACHINE_HELP, MACHINES_HELP, Cause, qmp

_DEVICES: Final = qmp("query-memory-devices")

#: What a message begins with, and its causes.
DEVICE_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    (
        "'{name}' is not a valid device model name",
        (
            Cause(
                "this QEMU was built without the device, or the module that has it is not "
                "installed (qemu-system-modules, qemu-device-...)",
                "qemu-system-x86_64 -device help",
                fix="install the module's package, or name a device that is listed",
            ),
            Cause("the name is misspelt", "qemu-system-x86_64 -device help"),
        ),
    ),
    (
        "Bus '{name}' not found",
        (Cause("no device before it has that id", LINE, fix="name the bus, or its device first"),),
    ),
    (
        "virtio-pmem-pci not supported on this bus",
        (
            Cause(
                "until 5.0 the device needs a bus with hot-plug, and pcie.0 of q35 has none",
                LINE,
                fix="use -device pcie-root-port,id=port0 and bus=port0, or a newer QEMU",
            ),
        ),
    ),
    (
        "'memdev' property is not set",
        (Cause("-device pc-dimm or nvdimm names no backend", LINE, fix="use memdev=ID"),),
    ),
    (
        "'memdev' property must be set",
        (Cause("-device nvdimm names no backend", LINE, fix="use memdev=ID"),),
    ),
    (
        "can't use already busy memdev",
        (
            Cause(
                "the backend is the guest's RAM, a node's, or another device's already",
                LINE,
                fix="give each device a backend of its own",
            ),
        ),
    ),
    (
        "'memdev' property specifies a busy memdev",
        (
            Cause(
                "the backend of a virtio-mem or virtio-pmem device is used already",
                LINE,
                fix="give the device a backend of its own",
            ),
        ),
    ),
    (
        "'DIMM property node has value",
        (
            Cause(
                "node= of the device is a guest node that no -numa node makes",
                LINE,
                fix="add -numa node, or use node=0",
            ),
        ),
    ),
    (
        "no slots where allocated",
        (Cause("-m has no slots= for modules", LINE, fix="use -m SIZE,slots=N,maxmem=M"),),
    ),
    (
        "invalid slot#",
        (Cause("slot= of the device is not below slots= of -m", LINE, fix="count slots from 0"),),
    ),
    (
        "invalid slot number",
        (Cause("slot= of the device is not below slots= of -m", LINE, fix="count slots from 0"),),
    ),
    (
        "slot {slot} is busy",
        (Cause("two devices have the same slot=", _DEVICES, fix="remove slot="),),
    ),
    (
        "no free slots available",
        (Cause("there are more modules than slots= of -m", _DEVICES, fix="use a larger slots="),),
    ),
    (
        "Property 'nvdimm.label-size'",
        (Cause("an NVDIMM's label takes at least 128 KiB", DEVICE_HELP, fix="label-size=128K"),),
    ),
    (
        "the size of memdev {id}",
        (
            Cause(
                "the label leaves no whole page of the backend for data",
                LINE,
                fix="make the backend larger, or remove label-size",
            ),
        ),
    ),
    (
        "Property 'nvdimm.uuid'",
        (Cause("uuid= of the NVDIMM is not a UUID", "uuidgen", fix="uuid=$(uuidgen), or none"),),
    ),
    (
        "'unarmed' property must be",
        (
            Cause(
                "the backend is read-only (readonly=on): the guest must see an NVDIMM that cannot "
                "save data",
                LINE,
                fix="use unarmed=on for the device, or readonly=off for the backend",
            ),
        ),
    ),
    (
        "memory devices (e.g. for memory hotplug) are not enabled",
        (
            Cause(
                "-m has no maxmem: the guest has no address space for more memory",
                LINE,
                fix="use -m SIZE,slots=N,maxmem=M with M above SIZE",
            ),
        ),
    ),
    (
        "the alignment (0x{align:x}) is not supported",
        (
            Cause(
                "the backend's pages or align= are larger than the 1 GiB at which the range for "
                "memory devices begins",
                LINE,
                fix="use a smaller align=",
            ),
        ),
    ),
    (
        "not enough space, currently",
        (
            Cause(
                "the devices together are larger than maxmem minus the RAM",
                LINE,
                fix="use a larger maxmem=",
            ),
        ),
    ),
    (
        "address must be aligned to",
        (
            Cause(
                "addr= of the device is not a multiple of the backend's page size or align=",
                LINE,
                fix="remove addr=: QEMU finds a place",
            ),
        ),
    ),
    (
        "backend memory size must be multiple of",
        (
            Cause(
                "the backend's size is not a multiple of its page size or align=",
                LINE,
                fix="round size= up",
            ),
        ),
    ),
    (
        "can't add memory device",
        (
            Cause(
                "addr= lies outside the range for memory devices",
                qmp("query-memory-devices"),
                fix="remove addr=, or use a larger maxmem=",
            ),
        ),
    ),
    (
        "address range conflicts with memory device",
        (
            Cause(
                "addr= lies within another device's memory",
                _DEVICES,
                fix="remove addr=: QEMU finds a place",
            ),
        ),
    ),
    (
        "could not find position in guest address space",
        (
            Cause(
                "alignment leaves gaps, and none of them is large enough",
                _DEVICES,
                fix="use a larger maxmem=",
            ),
        ),
    ),
    (
        "No '{bus}' bus found",
        (
            Cause(
                "the machine has no PCI bus (microvm, none, isapc)",
                LINE,
                fix="use -machine q35 or pc, or the device's variant for another bus",
            ),
        ),
    ),
    (
        "Duplicate device ID",
        (Cause("two -device options have the same id", LINE, fix="give each its own id"),),
    ),
    (
        "machine doesn't support NUMA",
        (Cause("node= is set for a device on a machine without nodes", LINE, fix="remove it"),),
    ),
    (
        "memory hotplug is not enabled",
        (
            Cause(
                "modules need ACPI, and it is off (-no-acpi, -machine acpi=off) or the machine has "
                "none (isapc)",
                LINE,
                fix="remove acpi=off and -no-acpi",
            ),
        ),
    ),
    (
        "nvdimm is not enabled",
        (Cause("the machine has no NVDIMMs without nvdimm=on", LINE, fix="-machine nvdimm=on"),),
    ),
    (
        "Machine memory size does not match",
        (
            Cause(
                "-m and the backend of -machine memory-backend= differ in size",
                LINE,
                fix="use the same size in both, or remove -m",
            ),
        ),
    ),
    (
        "Size specified by -m option must match",
        (
            Cause(
                "-m and the backend of -machine memory-backend= differ in size",
                LINE,
                fix="use the same size in both, or remove -m",
            ),
        ),
    ),
    (
        "object name '{id}' is reserved",
        (
            Cause(
                "QEMU makes RAM under that id itself, as no -machine memory-backend= names one",
                LINE,
                fix="use -machine memory-backend=ID if the object is the RAM; else another id",
            ),
        ),
    ),
    (
        "memory backend {id} can't be used multiple times",
        (
            Cause(
                "one backend is given to two nodes, or to a node and the machine",
                LINE,
                fix="make one backend for each node",
            ),
        ),
    ),
    (
        "memory backend {id} is used multiple times",
        (
            Cause(
                "one backend is given to two -numa nodes",
                LINE,
                fix="make one backend for each node",
            ),
        ),
    ),
    (
        "'-machine memory-backend' and '-numa memdev' properties are mutually exclusive",
        (
            Cause(
                "RAM comes either from one backend or from one for each node",
                LINE,
                fix="remove memory-backend= if -numa names backends",
            ),
        ),
    ),
    (
        "Memory backend '{id}' not found",
        (
            Cause(
                "-machine memory-backend= names an id that no -object memory-backend-... has",
                LINE,
                fix="name the object's id",
            ),
        ),
    ),
    (
        "'-mem-path' can't be used together with",
        (
            Cause(
                "-mem-path and -machine memory-backend= both name where the RAM comes from",
                LINE,
                fix="remove -mem-path, and use mem-path= in the backend",
            ),
        ),
    ),
    (
        "unsupported machine type",
        (
            Cause(
                "the machine type is newer than this QEMU, or so old that it was removed: each "
                "release drops those of six years before",
                MACHINES_HELP,
                fix="name one that is listed; a stopped libvirt domain: virsh edit, machine=",
            ),
            Cause(
                "the type is a distribution's own (rhel, ubuntu, +pve), and the binary is not",
                "qemu-system-x86_64 --version; qemu-system-x86_64 -machine help",
            ),
        ),
    ),
    (
        "Machine type '{name}' is deprecated",
        (
            Cause(
                "the machine type is going to be removed",
                MACHINES_HELP,
                fix="move the guest to a newer machine type while it is off",
            ),
        ),
    ),
    (
        "\"-memory 'slots|maxmem'\" is not supported by",
        (Cause("the machine has no place for modules (isapc, pc up to 2.0)", LINE, fix="use pc"),),
    ),
    (
        "unsupported amount of memory slots",
        (Cause("a PC has at most 256 slots", LINE, fix="use slots=256 or fewer"),),
    ),
    (
        "maximum memory size must by aligned",
        (Cause("maxmem= does not end at a whole page", LINE, fix="round maxmem= up"),),
    ),
    (
        "unsupported amount of maximum memory",
        (Cause("maxmem= is near 2^64 bytes", LINE, fix="use a smaller maxmem="),),
    ),
    (
        "Address space limit",
        (
            Cause(
                "the guest's CPU has fewer physical address bits than RAM plus maxmem need: 40 by "
                "default, or what host-phys-bits-limit= says",
                "grep -m1 'address sizes' /proc/cpuinfo",
                fix="use a smaller maxmem=, or -cpu host,host-phys-bits=on (libvirt: <maxphysaddr "
                "mode='passthrough'/>)",
            ),
        ),
    ),
    (
        "Machine option 'max-ram-below-4g=",
        (Cause("max-ram-below-4g= is more than 4 GiB", LINE, fix="remove it"),),
    ),
    (
        "Only {size} bytes of RAM below the 4GiB boundary",
        (Cause("max-ram-below-4g= is less than firmware needs", LINE, fix="remove it"),),
    ),
    (
        "Large machine and max_ram_below_4g",
        (
            Cause(
                "RAM is split at a place that is not a whole GiB, so huge pages do not fit well",
                LINE,
                fix="use a multiple of 1G, or remove max-ram-below-4g",
            ),
        ),
    ),
    (
        "There is possibly poor performance as the ram size",
        (
            Cause(
                "RAM is split at a place that is not a whole GiB, so huge pages do not fit well",
                LINE,
                fix="use a multiple of 1G, or remove max-ram-below-4g",
            ),
        ),
    ),
    (
        "Conflict between '{name}' and '{other}'",
        (Cause("-machine says one property twice, with _ and with -", LINE, fix="keep one"),),
    ),
    (
        "Option not supported for this target",
        (Cause("the option belongs to another architecture", EXPLAIN, fix="remove it"),),
    ),
    (
        "invalid object type",
        (
            Cause(
                "this release or this build has no such object: memory-backend-shm is 9.1's, "
                "memory-backend-memfd needs Linux, memory-backend-epc SGX",
                "qemu-system-x86_64 -object help",
                fix="use memory-backend-memfd, which every Linux build has",
            ),
            Cause("the type is misspelt", "qemu-system-x86_64 -object help"),
        ),
    ),
    (
        "Property '{type}.{property}' is not writable",
        (Cause("the property can only be read", MACHINE_HELP, fix="remove it"),),
    ),
    (
        "Insufficient permission to perform this operation",
        (Cause("the property can only be read", MACHINE_HELP, fix="remove it"),),
    ),
)
