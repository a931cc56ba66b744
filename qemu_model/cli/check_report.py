"""The verdict on a trace, in words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from .console import print_folded

if TYPE_CHECKING:
    from ..judge.find_tree import Found
    from ..judge.verdict import Divergence, Verdict

#: How far the second line of a long one is indented on a terminal.
HANGING: Final = 16
#: How many divergences the report for people has.
_SHOWN: Final = 20
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    """Return text of a log with everything escaped that could steer a terminal."""
    return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


@attrs.define
class TraceReport:
    """The verdict in words; ``found`` has the trees that were tried, if none was named."""

    verdict: Verdict
    trace: str
    found: Found | None = None

    def show(self) -> None:
        """Print the verdict."""
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False, soft_wrap=True)
        verdict = self.verdict
        colour = {"conforms": "green", "diverges": "red", "inconclusive": "magenta"}
        head = Text(verdict.verdict, style=f"bold {colour[verdict.verdict]}")
        head.append(f"  {printable(self.trace)}", style="default not bold")
        console.print(head)
        if verdict.reason:
            print_folded(console, Text(f"  {printable(verdict.reason)}"), HANGING)
        print_folded(console, Text(f"  revision {verdict.revision} = {verdict.meaning}"), HANGING)
        self._show_trees(console)
        seen = verdict.matched or verdict.ignored
        machine = f"machine {verdict.machine}; " if verdict.machine and seen else ""
        print_folded(
            console,
            Text(
                f"  {machine}calls: {verdict.matched} match the model, "
                f"{verdict.ignored} of others ignored"
            ),
            HANGING,
        )
        if verdict.not_in_log:
            names = ", ".join(verdict.not_in_log)
            print_folded(
                console, Text(f"  not judged, the log has none of these calls: {names}"), HANGING
            )
        self._show_not_judged(console)
        for divergence in verdict.divergences[:_SHOWN]:
            self._show_divergence(console, divergence)
        more = verdict.diverged - _SHOWN
        if more > 0:
            print_folded(console, Text(f"\n  and {more} more; --json has them"), HANGING)

    def _show_trees(self, console: Any) -> None:
        from rich.text import Text

        if self.found is None or not self.found.tried:
            return
        conforming = self.found.conforming
        tried = len(self.found.tried)
        if conforming:
            names = ", ".join(conforming)
            text = f"conforms to {len(conforming)} of {tried} trees tried: {names}"
        elif self.verdict.verdict == "diverges":
            text = f"conforms to none of {tried} trees tried; this is the nearest"
        else:
            text = f"{tried} trees tried; this is the nearest"
        why = f" ({self.found.why})" if self.found.why and conforming else ""
        print_folded(console, Text(f"  {text}{why}"), HANGING)

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

        if divergence.kind == "message":
            console.print()
            print_folded(console, Text(f"message  {printable(divergence.because)}"), HANGING)
            return
        observed = "the end of the log"
        if divergence.observed is not None:
            observed = printable(call_to_text(divergence.observed))
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
        print_folded(console, Text(f"  because       {by}{printable(divergence.because)}"), HANGING)
        if divergence.allowed:
            print_folded(
                console, Text(f"  continuing with {call_text(divergence.allowed[0])}"), HANGING
            )
