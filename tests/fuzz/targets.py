"""What is fuzzed: each function takes bytes, and raises where the program misbehaves.

A defect is a traceback, a status that is no answer, more output than the input can
explain, a machine-readable answer that is none, or an answer for people that steers their
terminal.  Hangs and memory are watched from outside.  Coverage-guided fuzzing (``run.py``)
and Hypothesis (``../test_abuse_input.py``) both go through here.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType, MappingProxyType

from qemu_model import cli

#: Statuses that are answers: QEMU's own, ours for what is wrong with the input.
ANSWERS = frozenset({0, 1, 2, 3, 124, 134, 139})
#: One line for what is wrong with our own options and files.
USAGE = 2
#: Bytes of output for each byte of input, and besides.
OUTPUT_PER_BYTE = 2000
OUTPUT = 4 << 20
#: Seconds that one input may take, and bytes of memory that the process may have.
SECONDS = 20
MEMORY = 2 << 30

#: From this byte on the answer is one for people.
FOR_PEOPLE = 128
REVISIONS = ("v8", "base", "v7.2", "v6", "upstream", "v2")
HOSTS = ("sim:default", "sim:ext4-dax", "sim:hugetlbfs", "sim:container", "sim:small-memory")
BACKENDS = (
    "-object",
    "memory-backend-file,id=m0,size=4M,mem-path=/mnt/guest.img,share=on",
    "-object",
    "memory-backend-ram,id=m1,size=4M",
)

#: What the options begin with that a target chooses by itself.
OWN = ("--col", "--he", "--ho", "--js", "--qm", "--re", "--from", "--to", "--vers")

#: What moves a cursor, changes colours, or turns the direction of writing.
_STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Defect(Exception):
    """The program misbehaved."""


def _stream(errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, write_through=True)


def _written(stream: io.TextIOWrapper) -> bytes:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def ask(argv: Sequence[str], size: int) -> tuple[int, bytes]:
    """Run the program in this process; return status and stdout.  ``size`` is the input's."""
    # As Python opens them: stderr never fails to encode what it is given.
    out, err = _stream("strict"), _stream("backslashreplace")
    stdin, sys.stdin = sys.stdin, _stream("strict")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.main(argv)
    finally:
        sys.stdin = stdin
    stdout, stderr = _written(out), _written(err)
    if status not in ANSWERS:
        raise Defect(f"status {status}: {stderr[-300:]!r}")
    if len(stdout) + len(stderr) > OUTPUT + OUTPUT_PER_BYTE * size:
        raise Defect(f"{len(stdout)} and {len(stderr)} bytes of output for {size} of input")
    if status == USAGE and (stderr.count(b"\n") != 1 or b"Traceback" in stderr):
        raise Defect(f"not one line for what is wrong: {stderr[:300]!r}")
    as_json = argv[1] == "--json"
    if as_json and status != USAGE:
        try:
            json.loads(stdout)
        except ValueError as error:
            raise Defect(f"--json answered what is no JSON: {error}: {stdout[:100]!r}") from error
    if not as_json and (steering := _STEERS.search(stdout.decode("utf-8", "replace"))):
        raise Defect(f"stdout steers the terminal: {steering[0]!r}")
    return status, stdout


def _text(data: bytes) -> str:
    """Return the data as a word of a command line can be: any bytes but zero."""
    return data.decode("utf-8", "surrogateescape").replace("\0", "")


def _chosen(data: bytes) -> tuple[list[str], bytes]:
    """Take two bytes off the data for host and revision, and for who shall read the answer."""
    first, second = (*data[:2], 0, 0)[:2]
    host, revision = HOSTS[first % len(HOSTS)], REVISIONS[second % len(REVISIONS)]
    reader = ["--json"] if first < FOR_PEOPLE else []
    return [*reader, "--host", host, "--revision", revision], data[2:]


@contextlib.contextmanager
def _file(data: bytes, suffix: str = "") -> Iterator[str]:
    directory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.NamedTemporaryFile(suffix=suffix, dir=directory) as file:
        file.write(data)
        file.flush()
        yield file.name


def options(data: bytes) -> None:
    """The option string of one ``-object``."""
    ours, rest = _chosen(data)
    ask(["run", *ours, "-object", _text(rest)], len(rest))


def _words(data: bytes) -> list[str]:
    """Return the words of a line, without those that choose host, reader or colours anew.

    A fuzzer that watches comparisons finds ``--color`` and ``--host live`` by itself.
    """
    return [word for word in _text(data).split("\n") if not word.startswith(OWN)]


def line(data: bytes) -> None:
    """A whole command line, its words parted by line ends."""
    ours, rest = _chosen(data)
    ask(["run", *ours, *_words(rest)], len(rest))


def explained(data: bytes) -> None:
    """A whole command line that is explained, and compared between revisions."""
    ours, rest = _chosen(data)
    words = _words(rest)
    ask(["explain", *ours, *words], len(rest))
    ask(["diff", *ours[:-2], "--from", "base", "--to", "v8", *words], len(rest))


def qmp(data: bytes) -> None:
    """A file of QMP commands."""
    ours, rest = _chosen(data)
    with _file(rest) as name:
        ask(["run", *ours, "--qmp", name, *BACKENDS], len(rest))


def profile(data: bytes) -> None:
    """A profile of a simulated host."""
    with _file(data, ".json") as name:
        ask(["run", "--json", "--host", f"sim:{name}", *BACKENDS], len(data))
        ask(["profile", "show", name], len(data))


def log(data: bytes) -> None:
    """A log of strace's, with its own execve line and with options beside it."""
    with _file(data) as name:
        ask(["check", "--json", name], len(data))
        ask(["check", "--revision", "v7.2", name, "--", *BACKENDS], len(data))


def why(data: bytes) -> None:
    """The text of an error."""
    ask(["why", "--json", "--", _text(data)], len(data))
    ask(["why", "--", _text(data)], len(data))


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        "options": options,
        "line": line,
        "explained": explained,
        "qmp": qmp,
        "profile": profile,
        "log": log,
        "why": why,
    }
)


@contextlib.contextmanager
def patience(seconds: int = SECONDS) -> Iterator[None]:
    """Raise where what is inside takes more processor time, or waits ten times as long."""

    def enough(_number: int, _frame: FrameType | None) -> None:
        raise Defect(f"no answer after {seconds} seconds")

    timers = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {number: signal.signal(number, enough) for number in timers}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)
    try:
        yield
    finally:
        for number, timer in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
