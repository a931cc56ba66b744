"""The kernel's table, measured on the kernels of several Debian releases.

    python -m qemu_model.guest.kernel_tables bullseye bookworm trixie trixie-backports

Each kernel is booted in a guest, one after the other, and asked; what it answers is kept
beside the simulated hosts' data, and the documentation shows it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..host.measured import MEASURED, kernels
from .storage import mount_all, storage_guest

PROGRAM: Final = "qemu_model.guest.inside.kernel_table"


def measure(suite: str) -> dict[str, Any]:
    """Boot the kernel of a Debian release and return what it answers.

    Raises :class:`~qemu_model.guest.GuestError`.
    """
    with storage_guest(lambda text: print(text, file=sys.stderr), suite) as guest:
        places = mount_all(guest)
        asked = guest.python(
            ["-m", PROGRAM, *(f"{name}={path}" for name, path in places.items())], timeout=300
        )
        found: dict[str, Any] = json.loads(asked.stdout)
        return {"package": guest.kernel, **found}


def keep(tables: Mapping[str, Any]) -> None:
    """Write what was measured into its place."""
    unfinished = f"{MEASURED}.new"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(dict(tables), file, indent=1)
        file.write("\n")
    os.replace(unfinished, MEASURED)


def main(suites: Sequence[str]) -> int:
    """Measure each kernel and keep what it answers."""
    tables = dict(kernels())
    for suite in suites:
        tables[suite] = measure(suite)
        keep(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
