"""The machine type that every program of QEMU has."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..boards import MachineClass
from ..machine_properties import PROPERTIES
from ..null_machine import machine_none_init

NONE: Final = MachineClass(
    "none",
    "empty machine",
    machine_none_init,
    PROPERTIES,
    default_ram_size=0,
    default_ram_id="ram",
)
