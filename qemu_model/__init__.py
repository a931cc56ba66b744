"""An executable reference model of QEMU's memory backends.

How QEMU turns ``-object memory-backend-...`` into system calls, and what the
series "support MAP_SYNC for memory-backend-file" (V8, January 2019) changes,
patch by patch.

    >>> import qemu_model
    >>> done = qemu_model.run("-object memory-backend-ram,id=ram0,size=8M", "sim:ext4")
    >>> done.exit
    0

What the commands do stands here as functions (:mod:`qemu_model.api`); each is imported
when it is first used.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import (
        check,
        check_path,
        check_pid,
        conform,
        difference,
        explain_line,
        explorer_page,
        impact,
        lint_line,
        matrix,
        run,
        why,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "check",
    "check_path",
    "check_pid",
    "conform",
    "difference",
    "explain_line",
    "explorer_page",
    "impact",
    "lint_line",
    "matrix",
    "run",
    "why",
]


def __getattr__(name: str) -> object:
    """Return a function of :mod:`qemu_model.api`, which is imported only then."""
    if name not in __all__:
        raise AttributeError(f"module 'qemu_model' has no attribute '{name}'")
    from . import api

    return getattr(api, name)


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
