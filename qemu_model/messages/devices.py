"""The texts about devices that take a backend: ``qdev-monitor.c``, ``hw/mem/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .trees import EVERY_TREE, SERIES

# qdev-monitor.c, hw/mem/nvdimm.c, hw/mem/pc-dimm.c, hw/mem/memory-device.c

INVALID_DEVICE: Final = Message(
    "'{name}' is not a valid device model name",
    "qdev-monitor.c:qdev_get_device_class",
    ("-device names no device; JSON is read from QEMU 6.2 on",),
    SERIES,
)

MEMDEV_NOT_SET: Final = Message(
    "'memdev' property is not set",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("-device nvdimm or pc-dimm has no 'memdev'", "and the machine has no range for it"),
    EVERY_TREE,
)
MEMDEV_MUST_BE_SET: Final = Message(
    "'memdev' property must be set",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    ("-device nvdimm or pc-dimm has no 'memdev'",),
    EVERY_TREE,
)
MEMDEV_BUSY: Final = Message(
    "can't use already busy memdev: {id}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("the backend is mapped already, by -numa or by another -device",),
    EVERY_TREE,
)
DIMM_NODE: Final = Message(
    "'DIMM property node has value {node}' which exceeds the number of numa nodes: {nodes}",
    "hw/mem/pc-dimm.c:pc_dimm_realize",
    ("'node' of the device is no node of the guest",),
    EVERY_TREE,
)
NO_SLOTS: Final = Message(
    "no slots where allocated, please specify the 'slots' option",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("-device nvdimm or pc-dimm is given", "and -m has no 'slots'"),
    EVERY_TREE,
)
INVALID_SLOT: Final = Message(
    "invalid slot# {slot}, should be less than {slots}",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("'slot' of the device is not below 'slots' of -m",),
    SERIES,
)
SLOT_BUSY: Final = Message(
    "slot {slot} is busy",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("another device is in that slot",),
    EVERY_TREE,
)
NO_FREE_SLOTS: Final = Message(
    "no free slots available",
    "hw/mem/pc-dimm.c:pc_dimm_get_free_slot",
    ("there are more devices than 'slots' of -m",),
    EVERY_TREE,
)
LABEL_SIZE: Final = Message(
    "Property 'nvdimm.label-size' (0x{size:x}) is required at least 0x{least:x}",
    "hw/mem/nvdimm.c:nvdimm_set_label_size",
    ("'label-size' is below 128 KiB",),
    EVERY_TREE,
)
LABEL_DOES_NOT_FIT: Final = Message(
    "the size of memdev {id} (0x{size:x}) is too small to contain nvdimm label "
    "(0x{label_size:x}) and aligned PMEM (0x{align:x})",
    "hw/mem/nvdimm.c:nvdimm_prepare_memory_region",
    (
        "without its label the backend has no whole 'align' bytes left: 2 MiB for "
        "memory-backend-ram, the file's page size or 'align' for a file",
    ),
    EVERY_TREE,
)
NO_DEVICE_MEMORY: Final = Message(
    "memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("-device nvdimm or pc-dimm is given", "and 'maxmem' of -m leaves no room above the RAM"),
    EVERY_TREE,
)
DEVICE_ALIGNMENT: Final = Message(
    "the alignment (0x{align:x}) is not supported",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("the backend is aligned to more than the start of the range for memory devices, 1 GiB",),
    EVERY_TREE,
)
DEVICE_NO_SPACE: Final = Message(
    "not enough space, currently 0x{used:x} in use of total space for memory devices 0x{space:x}",
    "hw/mem/memory-device.c:memory_device_check_addable",
    ("the devices together are larger than 'maxmem' minus the size of -m",),
    EVERY_TREE,
)
DEVICE_ADDRESS_ALIGNMENT: Final = Message(
    "address must be aligned to 0x{align:x} bytes",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device is not a multiple of its backend's alignment",),
    EVERY_TREE,
)
DEVICE_SIZE: Final = Message(
    "backend memory size must be multiple of 0x{align:x}",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("the size of the backend of a pc-dimm is not a multiple of its alignment",),
    EVERY_TREE,
)
DEVICE_OUT_OF_RANGE: Final = Message(
    "can't add memory device [0x{addr:x}:0x{size:x}], usable range for memory devices "
    "[0x{base:x}:0x{length:x}]",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies outside the range for memory devices",),
    EVERY_TREE,
)
DEVICE_CONFLICT: Final = Message(
    "address range conflicts with memory device id='{id}'",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("'addr' of the device lies in another one",),
    EVERY_TREE,
)
DEVICE_FRAGMENTED: Final = Message(
    "could not find position in guest address space for memory device - memory fragmented due "
    "to alignments",
    "hw/mem/memory-device.c:memory_device_get_free_addr",
    ("no gap between the devices is large enough",),
    EVERY_TREE,
)
