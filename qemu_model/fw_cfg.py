"""``hw/nvram/fw_cfg.c``: what a machine tells its firmware, as far as -boot decides it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from . import messages
from .error import Exit
from .globals import Qemu

C_FILE = "hw/nvram/fw_cfg.c"

#: The longest times in milliseconds.
UINT16_MAX: Final = 0xFFFF


def fw_cfg_bootsplash(qemu: Qemu) -> None:
    """Take the time of the splash screen.

    Prints ``splash-time is invalid,it should be a value between 0 and 65535`` and exits with 1.
    """
    if not 0 <= int(qemu.machine.boot.get("splash-time", 0)) <= UINT16_MAX:
        qemu.error_report(messages.SPLASH_TIME)
        raise Exit(1)


def fw_cfg_reboot(qemu: Qemu) -> None:
    """Take the time until a guest that did not boot is reset, -1 for none.

    Prints ``reboot timeout is invalid,it should be a value between -1 and 65535`` and exits
    with 1.
    """
    if not -1 <= int(qemu.machine.boot.get("reboot-timeout", -1)) <= UINT16_MAX:
        qemu.error_report(messages.REBOOT_TIMEOUT)
        raise Exit(1)


def fw_cfg_common_realize(qemu: Qemu) -> None:
    """Make the device.  Prints what the two functions above print, and exits with 1."""
    if qemu.machine.boot:
        fw_cfg_bootsplash(qemu)
        fw_cfg_reboot(qemu)
