"""The judge: a log of a real QEMU against a run of the model on its answers."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import attrs

from .. import messages
from ..calls.event import Event
from ..error import Error
from ..front_ends import front_end_of
from ..host.protocol import Platform
from ..inspect.cannot_judge import CannotJudge
from ..process import Process, negotiates
from ..qemu_option import qemu_opts_parse
from ..qmp import NotModelled
from ..revision import Revision
from .alignment import Alignment, LogEnded, ProcessEnded
from .backend_calls import CRASHES, EXITED, BackendCalls
from .guesses import ENDS
from .later_calls import LaterCalls
from .log import Log, Piece
from .replay import ReplayHost
from .search import ANONYMOUS, LogSearch
from .strace import Call
from .verdict import MOST_TOLD, Divergence, NotJudged, Report, Verdict

#: What QEMU's own default is, on x86-64.
DEFAULT_MACHINE: Final = "pc"
#: The calls that a log ends with where QEMU ended by itself; their argument is its status.
_EXITS: Final = frozenset({"exit_group", EXITED})

CUT_SHORT: Final = "the log is cut short: it does not show how QEMU ended"


def judge(
    log: Log,
    revision: Revision,
    *,
    options: Sequence[str] | None = None,
    qmp: Sequence[Any] | None = None,
    on_line: Callable[[int, str], None] | None = None,
) -> Verdict:
    """Judge ``log`` against the model of ``revision``.

    ``options`` are QEMU's; None takes them from the log's ``execve`` line.  ``qmp``
    are the commands that were sent; None judges start-up only.  ``on_line`` is
    told what is said of single lines.
    """
    command, begin = log.command_line()
    trial = _Trial(log, revision, (), qmp, begin, None, on_line)
    if options is None:
        if not log.size:
            return trial.inconclusive("the log is empty")
        if command is None:
            return trial.inconclusive("the log has no execve line: give QEMU's options after --")
        if command.argv is None:
            return trial.inconclusive(
                f"the execve line, line {command.line}, is cut short: record with -s 4096, "
                "or give QEMU's options after --"
            )
        options = command.argv[1:]
    pid = command.pid if command is not None else None
    trial = _Trial(log, revision, tuple(options), qmp, begin, pid, on_line)
    verdict = trial.run()
    if any(word in ("-readconfig", "--readconfig") for word in options) and (
        verdict.verdict == "diverges" or not verdict.matched
    ):
        return _Trial(log, revision, (), qmp, begin, None, on_line).inconclusive(
            "what the file of -readconfig asks for is not known"
        )
    if command is not None or not (trial.nothing_of_start_up or verdict.verdict == "diverges"):
        return verdict
    if not trial.nothing_of_start_up and shows_start_up(log, memory_paths(options, qmp)):
        return verdict
    later = _Trial(log, revision, tuple(options), qmp, begin, pid, on_line, attached=True)
    return later.run()


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


def machine_of(options: Sequence[str]) -> str:
    """Return the machine that the options ask for, QEMU's own default without any."""
    machine = DEFAULT_MACHINE
    for word, value in pairwise(options):
        if word.lstrip("-") in ("M", "machine") and word.startswith("-"):
            first = value.split(",")[0]
            kind, equals, name = first.partition("=")
            if not equals:
                machine = first
            elif kind == "type":
                machine = name
    return machine


def memory_paths(options: Sequence[str], qmp: Sequence[Any] | None) -> set[str]:
    """Return every memory path in the options and the commands."""
    paths = set()
    for word, value in pairwise(options):
        name = word.lstrip("-") if word.startswith("-") else ""
        if name == "mem-path":
            paths.add(value)
        elif name == "object" and value.startswith("{"):
            try:
                paths.update(_paths_in(json.loads(value)))
            except (ValueError, RecursionError):
                continue
        elif name == "object":
            try:
                parsed = qemu_opts_parse(value, "qom-type")
            except Error:
                continue
            paths.update(text for key, text in parsed.params if key == "mem-path")
    paths.update(_paths_in(qmp or []))
    return paths


def _paths_in(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("mem-path"), str):
                yield value["mem-path"]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


