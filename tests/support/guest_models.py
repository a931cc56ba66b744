"""Runs inside the guest: the model on the guest's kernel, run after run.

Takes a JSON list of runs (``args``, ``revision``, ``qmp``, ``setup``, ``files``, and
``bind``, what is to be seen at /mnt/dax) and leaves a pickle of what each did.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from qemu_model.host.live import LiveHost
from qemu_model.process import run
from qemu_model.revision import find


def prepare(steps: list[list[Any]]) -> None:
    """Do what a recording says was done before it: remove a file, or fill one."""
    for action, name, *rest in steps:
        path = Path(name)
        path.unlink(missing_ok=True)
        if action == "data":
            size, byte = rest
            path.write_bytes(bytes([byte]) * size)
        elif action != "rm":
            raise ValueError(f"unknown preparation {action}")


def sizes(paths: list[str]) -> dict[str, int | str]:
    """Return the files' sizes in bytes, ``absent`` where there is none."""
    return {path: os.stat(path).st_size if os.path.lexists(path) else "absent" for path in paths}


def see(directory: str) -> None:
    """Let ``directory`` be seen at /mnt/dax, in the place of what was there."""
    place = "/mnt/dax"
    os.makedirs(place, exist_ok=True)
    while os.path.ismount(place):
        subprocess.run(["umount", place], check=True)
    subprocess.run(["mount", "--bind", directory, place], check=True)


def main(asked: str, answered: str) -> None:
    """Run all, and keep what can leave this process."""
    results = []
    seen = None
    for one in json.loads(Path(asked).read_text()):
        if (wanted := one.get("bind")) != seen and wanted is not None:
            see(wanted)
            seen = wanted
        prepare(one.get("setup", []))
        done = run(
            one["args"], LiveHost(allow_discard=True), find(one["revision"]), qmp=one.get("qmp", [])
        )
        results.append(
            {
                "exit": done.exit,
                "stderr": list(done.stderr),
                "stdout": done.stdout,
                "replies": list(done.replies),
                "events": done.events,
                "vm_flags": [mapping.vm_flags for mapping in done.mappings],
                "files": sizes(one.get("files", [])),
            }
        )
    Path(answered).write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
