"""Which inferences a run relies on: behaviour that no published source fixes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..process import Run

#: How patch 5's message about a change after creation begins.
_CHANGED: Final = "cannot change property 'sync' of"


def relied_on(run: Run) -> tuple[str, ...]:
    """Return the sentences of the revision's inferences that this run relies on."""
    met = {"always"}
    if run.map_sync.refusals:
        met.add("refused")
    if any(_CHANGED in text for text in _said(run)):
        met.add("changed")
    return tuple(
        inference.sentence for inference in run.revision.inferences if inference.relied_on in met
    )


def _said(run: Run) -> Iterator[str]:
    yield from run.stderr
    for reply in run.replies:
        if isinstance(reply, dict) and "error" in reply:
            yield str(reply["error"].get("desc"))
