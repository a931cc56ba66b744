"""A run for people: calls as strace writes them, grouped by the C function that makes them."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from types import MappingProxyType
from typing import Any, Final

from ..calls.clauses import clause_of
from ..calls.event import Event
from ..calls.flag_words import VM_FLAGS
from ..calls.inferences import relied_on
from ..calls.strace_text import call_text, result_text
from ..host.linux import MAP_SYNC
from ..host.protocol import Host
from ..process import Run
from ..revisions.default import Choice
from .console import columns, console, print_folded
from .ignored import ignored_sentences
from .layout import printable

#: Results stand in this column, where a call is not longer.
RESULT_COLUMN: Final = 58
#: How far the second line of a long one is indented on a terminal.
HANGING: Final = 8
#: How a summary shows what became of MAP_SYNC.
_COLOURS: Final = MappingProxyType(
    {"not asked": "", "granted": "green", "refused": "magenta", "ignored": "magenta", None: ""}
)
UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def human_size(size: int) -> str:
    """Return a size in the largest unit that divides it."""
    place = 0
    while place < len(UNITS) - 1 and size and size % 1024 == 0:
        size //= 1024
        place += 1
    return f"{size} {UNITS[place]}"


def _withheld(host: Host) -> tuple[str, ...]:
    """Return the calls that the live host did not make, to keep what was in a file."""
    withheld: tuple[str, ...] = getattr(host, "withheld", ())
    return withheld


class Show:
    """Prints a run: on a terminal as it happens, the verdict last; in a pipe the verdict first."""

    def __init__(self, host: Host, color: str = "") -> None:
        self._host = host
        self._by = ""
        self._before: Event | None = None
        self._withheld = 0
        self._console = console(color)
        self._width = columns()
        self._folds = sys.stdout.isatty()
        #: What a pipe gets after the verdict: calls and replies.
        self._later: list[tuple[tuple[str, str], ...]] = []

    def _print(self, *parts: tuple[str, str]) -> None:
        """Print one line; a terminal gets it in several where it is too long, a pipe never."""
        line = printable("".join(text for text, _ in parts))
        if self._console is None:
            print(self._folded(line))
            return
        from rich.text import Text

        styled = Text.assemble(*((printable(text), style) for text, style in parts))
        print_folded(self._console, styled, HANGING)

    def _happened(self, *parts: tuple[str, str]) -> None:
        """Show a line about a call or a reply: at once on a terminal, in a pipe at the end."""
        if self._folds:
            self._print(*parts)
        else:
            self._later.append(parts)

    def _folded(self, line: str) -> str:
        if not self._folds or len(line) <= self._width:
            return line
        import textwrap

        return textwrap.fill(
            line, self._width, subsequent_indent=" " * HANGING, break_on_hyphens=False
        )

    def header(self, choice: Choice) -> None:
        """Say which tree is modelled, why, how it is known, and where it runs."""
        where = "this machine's kernel" if self._host.name == "live" else self._host.name
        self._print((choice.sentence, "bold"), (f"; host: {where}", "dim"))

    def event(self, event: Event) -> None:
        """Show one call, under the C function that makes it."""
        if event.by != self._by:
            self._by = event.by
            self._happened((event.by or "(not known)", "magenta"))
        clause = clause_of(event, self._before)
        self._before = event
        call = f"  {call_text(event)}"
        result = f"= {result_text(event)}"
        if len(_withheld(self._host)) > self._withheld:
            self._withheld += 1
            result += " (not made here)"
        padded = f"{call:<{RESULT_COLUMN}} "
        colour = "red" if event.failed else "green"
        marked = "bold" if event.call == "mmap" and event.args[3] & MAP_SYNC else ""
        parts = [(padded, marked), (result, colour)]
        if clause is None:
            self._happened(*parts)
        elif len(padded) + len(result) + len(clause.why) + 3 <= self._width:
            self._happened(*parts, (f"   {clause.why}", "dim"))
        else:
            self._happened(*parts)
            self._happened((f"      {clause.why}", "dim"))

    def stderr(self, line: str) -> None:
        """Show what QEMU prints on stderr, on stderr."""
        sys.stdout.flush()
        print(line, file=sys.stderr, flush=True)

    def reply(self, reply: Any) -> None:
        """Show one reply or event of QMP."""
        text = json.dumps(reply)
        self._happened(("QMP ", "bold"), (text, "red" if "error" in reply else ""))

    def summary(self, run: Run) -> None:
        """Show what is mapped in the end, what leaked, and what became of MAP_SYNC."""
        for line in run.stdout:
            print(line)
        if self._folds:
            self._memory(run)
            self._verdict(run)
            return
        self._verdict(run)
        self._memory(run)
        for parts in self._later:
            self._print(*parts)

    def _memory(self, run: Run) -> None:
        """Show what is mapped and leaked, and what the run relied on."""
        for mapping in run.mappings:
            flags = " ".join(mapping.vm_flags) if mapping.vm_flags is not None else "not known"
            self._print(
                (f"{mapping.id}", "bold"),
                (f": {human_size(mapping.size)} at {mapping.address:#x}, VmFlags {flags}", ""),
            )
            if self._folds and mapping.vm_flags:
                told = [f"{flag} {VM_FLAGS[flag]}" for flag in mapping.vm_flags if flag in VM_FLAGS]
                self._print((f"  VmFlags: {'; '.join(told)}", "dim"))
        leaks = run.leaks
        left = [
            f"{count} {what}{'s' if count > 1 else ''}"
            for count, what in (
                (leaks.fds, "descriptor"),
                (leaks.mappings, "mapping"),
                (leaks.strings, "string"),
            )
            if count
        ] + [f"the file {path}" for path in leaks.files]
        if left:
            self._print((f"leaked by QEMU: {', '.join(left)}", "magenta"))
        assumed = "" if not run.line.assumed_machine else " (assumed)"
        if run.machine:
            self._print((f"machine {run.machine}{assumed}", "dim"))
        for sentence in ignored_sentences(run.line):
            self._print((sentence, "dim"))
        for sentence in _withheld(self._host):
            self._print((f"not made on this machine: {sentence} (--allow-discard)", "magenta"))
        for sentence in relied_on(run):
            self._print((f"not documented; the model assumes: {sentence}", "dim"))

    def _verdict(self, run: Run) -> None:
        """Show how QEMU ends, and what became of MAP_SYNC."""
        if run.livelock is not None:
            self._print((f"QEMU would never end: it stays in {run.livelock}()", "bold red"))
        elif run.exit:
            ended = f"is ended by signal {-run.exit}" if run.exit < 0 else f"exits with {run.exit}"
            if self._folds:
                # The message scrolled away with the calls.
                for text in run.stderr:
                    self._print((text, "red"))
            self._print((f"QEMU {'aborts (SIGABRT)' if run.exit == -6 else ended}", "bold red"))
            self._help_on_error(run)
        synchronous = run.map_sync
        colour = _COLOURS[synchronous.outcome]
        self._print((synchronous.sentence(), f"bold {colour}"))

    def _help_on_error(self, run: Run) -> None:
        from ..explain.advice import suggestions

        for suggestion in suggestions(run):
            self._print((suggestion, "bold"))
        if run.stderr:
            self._print(("'qemu-model why' explains messages: paste what QEMU said", "dim"))


class Quiet(Show):
    """Prints what QEMU prints, and nothing else."""

    def header(self, choice: Choice) -> None:
        """Say nothing of the tree."""

    def event(self, event: Event) -> None:
        """Show no call."""

    def reply(self, reply: Any) -> None:
        """Show one reply or event of QMP, as QEMU sends it."""
        print(json.dumps(reply))

    def summary(self, run: Run) -> None:
        """Show what QEMU printed on stdout."""
        for line in run.stdout:
            print(line)
