"""Words that we do not use, in what people read: README, documentation, help, docstrings.

Each stands for a way of speaking: inverted, passive without an actor, or a word of our own for
a usual one.  QEMU's own messages, quoted, are no concern of this list.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import qemu_model

ROOT = Path(__file__).parents[2]
PACKAGE = Path(qemu_model.__file__).parent
#: The words, with what to write instead.
UNUSED = {
    r"nobody": "name the actor",
    r"whoever": "name the actor",
    r"somebody": "name the actor",
    r"living QEMU": "running QEMU",
    r"(?:is|are|was) told\b": "say who learns what",
    r"comes? of\b": "follows, results",
    r"(?:cannot|can) be had": "is unsupported, is refused",
    r"lost is\b": "you lose",
    r"left is\b": "remains",
    r"anew": "again, regenerated",
    r"in vain": "without effect",
    r"to the letter": "word for word",
    r"passed over": "skipped",
    r"pass over": "skip",
    r"for want of": "without",
    r"on without (?:it|them)": "retries without it",
    r"published nowhere": "not documented; the model assumes",
    r"holds? (?:a real QEMU|it|a QEMU) against": "compares with",
    r"held against": "compared with",
    r"there is none:": "does not exist",
    r"it is not so": "a mismatch",
    r"no empty word": "name the rule",
    r"how far it is": "progress",
    r"as far as it goes": "leave it out",
}
TEXTS = [
    ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
] + sorted(
    path for path in (ROOT / "docs").rglob("*.rst") if not {"_build", "messages"} & set(path.parts)
)


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module, docstrings among them, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def unused_in(text: str) -> list[str]:
    """Return the words of the list that stand in a text, with what to write instead."""
    joined = " ".join(text.split())
    return [
        f"{match[0]!r}: {instead}"
        for pattern, instead in UNUSED.items()
        for match in re.finditer(rf"\b{pattern}", joined, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_has_no_word_that_we_do_not_use(path: Path) -> None:
    assert unused_in(path.read_text(encoding="utf-8")) == []


def test_no_string_of_the_package_has_a_word_that_we_do_not_use() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {said}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "messages" not in path.parts
        for line, text in strings(path)
        for said in unused_in(text)
    ]
    assert found == []


def test_the_list_finds_what_it_should() -> None:
    assert unused_in("lost is what nobody\nwrote") == [
        "'nobody': name the actor",
        "'lost is': you lose",
    ]
    assert unused_in("a warning is printed; the mapping is retried without MAP_SYNC") == []
