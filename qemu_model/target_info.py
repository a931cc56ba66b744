"""``include/qemu/target-info-impl.h``: what the programs of QEMU differ in about memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from .records import Record
from .revisions.release import Release, is_between

if TYPE_CHECKING:
    from .boards import MachineClass


@attrs.frozen(eq=False, repr=False)
class TargetInfo(Record):
    """One program, by the processor that it emulates: its machines and devices.

    ``machines`` returns them by name.  ``default_machine`` is that of a line without
    -machine, empty where a line must name one.  ``aliases`` has the unversioned names, each
    with the chipset whose newest type it stands for.  ``devices`` are the devices with a
    memory backend, each with the release from which the program has it; ``refused_options``
    are those for other processors.  ``every_machine_is`` is the chipset that any machine type
    is modelled as, None where the model has the program's own types.  ``unmodelled`` are
    types of the program that the model does not have.  ``distribution_aliases`` are the
    unversioned names that distributions add, with their chipsets.
    """

    name: str
    machines: Callable[[], Mapping[str, MachineClass]]
    default_machine: str
    aliases: Mapping[str, str]
    devices: Mapping[str, Release]
    refused_options: frozenset[str]
    every_machine_is: str | None = None
    unmodelled: frozenset[str] = frozenset()
    distribution_aliases: Mapping[str, str] = MappingProxyType({})

    @property
    def default_chipset(self) -> str:
        """Return the chipset of the first unversioned name."""
        return next(iter(self.aliases.values()))

    def has_device(self, driver: str, release: Release) -> bool:
        """Return whether the program has a device that takes a backend."""
        return driver in self.devices and is_between(release, self.devices[driver], None)
