"""``qemu-model source``: a module of the mirror as one tree has it, or in two trees."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Final

from .choices import choose_revision
from .options import COLOR, HELP, JSON, Option, UsageError, split, usage

AGAINST: Final = Option("--against", "compare with this tree, as a diff", "R")
OPTIONS: Final = (AGAINST, JSON, COLOR, HELP)


def help_text() -> str:
    """Return what ``source --help`` shows."""
    return usage(
        "source REVISION [MODULE] [--against REVISION]",
        "Print a module of the model as one tree has it: only the code that this tree runs, "
        "with its comments. MODULE is a module, or the C file that it mirrors. With --against "
        "print what differs from another tree, as a diff; without MODULE, in all modules.",
        OPTIONS,
        (
            "qemu-model source qemu-10.0 mmap_alloc",
            "qemu-model source qemu-10.0 util/mmap-alloc.c --against qemu-7.2",
            "qemu-model source V8 --against base",
        ),
        status="0, also where two trees do not differ; 2 for an unknown tree or module.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if not 1 <= len(words.qemu) <= 2:
        raise UsageError("say which tree, and which module: source REVISION [MODULE]")
    color = words.value(COLOR, "auto")
    tree = choose_revision(words.qemu[0])
    other = choose_revision(words.value(AGAINST)) if words.has(AGAINST) else None
    if other is None and len(words.qemu) == 1:
        raise UsageError("say which module, or --against REVISION for all of them")

    from ..review import source as sources

    try:
        names = [sources.module_called(words.qemu[1])] if words.qemu[1:] else sources.modules()
    except sources.UnknownModule as error:
        raise UsageError(str(error)) from error
    if other is None:
        shown = [sources.source(tree, name) for name in names]
        if words.has(JSON):
            return _print_json(
                {
                    "revision": tree.name,
                    "modules": [
                        {"module": one.module, "c_file": one.c_file, "text": one.text}
                        for one in shown
                    ],
                }
            )
        _print_code("".join(one.text for one in shown), "python", color)
        return 0
    found = [sources.compare(other, tree, name) for name in names]
    if words.has(JSON):
        return _print_json(
            {
                "from": other.name,
                "to": tree.name,
                "modules": [
                    {
                        "module": one.after.module,
                        "c_file": one.after.c_file,
                        "diff": list(one.lines),
                    }
                    for one in found
                    if one.lines
                ],
            }
        )
    changed = [one for one in found if one.lines]
    if not changed:
        where = found[0].after.module if len(found) == 1 else "the modules of the mirror"
        print(f"{where}: the code is the same in {other.name} and {tree.name}")
    for one in changed:
        _print_code("\n".join(one.lines) + "\n", "diff", color)
    return 0


def _print_json(shown: object) -> int:
    json.dump(shown, sys.stdout, indent=1)
    print()
    return 0


def _print_code(text: str, language: str, color: str) -> None:
    """Print code, in colour where the terminal has it."""
    if color == "never" or (color == "auto" and not sys.stdout.isatty()):
        print(text, end="")
        return
    from rich.syntax import Syntax

    from ..review.rendering import console

    console(color).print(Syntax(text, language, theme="ansi_dark", background_color="default"))
