"""``include/hw/boards.h``: the machine types of 7.2, as far as memory goes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from .hostmem import HostMemoryBackend

MIB: Final = 1 << 20

#: What the kind ``OnOffAuto`` of a property takes.
ON_OFF_AUTO: Final = ("auto", "on", "off")
#: Properties of every machine, and the kinds of their values; ``any`` is not looked at.
COMMON: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accel": "any",
        "append": "any",
        "boot": "any",
        "confidential-guest-support": "any",
        "dt-compatible": "any",
        "dtb": "any",
        "dump-guest-core": "bool",
        "dumpdtb": "any",
        "firmware": "any",
        "graphics": "bool",
        "initrd": "any",
        "kernel": "any",
        "kernel-irqchip": "any",
        "kvm-shadow-mem": "any",
        "mem-merge": "bool",
        "memory": "any",
        "memory-backend": "any",
        "memory-encryption": "any",
        "memory.size": "any",
        "phandle-start": "int",
        "smp": "any",
        "suppress-vmdesc": "bool",
        "usb": "bool",
    }
)
#: Properties of machines with an x86 processor.
X86: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acpi": "OnOffAuto",
        "bus-lock-ratelimit": "any",
        "pic": "OnOffAuto",
        "pit": "OnOffAuto",
        "sgx-epc": "any",
        "smm": "OnOffAuto",
        "x-oem-id": "any",
        "x-oem-table-id": "any",
    }
)
PC: Final[Mapping[str, str]] = MappingProxyType(
    {
        **COMMON,
        **X86,
        "default-bus-bypass-iommu": "bool",
        "hmat": "bool",
        "hpet": "bool",
        "i8042": "bool",
        "max-fw-size": "any",
        "max-ram-below-4g": "size",
        "nvdimm": "bool",
        "nvdimm-persistence": "any",
        "sata": "bool",
        "smbios-entry-point-type": "any",
        "smbus": "bool",
        "vmport": "OnOffAuto",
    }
)
MICROVM: Final[Mapping[str, str]] = MappingProxyType(
    {
        **COMMON,
        **X86,
        "auto-kernel-cmdline": "bool",
        "ioapic2": "OnOffAuto",
        "isa-serial": "bool",
        "pcie": "OnOffAuto",
        "rtc": "OnOffAuto",
        "x-option-roms": "bool",
    }
)


@attrs.frozen
class Machine72:
    """A machine type, as far as memory goes; ``default_ram_size`` in bytes.

    ``numa_mem`` is what only machines older than 5.1 have: memory of nodes given as a
    number.  A guest without NUMA gets a node where there are slots for memory
    (``auto_enable_numa_with_memhp``), or room for it (``auto_enable_numa_with_memdev``).
    ``prefer_sockets``: CPUs are sockets rather than cores unless -smp says how many.
    ``chipset`` is that of a PC, which has places for memory devices and dies in its
    sockets; ``properties`` are the kinds of values that -machine takes.
    """

    name: str
    desc: str
    properties: Mapping[str, str] = COMMON
    max_cpus: int = 1
    default_ram_size: int = 128 * MIB
    default_ram_id: str = "pc.ram"
    chipset: str = ""
    numa: bool = True
    numa_mem: bool = False
    auto_enable_numa_with_memhp: bool = False
    auto_enable_numa_with_memdev: bool = False
    prefer_sockets: bool = False
    has_acpi: bool = True
    has_reserved_memory: bool = True
    enforce_aligned_dimm: bool = True
    gigabyte_align: bool = True
    deprecated: bool = False


PIIX_VERSIONS: Final = tuple(
    """
    7.2 7.1 7.0 6.2 6.1 6.0 5.2 5.1 5.0 4.2 4.1 4.0 3.1 3.0 2.12 2.11 2.10 2.9 2.8 2.7 2.6 2.5
    2.4 2.3 2.2 2.1 2.0 1.7 1.6 1.5 1.4
    """.split()  # noqa: SIM905 - a table of words is read as words
)
Q35_VERSIONS: Final = tuple(
    """
    7.2 7.1 7.0 6.2 6.1 6.0 5.2 5.1 5.0 4.2 4.1 4.0.1 4.0 3.1 3.0 2.12 2.11 2.10 2.9 2.8 2.7 2.6
    2.5 2.4
    """.split()  # noqa: SIM905 - a table of words is read as words
)
NONE: Final = Machine72(
    "none", "empty machine", default_ram_size=0, default_ram_id="ram", numa=False
)
ISAPC: Final = Machine72(
    "isapc",
    "ISA-only PC",
    PC,
    chipset="isapc",
    has_acpi=False,
    has_reserved_memory=False,
    gigabyte_align=False,
)
MICROVM_MACHINE: Final = Machine72(
    "microvm",
    "microvm (i386)",
    MICROVM,
    max_cpus=288,
    default_ram_id="microvm.ram",
)


def _pc(chipset: str, desc: str, version: str, max_cpus: int) -> Machine72:
    """Return a PC as it was in an older release: what it does about memory."""
    numbers = tuple(int(part) for part in version.split("."))
    return Machine72(
        f"pc-{chipset}-{version}",
        desc,
        PC,
        max_cpus if numbers >= (2, 8) else 255,
        chipset=chipset,
        numa_mem=numbers < (5, 1),
        auto_enable_numa_with_memhp=numbers > (2, 10),
        auto_enable_numa_with_memdev=numbers > (5, 0),
        prefer_sockets=numbers < (6, 2),
        has_reserved_memory=numbers > (2, 0),
        enforce_aligned_dimm=numbers > (2, 1),
        gigabyte_align=numbers > (1, 7),
        deprecated=numbers <= (1, 7),
    )


def _family(chipset: str, desc: str, versions: tuple[str, ...], max_cpus: int) -> list[Machine72]:
    """Return a PC in all its versions, sorted as -machine help sorts them: as text."""
    made = [_pc(chipset, desc, version, max_cpus) for version in versions]
    return sorted(made, key=lambda machine: f"{machine.name}-machine", reverse=True)


#: Every machine type by name, in the order that ``-machine help`` lists them.
MACHINES: Final[Mapping[str, Machine72]] = MappingProxyType(
    {
        machine.name: machine
        for machine in (
            MICROVM_MACHINE,
            *_family("i440fx", "Standard PC (i440FX + PIIX, 1996)", PIIX_VERSIONS, 255),
            *_family("q35", "Standard PC (Q35 + ICH9, 2009)", Q35_VERSIONS, 288),
            ISAPC,
            NONE,
        )
    }
)
ALIASES: Final[Mapping[str, str]] = MappingProxyType({"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"})


@attrs.define
class Memdev:
    """The backend of the machine's RAM: ``id`` as -machine names it, empty without one.

    ``backend`` once it is found; ``size_given`` whether -m gave a size.
    """

    id: str | None = None
    backend: HostMemoryBackend | None = None
    size_given: bool = False


def find_machine(name: str) -> Machine72 | None:
    """Return the machine type of that name or alias, or None."""
    return MACHINES.get(ALIASES.get(name, name))


def machine_help() -> list[str]:
    """Return what ``-machine help`` prints, without the machines that the model does not know."""
    lines = ["Supported machines are:"]
    aliases = {name: alias for alias, name in ALIASES.items()}
    for machine in MACHINES.values():
        alias = aliases.get(machine.name)
        if alias:
            lines.append(f"{alias:<20} {machine.desc} (alias of {machine.name})")
        note = " (default)" if alias == "pc" else " (deprecated)" if machine.deprecated else ""
        lines.append(f"{machine.name:<20} {machine.desc}{note}")
    return lines
