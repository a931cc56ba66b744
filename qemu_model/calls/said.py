"""What QEMU says in a run."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..process import Run


def errors_of(run: Run) -> list[str]:
    """Return what QEMU says on stderr beside warnings, and in the errors of QMP."""
    errors = [reply["error"] for reply in run.replies if "error" in reply]
    said = [text for text in run.stderr if "warning:" not in text]
    return [*said, *(str(error["desc"]) for error in errors)]
