"""The command line of ``qemu-model``: which command runs, and how a run of ours ends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

#: Each command: its module in this package, and what it does.
COMMANDS: Final = MappingProxyType(
    {
        "run": ("run", "run a QEMU line on this machine, call by call"),
        "explain": ("explain", "say in words what a QEMU line does"),
        "matrix": ("matrix", "show share x pmem x sync x host"),
        "series": ("series", "show the five patches, and what each changes"),
        "diff": ("diff", "show one line in two revisions, or on two hosts"),
        "check": ("check", "judge a trace of a real QEMU, a path, or a living QEMU"),
        "conform": ("conform", "hold a real QEMU against the model"),
        "why": ("why", "explain an error message of QEMU's"),
        "explorer": ("explorer", "write a page to play with"),
        "profile": ("profile", "list and print the profiles of simulated hosts"),
        "crash-demo": ("crash_demo", "show on a virtual machine what MAP_SYNC is worth"),
        "dax-shell": ("dax_shell", "open a shell on a virtual machine with real DAX"),
    }
)

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
USAGE: Final = 2


def overview() -> str:
    """Return the help that ``qemu-model --help`` shows."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {what}" for name, (_, what) in COMMANDS.items())
    return f"""\
usage: qemu-model COMMAND ...

How QEMU turns -object memory-backend-... into system calls, and what the series
"support MAP_SYNC for memory-backend-file" (V8, 2019) changes, patch by patch.

{commands}

Start here:
  qemu-model run -object memory-backend-file,id=m0,mem-path=/dev/shm/nv.img,\\
      size=64M,share=on,pmem=on,sync=on
  qemu-model diff --from base --to v8 -object memory-backend-ram,id=ram0,size=8M
  qemu-model series show 3

QEMU's options are spelled as in QEMU, with one dash; ours have two.
'qemu-model COMMAND --help' tells more, 'qemu-model --version' what this machine can do.

Exit status: QEMU's own for run (0, 1; 134 where it aborts, 124 where it never ends);
2 for our options and files; 130 after Ctrl-C.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; never a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _main(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("qemu-model: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return status


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0 if words else USAGE
    if words[0] == "--version":
        from .version import version

        print(version(), end="")
        return 0
    name = words[0]
    if name not in COMMANDS:
        from .common import say_unknown

        return say_unknown("command", name, list(COMMANDS))
    from .common import UsageError, say

    module = importlib.import_module(f".{COMMANDS[name][0]}", __package__)
    try:
        status: int = module.main(words[1:])
    except UsageError as error:
        return say(f"qemu-model {name}: {error}")
    return status
