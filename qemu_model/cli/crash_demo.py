"""``qemu-model crash-demo``: crash a virtual machine and count what MAP_SYNC kept."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .options import HELP, JSON, Option, UsageError, split, usage

if TYPE_CHECKING:
    from ..guest.crash import Demonstration, Outcome

FILE_SYSTEMS: Final = ("ext4", "xfs")
FILE_SYSTEM: Final = Option(
    "--file-system", "ext4, xfs or both (the default)", "F", choices=(*FILE_SYSTEMS, "both")
)
QEMU: Final = Option("--qemu", "the real QEMU, by default qemu-system-x86_64", "BINARY")
OPTIONS: Final = (FILE_SYSTEM, QEMU, JSON, HELP)
#: The exit status when no guest can be started.
FAILED: Final = 1


def help_text() -> str:
    """Return what ``crash-demo --help`` shows."""
    return usage(
        "crash-demo [--file-system F] [--qemu BINARY] [--json]",
        "Write 64 pages into a file on DAX through a mapping that the model or a real QEMU\n"
        "made, reset the machine at once, boot it again and count the pages.  The machine is\n"
        "virtual, with Debian's kernel (71 MB, downloaded once) and memory that keeps its\n"
        "content over the reset; it needs no special hardware, no KVM and no root.\n"
        "It takes some minutes.",
        OPTIONS,
        ("qemu-model crash-demo", "qemu-model crash-demo --file-system ext4 --json"),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise UsageError(f"crash-demo takes no {words.qemu[0]}")
    chosen = words.value(FILE_SYSTEM, "both")
    file_systems = FILE_SYSTEMS if chosen == "both" else (chosen,)

    from ..guest.crash import MODEL_WRITERS, demonstrate, qemu_writers
    from ..guest.errors import GuestError
    from ..guest.progress import ends_cleanly, progress

    try:
        with ends_cleanly(), progress() as report:
            writers = (
                *MODEL_WRITERS,
                *qemu_writers(words.value(QEMU, "qemu-system-x86_64")),
            )
            done = demonstrate(writers, file_systems, report)
    except GuestError as error:
        print(f"qemu-model crash-demo: {error}", file=sys.stderr)
        return FAILED
    if words.has(JSON):
        json.dump(done.to_json(), sys.stdout)
        print()
    else:
        show(done, file_systems)
    return 0


def show(done: Demonstration, file_systems: Sequence[str]) -> None:
    """Print the outcomes as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title="64 pages written to DAX, the machine reset: how many are there afterwards?",
        title_justify="left",
    )
    for heading in ("mapped by", "share", "pmem", "sync", "as", *file_systems):
        table.add_column(heading)
    rows: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in done.outcomes:
        rows.setdefault((outcome.writer, outcome.options), []).append(outcome)
    for (writer, options), outcomes in rows.items():
        given = dict(part.split("=") for part in options.split(","))
        switches = (given.get(name, "") for name in ("share", "pmem", "sync"))
        table.add_row(writer, *switches, _mapping(outcomes[0]), *map(_left, outcomes))
    console = Console(highlight=False)
    console.print(table)
    lost = sum(not boot.reached for boot in done.boots)
    console.print(
        f"{done.kernel}; {len(done.boots)} boots, {lost} of them failed; "
        f"{done.seconds:.0f} s.  sf: MAP_SYNC is in force (VmFlags in smaps)."
    )


def _mapping(outcome: Outcome) -> str:
    return outcome.mapped_as.replace("|", "\n") + (", sf" if outcome.sf else "")


def _left(outcome: Outcome) -> str:
    colour = "green" if outcome.found == outcome.written else "red"
    return f"[{colour}]{outcome.found} of {outcome.written}[/]"
