"""Another process that works on a file while it is preallocated."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from conftest import needs

Ended = TypeVar("Ended")
MIB = 1 << 20
#: Bytes of a file that is cut while it is preallocated.
CUT_SIZE = 128 * MIB

#: The other process: it says when it is ready, and does its work when told to.
OTHER = """
import os, sys
path, size = sys.argv[1], int(sys.argv[2])
def cut():
    for _ in range(10_000_000):
        if os.stat(path).st_blocks > 1000:
            os.truncate(path, 0)
            return
def write():
    with open(path, "r+b", buffering=0) as stream:
        for place in range(0, size, 4096):
            os.pwrite(stream.fileno(), b"A", place)
print(flush=True)
sys.stdin.readline()
{"cut": cut, "write": write}[sys.argv[3]]()
"""


@contextmanager
def meanwhile(path: Path, size: int, does: str) -> Iterator[None]:
    """Have another process work on the file; wait for its end afterwards."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", OTHER, str(path), str(size), does],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write(b"\n")
        process.stdin.flush()
        try:
            yield
            process.wait(300)
        finally:
            process.kill()


@contextmanager
def shared_memory(size: int) -> Iterator[Path]:
    """Give a file of nothing on the machine's own tmpfs, gone afterwards."""
    needs(Path("/dev/shm").is_dir(), "a tmpfs at /dev/shm")
    path = Path("/dev/shm") / f"qemu-model-{os.getpid()}.img"
    try:
        path.touch()
        os.truncate(path, size)
        yield path
    finally:
        path.unlink(missing_ok=True)


def preallocated(path: Path, size: int) -> str:
    """Return the -object that preallocates the file."""
    return f"memory-backend-file,id=m0,size={size},mem-path={path},share=on,prealloc=on"


def cut_meanwhile(go: Callable[[str], Ended]) -> Ended:
    """Return what comes of a run, given its -object, whose file is cut as it is filled."""
    with shared_memory(CUT_SIZE) as path, meanwhile(path, CUT_SIZE, "cut"):
        done = go(preallocated(path, CUT_SIZE))
        # One that found nothing to cut waits for blocks: there are some now.
        os.truncate(path, CUT_SIZE)
        with path.open("r+b") as stream:
            stream.write(b"x" * MIB)
    return done
