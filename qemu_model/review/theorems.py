"""What the series claims about its patches, as sentences that the whole matrix decides."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import attrs

from .tally import Tally


@attrs.frozen
class Theorem:
    """A sentence about one patch, and what its tally must be for it to hold."""

    patch: int
    says: str
    decides: Callable[[Tally], bool]

    def holds(self, tallies: Sequence[Tally]) -> bool:
        """Return whether it holds, from what each patch of the series changed."""
        return self.decides(tallies[self.patch - 1])


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


def frees_a_string_and_no_more(tally: Tally) -> bool:
    """Whether patch 1 changes only what is freed."""
    return tally.calls == tally.messages == 0 < tally.leaks


def changes_nothing(tally: Tally) -> bool:
    """Whether a patch changes nothing at all."""
    return tally.any == 0


def patch_4_changes_its_messages_only(tally: Tally) -> bool:
    """Whether patch 4 changes its four messages, all of them, and nothing else."""
    return tally.calls == tally.leaks == 0 and set(tally.texts) == PATCH_4_TEXTS


def patch_5_changes_its_option_only(tally: Tally) -> bool:
    """Whether patch 5 changes something, and only where sync is named or options are listed."""
    return tally.any > 0 and tally.calls > 0 and tally.unrelated is None


THEOREMS: Final = (
    Theorem(1, "patch 1 changes only what is freed", frees_a_string_and_no_more),
    Theorem(2, "patch 2 changes no call, message or leak in any run", changes_nothing),
    Theorem(
        3,
        "patch 3 alone changes nothing, because nothing sets RAM_SYNC yet",
        changes_nothing,
    ),
    Theorem(4, "patch 4 changes exactly four messages", patch_4_changes_its_messages_only),
    Theorem(
        5,
        "patch 5 changes only runs that use sync or list the options (help)",
        patch_5_changes_its_option_only,
    ),
)
