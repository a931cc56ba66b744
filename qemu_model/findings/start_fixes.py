"""Lines that QEMU refuses, with the one change that its message leads to."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..boards import MIB
from ..explain.parts import Part, parts_of, replaced, words_of
from .case import Case
from .lines import with_values
from .units import option_size

if TYPE_CHECKING:
    from ..explain.message_patterns import Found

Fix = Callable[[Case, Mapping[str, str]], tuple[str, ...] | None]

GIB: Final = 1024 * MIB
#: Devices that take a slot of the memory hotplug area.
_IN_SLOTS: Final = ("pc-dimm", "nvdimm")
_IN_HOTPLUG_AREA: Final = (*_IN_SLOTS, "virtio-mem-pci", "virtio-pmem-pci")


def changed_line(case: Case, found: Found) -> tuple[str, ...] | None:
    """Return the line with what its message asks for, None where that is not one change.

    Whether QEMU takes it is not tried here.
    """
    for begins, fix in _FIXES:
        if found.known.template.startswith(begins):
            return fix(case, dict(found.fields))
    return None


def _switch(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Write each NAME as NAME=on in -machine or -smp, the machine's type excepted."""
    name = fields.get("name", "").strip()
    for part in case.parts:
        values = part.text.split(",")
        if part.option in ("machine", "smp") and name in values[1:]:
            made = [one if "=" in one else f"{one}=on" for one in values[1:]]
            return replaced(case.args, part, ",".join([values[0], *made]))
    return None


def _with_machine(case: Case, text: str) -> tuple[str, ...]:
    for part in case.parts_called("machine"):
        return replaced(case.args, part, f"{part.text},{text}")
    return (*case.args, "-machine", text)


