"""The texts about devices that take a memory backend: ``hw/mem/``, ``hw/virtio/``, ``hw/misc/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .assertions import BAR_SIZE_ASSERTIONS

_FREE_ADDR: Final = "hw/mem/memory-device.c:memory_device_get_free_addr"
_DISCARD: Final = "system/physmem.c:ram_block_discard_range"
_MEM: Final = "hw/virtio/virtio-mem.c:virtio_mem_device_realize"

INVALID_DEVICE: Final = Message(
    {"3.1": "'{name}' is not a valid device model name", "6.2": None},
    "system/qdev-monitor.c:qdev_get_device_class",
    ("-device names no device; JSON is read from QEMU 6.2 on",),
)
DRIVER_MISSING: Final = Message(
    "Parameter '{name}' is missing",
    "system/qdev-monitor.c:qdev_device_add_from_qdict",
    ("a parameter that must be there is not",),
)
NO_PCI_BUS: Final = Message(
    "No '{bus}' bus found for device '{driver}'",
    "system/qdev-monitor.c:qdev_device_add_from_qdict",
    ("the device belongs on a PCI bus, on s390x a channel, and the machine has none",),
)
BUS_NOT_FOUND: Final = Message(
    "Bus '{name}' not found",
    "system/qdev-monitor.c:qbus_find",
    ("'bus' of -device names no bus of the machine or of an earlier device",),
)
BUS_WITHOUT_HOTPLUG: Final = Message(
    {"4.1": "virtio-pmem-pci not supported on this bus.", "5.1": None},
    "hw/i386/pc.c:pc_virtio_pmem_pci_pre_plug",
    ("the device is on the bus pcie.0 of q35, which takes no device while the guest runs",),
)
DUPLICATE_DEVICE: Final = Message(
    {"6.2": "Duplicate device ID '{id}'"},
    "system/qdev-monitor.c:qdev_set_id",
    ("a -device in JSON has the id of another device",),
)

# hw/mem/pc-dimm.c

MEMDEV_NOT_SET: Final = Message(
    "'memdev' property is not set",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("-device nvdimm or pc-dimm has no 'memdev'", "and the machine has no range for it"),
)
MEMDEV_MUST_BE_SET: Final = Message(
    "'memdev' property must be set",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("a device that takes a memory backend has no 'memdev'",),
)
MEMDEV_BUSY: Final = Message(
    "can't use already busy memdev: {id}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("the backend is mapped already, as the guest's RAM, by -numa or by another -device",),
)
DIMM_NODE: Final = Message(
    "'DIMM property node has value {node}' which exceeds the number of numa nodes: {nodes}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is not a node of the guest",),
)
DIMM_WITHOUT_NUMA: Final = Message(
    {"6.2": "machine doesn't support NUMA"},
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is given, and the machine has no nodes",),
)
NO_SLOTS: Final = Message(
    "no slots where allocated, please specify the 'slots' option",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("-device nvdimm or pc-dimm is given", "and -m has no 'slots'"),
)
INVALID_SLOT: Final = Message(
    "invalid slot# {slot}, should be less than {slots}",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("'slot' of the device is not below 'slots' of -m; from 4.1 on another text comes first",),
)
SLOT_OUT_OF_RANGE: Final = Message(
    {
        "4.1": "invalid slot number, valid range is [0-{last}]",
        "5.1": "invalid slot number {slot}, valid range is [0-{last}]",
    },
    "hw/mem/pc-dimm.c:pc_dimm_pre_plug",
    ("'slot' of the device is not below 'slots' of -m",),
)
SLOT_BUSY: Final = Message(
    "slot {slot} is busy",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("another device is in that slot",),
)
NO_FREE_SLOTS: Final = Message(
    "no free slots available",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("there are more devices than 'slots' of -m",),
)

# hw/mem/nvdimm.c

LABEL_SIZE: Final = Message(
    "Property 'nvdimm.label-size' (0x{size:x}) is required at least 0x{least:x}",
    "hw/mem/nvdimm.c:nvdimm_set_label_size",
    ("'label-size' is below 128 KiB",),
)
LABEL_DOES_NOT_FIT: Final = Message(
    (
        "the size of memdev {id} (0x{size:x}) is too small to contain nvdimm label "
        "(0x{label_size:x}) and aligned PMEM (0x{align:x})"
    ),
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    (
        (
            "without its label the backend has no whole 'align' bytes left: 2 MiB for "
            "memory-backend-ram, the file's page size or 'align' for a file"
        ),
    ),
)
NVDIMM_UUID: Final = Message(
    {"5.0": "Property 'nvdimm.uuid' has invalid value"},
    "hw/mem/nvdimm.c:nvdimm_set_uuid",
    ("'uuid' of the device is not a UUID",),
)
NVDIMM_READONLY: Final = Message(
    {
        "6.0": "'unarmed' property must be off since memdev {id} is read-only",
        "7.2": "'unarmed' property must be 'on' since memdev {id} is read-only",
    },
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    (
        "the backend has 'readonly' on, and the device has not 'unarmed' on",
        "before 7.2 the text says off where it means on",
    ),
)

# hw/mem/memory-device.c

NO_MEMORY_DEVICES: Final = Message(
    {
        "3.1": "memory devices (e.g. for memory hotplug) are not supported by the machine",
        "8.1": (
            "the configuration is not prepared for memory devices (e.g., for memory hotplug), "
            "consider specifying the maxmem option"
        ),
    },
    {"3.1": _FREE_ADDR, "8.1": "hw/mem/memory-device.c:memory_device_pre_plug"},
    ("the machine has no range of addresses for memory devices",),
)
NO_DEVICE_MEMORY: Final = Message(
    {
        "3.1": (
            "memory devices (e.g. for memory hotplug) are not enabled, please specify the "
            "maxmem option"
        ),
        "8.1": (
            "the configuration is not prepared for memory devices (e.g., for memory hotplug), "
            "consider specifying the maxmem option"
        ),
    },
    {"3.1": _FREE_ADDR, "8.1": "hw/mem/memory-device.c:memory_device_pre_plug"},
    ("a memory device is given", "and 'maxmem' of -m leaves no room above the RAM"),
)
DEVICE_ALIGNMENT: Final = Message(
    {"3.1": "the alignment (0x{align:x}) is not supported", "5.2": None},
    _FREE_ADDR,
    ("the backend is aligned to more than the start of the range for memory devices, 1 GiB",),
)
DEVICE_ALIGNMENT_WARNING: Final = Message(
    {
        "5.2": (
            "the alignment (0x{align:x}) exceeds the expected maximum alignment, memory will get "
            "fragmented and not all 'maxmem' might be usable for memory devices."
        )
    },
    _FREE_ADDR,
    ("the backend is aligned to more than the start of the range for memory devices, 1 GiB",),
    stream="warning",
)
DEVICE_NO_SPACE: Final = Message(
    ("not enough space, currently 0x{used:x} in use of total space for memory devices 0x{space:x}"),
    "hw/mem/memory-device.c:memory_device_check_addable",
    ("the devices together are larger than 'maxmem' minus the size of -m",),
)
DEVICE_ADDRESS_ALIGNMENT: Final = Message(
    "address must be aligned to 0x{align:x} bytes",
    _FREE_ADDR,
    ("'addr' of the device is not a multiple of its backend's alignment",),
)
DEVICE_SIZE: Final = Message(
    {
        "3.1": "backend memory size must be multiple of 0x{align:x}",
        "8.2": None,
        "9.0": "backend memory size must be multiple of 0x{align:x}",
    },
    {"3.1": _FREE_ADDR, "9.0": "hw/mem/memory-device.c:memory_device_pre_plug"},
    ("the size of the backend of a pc-dimm is not a multiple of its alignment",),
)
DEVICE_BEFORE: Final = Message(
    {"3.1": "can't add memory device [0x{addr:x}:0x{size:x}] before 0x{base:x}", "3.1.50": None},
    _FREE_ADDR,
    ("'addr' of the device lies below the range for memory devices",),
)
DEVICE_BEYOND: Final = Message(
    {"3.1": "can't add memory device [0x{addr:x}:0x{size:x}] beyond 0x{end:x}", "3.1.50": None},
    _FREE_ADDR,
    ("the device ends beyond the range for memory devices",),
)
DEVICE_OUT_OF_RANGE: Final = Message(
    {
        "3.1.50": (
            "can't add memory device [0x{addr:x}:0x{size:x}], usable range for memory devices "
            "[0x{base:x}:0x{length:x}]"
        )
    },
    _FREE_ADDR,
    ("'addr' of the device lies outside the range for memory devices",),
)
DEVICE_CONFLICT: Final = Message(
    "address range conflicts with memory device id='{id}'",
    _FREE_ADDR,
    ("'addr' of the device lies in another one",),
)
DEVICE_FRAGMENTED: Final = Message(
    (
        "could not find position in guest address space for memory device - memory fragmented "
        "due to alignments"
    ),
    _FREE_ADDR,
    ("no gap between the devices is large enough",),
)

# hw/virtio/virtio-mem.c

VIRTIO_MEM_BUSY: Final = Message(
    {"5.1": "'memdev' property specifies a busy memdev: {id}"},
    _MEM,
    ("the backend of a virtio-mem-pci is mapped already, by -numa or by another -device",),
)
VIRTIO_MEM_PREALLOC: Final = Message(
    {
        "8.0": (
            "'memdev' property specifies a memdev with preallocation enabled: {id}. Instead, "
            "specify 'prealloc=on' for the virtio-mem device. "
        )
    },
    _MEM,
    ("the backend of a virtio-mem-pci has prealloc=on", "the text ends in a space"),
)
VIRTIO_MEM_NODE: Final = Message(
    {"5.2": ("'node' property has value '{node}', which exceedsthe number of numa nodes: {nodes}")},
    _MEM,
    ("'node' of the device is not a node of the guest",),
)
VIRTIO_MEM_ZEROPAGE: Final = Message(
    {
        "7.0": (
            "'unplugged-inaccessible' property set to 'off' with a memdev that does not support "
            "the shared zeropage."
        )
    },
    _MEM,
    (
        "the backend of a virtio-mem-pci is shared, of a file or of huge pages",
        "and unplugged-inaccessible is off, as it is on machines older than 7.0",
    ),
    stream="warning",
)
VIRTIO_MEM_DISCARD: Final = Message(
    "Unexpected error discarding RAM",
    _MEM,
    ("the backend of a virtio-mem-pci cannot be emptied",),
    errno=True,
)
VIRTIO_MEM_RESET: Final = Message(
    {"5.1": "Unexpected error discarding RAM", "6.1": None},
    "hw/virtio/virtio-mem.c:virtio_mem_unplug_all",
    ("the backend of a virtio-mem-pci cannot be emptied when the machine is reset",),
    errno=True,
)
DISCARD_READONLY: Final = Message(
    {
        "9.0": "ram_block_discard_range: Discarding RAM with readonly files is not supported",
        "11.1": (
            "ram_block_discard_shared_range: Discarding RAM with readonly files is not supported"
        ),
    },
    _DISCARD,
    ("the file of the backend of a virtio-mem-pci was opened to be read",),
)
DISCARD_PRIVATE: Final = Message(
    {
        "8.1": (
            "ram_block_discard_range: Discarding RAM in private file mappings is possibly "
            "dangerous, because it will modify the underlying file and will affect other users "
            "of the file"
        ),
        "11.1": (
            "ram_block_discard_shared_range: Discarding RAM in private file mappings is possibly "
            "dangerous, because it will modify the underlying file and will affect other users "
            "of the file"
        ),
    },
    _DISCARD,
    ("the backend of a virtio-mem-pci is a file with share=off",),
    stream="warning",
)
DISCARD_FALLOCATE: Final = Message(
    {
        "3.1": "ram_block_discard_range: Failed to fallocate {id}:0 +{length:x} ({result})",
        "10.0": (
            "ram_block_discard_range: Failed to fallocate {id}:0+{offset:x} +{length:x} ({result})"
        ),
        "11.1": (
            "ram_block_discard_shared_range: Failed to fallocate "
            "{id}:0+{offset:x} +{length:x} ({result})"
        ),
    },
    _DISCARD,
    ("fallocate cannot punch a hole in the file of a virtio-mem-pci",),
)
DISCARD_MADVISE: Final = Message(
    {
        "3.1": "ram_block_discard_range: Failed to discard range {id}:0 +{length:x} ({result})",
        "11.1": (
            "ram_block_discard_shared_range: Failed to discard range {id}:0 +{length:x} ({result})"
        ),
    },
    _DISCARD,
    ("madvise cannot drop the pages of a virtio-mem-pci",),
)
BLOCK_SIZE_LEAST: Final = Message(
    {"5.1": "'{name}' property has to be at least 0x{least:x}"},
    "hw/virtio/virtio-mem.c:virtio_mem_set_block_size",
    ("'block-size' of a virtio-mem-pci is below 1 MiB, in 5.1 below 2 MiB",),
)
BLOCK_SIZE_POWER: Final = Message(
    {"5.1": "'{name}' property has to be a power of two"},
    "hw/virtio/virtio-mem.c:virtio_mem_set_block_size",
    ("'block-size' of a virtio-mem-pci is not a power of two",),
)
BLOCK_SIZE_PAGE: Final = Message(
    {"5.1": "'block-size' property has to be at least the page size (0x{page_size:x})"},
    _MEM,
    ("'block-size' of a virtio-mem-pci is below the huge pages of its backend",),
)
BLOCK_SIZE_SMALL: Final = Message(
    {"5.2": "'block-size' property is smaller than the default block size ({least} MiB)"},
    _MEM,
    ("'block-size' of a virtio-mem-pci is below the size of a transparent huge page",),
    stream="warning",
)
BLOCK_MULTIPLE: Final = Message(
    {"5.1": "'{name}' property has to be multiples of 'block-size' (0x{block_size:x})"},
    _MEM,
    ("'requested-size' or 'memaddr' of a virtio-mem-pci is not a multiple of its block size",),
)
BLOCK_MULTIPLE_MEMDEV: Final = Message(
    {
        "5.2": (
            "'memdev' property memdev size has to be multiples of'block-size' (0x{block_size:x})"
        )
    },
    _MEM,
    ("the size of the backend of a virtio-mem-pci is not a multiple of its block size",),
)

# hw/misc/ivshmem-pci.c, hw/pci/pci.c

IVSHMEM_MEMDEV: Final = Message(
    "You must specify a 'memdev'",
    "hw/misc/ivshmem-pci.c:ivshmem_plain_realize",
    ("-device ivshmem-plain has no 'memdev'",),
)
BAR_SIZE: Final = Message(
    {"3.1": "ERROR: PCI region size must be pow2 type=0x{type:x}, size=0x{size:x}", "5.2": None},
    "hw/pci/pci.c:pci_register_bar",
    ("the backend of -device ivshmem-plain has a size that is not a power of two",),
)
ASSERT_BAR_SIZE: Final = Message(
    {
        release: f"qemu: {place}: pci_register_bar: Assertion `is_power_of_2(size)' failed."
        for release, place in BAR_SIZE_ASSERTIONS.items()
    },
    "hw/pci/pci.c:pci_register_bar",
    ("the backend of -device ivshmem-plain has a size that is not a power of two",),
    stream="abort",
)
