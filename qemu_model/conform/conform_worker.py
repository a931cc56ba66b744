"""A process that runs conformance cases, one after the other, and how to talk to it.

Case names come in as lines of JSON, results go out as lines of JSON.  A process of its
own, because a mount namespace, a descriptor or a mapping of a case must not stay in the
process that requested it.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ..revision import Revision
from .against import Comparison, Side, compare_sides
from .cases import Case
from .conform import Result, case_called, compare
from .conform_place import make_place
from .driver import Qemu

#: Seconds that a worker has to end what it runs.
_PATIENCE: Final = 30.0


class Worker:
    """A worker process, used by one thread of the process that started it.

    One that dies is replaced by another, below ``scratch`` in a directory of its own.
    ``shared_memory``, ``files`` and ``device``: see
    :func:`~qemu_model.conform.conform_place.make_place`.  With ``other`` the cases are run on
    both QEMUs and compared with each other.  ``lines`` are command lines of one's own.
    """

    def __init__(
        self,
        qemu: Qemu,
        revision: Revision,
        scratch: Path,
        shared_memory: Path | None,
        files: Path | None = None,
        device: str | None = None,
        *,
        other: Side | None = None,
        lines: Sequence[Sequence[str]] = (),
    ) -> None:
        self._scratch = scratch
        places = (shared_memory, files, device)
        self._task: dict[str, Any] = {
            "qemu": [qemu.binary, revision.name, *qemu.inject],
            "other": None if other is None else [other.qemu.binary, other.revision.name],
            "places": [None if place is None else str(place) for place in places],
            "lines": [list(line) for line in lines],
        }
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
                json.dumps({**self._task, "scratch": str(self._scratch / str(self._started))}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def compare(self, name: str) -> Result:
        """Let the worker run the case called ``name``, and return its result."""
        answer = self.ask(name)
        if isinstance(answer, int):
            why = f"the process that ran the case ended with {answer}"
            return Result(name, "failed", (why,))
        return Result.from_json(answer)

    def compare_sides(self, name: str) -> Comparison:
        """Let the worker run the case called ``name`` on both QEMUs, and return how they differ."""
        answer = self.ask(name)
        if isinstance(answer, int):
            why = f"the process that ran the case ended with {answer}"
            return Comparison(name, "not run", why=why)
        return Comparison.from_json(answer)

    def ask(self, name: str) -> dict[str, Any] | int:
        """Send a case's name; return the answer, or how the worker ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(name) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except (OSError, ValueError):
            answer = ""
        if answer:
            answered: dict[str, Any] = json.loads(answer)
            return answered
        status = self._end()
        if not self._closed:
            self._process = self._start()
        return status

    def _end(self) -> int:
        process = self._process
        process.terminate()
        try:
            status = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout):
            # What is written to it is not read any more.
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


def serve(task: Mapping[str, Any]) -> None:
    """Answer requests until there are no more."""
    scratch = Path(task["scratch"])
    shared_memory, files, device = task["places"]
    one = _side(task["qemu"])
    other = None if task["other"] is None else _side(task["other"])
    cases = {case.name: case for case in cases_of(task["lines"])}
    scratch.mkdir(parents=True, exist_ok=True)
    os.chdir(scratch)
    place = make_place(
        scratch,
        Path(shared_memory) if shared_memory else None,
        Path(files) if files else None,
        device,
    )
    for name in requests():
        case = cases.get(name) or case_called(name)
        try:
            if other is None:
                answer = compare(one.qemu, one.revision, case, place, scratch).to_json()
            else:
                answer = compare_sides(one, other, case, place, scratch).to_json()
        except Exception as failure:
            # One case must not end all the others.
            why = f"the model itself failed: {type(failure).__name__}: {failure}"
            if other is None:
                answer = Result(name, "failed", (why,)).to_json()
            else:
                answer = Comparison(name, "not run", why=why).to_json()
        print(json.dumps(answer), flush=True)


def _side(words: Sequence[str]) -> Side:
    from ..revision import find

    binary, revision, *inject = words
    return Side(Qemu.at(binary, inject=inject), find(revision))


def cases_of(lines: Sequence[Sequence[str]]) -> list[Case]:
    """Return one case for each command line, without files of its own."""
    return [Case(f"line/{number}", tuple(line), machine=()) for number, line in enumerate(lines, 1)]


def requests() -> Iterator[str]:
    """Yield the names that come in."""
    for line in sys.stdin:
        yield json.loads(line)


def main(argv: list[str]) -> int:
    """Serve until stdin ends; SIGTERM ends it at once, and whatever runs with it."""

    def stop(_number: int, _frame: FrameType | None) -> Any:
        # asyncio's complaints about an interrupted loop help no user.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        serve(json.loads(argv[0]))
    except BrokenPipeError:
        # The process that started this one has ended.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
