"""``qemu-model run``: what QEMU does with a line, call by call, on this machine."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..front_end import NotModelled
from ..host.protocol import HostRefuses
from .choices import choose_host, not_modelled
from .line_input import INPUT, given_line, show_notes
from .options import COLOR, HELP, HOST, JSON, QMP, REVISION, Option, UsageError, Words, split, usage
from .reading import read_qmp
from .tree_choice import choose_tree

if TYPE_CHECKING:
    from ..process import Run

FORCE: Final = Option("--force", "preallocate even beyond the memory available")
ALLOW_DISCARD: Final = Option(
    "--allow-discard", "on live: let discard-data=on discard what was in a file before"
)
QUIET: Final = Option("--quiet", "print only what QEMU prints")
REQUIRE: Final = Option(
    "--require-map-sync", "exit with 3 if QEMU starts and MAP_SYNC does not hold"
)
OPTIONS: Final = (
    REVISION,
    HOST,
    *INPUT,
    QMP,
    JSON,
    COLOR,
    FORCE,
    ALLOW_DISCARD,
    QUIET,
    REQUIRE,
    HELP,
)

#: What a shell adds to the number of a signal that ended a process.
SIGNALLED: Final = 128
#: With --require-map-sync: it does not hold.
NOT_SYNCHRONOUS: Final = 3
#: timeout's exit status, for what never ends.
LIVELOCK_STATUS: Final = 124


def help_text() -> str:
    """Return what ``run --help`` shows."""
    return usage(
        "run [--revision R] [--host H] [--qmp FILE] [--json] QEMU-OPTIONS",
        "Run the model of QEMU on a line of QEMU's options and show each system call as it\n"
        "happens, why it is made, what QEMU says, and whether MAP_SYNC holds.  By default this\n"
        "machine's kernel runs the calls (--host live), on the files that the line names: as\n"
        "QEMU would, it creates those that do not exist, gives empty ones their size,\n"
        "preallocates with prealloc=on, and does not remove them.  Existing data is kept, byte\n"
        "for byte, even with discard-data=on, unless --allow-discard is given.  On a simulated\n"
        "host (--host sim:PROFILE) no file is touched.  The exit status is QEMU's.",
        OPTIONS,
        (
            "qemu-model run -object memory-backend-ram,id=ram0,size=8M",
            "qemu-model run --revision base -object memory-backend-file,id=m0,\\",
            "mem-path=/dev/shm/nv.img,size=64M,share=on",
            "qemu-model run --host sim:ext4-dax -object memory-backend-file,id=m0,\\",
            "mem-path=/mnt/nv.img,size=64M,share=on,pmem=on,sync=on",
            'echo \'[{"execute": "query-memdev"}]\' | qemu-model run --qmp - -object ...',
        ),
        "QEMU's: 0 or 1; 134 where it aborts, 128 and the signal where one ends it, 124 where it\n"
        "would never end; 3 with --require-map-sync.  2: our options or files are wrong.\n"
        "130: Ctrl-C; everything that the run made is removed.",
    )


def exit_status(exit: int | None) -> int:
    """Return our exit status for QEMU's: 134 for SIGABRT (-6), 124 for a loop without end."""
    if exit is None:
        return LIVELOCK_STATUS
    return SIGNALLED - exit if exit < 0 else exit


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    line = given_line(words)
    show_notes(line)
    choice = choose_tree(words, line)
    host = choose_host(
        words.value(HOST, "live"),
        force=words.has(FORCE),
        allow_discard=words.has(ALLOW_DISCARD),
    )
    qmp = read_qmp(words.value(QMP)) if words.has(QMP) else []

    from ..process import run

    try:
        if words.has(JSON):
            from ..calls.report import run_to_json

            done = run(line.options, host, choice.revision, qmp=qmp)
            answer = {**run_to_json(done, host), "revision_because": choice.because}
            json.dump(answer, sys.stdout, ensure_ascii=True)
            print()
            return _status(words, done)
        from .show import Quiet, Show

        quiet = words.has(QUIET)
        show = Quiet(host) if quiet else Show(host, words.value(COLOR))
        show.header(choice)
        done = run(
            line.options,
            host,
            choice.revision,
            qmp=qmp,
            on_event=show.event,
            on_stderr=show.stderr,
            on_reply=show.reply,
        )
        show.summary(done)
    except HostRefuses as error:
        raise UsageError(str(error)) from error
    except NotModelled as error:
        raise not_modelled(error) from error
    return _status(words, done)


def _status(words: Words, done: Run) -> int:
    if words.has(REQUIRE) and done.exit == 0 and not done.map_sync.granted_to_all:
        return NOT_SYNCHRONOUS
    return exit_status(done.exit)
