"""The object types that users can create, of Debian's 7.2."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..qom import TypeInfo
from ..user_creatable import other_type
from .hostmem import TYPE_MEMORY_BACKEND
from .hostmem_file import TYPE_MEMORY_BACKEND_FILE
from .hostmem_memfd import TYPE_MEMORY_BACKEND_MEMFD
from .hostmem_ram import TYPE_MEMORY_BACKEND_RAM

#: Types that have nothing to do with memory: objects of them are made, and nothing more.
OTHER_TYPES: Final = tuple(
    """
    authz-list authz-list-file authz-simple can-bus can-host-socketcan colo-compare
    cryptodev-backend cryptodev-backend-builtin cryptodev-vhost-user dbus-vmstate filter-buffer
    filter-dump filter-mirror filter-redirector filter-replay filter-rewriter input-barrier
    input-linux iothread main-loop pr-manager-helper qtest rng-builtin rng-egd rng-random secret
    secret_keyring sev-guest thread-context throttle-group tls-cipher-suites tls-creds-anon
    tls-creds-psk tls-creds-x509 x-remote-object
    """.split()  # noqa: SIM905 - a table of words is read as words
)

USER_CREATABLE: Final[Mapping[str, TypeInfo]] = MappingProxyType(
    {
        info.name: info
        for info in (
            TYPE_MEMORY_BACKEND,
            TYPE_MEMORY_BACKEND_RAM,
            TYPE_MEMORY_BACKEND_FILE,
            TYPE_MEMORY_BACKEND_MEMFD,
            *(other_type(name) for name in OTHER_TYPES),
        )
    }
)
