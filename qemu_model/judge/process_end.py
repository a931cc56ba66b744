"""How QEMU ended in a log, and what it printed, against the model's end and messages."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from ..calls.event import Event
from ..process import Process
from .alignment import Alignment
from .backend_calls import EXITED, KILLED
from .ends import is_crash, last, status_of
from .given import Given
from .line import may_fail_first, memory_names
from .messages_said import Said, compare
from .strace import Call
from .verdict import Divergence, Report


class ProcessEnd:
    """The end of ``process`` in the log, compared with the model's.

    ``by`` gives the C function of the model's last call; ``guessed_a_size`` tells whether
    messages have another number than QEMU's.  ``attached`` is for a log that begins after
    start-up.
    """

    def __init__(
        self,
        given: Given,
        process: Process,
        alignment: Alignment,
        report: Report,
        *,
        by: Callable[[], str],
        guessed_a_size: Callable[[], bool],
        attached: bool,
    ) -> None:
        #: The call that shows the end, and the status in it; None where there is none.
        self.end: Call | None = None
        self.status: Any = None
        #: How many calls matched before the first command.
        self.matched_at_start = 0
        self._given = given
        self._process = process
        self._alignment = alignment
        self._report = report
        self._by = by
        self._guessed_a_size = guessed_a_size
        self._attached = attached

    def judge(self, end: Call | None) -> tuple[bool, Said]:
        """Report what differs; return whether QEMU ended before a call for another reason."""
        self.end, self.status = end, status_of(end)
        self._judge_exits()
        early = self._alignment.ended_early
        ended_early = early is not None
        if early is not None and early.within and self._fails_of_memory():
            self._report.add(early.divergence)
            ended_early = False
        said = self._judge_messages()
        self._judge_status(said)
        return ended_early, said

    def _fails_of_memory(self) -> bool:
        """Whether QEMU's end between two calls on a backend can only come from a memory error.

        The model's QEMU ends in the same way, or all calls that may fail are logged.
        """
        if is_crash(self.end):
            return self.is_killed()
        return self.status == 1 and bool(self._process.exit or self._given.traced)

    def _judge_exits(self) -> None:
        """Report a process that ends with another status than it gave to ``exit_group``."""
        for call in self._alignment.unread():
            if call.name != EXITED or self.end is None or self.end.name != "exit_group":
                continue
            if call.pid == self.end.pid and call.args != self.end.args:
                self._report_end(call, f"QEMU called exit_group({self.status})")

    def _judge_messages(self) -> Said:
        """Report messages that differ; nothing where they are not known."""
        if self._given.stderr is None:
            return Said()
        process = self._process
        said = compare(
            self._given.stderr,
            process.qemu.stderr,
            memory_names(self._given.options, self._given.qmp),
            but_numbers=self._guessed_a_size(),
        )
        early = self._alignment.ended_early
        failed_alike = not process.exit or self.status in (0, process.exit) or self.is_killed()
        unsaid = said.unsaid if failed_alike and not self.is_killed_otherwise() else ()
        if process.exit and said.foreign_errors and not self._alignment.failed_last():
            unsaid = said.altered
        if early is None:
            for line in unsaid:
                self._report_message(f"QEMU does not print '{line}', which the model does")
        if early is not None and said.unexpected:
            self._report.add(early.divergence)
        for line in said.unexpected:
            self._report_message(f"QEMU prints '{line}', which the model does not")
        return said

    def _judge_status(self, said: Said) -> None:
        """Report an end that cannot follow the calls that were judged."""
        process = self._process
        if self._alignment.ended_early is not None or self.status is None:
            return
        why = last(process.qemu.stderr)
        if self.is_killed():
            if not self.status or self._report.matched:
                self._report_end(self.end, f"QEMU is killed here: {why}")
        elif process.exit:
            printed = self._given.stderr is not None and not said.unsaid
            certain = self._report.matched or printed
            if not self.status or (self.status != process.exit and certain):
                self._report_end(self.end, f"QEMU exits with 1 here: {why}")
        elif self.status and not self._report.diverged and self._is_past_start_up(said):
            self._report_end(self.end, "QEMU exits with 0 here: it got a quit command")

    def _is_past_start_up(self, said: Said) -> bool:
        """Whether the model's QEMU got a quit command, and nothing else ended the real one.

        A command's calls were seen, or QEMU printed nothing that explains its end, or nothing
        on the line and no call that is logged can explain it.
        """
        if self._process.exit is None or self._attached or self._report.not_in_log:
            return False
        if self._report.matched > self.matched_at_start:
            return True
        if self._given.stderr is not None:
            return not (said.foreign_errors or said.unexpected)
        no_rival = not may_fail_first(self._given.options)
        judged = bool(self._given.traced and self._report.matched)
        return judged and no_rival and not self._alignment.failed_since()

    def other_reason(self, said: Said) -> str:
        """Report that QEMU ended for a reason unrelated to the backends."""
        how = f"QEMU ended with status {self.status}"
        if self.end is not None and self.end.name == KILLED:
            how = f"QEMU was killed by {self.end.args[0]}"
        if said.foreign_errors:
            return f"{how}, for a reason that is not a memory backend's ({said.foreign_errors[0]})"
        if self._given.stderr is None:
            return f"{how}, and the log does not show why (--stderr takes what QEMU printed)"
        return f"{how} without a message"

    def before(self, expected: Event, said: Said) -> str:
        """Report the same of a QEMU that ended before a call of the model's."""
        what = f"before {expected.call}, which {expected.by} calls"
        return f"{self.other_reason(said)}, {what}"

    def _report_message(self, because: str) -> None:
        self._report.add(Divergence("message", None, None, (), self._by(), because))

    def _report_end(self, end: Call | None, because: str) -> None:
        line = end.line if end is not None else None
        self._report.add(Divergence("altered", line, end, (), self._by(), because))

    def is_killed(self) -> bool:
        """Whether the model's QEMU ends by a signal: an assertion, or a page that is not there."""
        return self._process.exit is not None and self._process.exit < 0

    def is_killed_otherwise(self) -> bool:
        """Whether the log's QEMU was killed by another signal than the one of the model's."""
        if not self.is_killed() or self.end is None or self.end.name != KILLED:
            return False
        return str(self.end.args[0]) != signal.Signals(-(self._process.exit or 0)).name
