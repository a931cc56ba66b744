"""Runs inside the guest: a real QEMU under strace, run after run.

Takes a JSON list of runs (``args``, ``qmp``, ``setup``, ``files``, ``trace``) and
leaves a pickle of what each did; the traces stay where the runs say.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from guest_models import prepare, sizes

from qemu_model.conform.driver import Qemu, run_qemu

#: What a QEMU may take, in seconds, where every instruction is emulated.
SECONDS = 90.0


def main(asked: str, answered: str) -> None:
    """Run all, and keep what was seen."""
    results = []
    qemu = Qemu.at("qemu-system-x86_64")
    for one in json.loads(Path(asked).read_text()):
        prepare(one["setup"])
        trace = Path(one["trace"])
        seen = run_qemu(qemu, one["args"], trace, qmp=one["qmp"], seconds=SECONDS)
        results.append(
            {
                "exit": seen.exit,
                "stderr": list(seen.stderr),
                "replies": list(seen.replies),
                "stopped": seen.stopped,
                "files": sizes(one["files"]),
            }
        )
    Path(answered).write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
