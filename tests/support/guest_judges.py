"""Runs inside the guest: judges the memory of a real QEMU that is running.

Takes a JSON list of runs (``args``) and leaves a pickle of the judgement of each.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

from qemu_model.inspect.machine import judge_pid

QUIET = ("-nodefaults", "-display", "none", "-S", "-monitor", "stdio", "-M", "none")


def main(asked: str, answered: str) -> None:
    """Run each, judge it while it runs, and end it."""
    results = []
    for one in json.loads(Path(asked).read_text()):
        process = subprocess.Popen(
            ["qemu-system-x86_64", *QUIET, *one["args"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        process.stdout.readline()  # the monitor's greeting: the memory is there by now
        results.append(judge_pid(process.pid).to_json())
        process.kill()
        process.communicate()
    Path(answered).write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
