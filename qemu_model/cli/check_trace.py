"""``check TRACE``: open a trace, judge it, print the verdict; also while it grows."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import attrs

from .annotate import annotate, ignored_calls
from .check_report import TraceReport, printable
from .layout import draws_progress
from .options import UsageError

if TYPE_CHECKING:
    from ..judge.find_tree import Found
    from ..judge.log import Log
    from ..judge.trace_set import TraceSet
    from ..judge.verdict import Verdict
    from ..revision import Revision

#: A file that is longer, in bytes, is read with a bar on a terminal.
_LONG: Final = 16 << 20
#: Seconds between two looks at a growing log.
_EVERY: Final = 0.2
#: A growing log is judged again when it is longer by this factor.
_GROWTH: Final = 1.25
_END: Final = re.compile(
    rb"^ *(?:\[pid +)?(\d*)\]? *\+\+\+ (?:exited|killed)[^\n]*\n", re.MULTILINE
)
_TAIL: Final = 1 << 16


@attrs.frozen
class Question:
    """What was asked about a trace; ``revision`` None tries all trees."""

    trace: str
    revision: Revision | None
    options: list[str] | None
    qmp: Sequence[Any] | None
    traced: TraceSet | None
    stderr: Sequence[str] | None
    annotated: str | None
    list_ignored: bool
    as_json: bool


def check_trace(question: Question) -> int:
    """Judge the trace, print the verdict, and return the exit status."""
    with opened(question.trace) as log:
        verdict, found = _judge(log, question)
        ignored = None
        if question.annotated is not None or question.list_ignored:
            notes = _notes(log, question, verdict)
            if question.annotated is not None:
                annotate(log, notes, question.annotated, question.trace)
            if question.list_ignored:
                ignored = ignored_calls(log, notes)
        _print(question, verdict, found, ignored)
    return verdict.status


def _judge(log: Log, question: Question) -> tuple[Verdict, Found | None]:
    from ..judge.find_tree import find_tree
    from ..judge.judge import judge

    known: dict[str, Any] = {
        "options": question.options,
        "qmp": question.qmp,
        "traced": question.traced,
        "stderr": question.stderr,
    }
    if question.revision is not None:
        return judge(log, question.revision, **known), None
    found = find_tree(log, **known)
    return found.verdict, found


def _notes(log: Log, question: Question, verdict: Verdict) -> dict[int, str]:
    """Return what the model says of each line that was judged."""
    from ..judge.judge import judge
    from ..revision import find

    notes: dict[int, str] = {}
    judge(
        log,
        question.revision or find(verdict.revision),
        options=question.options,
        qmp=question.qmp,
        traced=question.traced,
        stderr=question.stderr,
        on_line=notes.__setitem__,
    )
    return notes


def _print(
    question: Question,
    verdict: Verdict,
    found: Found | None,
    ignored: Iterator[tuple[int, str]] | None,
) -> None:
    if question.as_json:
        shown = verdict.to_json() if found is None else found.to_json()
        if ignored is not None:
            shown["ignored_calls"] = [{"line": line, "text": text} for line, text in ignored]
        json.dump(shown, sys.stdout, ensure_ascii=True)
        print()
        return
    TraceReport(verdict, question.trace, found).show()
    for line, text in ignored or ():
        print(f"{line}: {printable(text)}")


def follow_trace(question: Question) -> int:
    """Judge a log again and again while it grows, and as a whole when QEMU has ended.

    The first divergence is printed when it is in the log.  Ctrl-C ends the waiting: what
    is there is judged.
    """
    path = question.trace
    if path == "-" or not os.path.isfile(path):
        raise UsageError(f"--follow takes a file that strace writes, not {path}")
    judged, told = 0, False
    with contextlib.suppress(KeyboardInterrupt):
        while not _has_ended(path):
            size = os.path.getsize(path)
            if size > judged * _GROWTH and not told:
                judged = size
                told = _tell_divergence(question)
            time.sleep(_EVERY)
    return check_trace(question)


def _tell_divergence(question: Question) -> bool:
    """Print the first divergence that the log has so far; return whether there is one."""
    with opened(question.trace) as log:
        verdict, _ = _judge(log, question)
    if verdict.verdict != "diverges" or verdict.ends_with_log:
        return False
    first = verdict.divergences[0]
    where = "" if first.line is None else f"line {first.line}: "
    print(f"{where}{printable(first.in_words())}", file=sys.stderr, flush=True)
    return True


def _has_ended(path: str) -> bool:
    """Whether strace has written the end of the process that the log began with."""
    try:
        with open(path, "rb") as file:
            first = re.match(rb" *(?:\[pid +)?(\d*)", file.read(64))
            file.seek(max(0, os.path.getsize(path) - _TAIL))
            ends = [found[1] for found in _END.finditer(file.read())]
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return first is not None and first[1] in ends


@contextlib.contextmanager
def opened(trace: str) -> Iterator[Log]:
    """Open the trace, with a bar on a terminal where it is long."""
    from ..judge.log import Log

    with contextlib.ExitStack() as stack:
        try:
            source: BinaryIO = (
                sys.stdin.buffer if trace == "-" else stack.enter_context(open(trace, "rb"))
            )
            log = Log(source, _progress(stack, trace))
        except OSError as error:
            raise UsageError(f"cannot read {trace}: {error.strerror}") from error
        stack.callback(log.close)
        try:
            yield log
        except OSError as error:
            raise UsageError(f"cannot read {trace}: {error.strerror}") from error


def _progress(stack: contextlib.ExitStack, trace: str) -> Any:
    if not draws_progress():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    bar = Progress(
        "reading",
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(trace, total=None)
    started = False

    def on_progress(read: int, size: int) -> None:
        nonlocal started
        if size < _LONG:
            return
        if not started:
            stack.enter_context(bar)
            started = True
        bar.update(task, completed=read, total=size)

    return on_progress
