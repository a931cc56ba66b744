"""``system/bootdevice.c``: the letters of the devices that the guest boots from."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import messages
from .boards import machine_get_class
from .error import Exit
from .globals import Qemu

C_FILE = "system/bootdevice.c"


def validate_bootdevices(devices: str) -> None:
    """Refuse letters beyond ``p``, and letters that stand twice.

    Raises ``Invalid boot device '<letter>'`` and ``Boot device '<letter>' was given twice``.
    """
    for position, letter in enumerate(devices):
        if not "a" <= letter <= "p":
            raise messages.BOOT_DEVICE.error(letter=letter)
        if letter in devices[:position]:
            raise messages.BOOT_DEVICE_TWICE.error(letter=letter)


def machine_set_boot(qemu: Qemu, given: Mapping[str, Any]) -> None:
    """Take what -boot says (``hw/core/machine.c``).  Raises what ``validate_bootdevices`` does."""
    for name in ("order", "once"):
        validate_bootdevices(given.get(name) or "")
    qemu.machine.boot.update(given)


def qemu_boot_set(qemu: Qemu) -> None:
    """Boot once from what ``once`` of -boot says.

    Prints ``no function defined to set boot device list for this architecture``, or what the
    machine's own function prints, and exits with 1.
    """
    once = qemu.machine.boot.get("once")
    if once is None:
        return
    boot_set_handler = machine_get_class(qemu).boot_set_handler
    if boot_set_handler is None:
        qemu.error_report(messages.BOOT_NOT_SET)
        raise Exit(1)
    boot_set_handler(qemu, once)
