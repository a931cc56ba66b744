"""``vl.c``: the groups of options by release: what -set knows, and what -machine keeps."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from . import messages
from .error import Exit
from .globals import Qemu
from .qemu_option import get_opt_name_value
from .revisions.release import Release, is_between
from .vl_options import Option

C_FILE = "system/vl.c"

#: Names, each with the release that it came with, and the one that no longer has it.
_Rows: TypeAlias = Mapping[str, tuple[Release, Release | None]]

#: What -set takes: group, id and the parameter's name, each of 63 characters at most.
_SET: Final = re.compile(r"([^.]{1,63})\.([^.]{1,63})\.[^=]{1,63}=", re.DOTALL)
#: The groups of options that -set knows.
_GROUPS: Final[_Rows] = MappingProxyType(
    {
        **dict.fromkeys(("accel", "acpi", "add-fd", "boot-opts", "chardev", "device"), ((), None)),
        **dict.fromkeys(("drive", "fsdev", "fw_cfg", "global", "icount", "iscsi"), ((), None)),
        **dict.fromkeys(("machine", "memory", "mon", "msg", "name", "net", "netdev"), ((), None)),
        **dict.fromkeys(("nic", "numa", "object", "option-rom", "overcommit"), ((), None)),
        **dict.fromkeys(("plugin", "rtc", "sandbox", "smp-opts", "spice"), ((), None)),
        **dict.fromkeys(("tpmdev", "trace", "virtfs", "vnc"), ((), None)),
        "action": ((6, 0), None),
        "realtime": ((), (6, 0)),
        "run-with": ((8, 1), None),
    }
)
#: Groups that QAPI reads, not QemuOpts.
_GROUPS_OF_QAPI: Final[_Rows] = MappingProxyType(
    {
        "audiodev": ((8, 2), None),
        "boot-opts": ((7, 1), None),
        **dict.fromkeys(("machine", "object", "smp-opts"), ((6, 1), None)),
    }
)
#: The options whose names are not those of their groups.
_OPTIONS_OF_GROUPS: Final = MappingProxyType(
    {"boot-opts": "boot", "memory": "m", "smp-opts": "smp"}
)
#: Options that QEMU keeps among the parameters of -machine.
_KEPT_WITH_MACHINE: Final[_Rows] = MappingProxyType(
    {
        **dict.fromkeys(("append", "bios", "dtb", "initrd", "kernel"), ((), None)),
        **dict.fromkeys(("enable-kvm", "no-kvm", "usb", "usbdevice"), ((), None)),
        "accel": ((), (5, 0)),
        "no-hpet": ((5, 2), None),
    }
)


def _is_in(rows: _Rows, name: str, qemu: Qemu) -> bool:
    """Return whether the rows have a name in the release."""
    row = rows.get(name)
    return row is not None and is_between(qemu.tree.release, *row)


def is_qemuopts_group(qemu: Qemu, group: str) -> bool:
    """Return whether a group of options is read as QemuOpts, not by QAPI."""
    return not _is_in(_GROUPS_OF_QAPI, group, qemu)


def _is_kept_with_machine(qemu: Qemu, option: Option) -> bool:
    """Return whether QEMU keeps an option among the parameters of -machine."""
    return _is_in(_KEPT_WITH_MACHINE, option.name, qemu)


def qemu_set_option(qemu: Qemu, before: Sequence[Option], option: Option) -> None:
    """Read -set, which gives another parameter to an option that is on the line before it.

    Prints ``can't parse: "<text>"``, ``There is no option group '<group>'``, since 6.1 ``-set
    is not supported with <group>`` and ``there is no <group> "<id>" defined``, and exits
    with 1.  What it gives is not modelled.
    """
    text = option.value or ""
    match = _SET.match(text)
    if match is None:
        qemu.error_report(messages.SET_PARSE, text=text)
        raise Exit(1)
    group, id = match.groups()
    if not is_qemuopts_group(qemu, group):
        qemu.error_report(messages.SET_UNSUPPORTED, group=group)
        raise Exit(1)
    if not _is_in(_GROUPS, group, qemu):
        qemu.error_report(messages.SET_NO_GROUP, group=group)
        raise Exit(1)
    name = _OPTIONS_OF_GROUPS.get(group, group)
    ids = (get_opt_name_value(one.value or "", None) for one in before if one.name == name)
    if not any(key == "id" and value == id for params in ids for key, value, _ in params):
        qemu.error_report(messages.SET_NO_ID, group=group, id=id)
        raise Exit(1)
