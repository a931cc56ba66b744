"""``qapi/qom.json``: the members of the object types that have nothing to do with memory.

Read at the tag of each release since 6.0; those of 11.1 as the real one tells them.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ..revisions.release import Release, is_between, parse_release

#: A type and its members: ``!`` for one that must be there, its kind where it is not a string,
#: and ``@SINCE-UNTIL`` where it came later than the type, or left.
_MEMBERS: Final = """
    acpi-generic-initiator = pci-dev! node!:uint32
    acpi-generic-port = pci-bus! node!:uint32
    authz-list = policy rules:any
    authz-listfile = filename! refresh:bool
    authz-pam = service!
    authz-simple = identity!
    can-bus =
    can-host-socketcan = if! canbus!
    colo-compare = primary_in! secondary_in! outdev! iothread! notify_dev compare_timeout:uint64
        expired_scan_cycle:uint32 max_queue_size:uint32 vnet_hdr_support:bool
    cryptodev-backend = queues:uint32 throttle-bps:uint64@8.0- throttle-ops:uint64@8.0-
    cryptodev-backend-builtin = queues:uint32 throttle-bps:uint64@8.0- throttle-ops:uint64@8.0-
    cryptodev-backend-lkcf = queues:uint32 throttle-bps:uint64@8.0- throttle-ops:uint64@8.0-
    cryptodev-vhost-user = queues:uint32 chardev! throttle-bps:uint64@8.0-
        throttle-ops:uint64@8.0-
    dbus-vmstate = addr! id-list
    filter-buffer = netdev! queue status position insert interval!:uint32
    filter-dump = netdev! queue status position insert file! maxlen:uint32
    filter-mirror = netdev! queue status position insert outdev! vnet_hdr_support:bool
    filter-redirector = netdev! queue status position insert indev outdev vnet_hdr_support:bool
    filter-replay = netdev! queue status position insert
    filter-rewriter = netdev! queue status position insert vnet_hdr_support:bool
    igvm-cfg = file!
    input-barrier = name! server port x-origin y-origin width height
    input-linux = evdev! grab_all:bool repeat:bool grab-toggle
    iommufd = fd
    iothread = poll-max-ns:int64 poll-grow:int64 poll-shrink:int64 aio-max-batch:int64@6.1-
        thread-pool-min:int64@7.1- thread-pool-max:int64@7.1-
    main-loop = aio-max-batch:int64 thread-pool-min:int64 thread-pool-max:int64
    monitor-hmp = chardev! readline:bool
    monitor-qmp = chardev! pretty:bool close-action
    pef-guest =
    pr-manager-helper = path!
    qtest = chardev! log
    rng-builtin = opened:bool
    rng-egd = opened:bool chardev!
    rng-random = opened:bool filename
    s390-pv-guest =
    secret = loaded:bool@-9.2 format keyid iv data file
    secret_keyring = loaded:bool@-9.2 format keyid iv serial!:int32
    sev-guest = sev-device dh-cert-file session-file policy:uint32 handle:uint32 cbitpos:uint32
        reduced-phys-bits!:uint32 kernel-hashes:bool@6.2- legacy-vm-type@9.1-
    sev-snp-guest = sev-device cbitpos:uint32 reduced-phys-bits!:uint32 kernel-hashes:bool
        policy:uint64 guest-visible-workarounds id-block id-auth author-key-enabled:bool
        host-data vcek-disabled:bool
    tdx-guest = attributes:uint64 sept-ve-disable:bool mrconfigid mrowner mrownerconfig
        quote-generation-socket:any
    thread-context = cpu-affinity:uint16_list node-affinity:uint16_list
    throttle-group = limits:any x-iops-total:int64 x-iops-total-max:int64
        x-iops-total-max-length:int64 x-iops-read:int64 x-iops-read-max:int64
        x-iops-read-max-length:int64 x-iops-write:int64 x-iops-write-max:int64
        x-iops-write-max-length:int64 x-bps-total:int64 x-bps-total-max:int64
        x-bps-total-max-length:int64 x-bps-read:int64 x-bps-read-max:int64
        x-bps-read-max-length:int64 x-bps-write:int64 x-bps-write-max:int64
        x-bps-write-max-length:int64 x-iops-size:int64
    tls-cipher-suites = verify-peer:bool dir endpoint priority
    tls-creds-anon = verify-peer:bool dir endpoint priority loaded:bool@-9.2
    tls-creds-psk = verify-peer:bool dir endpoint priority loaded:bool@-9.2 username
    tls-creds-x509 = verify-peer:bool dir endpoint priority loaded:bool@-9.2 sanity-check:bool
        passwordid
    x-remote-object = fd! devid!
    x-vfio-user-server = socket!:any device!
"""


class Member(NamedTuple):
    """A member of a struct: the method of a visitor that reads it, and when it came and left.

    ``words`` are what a member of an enumeration may be.  ``needs_libpmem``: only a build
    with libpmem has it.
    """

    name: str
    kind: str
    optional: bool = True
    since: Release = ()
    until: Release | None = None
    words: tuple[str, ...] = ()
    needs_libpmem: bool = False

    def is_in(self, release: Release) -> bool:
        """Return whether a release has the member."""
        return is_between(release, self.since, self.until)


def _member(word: str) -> Member:
    """Return the member that one word of the table describes."""
    rest, _, span = word.partition("@")
    since, _, until = span.partition("-")
    name, _, kind = rest.partition(":")
    return Member(
        name.rstrip("!"),
        kind or "str",
        not name.endswith("!"),
        parse_release(since) if since else (),
        parse_release(until) if until else None,
    )


@functools.cache
def members_of_other_types() -> Mapping[str, tuple[Member, ...]]:
    """Return the members of each type that is not a memory backend, in the schema's order."""
    found: dict[str, list[Member]] = {}
    words = _MEMBERS.split()
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if following == "=":
            last = found.setdefault(word, [])
        elif word != "=":
            last.append(_member(word))
    return MappingProxyType({name: tuple(members) for name, members in found.items()})
