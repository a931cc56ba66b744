"""What one patch changed over the matrix: counted, with an example of each kind."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import attrs

from .space import Input


@attrs.frozen
class Example:
    """One input with what it came to before a patch and after it."""

    input: Input
    part: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            **self.input.to_json(),
            "part": self.part,
            "before": list(self.before),
            "after": list(self.after),
        }


@attrs.define
class Tally:
    """What one patch changed: how many inputs, in which part, with the first example of each.

    ``texts`` are the messages that changed, as templates, before and after;
    ``unrelated`` is an input that changed without naming sync or listing options.
    """

    calls: int = 0
    messages: int = 0
    leaks: int = 0
    any: int = 0
    examples: dict[str, Example] = attrs.field(factory=dict)
    texts: dict[tuple[str, str], int] = attrs.field(factory=dict)
    unrelated: Input | None = None

    def add(self, other: Tally) -> None:
        """Add what was found later in the matrix."""
        self.calls += other.calls
        self.messages += other.messages
        self.leaks += other.leaks
        self.any += other.any
        for part, example in other.examples.items():
            self.examples.setdefault(part, example)
        for text, count in other.texts.items():
            self.texts[text] = self.texts.get(text, 0) + count
        self.unrelated = self.unrelated or other.unrelated
