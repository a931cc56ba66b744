"""``qemu-model check``: a trace of a real QEMU, a path, or a living QEMU, judged."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import attrs

from . import common
from .page import print_folded

if TYPE_CHECKING:
    from ..judge.log import Log
    from ..judge.verdict import Divergence, Verdict
    from ..revision import Revision

QMP: Final = common.Option(
    "--qmp", "the QMP commands that were sent; without them start-up only is judged", "FILE"
)
ANNOTATE: Final = common.Option(
    "--annotate", "write a copy of the trace that says of each line what the model says", "FILE"
)
LIST_IGNORED: Final = common.Option("--list-ignored", "list the calls that are no backend's")
PATH: Final = common.Option("--path", "say what a path is on this machine", "PATH")
PID: Final = common.Option("--pid", "say what the mappings of a living QEMU are", "PID")
OPTIONS: Final = (
    common.REVISION,
    QMP,
    ANNOTATE,
    LIST_IGNORED,
    common.JSON,
    PATH,
    PID,
    common.HELP,
)
#: A file that is longer, in bytes, is read with a bar on a terminal.
_LONG: Final = 16 << 20
#: How far the second line of a long one is indented on a terminal.
HANGING: Final = 16
#: How many divergences the report for people has.
_SHOWN: Final = 20


def help_text() -> str:
    """Return what ``check --help`` shows."""
    return common.usage(
        "check [--revision R] [--qmp FILE] [--json] TRACE [-- QEMU-OPTIONS]\n"
        "check --path PATH [--json]\n"
        "check --pid PID [--json]",
        "Judge a log of strace against the model: each call on a memory backend must be the one\n"
        "that the model makes, with the same arguments and in the same order.  QEMU's options\n"
        "are taken from the log's execve line, or from after --.  TRACE is a file, or - for\n"
        "stdin.  Record with",
        OPTIONS,
        (
            "qemu-model check qemu.strace",
            "qemu-model check --revision qemu-7.2 --qmp commands.json \\",
            "    --annotate noted qemu.strace",
            "qemu-model check attached.strace -- -M none \\",
            "    -object memory-backend-ram,id=m,size=4M",
            "qemu-model check --path /mnt/pmem0",
        ),
        "0: the trace conforms, the path or process was looked at.  1: the trace diverges.\n"
        "2: our options or files are wrong.  3: it cannot be judged.",
        recipe=(
            "strace -f -yy -s 4096 -o TRACE \\",
            "    -e trace=execve,open,openat,close,mmap,munmap,mprotect,\\",
            "madvise,ftruncate,fallocate,mbind,unlink,fstatfs,statfs,\\",
            "lseek,memfd_create,fcntl,exit_group qemu-system-x86_64 ...",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.common.UsageError`."""
    words, options = _split(argv)
    if words.has(common.HELP):
        print(help_text(), end="")
        return 0
    if words.has(PATH) or words.has(PID):
        return _check_machine(words)
    if len(words.qemu) != 1:
        raise common.UsageError("give one TRACE (and QEMU's options after --)")
    revision = common.choose_revision(words.value(common.REVISION, "v8"))
    qmp = common.read_qmp(words.value(QMP)) if words.has(QMP) else None
    return _check_trace(words, words.qemu[0], revision, options, qmp)


def _split(argv: Sequence[str]) -> tuple[common.Words, list[str] | None]:
    """Tell our words from QEMU's options, which come after ``--``."""
    words = list(argv)
    options = None
    if "--" in words:
        place = words.index("--")
        words, options = words[:place], words[place + 1 :]
    own = common.split(words, OPTIONS)
    stray = next((word for word in own.qemu if word.startswith("-") and word != "-"), None)
    if stray is not None:
        raise common.UsageError(f"QEMU's options come after --: ... -- {stray} ...")
    return own, options


def _check_machine(words: common.Words) -> int:
    from ..inspect import machine

    if words.qemu or (words.has(PATH) and words.has(PID)):
        raise common.UsageError("give one of TRACE, --path and --pid")
    as_json = words.has(common.JSON)
    if words.has(PATH):
        return machine.main_path(words.value(PATH), as_json)
    return machine.main_pid(words.value(PID), as_json)


def _check_trace(
    words: common.Words,
    trace: str,
    revision: Revision,
    options: list[str] | None,
    qmp: Sequence[Any] | None,
) -> int:
    from ..judge.judge import judge

    notes: dict[int, str] | None = None
    if words.has(ANNOTATE) or words.has(LIST_IGNORED):
        notes = {}
    with _opened(trace) as log:
        verdict = judge(
            log,
            revision,
            options=options,
            qmp=qmp,
            on_line=None if notes is None else notes.__setitem__,
        )
        if words.has(ANNOTATE) and notes is not None:
            _annotate(log, notes, words.value(ANNOTATE), trace)
        ignored = None
        if words.has(LIST_IGNORED) and notes is not None:
            ignored = _ignored(log, notes)
        if words.has(common.JSON):
            _print_json(verdict, ignored)
        else:
            _Report(verdict, trace).show()
            for line, text in ignored or ():
                print(f"{line}: {_printable(text)}")
    return verdict.status


