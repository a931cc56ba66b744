"""``hw/core/machine.c``: the properties of machines, and setting them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

from . import messages
from .boards import MachineProperty, machine_get_class
from .error import Message
from .globals import Qemu
from .revisions.release import Release, is_between

C_FILE = "hw/core/machine.c"

ON_OFF_AUTO: Final = ("auto", "on", "off")


class Visitor(Protocol):
    """Reads the value of one property of a machine."""

    def type_bool(self, name: str) -> bool:
        """Read a boolean."""
        ...

    def type_enum(self, name: str, values: tuple[str, ...]) -> str:
        """Read one of ``values``."""
        ...

    def type_int64(self, name: str) -> int:
        """Read a number with a sign."""
        ...

    def type_size(self, name: str) -> int:
        """Read a size in bytes."""
        ...

    def type_str(self, name: str) -> str:
        """Read a string."""
        ...

    def type_uint32(self, name: str) -> int:
        """Read a number of 32 bits."""
        ...

    def type_uint64(self, name: str) -> int:
        """Read a number."""
        ...


def machine_set_dump_guest_core(qemu: Qemu, value: bool) -> None:
    """Put the guest's RAM into core dumps or not."""
    qemu.machine.dump_guest_core = value


def machine_set_mem_merge(qemu: Qemu, value: bool) -> None:
    """Let KSM merge the guest's RAM or not."""
    qemu.machine.mem_merge = value


def machine_set_memdev(qemu: Qemu, value: str) -> None:
    """Name the backend of the guest's RAM."""
    qemu.machine.memdev_id = value


def machine_set_hmat(qemu: Qemu, value: bool) -> None:
    """Describe latencies and bandwidths of nodes to the guest or not."""
    qemu.machine.hmat = value


def machine_set_nvdimm(qemu: Qemu, value: bool) -> None:
    """Allow NVDIMMs or not."""
    qemu.machine.nvdimm = value


def keep(name: str) -> Callable[[Qemu, Any], None]:
    """Return a setter that stores a property's value for the machine type that reads it."""

    def set(qemu: Qemu, value: Any) -> None:
        qemu.machine.properties[name] = value

    return set


def accept(name: str, values: Iterable[str], message: Message) -> Callable[[Qemu, Any], None]:
    """Return a setter that stores one of ``values`` and raises ``message`` at others."""
    allowed = frozenset(values)

    def set(qemu: Qemu, value: Any) -> None:
        if value not in allowed:
            raise message.error(name=name, value=value)
        qemu.machine.properties[name] = value

    return set


#: Properties by name, each with its rows for different releases.
Properties: TypeAlias = Mapping[str, tuple[MachineProperty, ...]]


def row(
    kind: str,
    set: Callable[[Qemu, Any], None] | None = None,
    *,
    since: Release = (),
    until: Release | None = None,
) -> tuple[MachineProperty, ...]:
    """Return a property that has the same kind in every release that has it."""
    return (MachineProperty(kind, set, since, until),)


def _came_with(release: Release, properties: Properties) -> Properties:
    """Return properties of one row each, for a machine that has them since ``release``."""
    return {name: (rows[0]._replace(since=release),) for name, rows in properties.items()}


#: Properties of every machine.
PROPERTIES: Final[Properties] = MappingProxyType(
    {
        "accel": row("any"),
        "append": row("any"),
        "aux-ram-share": row("bool", since=(10, 0)),
        "boot": row("any", since=(7, 1)),
        "confidential-guest-support": row("any", since=(6, 0)),
        "dt-compatible": row("any"),
        "dtb": row("any"),
        "dump-guest-core": row("bool", machine_set_dump_guest_core),
        "dumpdtb": row("any"),
        "enforce-config-section": row("bool", until=(5, 2)),
        "firmware": row("any"),
        "graphics": row("bool"),
        "igd-passthru": (*row("bool", until=(5, 0)), *row("any", since=(5, 0))),
        "initrd": row("any"),
        "kernel": row("any"),
        "kernel-irqchip": (*row("on|off|split", until=(5, 0)), *row("any", since=(5, 0))),
        "kvm-shadow-mem": (*row("int", until=(5, 0)), *row("any", since=(5, 0))),
        "mem-merge": row("bool", machine_set_mem_merge),
        "memory": row("any", since=(7, 1)),
        "memory-backend": row("string", machine_set_memdev, since=(5, 0)),
        "memory-encryption": row("any"),
        "phandle-start": row("int"),
        "shim": row("any", since=(10, 0)),
        "smp": row("any", since=(6, 1)),
        "smp-cache": row("any", since=(9, 2)),
        "spcr": row("bool", since=(10, 1)),
        "suppress-vmdesc": row("bool"),
        "usb": row("bool"),
        "x-change-vmfd-on-reset": row("bool", since=(11, 1)),
    }
)
#: Properties of machines that have NUMA, and of those that take NVDIMMs.
NUMA_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        "hmat": row("bool", machine_set_hmat, since=(5, 0)),
    }
)
NVDIMM_PROPERTIES: Final[Properties] = MappingProxyType(
    {
        "nvdimm": row("bool", machine_set_nvdimm),
        "nvdimm-persistence": row(
            "string",
            accept("nvdimm-persistence", ("cpu", "mem-ctrl"), messages.NVDIMM_PERSISTENCE),
        ),
    }
)


def _find_property(qemu: Qemu, name: str) -> MachineProperty:
    """Return a property of the machine; ``smp.cpus`` is the property ``smp``.

    Raises ``Property '<machine>-machine.<name>' not found``.
    """
    mc = machine_get_class(qemu)
    for prop in mc.properties.get(name.partition(".")[0], ()):
        if is_between(qemu.tree.release, prop.since, prop.until):
            return prop
    raise messages.MACHINE_PROPERTY_NOT_FOUND.error(type=f"{mc.name}-machine", property=name)


def set_property(qemu: Qemu, name: str, v: Visitor) -> None:
    """Set a property of the machine.

    Raises ``Property '<machine>-machine.<name>' not found``, ``Property
    '<machine>-machine.<name>' is not writable``, what a value of the wrong kind raises
    and what the setter raises.
    """
    prop = _find_property(qemu, name)
    value: Any = None
    match prop.kind:
        case "read-only":
            type_name = f"{machine_get_class(qemu).name}-machine"
            raise messages.NOT_WRITABLE.error(type=type_name, property=name)
        case "bool":
            value = v.type_bool(name)
        case "size":
            value = v.type_size(name)
        case "int":
            value = v.type_int64(name)
        case "string":
            value = v.type_str(name)
        case "uint32":
            value = v.type_uint32(name)
        case "uint64":
            value = v.type_uint64(name)
        case "OnOffAuto":
            value = v.type_enum(name, ON_OFF_AUTO)
        case values if "|" in values:
            value = v.type_enum(name, tuple(values.split("|")))
    if prop.set is not None:
        prop.set(qemu, value)
