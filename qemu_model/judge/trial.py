"""One run of the model against a log, under one assumption on where the log begins."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from ..calls.event import Event
from ..front_end import NotModelled
from ..front_ends import front_end_of
from ..host.caller import Caller
from ..host.protocol import Platform
from ..inspect.cannot_judge import CannotJudge
from ..machines.targets import target_of
from ..process import Process, negotiates
from ..revision import Revision
from .alignment import Alignment
from .backend_calls import BackendCalls
from .divergences import LogEnded, ProcessEnded
from .ends import is_crash, last
from .given import Given
from .guesses import ENDS
from .later_calls import LaterCalls
from .line import machine_of, may_fail_first, memory_names, memory_paths
from .log import Log
from .messages_said import Said
from .process_end import ProcessEnd
from .replay import ReplayHost
from .search import LogSearch
from .strace import Call
from .unknown_names import refused_name
from .verdict import MOST_TOLD, Divergence, NotJudged, Report, Verdict

CUT_SHORT: Final = "the log is cut short: it does not show how QEMU ended"


class Trial:
    """A run of the model of ``revision`` on the answers in ``log``.

    ``attached`` is for a log that begins after start-up.
    """

    def __init__(
        self, log: Log, revision: Revision, given: Given, *, attached: bool = False
    ) -> None:
        self._given = given
        self._qmp = given.qmp
        self._revision = revision
        self._attached = attached
        self._machine = machine_of(given.options)
        paths = memory_paths(given.options, given.qmp)
        names = memory_names(given.options, given.qmp)
        self._calls = BackendCalls(log, paths, given.begin, names, attached=attached)
        self._search = LogSearch(log, self._calls)
        self._report = Report(revision.release, on_line=given.on_line, first_only=given.first_only)
        caller = Caller()
        self._alignment = Alignment(
            self._calls,
            self._search,
            self._report,
            caller=caller,
            pid=given.pid,
            machine_has_ram=self._machine != "none",
            attached=attached,
            first_may_be_missing=self._may_be_second,
            filtered_by_path=self._is_filtered_by_path,
            traced=given.traced,
        )
        has = self._search.has_library
        platform = attrs.evolve(
            Platform(),
            libnuma=given.pid is None or has(b"libnuma.so"),
            libpmem=given.pid is None or has(b"libpmem.so"),
        )
        self._made = False
        self._by = ""
        self._replay = ReplayHost(self._alignment, self._search, platform, caller)
        self._process = Process(
            given.options,
            self._replay,
            revision,
            on_event=self._note_event,
            assumed_machine=target_of(given.options).default_machine,
            caller=caller,
        )
        self._process.qemu.must_negotiate = negotiates(given.qmp or ())
        self._left_out: list[str] = []
        self._unknown = ""
        #: Divergences up to where the model met a name that it does not know.
        self._known_divergences = 0
        self._end = ProcessEnd(
            given,
            self._process,
            self._alignment,
            self._report,
            by=lambda: self._by,
            guessed_a_size=lambda: self._replay.guessed_a_size,
            attached=attached,
        )
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
        if self._unknown:
            return self._unknown_verdict()
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
        self._note_unknown(process.qemu.stderr, "\n".join(self._given.options))
        self._alignment.has_started()
        self._end.matched_at_start = self._report.matched
        for request in self._qmp or ():
            if not process.running or self._alignment.ended_early is not None:
                break
            # Calls that were compared are dropped, however long the log is.
            process.host.forget()
            process.replies.clear()
            try:
                process.command(request)
            except NotModelled as command:
                self._left_out.append(str(command))
            refused = [_error_text(reply) for reply in process.replies]
            self._note_unknown(refused, json.dumps(request))

    def _note_unknown(self, lines: list[str], given: str) -> None:
        if not self._unknown:
            self._unknown = refused_name(lines, given)
            self._known_divergences = self._report.diverged

    def _judge_rest(self) -> Call | None:
        """Judge what the log has after the model's last call; return how QEMU ended in it."""
        if self._alignment.ended_early is not None:
            return self._alignment.ended_early.end
        process = self._process
        if not process.running and not process.livelock:
            # As it exits QEMU may still reclaim a block, or not.
            process.qemu.call_rcu.extend(process.qemu.ram_blocks)
            front_end_of(self._revision).drain_call_rcu(process.qemu)
        later_calls = LaterCalls(process, attached=self._attached)
        while (call := self._alignment.rest()) is not None:
            if call.name in ENDS:
                return call
            if process.livelock and later_calls.is_in_loop(call):
                self._report.matched += 1
            elif process.running and later_calls.allows(call):
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
        if self._end.is_killed():
            return f"QEMU has been killed by now: {last(process.qemu.stderr)}"
        if process.exit:
            return f"QEMU has given up by now: {last(process.qemu.stderr)}"
        if process.livelock:
            return f"QEMU never leaves {process.livelock} here"
        if process.exit is not None:
            return "QEMU is on its way out by now, and makes no more calls on a backend"
        return "nothing after the backend is made leads to this call"

    def _conclude(self, end: Call | None) -> Verdict:
        process, report = self._process, self._report
        ended_early, said = self._end.judge(end)
        early = self._alignment.ended_early if ended_early else None
        status = self._end.status
        if self._unknown and (
            report.diverged > self._known_divergences
            or early is not None
            or (process.exit and status != 1)
        ):
            return self._unknown_verdict()
        if report.diverged:
            if self._left_out:
                return self.inconclusive(self._commands_left_out())
            return self._verdict("diverges")
        if early is not None:
            return self.inconclusive(self._end.before(early.expected, said))
        return self._conclude_without_difference(end, said)

    def _conclude_without_difference(self, end: Call | None, said: Said) -> Verdict:
        process, report, status = self._process, self._report, self._end.status
        shows_end = end is not None and (process.running or bool(process.livelock))
        known = self._end.is_killed() or status is not None or shows_end
        filtered_by_path = self._is_filtered_by_path()
        crashed = is_crash(end) and not self._end.is_killed()
        if self._end.is_killed_otherwise() or (
            crashed and not (process.running and self._qmp is None)
        ):
            return self.inconclusive(self._end.other_reason(said))
        if not known and not filtered_by_path:
            return self.inconclusive(CUT_SHORT)
        if report.not_in_log:
            return self.inconclusive(self._lacks_kinds())
        if self._attached and not report.matched:
            return self.inconclusive("the log begins after start-up: nothing in it was judged")
        if status not in (None, 0, process.exit):
            return self.inconclusive(self._end.other_reason(said))
        if status and process.exit and said.unsaid:
            return self.inconclusive(self._end.other_reason(said))
        if report.matched:
            return self._verdict("conforms", self._commands_left_out())
        if self._made:
            return self.inconclusive(
                "none of the calls that the model makes can be in this log: "
                + ", ".join(sorted(report.not_traced))
            )
        if status and said.foreign_errors:
            return self.inconclusive(self._end.other_reason(said))
        rival = may_fail_first(self._given.options)
        if status and rival and self._given.stderr is None:
            return self.inconclusive(f"{self._end.other_reason(said)}; it may have been {rival}")
        refusal = f" ({last(process.qemu.stderr)})" if process.exit and status else ""
        return self._verdict(
            "conforms", f"the model makes no call on a backend here either{refusal}"
        )

    def _lacks_kinds(self) -> str:
        names = ", ".join(sorted(self._report.not_in_log))
        return (
            f"the log has none of these calls at all: {names}; it was filtered, or QEMU did not "
            "make them (--trace says what strace was asked to log)"
        )

    def _unknown_verdict(self) -> Verdict:
        report = self._report
        del report.divergences[self._known_divergences :]
        report.diverged = self._known_divergences
        reason = f"the model does not know '{self._unknown}'"
        said = last(self._process.qemu.stderr)
        return self.inconclusive(f"{reason}: {said}" if said else reason)

    def _commands_left_out(self) -> str:
        if not self._left_out:
            return ""
        names = ", ".join(dict.fromkeys(self._left_out))
        return f"QMP commands that the model does not know were left out: {names}"

    def _is_filtered_by_path(self) -> bool:
        """Whether only calls on paths were logged, so that how QEMU ended cannot be there."""
        return bool(self._calls.lines) and self._search.is_filtered_by_path()

    def _may_be_second(self, call: Call) -> bool:
        """Whether strace may have left out what QEMU did before this call.

        It knows a path that it filters by only once there is a file.
        """
        return self._is_filtered_by_path() and self._search.is_first(call)

    def _read_on(self) -> None:
        for _ in self._calls:
            pass

    def inconclusive(self, reason: str) -> Verdict:
        """Return an inconclusive verdict, and why."""
        if self._report.diverged and not self._left_out:
            return self._verdict("diverges", reason)
        return self._verdict("inconclusive", reason)

    def _verdict(self, verdict: Any, reason: str = "") -> Verdict:
        report = self._report
        judged = report.matched + report.not_judged_count + report.diverged
        before = self._given.begin.first_line - 1
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
            tuple(sorted(report.not_in_log | report.not_traced)),
            self._machine,
            self._calls.lines,
        )


def _error_text(reply: Any) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    return str(error.get("desc", "")) if isinstance(error, dict) else ""
