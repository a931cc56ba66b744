"""Why MAP_SYNC is not in force, and what a crash of the host takes with it.

Both depend on the host, the revision, and the options share, pmem and sync alone, as
long as QEMU runs; so they are asked for once for each, on a line that is otherwise dull.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from ..explain.explanation import explain
from ..host import profiles
from ..revision import REVISIONS, Revision
from .controls import Backend, Choice, Control

#: The controls that the reasons depend on.
ASKING: Final = ("share", "pmem", "sync")
#: What a device DAX needs beside the dull line.
ALIGNED: Final = ",align=2M"


@attrs.frozen
class Reason:
    """``because`` says why MAP_SYNC is or is not in force, ``crash`` what a crash takes."""

    because: str
    crash: str


def asking(backend: Backend) -> tuple[Control, ...]:
    """Return the backend's controls that the reasons depend on."""
    return tuple(control for control in backend.controls if control.key in ASKING)


def _lines(backend: Backend, mem_path: str, chosen: Sequence[Choice]) -> Iterator[str]:
    by_key = dict(zip((control.key for control in asking(backend)), chosen, strict=True))
    choices = tuple(by_key.get(control.key, control.choices[0]) for control in backend.controls)
    yield backend.object_text(mem_path, choices)
    if backend.has_path:
        yield backend.object_text(mem_path, choices) + ALIGNED


def _reason(backend: Backend, host: str, chosen: Sequence[Choice], tree: Revision) -> Reason | None:
    """Return the reason of the first line that QEMU runs with; None if it runs with none."""
    for text in _lines(backend, profiles.load(host).mem_path, chosen):
        told = explain(("-object", text), tree, f"sim:{host}")
        if told.run.exit == 0:
            return Reason(told.because, told.crash)
    return None


def reasons(backend: Backend, host: str, revisions: Sequence[str]) -> list[Reason | None]:
    """Return the reasons for each combination of :func:`asking`, for each of ``revisions``."""
    return [
        _reason(backend, host, chosen, REVISIONS[revision])
        for chosen in itertools.product(*(control.choices for control in asking(backend)))
        for revision in revisions
    ]
