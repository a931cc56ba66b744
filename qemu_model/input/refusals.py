"""Texts that people give in place of a QEMU line, and how each leads to one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

from .found import LOOKED_FOR

_SMAPS: Final = re.compile(r"^[0-9a-f]{4,16}-[0-9a-f]{4,16} [r-][w-][x-][ps] ", re.M)
_DOMAIN: Final = re.compile(r"<domain[\s>]")
_DOMAIN_NAME: Final = re.compile(r"<name>([^<]{1,80})</name>")
_PROXMOX: Final = re.compile(r"^(?:memory|cores|ostype|scsihw|numa\d*|net\d+|bootdisk): ", re.M)
_KUBEVIRT: Final = re.compile(
    r"^\s*kind:\s*VirtualMachine\w*\s*$|virt-launcher|^\s*apiVersion:\s*kubevirt\.io/", re.M
)
_KATA: Final = re.compile(r"^\[hypervisor\.qemu\w*\]|io\.katacontainers\.", re.M)
_INCUS: Final = re.compile(
    r"^\s*(?:limits\.memory|volatile\.\w+[\w.]*|security\.secureboot):", re.M
)
_QUICKEMU: Final = re.compile(r"^(?:guest_os|disk_img)=", re.M)
_VIRT_INSTALL: Final = re.compile(r"(?:^|[\s/])virt-install\s")
#: The command line of a process as one reads it.
_CMDLINE: Final = "cat /proc/$(pgrep -o qemu)/cmdline"
_XL: Final = re.compile(r"^\s*(?:device_model_version|builder|firmware_override)\s*=", re.M)
#: Other texts that stand for a virtual machine, and how each leads to QEMU's options.
_OTHERS: Final = (
    (
        _KUBEVIRT,
        "this describes a KubeVirt machine, not QEMU's options; to get them: kubectl exec POD -c "
        f"compute -- sh -c '{_CMDLINE}' | qemu-model explain -",
    ),
    (
        _KATA,
        "this is a configuration of Kata Containers, not QEMU's options; to get them: "
        f'{_CMDLINE}, or the log\'s "launching ... with:" with enable_debug = true',
    ),
    (
        _VIRT_INSTALL,
        "this is a virt-install command, not QEMU's options; to get them: add --print-xml > d.xml, "
        "then virsh domxml-to-native qemu-argv --xml d.xml",
    ),
    (
        _INCUS,
        "this is the configuration of an Incus or LXD instance, not QEMU's options; to get them: "
        f"{_CMDLINE}, and qemu.conf in the instance's log directory",
    ),
    (
        _QUICKEMU,
        "this is quickemu's configuration, not QEMU's options; they are in the VM's directory, in "
        "NAME.sh",
    ),
    (_XL, "this is a Xen domain's configuration, not QEMU's options"),
)
#: No error message is longer, in characters.
_LONGEST: Final = 100_000


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
    for pattern, what in _OTHERS:
        if pattern.search(text):
            return what
    # An error message needs the catalogue, which other texts do without.
    from ..explain.match import find_messages

    found = find_messages(text[:_LONGEST])
    if found:
        said = found[0].said
        return (
            f'this is an error message, not QEMU\'s options; to explain it: qemu-model why "{said}"'
        )
    return f"no QEMU options were found ({LOOKED_FOR})"


def _word(name: str) -> str:
    return name if re.fullmatch(r"[\w.+-]+", name) else "NAME"
