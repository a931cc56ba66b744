"""The texts about the machine and its RAM: ``hw/core/machine.c``, ``hw/i386/``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message
from .assertions import DUPLICATE_PROPERTIES

MACHINE_PROPERTY_NOT_FOUND: Final = Message(
    {"3.1": "Property '.{property}' not found", "5.2": "Property '{type}.{property}' not found"},
    "qom/object.c:object_property_find_err",
    (
        "-machine names a property that this release's machine does not have",
        "it may be misspelt, or be one of a later or an earlier release",
    ),
)
MEMDEV_NOT_FOUND: Final = Message(
    {"5.0": "Memory backend '{id}' not found"},
    "system/vl.c:qemu_resolve_machine_memdev",
    ("memory-backend= of -machine names a backend that no -object makes",),
)
MEM_PATH_AND_MEMDEV: Final = Message(
    {"5.0": "'-mem-path' can't be used together with'-machine memory-backend'"},
    {
        "5.0": "system/vl.c:qemu_resolve_machine_memdev",
        "7.1": "system/vl.c:qemu_apply_legacy_machine_options",
    },
    ("the guest's RAM is given twice: by -mem-path, and as a backend",),
)
MEMDEV_SIZE: Final = Message(
    {
        "5.0": (
            "Size specified by -m option must match size of explicitly specified "
            "'memory-backend' property"
        ),
        "7.1": "Machine memory size does not match the size of the memory backend",
    },
    {
        "5.0": "system/vl.c:qemu_resolve_machine_memdev",
        "7.1": "hw/core/machine.c:machine_run_board_init",
    },
    ("-m and the backend that -machine names differ in size",),
)
MEMDEV_RESERVED: Final = Message(
    {
        "7.2": (
            "object name '{id}' is reserved for the default RAM backend, it can't be used for "
            "any other purposes. Change the object's 'id' to something else"
        ),
        "8.0": None,
        "8.1": (
            "object name '{id}' is reserved for the default RAM backend, it can't be used for "
            "any other purposes. Change the object's 'id' to something else"
        ),
        "8.2": (
            "object's id '{id}' is reserved for the default RAM backend, it can't be used for "
            "any other purposes"
        ),
    },
    "hw/core/machine.c:machine_run_board_init",
    (
        "an object has the id that the machine's own RAM backend has",
        "in 7.2 this is in the stable releases only",
    ),
)
MEMDEV_RESERVED_HINT: Final = Message(
    {
        "8.2": (
            "Change the object's 'id' to something else or disable automatic creation of the "
            "default RAM backend by setting 'memory-backend={id}' with '-machine'."
        )
    },
    "hw/core/machine.c:machine_run_board_init",
    ("follows the error that an object's id is reserved",),
    stream="stderr",
)
DEFAULT_RAM_DUPLICATE_PLACE: Final = Message(
    {
        since: place and f"Unexpected error in object_property_try_add() at {place}:"
        for since, place in DUPLICATE_PROPERTIES.items()
    },
    "qom/object.c:object_property_add",
    (
        "comes before the text with which QEMU aborts",
        "file and line are those of a build of the release, or of Debian's",
    ),
    stream="stderr",
)
DEFAULT_RAM_DUPLICATE: Final = Message(
    {
        "5.1": "qemu: attempt to add duplicate property '{id}' to object (type 'container')",
        "7.2": None,
        "8.0": "qemu: attempt to add duplicate property '{id}' to object (type 'container')",
        "8.1": None,
    },
    "qom/object.c:object_property_add",
    (
        "an object has the id that the machine's own RAM backend has",
        "QEMU aborts, where later releases refuse",
    ),
    stream="abort",
)
MACHINE_DEPRECATED: Final = Message(
    "Machine type '{name}' is deprecated: {reason}",
    "system/vl.c:qemu_init",
    ("the machine type is old, and will be removed from QEMU",),
    stream="stderr",
)
SLOTS_WITHOUT_MAXMEM: Final = Message(
    {
        "3.1": "invalid -m option value: missing 'maxmem' option",
        "7.1": "slots specified but no max-size",
    },
    {"3.1": "system/vl.c:set_memory_options", "7.1": "hw/core/machine.c:machine_set_mem"},
    ("-m has 'slots', and no 'maxmem'",),
)
MAXMEM_BELOW_SIZE: Final = Message(
    {
        "3.1": (
            "invalid value of -m option maxmem: maximum memory size (0x{maxmem:x}) must be at "
            "least the initial memory size (0x{ram_size:x})"
        ),
        "7.1": (
            "invalid value of maxmem: maximum memory size (0x{maxmem:x}) must be at least the "
            "initial memory size (0x{ram_size:x})"
        ),
    },
    {"3.1": "system/vl.c:set_memory_options", "7.1": "hw/core/machine.c:machine_set_mem"},
    ("'maxmem' of -m is less than the guest's RAM",),
)
SLOTS_WITHOUT_ROOM: Final = Message(
    {
        "3.1": (
            "invalid value of -m option maxmem: memory slots were specified but maximum memory "
            "size (0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})"
        ),
        "7.1": (
            "invalid value of maxmem: memory slots were specified but maximum memory size "
            "(0x{maxmem:x}) is equal to the initial memory size (0x{ram_size:x})"
        ),
    },
    {"3.1": "system/vl.c:set_memory_options", "7.1": "hw/core/machine.c:machine_set_mem"},
    ("-m has 'slots', and 'maxmem' leaves no room for a device",),
)
RAM_SIZE_TOO_LARGE: Final = Message(
    {"3.1": "too large 'size' option value", "7.1": None},
    "system/vl.c:set_memory_options",
    ("'size' of -m, in MiB, is 2^64 or more",),
)

# hw/i386/pc.c

PHYS_BITS: Final = Message(
    {"7.1": "Address space limit 0x{limit:x} < 0x{used:x} phys-bits too low ({bits})"},
    "hw/i386/pc.c:pc_memory_init",
    (
        "-m with maxmem, slots, and the addresses of PCI reach beyond what the CPU can address",
        "phys-bits of -cpu is 40 unless it, host-phys-bits or -cpu host says otherwise",
        "an AMD CPU on machines since 7.1 has its RAM above 1 TiB if it reaches that far",
    ),
)
SLOTS_NOT_SUPPORTED: Final = Message(
    "\"-memory 'slots|maxmem'\" is not supported by: {machine}",
    "hw/i386/pc.c:pc_memory_init",
    (
        "-m has 'slots' or 'maxmem'",
        "and the machine, isapc or older than 2.1, has no range for it",
    ),
)
SLOTS_AMOUNT: Final = Message(
    "unsupported amount of memory slots: {slots}",
    "hw/i386/pc.c:pc_memory_init",
    ("'slots' of -m is above 256",),
)
MAXMEM_ALIGNMENT: Final = Message(
    "maximum memory size must by aligned to multiple of {page_size} bytes",
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m does not end at a whole page",),
)
MAXMEM_AMOUNT: Final = Message(
    "unsupported amount of maximum memory: {maxram_size:x}",
    "hw/i386/pc.c:pc_memory_init",
    ("'maxmem' of -m ends beyond 2^64",),
)
BELOW_4G_TOO_LARGE: Final = Message(
    "Machine option 'max-ram-below-4g={size}' expects size less than or equal to 4G",
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is more than 4 GiB",),
)
BELOW_4G_SMALL: Final = Message(
    "Only {size} bytes of RAM below the 4GiB boundary,BIOS may not work with less than 1MiB",
    "hw/i386/pc.c:pc_machine_set_max_ram_below_4g",
    ("'max-ram-below-4g' is less than 1 MiB",),
    stream="warning",
)
BELOW_4G_PIIX: Final = Message(
    "Large machine and max_ram_below_4g ({size}) not a multiple of 1G; possible bad performance.",
    "hw/i386/pc_piix.c:pc_init1",
    (
        "'max-ram-below-4g' is not a multiple of 1 GiB",
        "and the guest has at least as much RAM",
    ),
    stream="warning",
)
BELOW_4G_Q35: Final = Message(
    (
        "There is possibly poor performance as the ram size  (0x{ram_size:x}) is more then "
        "twice the size of max-ram-below-4g ({size}) and max-ram-below-4g is not a multiple of "
        "1G."
    ),
    "hw/i386/pc_q35.c:pc_q35_init",
    (
        "'max-ram-below-4g' is not a multiple of 1 GiB",
        "and the guest has more than twice as much RAM",
    ),
    stream="warning",
)
HOTPLUG_WITHOUT_ACPI: Final = Message(
    "memory hotplug is not enabled: missing acpi device or acpi disabled",
    "hw/i386/pc.c:pc_memory_pre_plug",
    ("-device nvdimm or pc-dimm is given", "with acpi=off or -no-acpi, or on isapc"),
)
NVDIMM_NOT_ENABLED: Final = Message(
    "nvdimm is not enabled: missing 'nvdimm' in '-M'",
    "hw/i386/pc.c:pc_memory_pre_plug",
    ("-device nvdimm is given", "and -machine has no nvdimm=on"),
)
NVDIMM_PERSISTENCE: Final = Message(
    "-machine {name}={value}: unsupported option",
    {
        "3.1": "hw/i386/pc.c:pc_machine_set_nvdimm_persistence",
        "4.0": "hw/core/machine.c:machine_set_nvdimm_persistence",
    },
    ("nvdimm-persistence= of -machine is neither cpu nor mem-ctrl",),
)
