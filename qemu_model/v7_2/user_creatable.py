"""The object types that users can create since 6.0."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from ..qom import TypeInfo
from ..revisions.release import Release
from ..user_creatable import other_types
from .hostmem import TYPE_MEMORY_BACKEND
from .hostmem_file import TYPE_MEMORY_BACKEND_FILE
from .hostmem_memfd import TYPE_MEMORY_BACKEND_MEMFD
from .hostmem_ram import TYPE_MEMORY_BACKEND_RAM


@functools.cache
def user_creatable_types(release: Release) -> Mapping[str, TypeInfo]:
    """Return the object types of a release, by name."""
    backends = (
        TYPE_MEMORY_BACKEND,
        TYPE_MEMORY_BACKEND_RAM,
        TYPE_MEMORY_BACKEND_FILE,
        TYPE_MEMORY_BACKEND_MEMFD,
    )
    return MappingProxyType({info.name: info for info in backends} | dict(other_types(release)))