class _Trial:
    """One run of the model against the log, under one assumption on where the log begins."""

    def __init__(
        self,
        log: Log,
        revision: Revision,
        options: tuple[str, ...],
        qmp: Sequence[Any] | None,
        begin: Piece,
        pid: int | None,
        on_line: Callable[[int, str], None] | None,
        *,
        attached: bool = False,
    ) -> None:
        self._qmp = qmp
        self._revision = revision
        self._begin = begin
        self._attached = attached
        self._machine = machine_of(options)
        self._calls = BackendCalls(log, memory_paths(options, qmp), begin, attached=attached)
        self._search = LogSearch(log, self._calls)
        self._report = Report(on_line=on_line)
        self._alignment = Alignment(
            self._calls,
            self._search,
            self._report,
            pid=pid,
            machine_has_ram=self._machine != "none",
            attached=attached,
            first_may_be_missing=self._may_be_second,
            filtered_by_path=self._is_filtered_by_path,
        )
        has = self._search.has_library
        platform = attrs.evolve(
            Platform(),
            libnuma=pid is None or has(b"libnuma.so"),
            libpmem=pid is None or has(b"libpmem.so"),
        )
        self._made = False
        self._by = ""
        self._process = Process(
            options,
            ReplayHost(self._alignment, self._search, platform),
            revision,
            on_event=self._note_event,
            assumed_machine=DEFAULT_MACHINE,
        )
        self._process.must_negotiate = negotiates(qmp or ())
        self._left_out: list[str] = []
        #: Whether not one call of start-up is in the log.
        self.nothing_of_start_up = False

    def _note_event(self, event: Event) -> None:
        self._made = True
        self._by = event.by

    def run(self) -> Verdict:
        """Run the model to its end, or to the log's, and return the verdict."""
        ended_early = None
        try:
            self._run_model()
        except LogEnded as ended:
            ended_early = ended.expected
        except ProcessEnded:
            pass
        except CannotJudge as reason:
            self._read_on()
            return self.inconclusive(str(reason))
        else:
            return self._conclude(self._judge_rest())
        self.nothing_of_start_up = not (self._report.matched or self._alignment.started)
        self._read_on()
        if ended_early is None or self._report.diverged:
            return self._verdict("diverges")
        if self._is_filtered_by_path():
            return self.inconclusive(
                f"the log ends before {ended_early.call}, which {ended_early.by} calls"
            )
        return self.inconclusive(CUT_SHORT)

    def _run_model(self) -> None:
        process = self._process
        process.start()
        self._alignment.has_started()
        for request in self._qmp or ():
            if not process.running:
                break
            # What was compared is not needed again, however long the log is.
            process.host.forget()
            process.replies.clear()
            try:
                process.command(request)
            except NotModelled as command:
                self._left_out.append(str(command))

    def _judge_rest(self) -> Call | None:
        """Judge what the log has after the model's last call; return how QEMU ended in it."""
        process = self._process
        if not process.running:
            # On its way out QEMU may come to reclaim any block, and need not.
            process.qemu.call_rcu.extend(process.qemu.ram_blocks)
            front_end_of(self._revision).drain_call_rcu(process.qemu)
        afterwards = LaterCalls(process, attached=self._attached)
        while (call := self._alignment.rest()) is not None:
            if call.name in ENDS:
                return call
            if process.livelock and afterwards.is_in_loop(call):
                self._report.matched += 1
            elif process.running and afterwards.allows(call):
                self._leave(call)
            else:
                self._report.add(
                    Divergence("extra", call.line, call, (), self._by, self._no_more())
                )
        return None

    def _leave(self, call: Call) -> None:
        why = "after start-up, and no QMP commands were given"
        if self._qmp is not None:
            why = "after the last QMP command"
        self._report.not_judged_count += 1
        if len(self._report.not_judged) < MOST_TOLD:
            self._report.not_judged.append(NotJudged(call.line, call.name, why))
        self._report.note(call.line, f"not judged: {why}")

    def _no_more(self) -> str:
        process = self._process
        if self._is_killed():
            return f"QEMU has been killed by now: {_last(process.qemu.stderr)}"
        if process.exit:
            return f"QEMU has given up by now: {_last(process.qemu.stderr)}"
        if process.livelock:
            return f"QEMU never leaves {process.livelock} here"
        if process.exit is not None:
            return "QEMU is on its way out by now, and makes no more calls on a backend"
        return "nothing after the backend is made leads to this call"

    def _conclude(self, end: Call | None) -> Verdict:
        self._read_on()
        process, report = self._process, self._report
        if self._does_not_know_option(end):
            report.divergences.clear()
            report.diverged = 0
            return self.inconclusive(
                f"an option the model does not know: {_last(process.qemu.stderr)}"
            )
        status = _status(end)
        if self._is_killed():
            if status is not None:
                self._report_end(end, f"QEMU is killed here: {_last(process.qemu.stderr)}")
        elif process.exit and status == 0:
            self._report_end(end, f"QEMU exits with 1 here: {_last(process.qemu.stderr)}")
        elif _is_crash(end) and not (process.running and self._qmp is None):
            self._report_end(end, "nothing makes QEMU abort here")
        if report.diverged:
            if self._left_out:
                return self.inconclusive(self._commands_left_out())
            return self._verdict("diverges")
        shows_end = end is not None and (process.running or bool(process.livelock))
        known = self._is_killed() or status is not None or shows_end
        if not known and not self._is_filtered_by_path():
            return self.inconclusive(CUT_SHORT)
        if report.matched:
            return self._verdict("conforms", self._commands_left_out() or self._other_end(status))
        if self._attached:
            return self.inconclusive("the log begins after start-up: nothing in it was judged")
        if self._made:
            return self.inconclusive(
                "none of the calls that the model makes can be in this log: "
                + ", ".join(sorted(report.not_in_log))
            )
        return self._verdict("conforms", "the model makes no call on a backend here either")

    def _is_killed(self) -> bool:
        """Whether the model's QEMU ends by a signal: an assertion, or a page that is not there."""
        return self._process.exit is not None and self._process.exit < 0

    def _other_end(self, status: object) -> str:
        """Say that QEMU failed where the model does not, in something that is no backend's."""
        if status == 1 and self._process.exit != 1:
            return "QEMU ended with status 1, for no reason that a backend's calls show"
        return ""

    def _commands_left_out(self) -> str:
        if not self._left_out:
            return ""
        names = ", ".join(dict.fromkeys(self._left_out))
        return f"QMP commands that the model does not know were left out: {names}"

    def _report_end(self, end: Call | None, because: str) -> None:
        line = end.line if end is not None else None
        self._report.add(Divergence("altered", line, end, (), self._by, because))

    def _does_not_know_option(self, end: Call | None) -> bool:
        """Whether the model stopped at an option that the real QEMU took."""
        process = self._process
        said = _last(process.qemu.stderr)
        refused = process.exit == 1 and said.endswith(messages.INVALID_OPTION.template)
        return refused and bool(self._report.diverged or _status(end) != 1)

    def _is_filtered_by_path(self) -> bool:
        """Whether only calls on paths were logged, so that how QEMU ended cannot be there."""
        search = self._search
        return bool(self._calls.lines) and not (
            search.occurs("exit_group") or search.occurs("execve") or search.maps_anonymously()
        )

    def _may_be_second(self, call: Call) -> bool:
        """Whether strace may have left out what QEMU did before this call.

        It knows a path that it filters by only once there is a file.
        """
        return self._is_filtered_by_path() and self._search.is_first(call)

    def _read_on(self) -> None:
        for _ in self._calls:
            pass

    def inconclusive(self, reason: str) -> Verdict:
        """Return the verdict that there is none, and why."""
        if self._report.diverged and not self._left_out:
            return self._verdict("diverges", reason)
        return self._verdict("inconclusive", reason)

    def _verdict(self, verdict: Any, reason: str = "") -> Verdict:
        report = self._report
        judged = report.matched + report.not_judged_count + report.diverged
        before = self._begin.first_line - 1
        return Verdict(
            verdict,
            self._revision.name,
            self._revision.meaning,
            report.matched,
            max(self._calls.calls + before - judged, 0),
            tuple(report.divergences),
            report.diverged,
            reason,
            tuple(report.not_judged),
            report.not_judged_count,
            tuple(sorted(report.not_in_log)),
            self._machine,
            self._calls.lines,
        )


def _status(end: Call | None) -> Any:
    """Return QEMU's status as the log has it, None where it does not show one."""
    return end.args[0] if end is not None and end.name in _EXITS else None


def _is_crash(end: Call | None) -> bool:
    """Whether QEMU was killed by a signal that it brings on itself."""
    return end is not None and not CRASHES.isdisjoint(end.args)


def _last(lines: Sequence[str]) -> str:
    return lines[-1] if lines else ""
