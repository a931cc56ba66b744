"""A process that runs conformance cases, one after the other, and how to talk to it.

Case names come in as lines of JSON, results go out as lines of JSON.  A process of its
own, because a mount namespace, a descriptor or a mapping of a case must not stay with
whoever asked for it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ..revision import Revision
from .conform import Result, case_called, compare
from .conform_place import make_place
from .driver import Qemu

#: Seconds that a worker has to end what it runs.
_PATIENCE: Final = 30.0


class Worker:
    """A worker process, for one thread of the asking process.

    One that dies is replaced by another, below ``scratch`` in a directory of its own.
    ``shared_memory``, ``files`` and ``device``: see
    :func:`~qemu_model.conform.conform_place.make_place`.
    """

    def __init__(
        self,
        qemu: Qemu,
        revision: Revision,
        scratch: Path,
        shared_memory: Path | None,
        files: Path | None = None,
        device: str | None = None,
    ) -> None:
        self._qemu = qemu
        self._revision = revision
        self._scratch = scratch
        self._places = (shared_memory, files, device)
        self._started = 0
        self._closed = False
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        self._started += 1
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                __name__,
                self._qemu.binary,
                self._revision.name,
                str(self._scratch / str(self._started)),
                *("" if place is None else str(place) for place in self._places),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def compare(self, name: str) -> Result:
        """Have the case called ``name`` run, and return how it went."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(name) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except (OSError, ValueError):
            answer = ""
        if answer:
            return Result.from_json(json.loads(answer))
        status = self._end()
        if not self._closed:
            self._process = self._start()
        return Result(name, "failed", (f"the process that ran the case ended with {status}",))

    def _end(self) -> int:
        process = self._process
        process.terminate()
        try:
            status = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout):
            # What was written to it and not read any more is of no use to anybody.
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        return status

    def close(self) -> None:
        """End the worker, with all that it started."""
        self._closed = True
        self._end()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def serve(
    qemu: Qemu,
    revision: Revision,
    scratch: Path,
    shared_memory: Path | None,
    files: Path | None,
    device: str | None,
) -> None:
    """Answer requests until there are no more."""
    scratch.mkdir(parents=True, exist_ok=True)
    os.chdir(scratch)
    place = make_place(scratch, shared_memory, files, device)
    for name in requests():
        try:
            result = compare(qemu, revision, case_called(name), place, scratch)
        except Exception as failure:
            # One case must not end all the others.
            why = f"the model itself failed: {type(failure).__name__}: {failure}"
            result = Result(name, "failed", (why,))
        print(json.dumps(result.to_json()), flush=True)


def requests() -> Iterator[str]:
    """Yield the names that come in."""
    for line in sys.stdin:
        yield json.loads(line)


def main(argv: list[str]) -> int:
    """Serve until stdin ends; SIGTERM ends it at once, and whatever runs with it."""

    def stop(_number: int, _frame: FrameType | None) -> Any:
        # What asyncio says of a loop that is cut off in the middle is not for people.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    from ..revision import find

    binary, revision, scratch, shared_memory, files, device = argv
    try:
        serve(
            Qemu.at(binary),
            find(revision),
            Path(scratch),
            Path(shared_memory) if shared_memory else None,
            Path(files) if files else None,
            device or None,
        )
    except BrokenPipeError:
        # Whoever asked is gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
