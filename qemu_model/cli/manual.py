"""The man page, made of what ``--help`` says: ``python -m qemu_model.cli.manual``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any, Final

from . import COMMANDS

#: How wide help is in the page, whatever terminal it is made on.
COLUMNS: Final = 72
ABOUT: Final = """\
qemu-model is an executable model of how QEMU turns -object memory-backend-... into system
calls, and of the series "support MAP_SYNC for memory-backend-file", version 8 of January
2019, patch by patch. It runs a line of QEMU's options on this machine's kernel, on a
simulated one, or against a recorded trace, and says what each call is for.
"""
STATUS: Final = (
    ("0", "QEMU would have ended well; the answer is yes."),
    ("1", "QEMU would have ended with 1; the trace diverges; the message is not known."),
    ("2", "One of our own options or files is wrong, or the answer cannot be written."),
    ("3", "check cannot judge."),
    ("124", "QEMU would never have ended."),
    ("130", "Ctrl-C. Nothing of the run is left."),
    ("134", "QEMU would have aborted (SIGABRT)."),
    ("133, 136, 139", "QEMU would have died of SIGTRAP, SIGFPE, SIGSEGV."),
    ("141", "The output pipe was closed."),
)
ENVIRONMENT: Final = (
    ("NO_COLOR", "If it is set, there are no colours; --color says otherwise."),
    ("COLUMNS", "How wide the answer may be, where the terminal does not tell."),
    ("QEMU_MODEL_TRACEBACK", "If it is set, a defect of qemu-model shows its traceback."),
)


def escaped(line: str) -> str:
    """Return ``line`` as roff takes it literally."""
    text = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


def manual() -> str:
    """Return the man page in roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield '.TH QEMU\\-MODEL 1 "" "qemu\\-model" "User Commands"'
    yield ".SH NAME"
    yield "qemu\\-model \\- a reference model of QEMU's memory backends"
    yield ".SH SYNOPSIS"
    yield ".B qemu\\-model"
    yield ".I COMMAND"
    yield "[\\fIOPTION\\fR ...] [\\fIQEMU\\-OPTION\\fR ...]"
    yield ".SH DESCRIPTION"
    yield from map(escaped, ABOUT.splitlines())
    yield ".PP"
    yield escaped("QEMU's own options have one dash, as in QEMU; those of qemu-model have two.")
    yield ".SH COMMANDS"
    for name, (module_name, what) in COMMANDS.items():
        yield f".SS {escaped(name)}"
        yield escaped(what[0].upper() + what[1:]) + "."
        module: Any = importlib.import_module(f".{module_name}", __package__)
        yield ".PP"
        yield ".EX"
        yield from map(escaped, module.help_text().rstrip().splitlines())
        yield ".EE"
    yield from _table("EXIT STATUS", STATUS)
    yield from _table("ENVIRONMENT", ENVIRONMENT)
    yield ".SH SEE ALSO"
    yield ".BR qemu\\-system\\-x86_64 (1),"
    yield ".BR mmap (2),"
    yield ".BR strace (1),"
    yield ".BR ndctl (1)"


def _table(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, what in rows:
        yield ".TP"
        yield f".B {escaped(name)}"
        yield escaped(what)


if __name__ == "__main__":
    os.environ["COLUMNS"] = str(COLUMNS)
    print(manual(), end="")
