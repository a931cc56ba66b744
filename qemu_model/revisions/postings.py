"""The other postings of the series, as far as their rule for MAP_SYNC is known."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

from ..ram_addr import RAM_PREALLOC
from .machine_fields import Numa
from .map_sync_rules import POLICIES
from .memory_fields import MmapAlloc
from .releases import BASE
from .series import V8

#: The first posting: one patch on the base, no option, and anonymous memory too.
V1: Final = attrs.evolve(
    BASE,
    name="v1",
    meaning="V1, December 2017, the author's code: no option, all shared memory",
    mmap_alloc=MmapAlloc(passes_map_sync=True),
    policy=POLICIES["v1"],
)
#: The patches 1 and 4 came with v5 and v3.
V2: Final = attrs.evolve(
    V8,
    name="v2",
    meaning="the rule of V2, an earlier posting",
    evidence="assumed",
    numa=Numa(),
    hostmem=V8.hostmem.replace(errors_name_the_property=False),
    policy=POLICIES["v2"],
)
V6: Final = attrs.evolve(
    V8,
    name="v6",
    meaning="the rule of V6, an earlier posting",
    evidence="assumed",
    policy=POLICIES["v6"],
)
V7: Final = attrs.evolve(
    V8,
    name="v7",
    meaning="the rule of V7, an earlier posting, with its wrong constant",
    evidence="assumed",
    oslib_posix=V8.oslib_posix.replace(anonymous_shared_flag=RAM_PREALLOC),
    policy=POLICIES["v7"],
)
#: The last posting: V8 without the option, and without the retry.
V10: Final = attrs.evolve(
    V8,
    name="v10",
    meaning="V10, 22 January 2019, the author's code: no option, and no retry",
    hostmem_file=BASE.hostmem_file,
    policy=POLICIES["v10"],
)
POSTINGS: Final = (V1, V2, V6, V7, V10)
