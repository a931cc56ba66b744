"""Causes of what QEMU says about -boot and -cpu."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import Cause

_LINE: Final = "ps -ww -o args= -C qemu-system-x86_64,qemu-system-aarch64,qemu-system-ppc64"
_MODELS: Final = "qemu-system-x86_64 -cpu help"


def _one(sentence: str, fix: str, command: str = _LINE) -> tuple[Cause, ...]:
    return (Cause(sentence, command, fix=fix),)


#: What a message begins with, and its causes.
BOOT_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    ("Invalid boot device '", _one("-boot has a letter beyond a to p", "use a, c, d or n")),
    ("Boot device '", _one("-boot has one letter twice", "leave one of them out")),
    (
        "no function defined to set boot device",
        _one("only a PC and pseries take once= of -boot", "use bootindex= of the device"),
    ),
    (
        "Too many boot devices for PC",
        _one("a PC boots from three devices at most", "use at most three letters in -boot"),
    ),
    (
        "Invalid boot device for PC",
        _one(
            "a PC boots from floppies, its disk, CD or network", "use the letters a, b, c, d and n"
        ),
    ),
    (
        "splash-time is invalid",
        _one("splash-time= of -boot is in milliseconds", "use 0 to 65535"),
    ),
    (
        "reboot timeout is invalid",
        _one("reboot-timeout= of -boot is in milliseconds", "use -1 to 65535"),
    ),
    (
        "unable to find CPU model",
        _one(
            "the name is misspelt, or of a newer QEMU, or libvirt's own (host-model)",
            "use a name that -cpu help lists",
            _MODELS,
        ),
    ),
    (
        "Expected key=value format",
        _one("a feature of -cpu lacks '=on', which only x86 may leave out", "write NAME=on"),
    ),
    (
        "mach-virt: CPU type",
        _one("virt takes CPUs with virtualization only, from cortex-a7 on", "use -cpu max"),
    ),
    (
        "Invalid CPU model",
        _one(
            "virt takes the models that the next line lists",
            "use a model of that list, or -cpu max",
        ),
    ),
    (
        "The valid models are",
        _one("the line before names the refused model", "use one of the list"),
    ),
    (
        "phys-bits should be",
        _one("phys-bits= of -cpu is out of range", "use phys-bits=40, or leave it out"),
    ),
    (
        "phys-bits is not user-configurable",
        _one("-cpu is a model of 32 bits", "leave out phys-bits=, or use -cpu qemu64"),
    ),
    (
        "can't apply global",
        _one("phys-bits= of -cpu is not a number", "use a number such as phys-bits=40"),
    ),
    (
        "apic-id property was not initialized",
        _one("-machine none has no place for a CPU", "leave out -cpu, or use another -machine"),
    ),
)
