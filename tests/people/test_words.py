"""Words that we do not use, in what people read: README, documentation, help, docstrings, comments.

Each stands for a way of speaking: inverted, passive without an actor, or a word of our own for
a usual one.  QEMU's own messages, quoted, are not checked.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import qemu_model
from qemu_model.messages import catalogue

ROOT = Path(__file__).parents[2]
PACKAGE = Path(qemu_model.__file__).parent
#: The words, with what to write instead.  This is the only list.
UNUSED = {
    r"(?:nobody|whoever|somebody|anybody)\b": "name the actor",
    r"living QEMU": "running QEMU",
    r"(?:is|are|was|were) told\b": "say who learns what",
    r"(?:comes?|came|became) of\b(?! (?:MAP_SYNC|its))": "result",
    r"(?:cannot|can|could) be had": "is unsupported, is refused",
    r"(?:lost|left) is\b": "you lose, ... remains",
    r"anew\b": "again, regenerated",
    r"in vain": "without effect",
    r"to the letter": "word for word",
    r"pass(?:ed|es)? over": "skip",
    r"for want of": "without",
    r"on without (?:it|them)": "retries without it",
    r"published nowhere": "not documented; the model assumes",
    r"h[eo]lds? [^.]{0,40}\bagainst": "compare with",
    r"there is none:": "does not exist",
    r"it is not so": "a mismatch",
    r"no empty word": "name the rule",
    r"how far it is": "progress",
    r"as far as it goes": "leave it out",
    r"(?<!there )(?<!here )(?:is|was|are|were) no (?!longer|more\b|less|other)\w": "is not a",
    r"(?:is|was|are|were)(?: not)? asked for\b": "is requested",
    r"not asked for\b": "not requested",
    r"leave \S+ away\b": "remove",
    r"th(?:rown|rows) away": "discard",
    r"all the same\b": "nevertheless",
    r"is let (?:pass|be|through)": "is accepted",
    r"gives? back\b": "unmap, return",
    r"(?:what )?(?:lies|stands?) behind\b": "follows, is after",
    r"is said of\b": "is set for",
    r"much worth|is worth\b": "name what it does",
}
#: What the documentation's build writes, from strings that are read where they stand.
WRITTEN = {"_build", "messages", "lint", "findings"}
TEXTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.rst") if not WRITTEN & set(path.parts)),
    *sorted((PACKAGE / "explorer" / "page").iterdir()),
    *sorted((PACKAGE / "schemas").iterdir()),
]
#: What QEMU itself says.
QUOTED = frozenset(text for message in catalogue().values() for _, text in message.texts)


def written(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings and the blocks of comments of a module, with their lines."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value if node.value not in QUOTED else ""
    block: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            block.append(token.string.strip("#: "))
        elif token.type != tokenize.NL and block:
            yield token.start[0], " ".join(block)
            block = []


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


def test_no_string_or_comment_of_the_package_has_a_word_that_we_do_not_use() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {said}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in written(path)
        for said in unused_in(text)
    ]
    assert found == []


def test_the_list_finds_what_it_should() -> None:
    assert unused_in("lost is what nobody\nwrote") == [
        "'nobody': name the actor",
        "'lost is': you lose, ... remains",
    ]
    assert unused_in("a warning is printed; the mapping is retried without MAP_SYNC") == []
