"""The judge: a log of a real QEMU against a run of the model on its answers."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from ..inspect.cannot_judge import CannotJudge
from ..machines.programs import OTHER, with_program
from ..machines.targets import target_of
from ..revision import Revision
from .given import Given
from .line import memory_paths
from .log import Log
from .search import ANONYMOUS, ANY_CALL
from .trace_set import TraceSet
from .trial import Trial
from .verdict import Verdict

_EMPTY: Final = "the log is empty: it has no call"
#: The loader of every program looks for files that are not there; the log of a QEMU that was
#: loaded is longer than this, in bytes.
_FAILED: Final = b"= -1 E"
_OPENS: Final = re.compile(rb"\bopen(?:at)?\(")
_LOADED: Final = 1 << 13
_ONLY_SUCCESSFUL: Final = (
    "the log has no call that failed, as with strace -z or -e status=successful: record without"
)


def judge(
    log: Log,
    revision: Revision,
    *,
    options: Sequence[str] | None = None,
    qmp: Sequence[Any] | None = None,
    traced: TraceSet | None = None,
    stderr: Sequence[str] | None = None,
    on_line: Callable[[int, str], None] | None = None,
) -> Verdict:
    """Judge ``log`` against the model of ``revision``.

    ``options`` are QEMU's; None takes them from the log's ``execve`` line.  For the others
    see :class:`~qemu_model.judge.given.Given`.
    """
    try:
        given = read_given(
            log, options=options, qmp=qmp, traced=traced, stderr=stderr, on_line=on_line
        )
    except CannotJudge as reason:
        return nothing_to_judge(log, revision, str(reason))
    return judge_given(log, revision, given)


def read_given(
    log: Log,
    *,
    options: Sequence[str] | None = None,
    qmp: Sequence[Any] | None = None,
    traced: TraceSet | None = None,
    stderr: Sequence[str] | None = None,
    on_line: Callable[[int, str], None] | None = None,
) -> Given:
    """Return what the log is judged with.

    Raises :class:`~qemu_model.inspect.cannot_judge.CannotJudge` where the options are neither
    given nor in the log.
    """
    command, begin = log.command_line()
    if options is None:
        if not log.any_line(ANY_CALL):
            raise CannotJudge(_EMPTY)
        if command is None:
            raise CannotJudge("the log has no execve line: give QEMU's options after --")
        if command.argv is None:
            raise CannotJudge(
                f"the execve line, line {command.line}, is cut short: record with -s 4096, "
                "or give QEMU's options after --"
            )
        options = with_program(command.program, command.argv[1:])
    return Given(
        tuple(options),
        qmp,
        begin,
        command.pid if command is not None else None,
        traced,
        None if stderr is None else tuple(stderr),
        on_line,
        command is not None,
    )


def nothing_to_judge(log: Log, revision: Revision, reason: str) -> Verdict:
    """Return the verdict on a log of which the command line is unknown."""
    begin = log.command_line()[1]
    return Trial(log, revision, Given(begin=begin)).inconclusive(reason)


def judge_given(log: Log, revision: Revision, given: Given) -> Verdict:
    """Judge ``log`` against the model of ``revision``, with what is known beside it."""
    trial = Trial(log, revision, given)
    verdict = trial.run()
    if not log.size or (verdict.verdict != "conforms" and not log.any_line(ANY_CALL)):
        return nothing_to_judge(log, revision, _EMPTY)
    loaded = verdict.verdict == "diverges" and log.size > _LOADED and log.occurs(b"libc.so")
    if loaded and log.any_line(_OPENS) and not log.occurs(_FAILED):
        return nothing_to_judge(log, revision, _ONLY_SUCCESSFUL)
    if any(word in ("-readconfig", "--readconfig") for word in given.options) and (
        verdict.verdict == "diverges" or not verdict.matched
    ):
        return nothing_to_judge(log, revision, "what the file of -readconfig asks for is not known")
    if target_of(given.options).name == OTHER and verdict.verdict == "diverges":
        return nothing_to_judge(log, revision, "the model has no machine types of this program")
    if given.has_command or not (trial.nothing_of_start_up or verdict.verdict == "diverges"):
        return verdict
    if not trial.nothing_of_start_up and shows_start_up(
        log, memory_paths(given.options, given.qmp)
    ):
        return verdict
    return Trial(log, revision, given, attached=True).run()


def shows_start_up(log: Log, paths: Collection[str]) -> bool:
    """Whether a log without execve line shows how QEMU was loaded, or how it opened a path.

    One that was filtered by a path counts as such: it may show no more than that.
    """
    opened = rb'\bopen(?:at)?\([^\n]*"' + rb"(?:%s)" % b"|".join(map(_escaped, paths)) + rb'"'
    return (
        log.occurs(b"libc.so")
        or not log.any_line(ANONYMOUS)
        or bool(paths and log.any_line(re.compile(opened)))
    )


def _escaped(path: str) -> bytes:
    return re.escape(os.fsencode(path))
