"""What the series claims about its patches, as sentences that the whole matrix decides."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from .impact import Impact


@attrs.frozen
class Theorem:
    """A sentence about one patch, and what decides whether it holds."""

    patch: int
    says: str
    holds: Callable[[Impact], bool]


#: The four messages of patch 4, before and after, with ``<type>`` for the type's name.
PATCH_4_TEXTS: Final = frozenset(
    {
        ("cannot change property value", "cannot change property size of <type> "),
        (
            "Property '<type>.size' doesn't take value '0'",
            "property 'size' of <type> doesn't take value '0'",
        ),
        ("cannot change property value", "cannot change property 'mem-path' of <type>"),
        ("cannot change property value", "cannot change property 'align' of <type>"),
    }
)


def frees_a_string_and_no_more(impact: Impact) -> bool:
    """Whether patch 1 changes only what is freed."""
    tally = impact.tallies[0]
    return tally.calls == tally.messages == 0 < tally.leaks


def patch_2_changes_nothing(impact: Impact) -> bool:
    """Whether patch 2 changes nothing at all."""
    return impact.tallies[1].any == 0


def patch_3_changes_nothing(impact: Impact) -> bool:
    """Whether patch 3, without patch 5, changes nothing at all."""
    return impact.tallies[2].any == 0


def patch_4_changes_its_messages_only(impact: Impact) -> bool:
    """Whether patch 4 changes its four messages, all of them, and nothing else."""
    tally = impact.tallies[3]
    return tally.calls == tally.leaks == 0 and set(tally.texts) == PATCH_4_TEXTS


def patch_5_changes_its_option_only(impact: Impact) -> bool:
    """Whether patch 5 changes something, and only where sync is named or options are listed."""
    tally = impact.tallies[4]
    return tally.any > 0 and tally.calls > 0 and tally.unrelated is None


THEOREMS: Final = (
    Theorem(1, "patch 1 changes only what is freed", frees_a_string_and_no_more),
    Theorem(2, "patch 2 changes no call, message or leak in any run", patch_2_changes_nothing),
    Theorem(
        3,
        "patch 3 alone changes nothing, because nothing sets RAM_SYNC yet",
        patch_3_changes_nothing,
    ),
    Theorem(4, "patch 4 changes exactly four messages", patch_4_changes_its_messages_only),
    Theorem(
        5,
        "patch 5 changes only runs that say sync or list the options (help)",
        patch_5_changes_its_option_only,
    ),
)
