"""What QEMU says in a run."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from ..process import Run


def errors_of(run: Run) -> list[str]:
    """Return the errors of a run: lines on stderr that are not warnings, and QMP's errors."""
    errors = [reply["error"] for reply in run.replies if "error" in reply]
    said = [text for text in run.stderr if "warning:" not in text]
    return [*said, *(str(error["desc"]) for error in errors)]
