"""The texts about devices that take a backend: ``qdev-monitor.c``, ``hw/mem/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

# qdev-monitor.c, hw/mem/nvdimm.c, hw/mem/pc-dimm.c, hw/mem/memory-device.c

INVALID_DEVICE: Final = Message(
    {"3.1": "'{name}' is not a valid device model name", "6.0": None},
    "system/qdev-monitor.c:qdev_get_device_class",
    ("-device names no device; JSON is read from QEMU 6.2 on",),
)

MEMDEV_NOT_SET: Final = Message(
    {"3.1": "'memdev' property is not set", "6.0": None},
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    (
        "-device nvdimm or pc-dimm has no 'memdev'",
        "and the machine has no range for it",
    ),
)
MEMDEV_MUST_BE_SET: Final = Message(
    {"3.1": "'memdev' property must be set", "6.0": None},
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("-device nvdimm or pc-dimm has no 'memdev'",),
)
MEMDEV_BUSY: Final = Message(
    {"3.1": "can't use already busy memdev: {id}", "6.0": None},
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("the backend is mapped already, by -numa or by another -device",),
)
DIMM_NODE: Final = Message(
    ("'DIMM property node has value {node}' which exceeds the number of numa nodes: {nodes}"),
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is no node of the guest",),
)
NO_SLOTS: Final = Message(
    {"3.1": "no slots where allocated, please specify the 'slots' option", "6.0": None},
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    (
        "-device nvdimm or pc-dimm is given",
        "and -m has no 'slots'",
    ),
)
INVALID_SLOT: Final = Message(
    {
        "3.1": "invalid slot# {slot}, should be less than {slots}",
        "6.0": "invalid slot number {slot}, valid range is [0-{last}]",
    },
    {"3.1": "hw/mem/pc-dimm.c:pc_dimm_get_free_slot", "6.0": "hw/mem/pc-dimm.c:pc_dimm_pre_plug"},
    ("'slot' of the device is not below 'slots' of -m",),
)
SLOT_BUSY: Final = Message(
    {"3.1": "slot {slot} is busy", "6.0": None},
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("another device is in that slot",),
)
NO_FREE_SLOTS: Final = Message(
    {"3.1": "no free slots available", "6.0": None},
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("there are more devices than 'slots' of -m",),
)
LABEL_SIZE: Final = Message(
    {
        "3.1": "Property 'nvdimm.label-size' (0x{size:x}) is required at least 0x{least:x}",
        "6.0": None,
    },
    "hw/mem/nvdimm.c:nvdimm_set_label_size",
    ("'label-size' is below 128 KiB",),
)
LABEL_DOES_NOT_FIT: Final = Message(
    {
        "3.1": (
            "the size of memdev {id} (0x{size:x}) is too small to contain nvdimm label "
            "(0x{label_size:x}) and aligned PMEM (0x{align:x})"
        ),
        "6.0": None,
    },
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    (
        (
            "without its label the backend has no whole 'align' bytes left: 2 MiB for "
            "memory-backend-ram, the file's page size or 'align' for a file"
        ),
    ),
)
NO_DEVICE_MEMORY: Final = Message(
    {
        "3.1": (
            "memory devices (e.g. for memory hotplug) are not enabled, please specify the "
            "maxmem option"
        ),
        "6.0": None,
    },
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    (
        "-device nvdimm or pc-dimm is given",
        "and 'maxmem' of -m leaves no room above the RAM",
    ),
)
DEVICE_ALIGNMENT: Final = Message(
    {"3.1": "the alignment (0x{align:x}) is not supported", "6.0": None},
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    (("the backend is aligned to more than the start of the range for memory devices, 1 GiB"),),
)
DEVICE_NO_SPACE: Final = Message(
    {
        "3.1": (
            "not enough space, currently 0x{used:x} in use of total space for memory devices "
            "0x{space:x}"
        ),
        "6.0": None,
    },
    "hw/mem/memory-device.c:memory_device_check_addable",
    ("the devices together are larger than 'maxmem' minus the size of -m",),
)
DEVICE_ADDRESS_ALIGNMENT: Final = Message(
    {"3.1": "address must be aligned to 0x{align:x} bytes", "6.0": None},
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device is not a multiple of its backend's alignment",),
)
DEVICE_SIZE: Final = Message(
    {"3.1": "backend memory size must be multiple of 0x{align:x}", "6.0": None},
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("the size of the backend of a pc-dimm is not a multiple of its alignment",),
)
DEVICE_OUT_OF_RANGE: Final = Message(
    {
        "3.1": (
            "can't add memory device [0x{addr:x}:0x{size:x}], usable range for memory "
            "devices [0x{base:x}:0x{length:x}]"
        ),
        "6.0": None,
    },
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies outside the range for memory devices",),
)
DEVICE_CONFLICT: Final = Message(
    {"3.1": "address range conflicts with memory device id='{id}'", "6.0": None},
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies in another one",),
)
DEVICE_FRAGMENTED: Final = Message(
    {
        "3.1": (
            "could not find position in guest address space for memory device - memory "
            "fragmented due to alignments"
        ),
        "6.0": None,
    },
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("no gap between the devices is large enough",),
)

# since 6.0

DRIVER_MISSING: Final = Message(
    {"6.0": "Parameter '{name}' is missing"},
    "system/qdev-monitor.c:qdev_device_add_from_qdict",
    ("a parameter that must be there is not",),
)
NO_PCI_BUS: Final = Message(
    {"6.0": "No 'PCI' bus found for device '{driver}'"},
    "system/qdev-monitor.c:qdev_device_add_from_qdict",
    ("the device belongs on a PCI bus, and the machine has none",),
)
DUPLICATE_DEVICE: Final = Message(
    {"6.0": "Duplicate device ID '{id}'"},
    "system/qdev-monitor.c:qdev_set_id",
    ("a -device in JSON has the id of another device",),
)
DIMM_WITHOUT_NUMA: Final = Message(
    {"6.0": "machine doesn't support NUMA"},
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is given, and the machine has no nodes",),
)
NVDIMM_UUID: Final = Message(
    {"6.0": "Property 'nvdimm.uuid' has invalid value"},
    "hw/mem/nvdimm.c:nvdimm_set_uuid",
    ("'uuid' of the device is no UUID",),
)
NVDIMM_READONLY: Final = Message(
    {"6.0": "'unarmed' property must be 'on' since memdev {id} is read-only"},
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("the backend has 'readonly' on, and the device has not 'unarmed' on",),
)
VIRTIO_MEM_BUSY: Final = Message(
    {"6.0": "'memdev' property specifies a busy memdev: {id}"},
    "hw/virtio/virtio-mem.c:virtio_mem_device_realize",
    (("the backend of a virtio-mem-pci is mapped already, by -numa or by another -device"),),
)
