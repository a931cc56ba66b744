"""``--version``: the package's, and what this machine lets the model do."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import shutil

from .. import __version__


def _found(program: str, what: str) -> str:
    path = shutil.which(program)
    return f"  {what}: {path or f'no ({program} is not installed)'}"


def version() -> str:
    """Return the version and, a line each, what the host can do."""
    uname = os.uname()
    lines = [
        f"qemu-model {__version__}",
        f"  live host: {uname.sysname} {uname.release} on {uname.machine}"
        + ("" if uname.sysname == "Linux" else ", which is not Linux: only simulated hosts"),
        _found("qemu-system-x86_64", "a real QEMU, for conform"),
        _found("strace", "strace, for conform"),
    ]
    return "\n".join(lines) + "\n"
