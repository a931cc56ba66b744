"""The texts about -boot and -cpu, which end QEMU before the guest has memory or after."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..error import Message

BOOT_DEVICE: Final = Message(
    "Invalid boot device '{letter}'",
    "system/bootdevice.c:validate_bootdevices",
    ("order or once of -boot has a letter that is not one of a to p",),
)
BOOT_DEVICE_TWICE: Final = Message(
    "Boot device '{letter}' was given twice",
    "system/bootdevice.c:validate_bootdevices",
    ("order or once of -boot has a letter twice",),
)
BOOT_NOT_SET: Final = Message(
    "no function defined to set boot device list for this architecture",
    "system/bootdevice.c:qemu_boot_set",
    ("-boot has once=, and the machine is neither a PC nor pseries",),
)
PC_BOOT_DEVICES: Final = Message(
    "Too many boot devices for PC",
    "hw/i386/pc.c:set_boot_dev",
    ("order or once of -boot has more than three letters",),
)
PC_BOOT_DEVICE: Final = Message(
    "Invalid boot device for PC: '{letter}'",
    "hw/i386/pc.c:set_boot_dev",
    ("order or once of -boot has a letter other than a, b, c, d and n",),
)
SPLASH_TIME: Final = Message(
    "splash-time is invalid,it should be a value between 0 and 65535",
    "hw/nvram/fw_cfg.c:fw_cfg_bootsplash",
    ("splash-time of -boot is negative or above 65535",),
)
REBOOT_TIMEOUT: Final = Message(
    "reboot timeout is invalid,it should be a value between -1 and 65535",
    "hw/nvram/fw_cfg.c:fw_cfg_reboot",
    ("reboot-timeout of -boot is below -1 or above 65535",),
)
CPU_MODEL: Final = Message(
    "unable to find CPU model '{name}'",
    "cpu-target.c:parse_cpu_option",
    ("-cpu names a model that this release or this program does not have",),
)
CPU_FEATURE: Final = Message(
    "Expected key=value format, found {feature}.",
    "hw/core/cpu-common.c:cpu_common_parse_features",
    ("a feature of -cpu has no '=', which only qemu-system-x86_64 takes",),
)
VIRT_CPU: Final = Message(
    {
        "3.1": "mach-virt: CPU type {name}-arm-cpu not supported",
        "9.0": "Invalid CPU model: {name}",
    },
    {"3.1": "hw/arm/virt.c:machvirt_init", "9.0": "hw/core/machine.c:is_cpu_type_supported"},
    ("-cpu names a model that QEMU has and the machine virt has not",),
)
VIRT_CPUS_VALID: Final = Message(
    {"9.0": "The valid models are: {names}"},
    "hw/core/machine.c:is_cpu_type_supported",
    ("-cpu names a model that QEMU has and the machine virt has not",),
    stream="stderr",
)
