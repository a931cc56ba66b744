"""QEMU's own configuration files (``-readconfig``), which incus and scripts write."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

_SECTION: Final = re.compile(r'^\s*\[\s*([a-z][a-z0-9-]*)(?:\s+"([^"]*)")?\s*\]\s*(?:#.*)?$')
_SETTING: Final = re.compile(r'^\s*([A-Za-z0-9._-]+)\s*=\s*"([^"]*)"\s*$')
#: Sections whose option has another name, and what comes first in the option's value.
_OPTIONS: Final = MappingProxyType({"memory": "m", "smp-opts": "smp", "boot-opts": "boot"})
_FIRST: Final = MappingProxyType(
    {
        "object": "qom-type",
        "device": "driver",
        "machine": "type",
        "numa": "type",
        "chardev": "backend",
        "netdev": "type",
    }
)


def readconfig_options(text: str) -> list[str]:
    """Return the options that a configuration file stands for, none if it is not such a file."""
    sections: list[tuple[str, str, dict[str, str]]] = []
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section is not None:
            sections.append((section[1], section[2] or "", {}))
            continue
        setting = _SETTING.match(line)
        if setting is not None and sections:
            sections[-1][2][setting[1]] = setting[2]
        elif line.strip() and not line.lstrip().startswith("#"):
            return []
    words: list[str] = []
    for name, id, settings in sections:
        if settings:
            words += [f"-{_OPTIONS.get(name, name)}", _value(name, id, settings)]
    return words


def _value(name: str, id: str, settings: dict[str, str]) -> str:
    parts = []
    first = _FIRST.get(name, "")
    if first in settings:
        parts.append(_escaped(settings[first]))
    if id:
        parts.append(f"id={_escaped(id)}")
    parts += [f"{key}={_escaped(text)}" for key, text in settings.items() if key != first]
    return ",".join(parts)


def _escaped(text: str) -> str:
    return text.replace(",", ",,")
