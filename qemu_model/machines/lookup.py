"""Machine types by name, in one release: their own names, aliases, and those of distributions."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ..boards import MachineClass
from ..revisions.release import Release, is_between, value_in
from ..target_info import TargetInfo
from .none import NONE
from .programs import X86
from .targets import TARGETS

_X86: Final = TARGETS[X86]
#: Which version of QEMU the types of RHEL and CentOS Stream are nearest to.
_RHEL: Final[Mapping[str, Release]] = MappingProxyType(
{
    "7.0.0": (2, 0), "7.1.0": (2, 1), "7.2.0": (2, 3), "7.3.0": (2, 6), "7.4.0": (2, 9),
    "7.5.0": (2, 11), "7.6.0": (2, 12), "8.0.0": (3, 1), "8.1.0": (4, 1), "8.2.0": (4, 2),
    "8.3.0": (5, 1), "8.4.0": (5, 2), "8.5.0": (6, 0), "8.6.0": (6, 2), "9.0.0": (6, 2),
    "9.2.0": (7, 2), "9.4.0": (8, 2), "9.6.0": (9, 0), "9.8.0": (10, 1), "10.0.0": (9, 1),
    "10.2.0": (10, 1),
}
)  # fmt: skip
#: Which version of QEMU the types of each Ubuntu are.
_UBUNTU: Final[Mapping[str, Release]] = MappingProxyType(
{
    "trusty": (2, 0), "vivid": (2, 2), "wily": (2, 3), "xenial": (2, 5), "yakkety": (2, 6),
    "zesty": (2, 8), "artful": (2, 10), "bionic": (2, 11), "cosmic": (2, 12), "disco": (3, 1),
    "eoan": (4, 0), "focal": (4, 2), "groovy": (5, 0), "hirsute": (5, 2), "impish": (6, 0),
    "jammy": (6, 2), "kinetic": (7, 0), "lunar": (7, 2), "mantic": (8, 0), "noble": (8, 2),
    "oracular": (9, 0), "plucky": (9, 2), "questing": (10, 1),
}
)  # fmt: skip
_VERSIONED: Final = (
    r"(?:pc-(?:(?P<chipset>i440fx|q35)-)?|(?P<other>virt|pseries|s390-ccw-virtio)-)"
    r"(?:rhel(?P<rhel>\d+\.\d+\.\d+)|(?P<version>\d+\.\d+(?:\.\d+)?)|(?P<ubuntu>[a-z]+))"
    r"(?P<rest>[-+].*|\.sles.*)?"
)


class NamedMachine(NamedTuple):
    """A machine type that a name stands for, and what is assumed if it is not QEMU's own."""

    machine: MachineClass
    assumption: str = ""


def _exists(machine: MachineClass, release: Release) -> bool:
    return is_between(release, machine.since, machine.until)


def list_machines(release: Release, target: TargetInfo = _X86) -> list[MachineClass]:
    """Return the machine types of a release, in the order that ``-machine help`` lists them."""
    return [machine for machine in target.machines().values() if _exists(machine, release)]


def _of_chipset(chipset: str, release: Release, target: TargetInfo) -> list[MachineClass]:
    return [machine for machine in list_machines(release, target) if machine.chipset == chipset]


@functools.cache
def _newest(chipset: str, release: Release, target: TargetInfo) -> MachineClass:
    """Return the type that the unversioned name of a chipset stands for."""
    return max(_of_chipset(chipset, release, target), key=lambda machine: machine.version)


def _version_of(name: str) -> tuple[str, Release, bool] | None:
    """Return chipset, version and whether it is QEMU's own name; None for any other name."""
    match = re.fullmatch(_VERSIONED, name)
    if match is None:
        return None
    chipset = match["other"] or match["chipset"] or "i440fx"
    if match["rhel"] is not None:
        version = _RHEL.get(match["rhel"])
    elif match["ubuntu"] is not None:
        version = _UBUNTU.get(match["ubuntu"])
    else:
        version = tuple(int(part) for part in match["version"].split("."))
        return chipset, version, not match["rest"]
    return None if version is None else (chipset, version, False)


@functools.lru_cache(maxsize=256)
def find_machine(name: str, release: Release, target: TargetInfo = _X86) -> NamedMachine | None:
    """Return the machine type of that name or alias in a release of a program, or None.

    A distribution's name (``pc-q35-rhel9.4.0``, ``pc-i440fx-noble``, ``pc-i440fx-9.0+pve0``)
    stands for QEMU's nearest type.  A program whose machines the model does not have is
    assumed to have the memory of ``virt``.
    """
    if name == NONE.name:
        return NamedMachine(NONE)
    if target.every_machine_is is not None:
        nearest = _newest(target.every_machine_is, release, target)
        return NamedMachine(
            nearest,
            f"the model has no machine types of this program; '{name}' is modelled as "
            f"{nearest.name} of qemu-system-aarch64",
        )
    machine = target.machines().get(name)
    if machine is not None:
        return NamedMachine(machine) if _exists(machine, release) else None
    if name in target.aliases:
        return NamedMachine(_newest(target.aliases[name], release, target))
    if name in target.unmodelled:
        nearest = _newest(target.default_chipset, release, target)
        return NamedMachine(
            nearest,
            f"the model has no machine type '{name}'; its memory is modelled as that of "
            f"{nearest.name}",
        )
    if name in target.distribution_aliases:
        return _nearest(name, _newest(target.distribution_aliases[name], release, target))
    named = _version_of(name)
    if named is None or named[2]:
        return None
    chipset, version, _ = named
    there = _of_chipset(chipset, release, target)
    if not there:
        return None
    older = [machine for machine in there if machine.version <= version]
    if older:
        return _nearest(name, max(older, key=lambda machine: machine.version))
    return _nearest(name, min(there, key=lambda machine: machine.version))


def _nearest(name: str, machine: MachineClass) -> NamedMachine:
    return NamedMachine(
        machine,
        f"machine type '{name}' is a distribution's own; it is modelled as {machine.name}",
    )


def release_of(name: str) -> Release | None:
    """Return the release that a versioned machine type is named after, or None.

    A distribution's name gives the version of QEMU that it is nearest to.
    """
    named = _version_of(name)
    return None if named is None else named[1]


@functools.lru_cache(maxsize=256)
def deprecation_reason(machine: MachineClass, release: Release) -> str | None:
    """Return why a release says that a type is deprecated, or None."""
    return value_in(machine.deprecation_reasons, release)


def machine_help(release: Release, target: TargetInfo = _X86) -> list[str]:
    """Return what ``-machine help`` prints, without the machines that the model does not know."""
    lines = ["Supported machines are:"]
    newest = {
        _newest(chipset, release, target).name: alias for alias, chipset in target.aliases.items()
    }
    for machine in list_machines(release, target):
        alias, desc = newest.get(machine.name), machine.desc
        if machine.older_desc is not None and is_between(release, (), machine.older_desc[0]):
            desc = machine.older_desc[1]
        if alias:
            lines.append(f"{alias:<20} {desc} (alias of {machine.name})")
        deprecated = " (deprecated)" if deprecation_reason(machine, release) else ""
        is_default = alias is not None and alias == target.default_machine
        lines.append(f"{machine.name:<20} {desc}{' (default)' if is_default else deprecated}")
    return lines
