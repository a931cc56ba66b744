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
        "'memdev' property is not set",
        (Cause("-device pc-dimm or nvdimm names no backend", LINE, fix="say memdev=ID"),),
    ),
    (
        "'memdev' property must be set",
        (Cause("-device nvdimm names no backend", LINE, fix="say memdev=ID"),),
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
                fix="add -numa node, or say node=0",
            ),
        ),
    ),
    (
        "no slots where allocated",
        (Cause("-m says no slots for modules", LINE, fix="say -m SIZE,slots=N,maxmem=M"),),
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
        (Cause("two devices have the same slot=", _DEVICES, fix="leave slot= away"),),
    ),
    (
        "no free slots available",
        (Cause("there are more modules than slots= of -m", _DEVICES, fix="say more slots="),),
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
                fix="make the backend larger, or leave label-size away",
            ),
        ),
    ),
    (
        "Property 'nvdimm.uuid'",
        (Cause("uuid= of the NVDIMM is no UUID", "uuidgen", fix="uuid=$(uuidgen), or none"),),
    ),
    (
        "'unarmed' property must be",
        (
            Cause(
                "the backend is read-only (readonly=on): the guest must see an NVDIMM that cannot "
                "save data",
                LINE,
                fix="say unarmed=on for the device, or readonly=off for the backend",
            ),
        ),
    ),
    (
        "memory devices (e.g. for memory hotplug) are not enabled",
        (
            Cause(
                "-m has no maxmem: the guest has no address space for more memory",
                LINE,
                fix="say -m SIZE,slots=N,maxmem=M with M above SIZE",
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
                fix="say a smaller align=",
            ),
        ),
    ),
    (
        "not enough space, currently",
        (
            Cause(
                "the devices together are larger than maxmem minus the RAM",
                LINE,
                fix="say a larger maxmem=",
            ),
        ),
    ),
    (
        "address must be aligned to",
        (
            Cause(
                "addr= of the device is no multiple of the backend's page size or align=",
                LINE,
                fix="leave addr= away: QEMU finds a place",
            ),
        ),
    ),
    (
        "backend memory size must be multiple of",
        (
            Cause(
                "the backend's size is no multiple of its page size or align=",
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
                fix="leave addr= away, or say a larger maxmem=",
            ),
        ),
    ),
    (
        "address range conflicts with memory device",
        (
            Cause(
                "addr= lies within another device's memory",
                _DEVICES,
                fix="leave addr= away: QEMU finds a place",
            ),
        ),
    ),
    (
        "could not find position in guest address space",
        (
            Cause(
                "alignment leaves gaps, and none of them is large enough",
                _DEVICES,
                fix="say a larger maxmem=",
            ),
        ),
    ),
    (
        "No 'PCI' bus found",
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
        (Cause("node= is said of a device on a machine without nodes", LINE, fix="leave it away"),),
    ),
    (
        "memory hotplug is not enabled",
        (
            Cause(
                "modules need ACPI, and it is off (-no-acpi, -machine acpi=off) or the machine has "
                "none (isapc)",
                LINE,
                fix="leave acpi=off and -no-acpi away",
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
                fix="say the same size in both, or leave -m away",
            ),
        ),
    ),
    (
        "Size specified by -m option must match",
        (
            Cause(
                "-m and the backend of -machine memory-backend= differ in size",
                LINE,
                fix="say the same size in both, or leave -m away",
            ),
        ),
    ),
    (
        "object name '{id}' is reserved",
        (
            Cause(
                "QEMU makes RAM under that id itself, as no -machine memory-backend= names one",
                LINE,
                fix="say -machine memory-backend=ID if the object is the RAM; else another id",
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
                fix="leave memory-backend= away if -numa names backends",
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
                "-mem-path and -machine memory-backend= both say where the RAM comes from",
                LINE,
                fix="leave -mem-path away, and say mem-path= in the backend",
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
        (Cause("a PC has at most 256 slots", LINE, fix="say slots=256 or fewer"),),
    ),
    (
        "maximum memory size must by aligned",
        (Cause("maxmem= does not end at a whole page", LINE, fix="round maxmem= up"),),
    ),
    (
        "unsupported amount of maximum memory",
        (Cause("maxmem= is near 2^64 bytes", LINE, fix="say a smaller maxmem="),),
    ),
    (
        "Address space limit",
        (
            Cause(
                "the guest's CPU has fewer physical address bits than RAM plus maxmem need: 40 by "
                "default, or what host-phys-bits-limit= says",
                "grep -m1 'address sizes' /proc/cpuinfo",
                fix="say a smaller maxmem=, or -cpu host,host-phys-bits=on (libvirt: <maxphysaddr "
                "mode='passthrough'/>)",
            ),
        ),
    ),
    (
        "Machine option 'max-ram-below-4g=",
        (Cause("max-ram-below-4g= is more than 4 GiB", LINE, fix="leave it away"),),
    ),
    (
        "Only {size} bytes of RAM below the 4GiB boundary",
        (Cause("max-ram-below-4g= is less than firmware needs", LINE, fix="leave it away"),),
    ),
    (
        "Large machine and max_ram_below_4g",
        (
            Cause(
                "RAM is split at a place that is no whole GiB, so huge pages do not fit well",
                LINE,
                fix="say a multiple of 1G, or leave max-ram-below-4g away",
            ),
        ),
    ),
    (
        "There is possibly poor performance as the ram size",
        (
            Cause(
                "RAM is split at a place that is no whole GiB, so huge pages do not fit well",
                LINE,
                fix="say a multiple of 1G, or leave max-ram-below-4g away",
            ),
        ),
    ),
    (
        "Conflict between '{name}' and '{other}'",
        (Cause("-machine says one property twice, with _ and with -", LINE, fix="keep one"),),
    ),
    (
        "Option not supported for this target",
        (Cause("the option belongs to another architecture", EXPLAIN, fix="leave it away"),),
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
        (Cause("the property can only be read", MACHINE_HELP, fix="leave it away"),),
    ),
    (
        "Insufficient permission to perform this operation",
        (Cause("the property can only be read", MACHINE_HELP, fix="leave it away"),),
    ),
)