@contextlib.contextmanager
def _opened(trace: str) -> Iterator[Log]:
    """Open the trace, with a bar on a terminal where it is long."""
    from ..judge.log import Log

    with contextlib.ExitStack() as stack:
        try:
            source: BinaryIO = (
                sys.stdin.buffer if trace == "-" else stack.enter_context(open(trace, "rb"))
            )
            log = Log(source, _progress(stack, trace))
        except OSError as error:
            raise common.UsageError(f"cannot read {trace}: {error.strerror}") from error
        stack.callback(log.close)
        try:
            yield log
        except OSError as error:
            raise common.UsageError(f"cannot read {trace}: {error.strerror}") from error


def _progress(stack: contextlib.ExitStack, trace: str) -> Any:
    if not sys.stderr.isatty():
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


def _lines(log: Log) -> Iterator[tuple[int, bytes]]:
    for piece in log.pieces():
        yield from enumerate(piece.data.split(b"\n")[:-1], start=piece.first_line)


def _annotate(log: Log, notes: dict[int, str], path: str, trace: str) -> None:
    """Write the log with a remark under each line that was judged: a whole file, or none."""
    if os.path.exists(path) and os.path.exists(trace) and os.path.samefile(path, trace):
        raise common.UsageError(f"{path} is the trace itself: give another file")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as device:
                _write_annotated(log, notes, device)
            return
        directory = os.path.dirname(os.path.abspath(path))
        handle, part = tempfile.mkstemp(dir=directory, prefix=".annotated-")
        try:
            with open(handle, "wb") as file:
                _write_annotated(log, notes, file)
            os.chmod(part, 0o644)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise common.UsageError(f"cannot write {path}: {error.strerror}") from error


def _write_annotated(log: Log, notes: dict[int, str], file: BinaryIO) -> None:
    for number, line in _lines(log):
        file.write(line + b"\n")
        note = notes.get(number)
        if note is not None:
            file.write(b"    # " + note.encode("utf-8", "backslashreplace") + b"\n")


_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _printable(text: str) -> str:
    """Return text of a log so that no terminal obeys it."""
    return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _ignored(log: Log, notes: dict[int, str]) -> Iterator[tuple[int, str]]:
    for number, line in _lines(log):
        if number not in notes and b"(" in line and b" resumed>" not in line:
            yield number, line.decode("utf-8", "backslashreplace")


def _print_json(verdict: Verdict, ignored: Iterator[tuple[int, str]] | None) -> None:
    shown = verdict.to_json()
    if ignored is not None:
        shown["ignored_calls"] = [{"line": line, "text": text} for line, text in ignored]
    json.dump(shown, sys.stdout, ensure_ascii=True)
    print()


@attrs.define
class _Report:
    """The verdict in words."""

    verdict: Verdict
    trace: str

    def show(self) -> None:
        """Print the verdict."""
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False, soft_wrap=True)
        verdict = self.verdict
        colour = {"conforms": "green", "diverges": "red", "inconclusive": "magenta"}
        head = Text(verdict.verdict, style=f"bold {colour[verdict.verdict]}")
        head.append(f"  {_printable(self.trace)}", style="default not bold")
        console.print(head)
        if verdict.reason:
            print_folded(console, Text(f"  {_printable(verdict.reason)}"), HANGING)
        print_folded(console, Text(f"  revision {verdict.revision} = {verdict.meaning}"), HANGING)
        seen = verdict.matched or verdict.ignored
        machine = f"machine {verdict.machine}; " if verdict.machine and seen else ""
        print_folded(
            console,
            Text(
                f"  {machine}{verdict.matched} calls as the model has them, "
                f"{verdict.ignored} of others ignored"
            ),
            HANGING,
        )
        if verdict.not_in_log:
            names = ", ".join(verdict.not_in_log)
            print_folded(
                console, Text(f"  not judged, because the log has none at all: {names}"), HANGING
            )
        self._show_not_judged(console)
        for divergence in verdict.divergences[:_SHOWN]:
            self._show_divergence(console, divergence)
        more = verdict.diverged - _SHOWN
        if more > 0:
            print_folded(console, Text(f"\n  and {more} more; --json has them"), HANGING)

    def _show_not_judged(self, console: Any) -> None:
        from rich.text import Text

        verdict = self.verdict
        if not verdict.not_judged_count:
            return
        lines = ", ".join(str(call.line) for call in verdict.not_judged[:_SHOWN])
        more = ", ..." if verdict.not_judged_count > _SHOWN else ""
        print_folded(
            console,
            Text(
                f"  {verdict.not_judged_count} calls not judged, {verdict.not_judged[0].why}: "
                f"lines {lines}{more}"
            ),
            HANGING,
        )

    def _show_divergence(self, console: Any, divergence: Divergence) -> None:
        from rich.text import Text

        from ..calls.strace_text import call_text
        from ..judge.verdict import call_to_text

        observed = "the end of the log"
        if divergence.observed is not None:
            observed = _printable(call_to_text(divergence.observed))
        console.print()
        print_folded(console, Text(f"line {divergence.line}", style="bold"), HANGING)
        print_folded(console, Text(f"  observed      {observed}"), HANGING)
        only = "allowed only " if divergence.kind != "missing" else "before it    "
        for event in divergence.allowed:
            print_folded(console, Text(f"  {only} {call_text(event)}", style="red"), HANGING)
        if not divergence.allowed:
            print_folded(
                console, Text("  allowed only  no call on a backend", style="red"), HANGING
            )
        by = f"{divergence.by}: " if divergence.by else ""
        print_folded(
            console, Text(f"  because       {by}{_printable(divergence.because)}"), HANGING
        )
        if divergence.allowed:
            print_folded(
                console, Text(f"  continuing with {call_text(divergence.allowed[0])}"), HANGING
            )
