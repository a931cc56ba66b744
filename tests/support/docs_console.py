"""The consoles in the documentation: which commands a page shows, and what they print.

A page's ``code-block:: console`` holds commands behind ``$ ``, their further lines behind
``> ``, and what they print.  All of a page run one after the other in one scratch
directory, on a terminal of 80 columns without colours.  ``...`` in an output stands for
anything, as in Python's doctest, whose checker compares.

``python tests/support/docs_console.py PAGE...`` runs pages and writes what the commands print
now into those outputs that do not fit any more.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
from program import printed_on_terminal

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(
    r"^( *)\.\. code-block:: console\n((?:\1 +:.*\n)*)((?:\1 +\S.*\n|[ \t]*\n)+)", re.M
)
OPTIONS = doctest.ELLIPSIS
CHECKER = doctest.OutputChecker()


@attrs.frozen
class Command:
    """A command of a page, what the page says it prints, and the page's line it is on."""

    line: int
    text: str
    output: str
    #: From where to where in the page the output stands, and its indent.
    place: tuple[int, int]
    indent: str

    def fits(self, printed: str) -> bool:
        """Whether the page tells what was printed, blank lines at the end aside."""
        return CHECKER.check_output(ended(self.output), ended(printed), OPTIONS)

    def difference(self, printed: str) -> str:
        """Return both outputs, for a person to compare."""
        example = doctest.Example(self.text, self.output)
        return CHECKER.output_difference(example, printed, OPTIONS)


def ended(output: str) -> str:
    """Return an output with one line's end at its end."""
    return output.rstrip("\n") + "\n" if output.strip() else ""


def commands(page: str) -> Iterator[Command]:
    """Yield the commands of a page in their order."""
    for block in BLOCK.finditer(page):
        start, body = block.start(3), block.group(3)
        first = next(line for line in body.split("\n") if line.strip())
        indent = first[: len(first) - len(first.lstrip())]
        place = start
        text: list[str] = []
        output: list[str] = []
        begin = end = line = 0
        for shown in body.rstrip("\n ").splitlines(keepends=True):
            bare = shown[len(indent) :] if shown.strip() else "\n"
            if bare.startswith("$ "):
                if text:
                    yield Command(line, "".join(text), "".join(output), (begin, end), indent)
                text, output = [bare[2:]], []
                line = page.count("\n", 0, place) + 1
                begin = end = place + len(shown)
            elif bare.startswith("> ") and not output:
                text.append(bare[2:])
                begin = end = place + len(shown)
            else:
                output.append(bare if bare.endswith("\n") else bare + "\n")
                # Blank lines before the next command or the end are no output.
                end = place + len(shown) if shown.strip() else end
            place += len(shown)
        if text:
            yield Command(line, "".join(text), "".join(output), (begin, end), indent)


def needs_of(page: str) -> set[str]:
    """Return what a page says that its commands need: ``.. needs: strace``."""
    return {word for line in re.findall(r"^\.\. needs: (.*)$", page, re.M) for word in line.split()}


def run(command: str, directory: Path) -> str:
    """Return what a command prints on a terminal of 80 columns that can do no more than print."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "HOME": str(directory),
    }
    printed = printed_on_terminal(
        ["bash", "-c", command], stdin=subprocess.DEVNULL, env=environment, cwd=directory
    )
    # A line of blanks at the end is no part of a page.
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def rewrite(path: Path) -> int:
    """Bring the outputs of a page up to date, and return how many were not."""
    page = path.read_text(encoding="utf-8")
    changed = []
    with tempfile.TemporaryDirectory(prefix="qemu-model-docs-") as scratch:
        for command in commands(page):
            printed = run(command.text, Path(scratch))
            if not command.fits(printed):
                changed.append((command, printed))
    for command, printed in reversed(changed):
        begin, end = command.place
        text = "".join(
            f"{command.indent}{line}" if line.strip() else line
            for line in ended(printed).splitlines(keepends=True)
        )
        before = page[:begin] if page[:begin].endswith("\n") else page[:begin] + "\n"
        page = before + text + page[end:]
    path.write_text(page, encoding="utf-8")
    return len(changed)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {rewrite(Path(name))} outputs brought up to date")
