"""One sentence on MAP_SYNC: its outcome, or the first condition that blocks it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ..process import Run
from ..ram_addr import RAM_PMEM
from ..revision import Policy, Revision
from ..revisions.default import label
from .backend import Backend, Block
from .place import Place

_WHY_NOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sync": "sync is off, so MAP_SYNC is not requested",
        "share": "share is not on: a private mapping keeps nothing, so MAP_SYNC is not requested",
        "pmem": "pmem is not on, so QEMU takes the file for no persistent memory and does not "
        "ask for MAP_SYNC",
        "platform": "the system is not Linux: MAP_SYNC and MAP_SHARED_VALIDATE are 0 there",
    }
)


def said_of(run: Run) -> list[str]:
    """Return what QEMU says of a run: on stderr, and in the errors of QMP."""
    errors = [reply["error"] for reply in run.replies if "error" in reply]
    return [*run.stderr, *(str(error["desc"]) for error in errors)]


def because(
    revision: Revision,
    backends: Sequence[Backend],
    blocked: Block | None,
    *,
    requested: bool,
    host: str,
    run: Run,
) -> str:
    """Return the sentence; ``host`` is empty where none was given."""
    if blocked is None and not host and requested:
        return (
            "MAP_SYNC is requested; whether it takes effect depends on the host: Linux 4.15 or "
            f"later, and a file on DAX ({_if_refused(revision.policy, run)})"
        )
    if blocked is None:
        return "MAP_SYNC is requested, the kernel grants it, and it takes effect"
    if blocked == "error" and run.livelock:
        return f"QEMU never ends: it stays in {run.livelock}()"
    if blocked == "error":
        said = said_of(run)
        return f"QEMU ends with an error: {said[-1] if said else 'without a word'}"
    if blocked == "sync":
        return _nothing_asks(revision, backends)
    if blocked in ("kernel", "file"):
        return _not_granted(revision, backends, run, old_kernel=blocked == "kernel")
    return _WHY_NOT[blocked]


def _if_refused(policy: Policy, run: Run) -> str:
    """Return what QEMU does where the kernel refuses."""
    demanded = any(f"sync={value}" in word for word in run.args for value in policy.demands)
    if not policy.retries or demanded:
        return "QEMU stops if the kernel refuses"
    return "QEMU maps without it if the kernel refuses"


def _nothing_asks(revision: Revision, backends: Sequence[Backend]) -> str:
    if not revision.mmap_alloc.passes_map_sync:
        why = "patch 3 of V8 brings it, QEMU has it since 4.1"
        return f"{label(revision)} never asks for MAP_SYNC: {why}"
    if not any(backend.path for backend in backends) and revision.policy.needs & RAM_PMEM:
        return "there is no file: anonymous memory is never mapped with MAP_SYNC"
    if revision.policy.values and not revision.hostmem_file.has_sync:
        return f"{label(revision)} has no option sync: patch 5 brings it, nothing else asks"
    return _WHY_NOT["sync"]


def _not_granted(
    revision: Revision, backends: Sequence[Backend], run: Run, *, old_kernel: bool
) -> str:
    """Return the sentence for a kernel that refuses MAP_SYNC or ignores it."""
    asked = next((backend for backend in backends if backend.asked and not backend.granted), None)
    where = _on(asked.place if asked is not None and asked.path else None, asked)
    since = ", being older than 4.15," if old_kernel else ""
    if run.map_sync.outcome == "ignored":
        return (
            f"the kernel{since} ignores MAP_SYNC{where}: QEMU passes it without "
            "MAP_SHARED_VALIDATE, and gets an ordinary mapping without an error"
        )
    said = any("requesting persistence" in line for line in run.stderr)
    how = "warns and" if said else "silently"
    return f"the kernel{since} refuses MAP_SYNC{where}; QEMU {how} maps without it"


def _on(place: Place | None, backend: Backend | None) -> str:
    if backend is not None and not backend.path:
        return " for anonymous memory"
    if place is None or not place.file_system:
        return " for this file"
    named = {
        "disk": f"{place.file_system} without DAX",
        "memory": f"{place.file_system}, which has no medium",
    }
    return f" for a file on {named.get(place.kind, place.file_system)}"
