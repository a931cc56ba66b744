"""``qemu-model check``: judge a trace of a real QEMU, a path, or a running QEMU."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .choices import choose_revision
from .options import HELP, JSON, Option, UsageError, Words, split, usage
from .reading import read_file, read_qmp

if TYPE_CHECKING:
    from ..judge.trace_set import TraceSet

REVISION: Final = Option(
    "--revision",
    "the tree to compare with; without it all are tried, and those that conform are named",
    "R",
)
QMP: Final = Option(
    "--qmp", "the QMP commands that were sent; without them start-up only is judged", "FILE"
)
TRACE: Final = Option(
    "--trace", "what strace logged: documented (the recipe below), all, or its trace= list", "SET"
)
STDERR: Final = Option(
    "--stderr", "what QEMU printed on stderr; then messages are judged too", "FILE"
)
FOLLOW: Final = Option("--follow", "judge a log that strace still writes", "LOG")
ANNOTATE: Final = Option(
    "--annotate", "write a copy of the trace that says of each line what the model says", "FILE"
)
LIST_IGNORED: Final = Option("--list-ignored", "list the calls that belong to no backend")
PATH: Final = Option("--path", "say what a path is on this machine", "PATH")
PID: Final = Option("--pid", "say what the memory of a running QEMU is", "PID")
SMAPS: Final = Option(
    "--smaps", "the same from a copy of /proc/PID/smaps; QEMU's options after --", "FILE"
)
OPTIONS: Final = (
    REVISION,
    QMP,
    TRACE,
    STDERR,
    FOLLOW,
    ANNOTATE,
    LIST_IGNORED,
    JSON,
    PATH,
    PID,
    SMAPS,
    HELP,
)


def help_text() -> str:
    """Return what ``check --help`` shows."""
    return usage(
        "check [--revision R] [--qmp FILE] [--trace SET] [--stderr FILE] [--json] TRACE"
        " [-- QEMU-OPTIONS]\n"
        "check --follow LOG [-- QEMU-OPTIONS]\n"
        "check --path PATH [--json]\n"
        "check --pid PID [--json]\n"
        "check --smaps FILE [--json] [-- QEMU-OPTIONS]",
        "Judge a log of strace against the model: each call on a memory backend must be the one\n"
        "that the model makes, with the same arguments and in the same order.  QEMU's options\n"
        "are taken from the log's execve line, or from after --.  TRACE is a file, or - for\n"
        "stdin.  Without --trace, a kind of call that is not in the log is not judged.\n"
        "Record with",
        OPTIONS,
        (
            "qemu-model check --trace documented qemu.strace",
            "qemu-model check --revision qemu-7.2 --qmp commands.json \\",
            "    --annotate noted qemu.strace",
            "qemu-model check attached.strace -- -M none \\",
            "    -object memory-backend-ram,id=m,size=4M",
            "qemu-model check --path /mnt/pmem0",
            "qemu-model check --pid $(pidof qemu-system-x86_64)",
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
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words, options = _split(argv)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if any(map(words.has, (PATH, PID, SMAPS))):
        return _check_machine(words, options)
    following = words.has(FOLLOW)
    if len(words.qemu) != (0 if following else 1):
        raise UsageError("give one TRACE (and QEMU's options after --)")
    from .check_trace import Question, check_trace, follow_trace

    question = Question(
        words.value(FOLLOW) if following else words.qemu[0],
        choose_revision(words.value(REVISION)) if words.has(REVISION) else None,
        options,
        read_qmp(words.value(QMP)) if words.has(QMP) else None,
        _read_trace_set(words),
        _read_stderr(words),
        words.value(ANNOTATE) if words.has(ANNOTATE) else None,
        words.has(LIST_IGNORED),
        words.has(JSON),
    )
    return follow_trace(question) if following else check_trace(question)


def _read_trace_set(words: Words) -> TraceSet | None:
    if not words.has(TRACE):
        return None
    from ..judge.trace_set import read_trace_set

    try:
        return read_trace_set(words.value(TRACE))
    except ValueError as error:
        raise UsageError(str(error)) from error


def _read_stderr(words: Words) -> Sequence[str] | None:
    if not words.has(STDERR):
        return None
    from ..judge.messages_said import read_stderr

    return read_stderr(read_file(words.value(STDERR), "the messages"))


def _split(argv: Sequence[str]) -> tuple[Words, list[str] | None]:
    """Tell our words from QEMU's options, which come after ``--``."""
    words = list(argv)
    options = None
    if "--" in words:
        place = words.index("--")
        words, options = words[:place], words[place + 1 :]
    own = split(words, OPTIONS)
    stray = next((word for word in own.qemu if word.startswith("-") and word != "-"), None)
    if stray is not None:
        raise UsageError(f"QEMU's options come after --: ... -- {stray} ...")
    return own, options


def _check_machine(words: Words, options: Sequence[str] | None) -> int:
    from ..inspect import machine

    if words.qemu or sum(map(words.has, (PATH, PID, SMAPS, FOLLOW))) > 1:
        raise UsageError("give one of TRACE, --follow, --path, --pid and --smaps")
    as_json = words.has(JSON)
    if words.has(PATH):
        return machine.main_path(words.value(PATH), as_json)
    if words.has(SMAPS):
        text = read_file(words.value(SMAPS), "--smaps")
        return machine.main_smaps(text, options or (), as_json)
    return machine.main_pid(words.value(PID), as_json)
