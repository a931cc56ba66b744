"""What ``-object TYPE,help`` lists of the object types that have nothing to do with memory.

The class properties that can be set.  Seen with the real 4.2, 5.2, 7.2, 8.0, 9.1, 10.0,
10.2 and 11.1; between them read at the tag of each release.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .revisions.release import Release, is_between, parse_release

C_FILE = "qom/object_interfaces.c"

#: A type and its properties, each with what stands between ``<`` and ``>``, and
#: ``@SINCE-UNTIL`` where it came later than the type, or left.
_OPTIONS: Final = """
    acpi-generic-initiator = node:int pci-dev:string
    acpi-generic-port = node:int pci-bus:string
    authz-list = policy:QAuthZListPolicy rules:QAuthZListRule
    authz-list-file = filename:string refresh:bool
    authz-simple = identity:string
    can-bus =
    can-host-socketcan = canbus:link<can-bus>@6.0- if:string
    colo-compare =
    cryptodev-backend = queues:uint32@5.2- throttle-bps:uint64@8.0- throttle-ops:uint64@8.0-
    cryptodev-backend-builtin = queues:uint32@5.2- throttle-bps:uint64@8.0-
        throttle-ops:uint64@8.0-
    cryptodev-vhost-user = chardev:string@5.2- queues:uint32@5.2- throttle-bps:uint64@8.0-
        throttle-ops:uint64@8.0-
    dbus-vmstate = addr:string id-list:string
    filter-buffer = FILTER interval:uint32@6.0-
    filter-dump = FILTER file:string@6.0- maxlen:uint32@6.0-
    filter-mirror = FILTER outdev:string@6.0- vnet_hdr_support:bool@6.0-
    filter-redirector = FILTER indev:string@6.0- outdev:string@6.0- vnet_hdr_support:bool@6.0-
    filter-replay = FILTER
    filter-rewriter = FILTER vnet_hdr_support:bool@6.0-
    input-barrier = height:string@5.2- name:string@5.2- port:string@5.2- server:string@5.2-
        width:string@5.2- x-origin:string@5.2- y-origin:string@5.2-
    input-linux = evdev:string@5.2- grab-toggle:GrabToggleKeys@5.2- grab_all:bool@5.2-
        repeat:bool@5.2-
    iommufd = fd:string
    iothread = aio-max-batch:int@6.1- poll-grow:int poll-max-ns:int poll-shrink:int
        poll-weight:int@11.1- thread-pool-max:int@7.1- thread-pool-min:int@7.1-
    main-loop = aio-max-batch:int thread-pool-max:int thread-pool-min:int
    monitor-hmp = chardev:string readline:bool
    monitor-qmp = chardev:string close-action:MonitorQMPCloseAction pretty:bool
    pr-manager-helper = path:string
    qtest = chardev:string log:string
    rng-builtin = opened:bool@5.2-7.1
    rng-egd = chardev:string@5.2- opened:bool@5.2-7.1
    rng-random = filename:string@5.2- opened:bool@5.2-7.1
    secret = data:string file:string format:QCryptoSecretFormat iv:string keyid:string
        loaded:bool@3.1-7.1
    secret_keyring = format:QCryptoSecretFormat iv:string keyid:string loaded:bool@3.1-7.1
        serial:int32_t
    sev-guest = dh-cert-file:string kernel-hashes:bool@6.2- legacy-vm-type:OnOffAuto@9.1-
        session-file:string sev-device:string
    sev-snp-guest = author-key-enabled:bool guest-visible-workarounds:string host-data:string
        id-auth:string id-block:string kernel-hashes:bool policy:uint64 sev-device:string
        vcek-disabled:bool
    tdx-guest =
    thread-context = cpu-affinity:int node-affinity:int
    throttle-group = limits:ThrottleLimits x-bps-read-max-length:int x-bps-read-max:int
        x-bps-read:int x-bps-total-max-length:int x-bps-total-max:int x-bps-total:int
        x-bps-write-max-length:int x-bps-write-max:int x-bps-write:int
        x-iops-read-max-length:int x-iops-read-max:int x-iops-read:int x-iops-size:int
        x-iops-total-max-length:int x-iops-total-max:int x-iops-total:int
        x-iops-write-max-length:int x-iops-write-max:int x-iops-write:int
    tls-cipher-suites = TLS
    tls-creds-anon = TLS loaded:bool@3.1-7.1
    tls-creds-psk = TLS loaded:bool@3.1-7.1 username:string
    tls-creds-x509 = TLS loaded:bool@3.1-7.1 passwordid:string sanity-check:bool
    x-remote-object = devid:string fd:string
"""
#: Properties that several types have from their parent.
_PARENTS: Final = MappingProxyType(
    {
        "FILTER": """insert:string@6.0- netdev:string@6.0- position:string@6.0-
        queue:NetFilterDirection@6.0- status:string@6.0-""",
        "TLS": "dir:string endpoint:QCryptoTLSCredsEndpoint priority:string verify-peer:bool",
    }
)
_KERNEL_HASHES: Final = "add kernel hashes to guest firmware for measured Linux boot"
#: The descriptions of properties, by type and name.
_DESCRIPTIONS: Final = MappingProxyType(
    {
        "acpi-generic-initiator.node": "NUMA node associated with the PCI device",
        "acpi-generic-initiator.pci-dev": "PCI device to associate with the node",
        "acpi-generic-port.node": (
            "The NUMA node like ID to index HMAT/SLIT NUMA properties involving GP"
        ),
        "acpi-generic-port.pci-bus": (
            "PCI Bus of the host bridge associated with this GP affinity structure"
        ),
        "sev-guest.dh-cert-file": "guest owners DH certificate (encoded with base64)",
        "sev-guest.kernel-hashes": _KERNEL_HASHES,
        "sev-guest.legacy-vm-type": (
            "use legacy VM type to maintain measurement compatibility with older QEMU or kernel "
            "versions."
        ),
        "sev-guest.session-file": "guest owners session parameters (encoded with base64)",
        "sev-guest.sev-device": "SEV device to use",
        "sev-snp-guest.kernel-hashes": _KERNEL_HASHES,
        "sev-snp-guest.sev-device": "SEV device to use",
    }
)
#: The release that described the properties of a type, where it had them before.
_DESCRIBED_SINCE: Final = MappingProxyType({"acpi-generic-initiator": (9, 2)})


@functools.cache
def _rows() -> Mapping[str, tuple[str, ...]]:
    """Return the words of the table by type."""
    found: dict[str, list[str]] = {}
    words = _OPTIONS.split()
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if following == "=":
            row = found.setdefault(word, [])
        elif word != "=":
            row.extend(_PARENTS.get(word, word).split())
    return MappingProxyType({name: tuple(row) for name, row in found.items()})


def _options_of_other_type(name: str, release: Release) -> list[tuple[str, str, str]] | None:
    """Return name, type and description of each option of a type, None if they are not known."""
    row = _rows().get(name)
    if row is None:
        return None
    options = []
    described = is_between(release, _DESCRIBED_SINCE.get(name, ()), None)
    for word in row:
        head, _, span = word.partition("@")
        since, _, until = span.partition("-")
        if is_between(
            release,
            parse_release(since) if since else (),
            parse_release(until) if until else None,
        ):
            option, _, kind = head.partition(":")
            text = _DESCRIPTIONS.get(f"{name}.{option}", "") if described else ""
            options.append((option, kind, text))
    return options
