"""Texts that people give in place of a QEMU line, and how each leads to one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

_SMAPS: Final = re.compile(r"^[0-9a-f]{4,16}-[0-9a-f]{4,16} [r-][w-][x-][ps] ", re.M)
_DOMAIN: Final = re.compile(r"<domain[\s>]")
_DOMAIN_NAME: Final = re.compile(r"<name>([^<]{1,80})</name>")
_PROXMOX: Final = re.compile(r"^(?:memory|cores|ostype|scsihw|numa\d*|net\d+|bootdisk): ", re.M)
_XL: Final = re.compile(r"^\s*(?:device_model_version|builder|firmware_override)\s*=", re.M)
LOOKED_FOR: Final = (
    "looked for: a QEMU program (qemu-system-..., qemu-kvm, kvm) followed by options, options "
    "alone, a list of words (JSON, YAML), a -readconfig file"
)


def why_nothing(text: str) -> str:
    """Return one line: what the text is, if that is known, and what to give instead."""
    if not text.strip("\0 \t\r\n"):
        return "the text is empty"
    if _DOMAIN.search(text):
        name = _DOMAIN_NAME.search(text)
        domain = name[1].strip() if name is not None else "NAME"
        return (
            "this is a libvirt domain's XML, not QEMU's options; to get them: virsh "
            f"domxml-to-native qemu-argv --domain {_word(domain)} (with --xml FILE for a file)"
        )
    if _SMAPS.search(text):
        return (
            "this is text of /proc/PID/smaps or maps, not QEMU's options; "
            "to judge it: qemu-model check --smaps FILE"
        )
    if len(_PROXMOX.findall(text)) > 1:
        return (
            "this is a Proxmox VM's configuration, not QEMU's options; to get them: qm showcmd VMID"
        )
    if _XL.search(text):
        return "this is a Xen domain's configuration, not QEMU's options"
    return f"no QEMU options were found ({LOOKED_FOR})"


def _word(name: str) -> str:
    return name if re.fullmatch(r"[\w.+-]+", name) else "NAME"
