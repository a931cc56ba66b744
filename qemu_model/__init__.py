"""An executable reference model of QEMU's memory backends, QEMU 3.1 to 11.1.

How QEMU turns ``-object memory-backend-...`` into system calls, and what the series
"support MAP_SYNC for memory-backend-file" (V8, January 2019, never merged) changes,
patch by patch.

    >>> import qemu_model
    >>> done = qemu_model.run("-object memory-backend-ram,id=ram0,size=8M", host="sim:ext4")
    >>> done.exit
    0

The commands are functions here (:mod:`qemu_model.api`), with the types that they return;
each is imported when it is first used.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .api import (
        check,
        check_path,
        check_pid,
        conform,
        diff,
        explain,
        explorer_page,
        impact,
        lint,
        matrix,
        profiles,
        revisions,
        run,
        why,
    )
    from .calls.event import Event
    from .calls.map_sync import MapSyncOutcome
    from .conform.conformance import Report
    from .explain.explanation import Explanation
    from .explain.why import Why
    from .findings.finding import Finding
    from .findings.lint import Linted
    from .host.protocol import Host
    from .inspect.machine import PathJudgement, ProcessJudgement
    from .judge.verdict import Verdict
    from .process import BackendMapping, Process, Run
    from .review.diff import Difference
    from .review.impact import Impact
    from .review.matrix import Row
    from .revision import Revision

__version__ = "0.1.0"

__all__ = [
    "BackendMapping",
    "Difference",
    "Event",
    "Explanation",
    "Finding",
    "Host",
    "Impact",
    "Linted",
    "MapSyncOutcome",
    "PathJudgement",
    "Process",
    "ProcessJudgement",
    "Report",
    "Revision",
    "Row",
    "Run",
    "Verdict",
    "Why",
    "__version__",
    "check",
    "check_path",
    "check_pid",
    "conform",
    "diff",
    "explain",
    "explorer_page",
    "impact",
    "lint",
    "matrix",
    "profiles",
    "revisions",
    "run",
    "why",
]

#: Where each exported type is defined.
_TYPES: Final = MappingProxyType(
    {
        "BackendMapping": "process",
        "Difference": "review.diff",
        "Event": "calls.event",
        "Explanation": "explain.explanation",
        "Finding": "findings.finding",
        "Host": "host.protocol",
        "Impact": "review.impact",
        "Linted": "findings.lint",
        "MapSyncOutcome": "calls.map_sync",
        "PathJudgement": "inspect.machine",
        "Process": "process",
        "ProcessJudgement": "inspect.machine",
        "Report": "conform.conformance",
        "Revision": "revision",
        "Row": "review.matrix",
        "Run": "process",
        "Verdict": "judge.verdict",
        "Why": "explain.why",
    }
)


def __getattr__(name: str) -> object:
    """Return a public function or type, whose module is imported only then."""
    if name not in __all__:
        raise AttributeError(f"module 'qemu_model' has no attribute '{name}'")
    return getattr(import_module(f".{_TYPES.get(name, 'api')}", __name__), name)


class _Package(ModuleType):
    """This package: a function keeps its name where a subpackage has it too (``conform``)."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system makes each subpackage an attribute once it is imported.
        if name not in __all__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    """Return what is public."""
    return sorted(__all__)
