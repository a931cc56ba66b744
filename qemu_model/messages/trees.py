"""The trees in which a message is said."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

#: The trees in which a message is said.
SERIES: Final = (
    "base",
    "v8.1",
    "v8.2",
    "v8.3",
    "v8.4",
    "v8",
    "v1",
    "v2",
    "v6",
    "v7",
    "v10",
    "upstream",
)
#: The functions that 7.2 shares with the tree of the series say these.
EVERY_TREE: Final = (*SERIES, "v7.2")
BEFORE_PATCH_4: Final = ("base", "v8.1", "v8.2", "v8.3", "v1", "v2")
FROM_PATCH_4: Final = ("v8.4", "v8", "v6", "v7", "v10", "upstream")
FROM_PATCH_5: Final = ("v8", "v2", "v6", "v7")
UPSTREAM: Final = ("upstream",)
