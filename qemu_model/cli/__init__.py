"""The command line of ``qemu-model``: which command runs, and how it ends."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import codecs
import contextlib
import gc
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
        "explain": (
            "explain",
            "show whether a QEMU line starts, its memory, what is wrong",
        ),
        "lint": ("lint", "print what is wrong with QEMU lines, many at once"),
        "matrix": ("matrix", "show the flags of mmap by share, pmem, sync and host"),
        "series": ("series", "show the five patches, and what each changes"),
        "diff": ("diff", "show one line in two revisions, or on two hosts"),
        "releases": ("releases", "show what each release changed for memory backends"),
        "source": ("source", "print a module as one tree has it, or two trees as a diff"),
        "check": ("check", "check a strace log, a path, or a running QEMU"),
        "conform": ("conform", "compare a real QEMU with the model"),
        "why": ("why", "explain a QEMU error message"),
        "explorer": ("explorer", "write a page that runs the model in a browser"),
        "profile": ("profile", "list and print the profiles of simulated hosts"),
        "completion": ("completion", "print the script that enables Tab completion"),
        "crash-demo": ("crash_demo", "crash a virtual machine and count what MAP_SYNC kept"),
        "dax-shell": ("dax_shell", "open a shell on a virtual machine with real DAX"),
    }
)

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
USAGE: Final = 2
#: So many new objects are made before garbage is looked for; Python's own number is 700.
OBJECTS_PER_COLLECTION: Final = 10_000
#: EX_SOFTWARE of sysexits.h.
DEFECT: Final = 70
#: What a write to stdout may answer: EBADF, EIO, EFBIG, ENOSPC, EDQUOT.
CANNOT_WRITE: Final = frozenset({9, 5, 27, 28, 122})
#: How stderr encodes characters that its encoding lacks.
BYTES_AS_THEY_ARE: Final = "qemu-model-bytes-as-they-are"


ABOUT: Final = (
    "How QEMU turns -object memory-backend-... into system calls, and what the series "
    '"support MAP_SYNC for memory-backend-file" (V8, January 2019, never merged; since QEMU '
    "4.1 share=on and pmem=on imply it) changes, patch by patch."
)
EXAMPLES: Final = """\
Start here:
  qemu-model run -object memory-backend-file,id=m0,size=64M,\\
mem-path=/dev/shm/nv.img,share=on,pmem=on,sync=on
  qemu-model explain -object memory-backend-file,id=m0,size=64M,\\
mem-path=/mnt/pmem0/nv.img,share=on,pmem=on
  qemu-model why "cannot bind memory to host NUMA nodes"
  qemu-model diff --from base --to v8 -object memory-backend-ram,id=ram0,size=8M
  qemu-model series show 3"""
MORE: Final = (
    "QEMU's options are spelled as in QEMU, with one dash; ours have two. "
    "'qemu-model COMMAND --help' shows the options of a command, 'qemu-model --version' what "
    "this machine can do. Run 'qemu-model completion bash' to enable Tab completion."
)
STATUS: Final = (
    "Exit status: QEMU's own for run (0, 1; 134 where it aborts, 124 where it never ends); "
    "1: check, conform, lint or why found a mismatch; "
    "2: a wrong option of ours, or an unusable file; "
    "130 after Ctrl-C; 141: the output pipe was closed."
)


def overview() -> str:
    """Return the help that ``qemu-model --help`` shows."""
    from .layout import help_width, table, wrapped

    width = help_width()
    commands = table(((name, what) for name, (_, what) in COMMANDS.items()), width)
    parts = (
        ["usage: qemu-model COMMAND ..."],
        wrapped(ABOUT, width),
        commands,
        [EXAMPLES],
        wrapped(MORE, width),
        wrapped(STATUS, width),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; never a traceback.

    With ``QEMU_MODEL_TRACEBACK`` in the environment a defect of qemu-model shows its traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if sys.stdout is None:
        return _say("stdout is closed: there is nowhere to answer to", USAGE)
    if hasattr(sys.stdout, "reconfigure"):
        # A path need not be text in this terminal's encoding.
        sys.stdout.reconfigure(errors="backslashreplace")
    if hasattr(sys.stderr, "reconfigure"):
        # QEMU prints a path's bytes as they are.
        codecs.register_error(BYTES_AS_THEY_ARE, bytes_as_they_are)
        sys.stderr.reconfigure(errors=BYTES_AS_THEY_ARE)
    try:
        status = _main(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return CLOSED_PIPE
    except OSError as error:
        if error.filename is not None or error.errno not in CANNOT_WRITE:
            return _defect(error)
        _discard_output()
        return _say(f"cannot write the answer: {error.strerror}", USAGE)
    except Exception as error:
        return _defect(error)
    return status


def bytes_as_they_are(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode what cannot be encoded: the bytes of a path themselves, the rest as escapes."""
    if isinstance(error, UnicodeEncodeError):
        letter = error.object[error.start]
        if "\udc80" <= letter <= "\udcff":
            return bytes([ord(letter) - 0xDC00]), error.start + 1
    return codecs.backslashreplace_errors(error)


def _discard_output() -> None:
    """Discard the rest of the output: the interpreter flushes stdout once more as it exits."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str, status: int, program: str = "qemu-model") -> int:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"{program}: {text}", file=sys.stderr, flush=True)
    return status


def _defect(error: Exception) -> int:
    """Report a defect of qemu-model in one line; the traceback is shown on request."""
    if "QEMU_MODEL_TRACEBACK" in os.environ:
        raise error
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
    return _say(
        f"a defect of qemu-model, at {where}: {type(error).__name__}: {error} "
        "(QEMU_MODEL_TRACEBACK=1 shows more)",
        DEFECT,
    )


def _main(words: list[str]) -> int:
    if words[:1] == ["help"] and len(words) > 1:
        words = [words[1], "--help"]
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0 if words else USAGE
    if words[0] in ("--version", "-version"):
        from .version import version

        print(version(), end="")
        return 0
    name = words[0]
    from .options import UsageError, nearest

    if name not in COMMANDS:
        near = nearest(name, list(COMMANDS))
        return _say(f"no command is called '{name}'{near} (qemu-model --help lists them)", USAGE)
    # What is imported stays: to look for garbage in it takes a tenth of a short command's time.
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    module = importlib.import_module(f".{COMMANDS[name][0]}", __package__)
    gc.freeze()
    try:
        status: int = module.main(words[1:])
    except UsageError as error:
        return _say(str(error), USAGE, f"qemu-model {name}")
    return status
