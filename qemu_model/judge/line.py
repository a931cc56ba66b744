"""What the judge reads from a command line: the machine, and the paths of backends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from ..error import Error
from ..machines.targets import target_of
from ..qemu_option import qemu_opts_parse

#: Options that can end QEMU with status 1 for reasons that no memory backend has: a file, a
#: socket, a CPU or a device that is not there.
_MAY_FAIL: Final = re.compile(
    "accel|audiodev|bios|blockdev|cdrom|chardev|cpu|device|display|drive|dtb|enable-kvm|fd[ab]"
    "|fsdev|fw_cfg|gdb|hd[a-d]|incoming|initrd|kernel|loadvm|mon|monitor|mtdblock|net|netdev|nic"
    "|parallel|pflash|plugin|readconfig|runas|sd|secret|serial|smbios|spice|tpmdev|trace|usbdevice"
    "|virtfs|vnc|watchdog"
)

#: Accelerators that need nothing of the host.
_ALWAYS_THERE: Final = frozenset({("accel", "tcg"), ("accel", "qtest")})


def machine_of(options: Sequence[str]) -> str:
    """Return the machine that the options ask for, QEMU's own default without any."""
    machine = target_of(options).default_machine
    for word, value in pairwise(options):
        if word.lstrip("-") in ("M", "machine") and word.startswith("-"):
            first = value.split(",")[0]
            kind, equals, name = first.partition("=")
            if not equals:
                machine = first
            elif kind == "type":
                machine = name
    return machine


def may_fail_first(options: Sequence[str]) -> str:
    """Return the first option that may have ended QEMU for another reason, empty for none.

    Options about memory cannot, nor can a monitor or a port that is switched off.
    """
    for word, value in pairwise((*options, "")):
        name = word.lstrip("-")
        if not word.startswith("-") or not _MAY_FAIL.fullmatch(name) or value == "none":
            continue
        if (name, value.partition(",")[0]) in _ALWAYS_THERE:
            continue
        if name == "device" and "memdev=" in value:
            continue
        return word
    return ""


def memory_paths(options: Sequence[str], qmp: Sequence[Any] | None) -> set[str]:
    """Return every memory path in the options and the commands."""
    paths = _values_of("mem-path", options, qmp)
    paths.update(value for word, value in pairwise(options) if word in ("-mem-path", "--mem-path"))
    return paths


def memory_names(options: Sequence[str], qmp: Sequence[Any] | None) -> set[str]:
    """Return what the memory of the line's objects may be called: by id, or by path."""
    ids = _values_of("id", options, qmp)
    return ids | {f"/objects/{id}" for id in ids}


def _values_of(key: str, options: Sequence[str], qmp: Sequence[Any] | None) -> set[str]:
    """Return the values of a property of objects in the options and the commands."""
    values: set[str] = set()
    for word, value in pairwise(options):
        if not word.startswith("-") or word.lstrip("-") != "object":
            continue
        if value.startswith("{"):
            try:
                values.update(_values_in(key, json.loads(value)))
            except (ValueError, RecursionError):
                continue
        else:
            try:
                parsed = qemu_opts_parse(value, "qom-type")
            except Error:
                continue
            values.update(text for name, text in parsed.params if name == key)
            if key == "id" and parsed.id is not None:
                values.add(parsed.id)
    values.update(_values_in(key, qmp or []))
    return values


def _values_in(key: str, data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get(key), str):
                yield value[key]
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
