"""A tree's front end: the functions that read the line, start QEMU and serve QMP.

There are two: that of 6.0 and later, which reads options by the rules of QAPI, and the
one before it.  What C's ``main()`` keeps of the line in local variables is a
:class:`CommandLine` here.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from .globals import Qemu
from .qemu_option import QemuOpts, is_help_option
from .qom import TypeInfo
from .records import Value
from .revisions.release import Release

if TYPE_CHECKING:
    from .vl_options import Option


class NotModelled(Exception):
    """A part of QMP that QEMU has and the model has not; the text names it."""


@attrs.define(eq=False, repr=False)
class CommandLine(Value):
    """The options of one command line, in the order given, each kind by itself.

    Every entry keeps its place on the line, as error reports name it.  ``ignored``
    are the options that say nothing about memory backends, with their values, among
    them the devices and objects that take none; ``assumed`` are sentences about what the
    model assumes of others.  ``mem_lock`` is ``on`` or ``on-fault`` where -overcommit locks
    memory, else ``off``.  ``wants_help`` if the value of an option asks for help, ``cpu`` is
    what -cpu says.  ``assumed_machine`` is the machine where the line names none.
    """

    objects: list[QemuOpts] = attrs.field(factory=list)
    machine: list[QemuOpts] = attrs.field(factory=list)
    memory: list[QemuOpts] = attrs.field(factory=list)
    boot: list[QemuOpts] = attrs.field(factory=list)
    smp: list[QemuOpts] = attrs.field(factory=list)
    numa: list[QemuOpts] = attrs.field(factory=list)
    devices: list[QemuOpts] = attrs.field(factory=list)
    mem_path: str | None = None
    mem_prealloc: bool = False
    mem_lock: str = "off"
    acpi: bool = True
    wants_help: bool = False
    cpu: str | None = None
    ignored: list[str] = attrs.field(factory=list)
    assumed: list[str] = attrs.field(factory=list)
    assumed_machine: str | None = None

    def ignore(self, option: Option) -> None:
        """Note an option that decides nothing about memory."""
        self.ignored.append(option.location)

    def ignore_device(self, option: Option, driver: str | None) -> None:
        """Note a device that takes no backend, and an assumption if no QEMU is known to have it."""
        # A line without devices starts sooner without their names.
        from .devices.names import is_device

        self.ignore(option)
        if driver and not is_device(driver) and not is_help_option(driver):
            self.assumed.append(f"QEMU has a device '{driver}', which the model does not know")


class FrontEnd(NamedTuple):
    """A tree's object types, and its ways to read a line, to start, to serve and to free blocks.

    ``types`` returns those of a release.
    """

    types: Callable[[Release], Mapping[str, TypeInfo]]
    parse: Callable[[Qemu, Sequence[str]], CommandLine]
    start: Callable[[Qemu, Any], None]
    dispatch: Callable[[Qemu, object], dict[str, Any]]
    drain_call_rcu: Callable[[Qemu], None]
