"""Pages of the reference that are written when the documentation is built.

The messages have a page for each C file: one page of all would be 22,000 pixels long,
and the search would always find that one.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import generated
from lint_examples import EXAMPLES, Example
from sphinx.application import Sphinx

#: Where the pages go, below the documentation's sources; git does not keep them.
MESSAGES = "reference/messages"
LINT = "reference/lint"
FINDINGS = "reference/findings"


def page_name(file: str) -> str:
    """Return the page of a C file: ``util-mmap-alloc-c``."""
    return "".join(letter if letter.isalnum() else "-" for letter in file)


def message_pages() -> Iterator[tuple[str, str]]:
    """Yield each C file's page and its text."""
    for file, known in generated.messages_by_file().items():
        lines = generated.title(file, "=")
        lines += [f"What ``{file}`` can say, {len(known)} messages.", ""]
        for one in known:
            lines += generated.message(one)
        yield page_name(file), "\n".join(lines)


def lint_pages() -> Iterator[tuple[str, str]]:
    """Yield each rule's page and its text."""
    from qemu_model.findings.registry import RULES

    for rule in RULES:
        lines = generated.title(f"{rule.code} {rule.name}", "=")
        meaning = generated.escaped(rule.meaning)
        lines += [f"{meaning[0].upper()}{meaning[1:]}", "", f"Severity: {rule.severity}.", ""]
        lines += example_of(rule.code, EXAMPLES.get(rule.code, Example("")))
        yield rule.name, "\n".join(lines)


def example_of(code: str, example: Example) -> Iterator[str]:
    """Yield a line with the finding, what ``lint`` prints of it, and what to do."""
    if example.line:
        shown = shlex.split(example.line)
        name, text = example.file
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            if name:
                Path(name).write_text(text, encoding="utf-8")
            printed = generated.printed(["lint", "--fail-on", "never", *shown], width="80")
        if code not in printed:
            raise RuntimeError(f"the example of {code} does not show it: {printed}")
        yield from generated.title("Example")
        made = f"$ cat > {name} <<'END'\n{text}END\n" if name else ""
        command = f"$ qemu-model lint {wrapped(example.line)}"
        yield from generated.literal(f"{made}{command}\n{printed}", "console")
    if example.todo:
        yield from generated.title("What to do")
        yield from [example.todo, ""]


def wrapped(line: str) -> str:
    """Return a command's options, with a continued line before each that begins an object."""
    return line.replace(" -object ", " \\\n> -object ").replace(" -device ", " \\\n> -device ")


def finding_pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each of the surprises in real QEMUs."""
    from qemu_model.conform.findings import FINDINGS

    for finding in FINDINGS:
        lines = generated.title(generated.escaped(finding.title), "=")
        lines += [generated.escaped(finding.what), ""]
        lines += generated.title("To see it")
        lines += generated.literal(finding.line)
        lines += [
            f"In ``{finding.function}``. Seen in {generated.trees(finding.versions)}.",
            "",
        ]
        yield finding.name, "\n".join(lines)


def write(app: Sphinx) -> None:
    """Write the pages that changed, and remove those of what was removed."""
    for place, pages in (
        (MESSAGES, message_pages()),
        (LINT, lint_pages()),
        (FINDINGS, finding_pages()),
    ):
        folder = Path(app.srcdir) / place
        folder.mkdir(exist_ok=True)
        texts = dict(pages)
        for path in folder.glob("*.rst"):
            if path.stem not in texts:
                path.unlink()
        for name, text in texts.items():
            path = folder / f"{name}.rst"
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> Mapping[str, Any]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