def _nvdimm(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    return _with_machine(case, "nvdimm=on")


def _acpi(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Leave out acpi=off and -no-acpi: plugging needs ACPI."""
    args = tuple(word for word in case.args if word.lstrip("-") != "no-acpi")
    for part in parts_of(args):
        if part.option == "machine" and "acpi" in part.params:
            args = replaced(args, part, part.text.replace(f",acpi={part.params['acpi']}", ""))
    return args if args != case.args else None


def _devices(case: Case, kinds: tuple[str, ...]) -> list[Part]:
    return [part for part in case.parts_called("device") if part.kind in kinds]


def _with_memory(case: Case, **values: str) -> tuple[str, ...]:
    """Return the line with other values in -m, its size kept."""
    for part in case.parts_called("m"):
        params = {**part.params, **values}
        size = params.pop("size", "") or part.kind
        text = ",".join([size, *(f"{name}={value}" for name, value in params.items())])
        return replaced(case.args, part, text)
    size = option_size(case.wanted.process.qemu.machine.ram_size or 128 << 20)
    return (*case.args, "-m", ",".join([size, *(f"{k}={v}" for k, v in values.items())]))


def _room(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Make room for the devices behind the RAM: each can need a GiB for its alignment."""
    devices = _devices(case, _IN_HOTPLUG_AREA)
    sizes = {part.id: part.size for part in case.parts_called("object")}
    needed = sum(sizes.get(part.params.get("memdev", ""), 0) for part in devices)
    ram = case.wanted.process.qemu.machine.ram_size or 128 << 20
    total = -(-(ram + needed) // GIB) * GIB + len(devices) * GIB
    slots = len(_devices(case, _IN_SLOTS))
    values = {"slots": str(slots)} if slots else {}
    return _with_memory(case, **values, maxmem=option_size(total))


def _ram_of_backend(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Give -m the size of the backend that the machine names."""
    for part in case.parts_called("machine"):
        for one in case.parts_called("object"):
            if one.id == part.params.get("memory-backend") and one.size:
                return _with_memory(case, size=option_size(one.size))
    return None


def _ram_of_nodes(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    try:
        total = int(fields["total"], 16)
    except (KeyError, ValueError):
        return None
    return _with_memory(case, size=option_size(total))


def _unarmed(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    for part in case.parts_called("device"):
        if part.kind == "nvdimm" and part.params.get("memdev") == fields.get("id", "").strip("'"):
            return with_values(case.args, part, unarmed="on")
    return None


def _object_having(name: str, **values: str | None) -> Fix:
    """Return what sets parameters of the first backend that has the one called ``name``."""

    def fix(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
        for part in case.parts_called("object"):
            if name in part.params:
                return with_values(case.args, part, **values)
        return None

    return fix


def _without_mem_path(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Leave out -mem-path, which the machine's backend replaces."""
    names = [word.lstrip("-") for word in case.args]
    if "mem-path" not in names:
        return None
    place = names.index("mem-path")
    return (*case.args[:place], *case.args[place + 2 :])


def _shared_shm(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    for part in case.parts_called("object"):
        if part.kind == "memory-backend-shm" and not part.on("share", default=True):
            return with_values(case.args, part, share="on")
    return None


def _nearest_id(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Name the backend whose id is most like the one that is not there."""
    wanted = fields.get("id", "").strip("'")
    ids = [
        part.id
        for part in case.parts_called("object")
        if part.kind.startswith("memory-backend-") and part.id
    ]
    import difflib

    near = ids if len(ids) == 1 else difflib.get_close_matches(wanted, ids, 1)
    for part in case.parts_called("machine"):
        if near and part.params.get("memory-backend") == wanted:
            text = part.text.replace(f"memory-backend={wanted}", f"memory-backend={near[0]}")
            return replaced(case.args, part, text)
    return None


def _fewer_addresses(case: Case, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Lower maxmem= to what the addresses hold: a sixteenth is left to PCI and its holes."""
    bits = fields.get("bits", "").strip("() ")
    if not bits.isdecimal():
        return None
    most = (1 << int(bits)) - (1 << int(bits) - 4)
    if most <= case.wanted.process.qemu.machine.ram_size:
        return None
    return _with_memory(case, maxmem=option_size(most))


#: What a message begins with, and how the line is changed.
_FIXES: Final[tuple[tuple[str, Fix], ...]] = (
    ("Expected '=' after parameter", _switch),
    ("nvdimm is not enabled", _nvdimm),
    ("memory hotplug is not enabled: missing acpi", _acpi),
    ("memory devices (e.g. for memory hotplug) are not enabled", _room),
    ("the configuration is not prepared for memory devices", _room),
    ("no slots where allocated", _room),
    ("not enough space, currently", _room),
    ("slots specified but no max-size", _room),
    ("invalid -m option value: missing 'maxmem'", _room),
    ("Size specified by -m option must match", _ram_of_backend),
    ("Machine memory size does not match", _ram_of_backend),
    ("total memory for NUMA nodes", _ram_of_nodes),
    ("'unarmed' property must be", _unarmed),
    ("'prealloc=on' and 'reserve=off'", _object_having("reserve", reserve=None)),
    ("property 'rom' = ", _object_having("rom", rom=None)),
    ("host-nodes must be empty for policy default", _object_having("host-nodes", policy="bind")),
    ("can't create shm backend with `share=off`", _shared_shm),
    ("'-mem-path' can't be used together", _without_mem_path),
    ("Memory backend '", _nearest_id),
    ("Address space limit", _fewer_addresses),
)


def with_switch(case: Case, name: str) -> tuple[str, ...] | None:
    """Return the line with NAME=on in place of NAME, None where no option has it alone."""
    for part in case.parts:
        words = part.text.split(",")
        if name in words:
            made = [f"{one}=on" if one == name else one for one in words]
            return replaced(case.args, part, ",".join(made))
    return None


def starts(case: Case, args: tuple[str, ...]) -> bool:
    """Return whether QEMU starts with another line, where nothing is scarce."""
    from ..host.simulated import SimulatedHost
    from ..process import run

    return run(args, SimulatedHost(case.place.plenty), case.revision).exit == 0


#: What replaced an option that a release does not have any more.
_REPLACED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "realtime": ("-overcommit", "mem-lock=on"),
        "no-hpet": ("-machine", "hpet=off"),
        "no-acpi": ("-machine", "acpi=off"),
        "balloon": ("-device", "virtio-balloon"),
    }
)


def without_name(case: Case, name: str) -> tuple[tuple[str, ...], str] | None:
    """Return the line without the option or property that a release lacks, and the advice.

    None where it is not found on the line, or is the type of an object or a device.
    """
    for option, value, place in words_of(case.args):
        if option != name:
            continue
        first = place if value is None else place - 1
        rest = (*case.args[:first], *case.args[place + 1 :])
        new = _REPLACED.get(name)
        if new is None or (value or "").endswith("=off"):
            return rest, f"remove -{' '.join(filter(None, (name, value)))}"
        if new[0] == "-machine":
            machine = next(iter(case.parts_called("machine")), None)
            if machine is not None:
                place = machine.place - (len(case.args) - len(rest)) * (first < machine.place)
                text = f"{machine.text},{new[1]}"
                return (*rest[:place], text, *rest[place + 1 :]), f"use -machine {new[1]}"
        return (*rest, *new), f"use {new[0]} {new[1]}"
    for part in case.parts:
        if name in part.params:
            return with_values(case.args, part, **{name: None}), f"remove {name}"
    return None
