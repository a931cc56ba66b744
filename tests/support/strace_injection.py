"""A process in whose children strace makes calls fail: the model on a kernel that refuses.

``strace_injection.py STORIES``: for each byte on stdin it runs the next story of the file in
a child of its own, on this machine's kernel, and prints the outcome as a line of JSON; after
the last comes the first.  A child has made no call before its run, so the n-th call of a
name is the run's n-th.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qemu_model.host.live import LiveHost
from qemu_model.host.protocol import Host
from qemu_model.process import Run, run
from qemu_model.revision import find


def shown(done: Run) -> dict[str, Any]:
    """Return what is compared of a run, as JSON data: not what chance chose."""
    return json.loads(  # type: ignore[no-any-return]
        json.dumps(
            {
                "exit": done.exit,
                "livelock": done.livelock,
                "stderr": done.stderr,
                "replies": done.replies,
                "leaks": done.leaks.to_json() | {"files": len(done.leaks.files)},
                "calls": [(event.call, event.errno) for event in done.events],
            }
        )
    )


def tell(story: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """Run one story and return what came of it."""
    return shown(run(story["args"], host, find(story["revision"]), qmp=story["qmp"]))


def main() -> None:
    stories = json.loads(Path(sys.argv[1]).read_text())
    host = LiveHost(allow_discard=True)
    for story in stories:
        # What Python imports and keeps is there before the first child.
        tell(story, host)
    gc.collect()
    gc.freeze()
    gc.disable()
    os.write(1, b"\n")
    for story in itertools.cycle(stories):
        if not os.read(0, 1):
            return
        child = os.fork()
        if not child:
            os.write(1, json.dumps(tell(story, host)).encode() + b"\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            os.write(1, b"null\n")


if __name__ == "__main__":
    main()
