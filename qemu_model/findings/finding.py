"""What a finding is: a rule with its code, and one place where it applies."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from ..records import Value

Severity = Literal["error", "warning", "note"]
#: The severities by weight.
SEVERITIES: Final = MappingProxyType({"note": 0, "warning": 1, "error": 2})


@attrs.frozen(eq=False, repr=False)
class Rule(Value):
    """One kind of finding: its code, its name, how bad it is as a rule, what it means."""

    code: str
    name: str
    severity: Severity
    meaning: str

    @property
    def page(self) -> str:
        """The page of the documentation that explains the rule."""
        return f"docs/reference/lint/{self.name}"


@attrs.frozen(eq=False, repr=False)
class Finding(Value):
    """A rule that applies: to which object, in which words, why, and what to do.

    ``object`` is an id or an option, empty for the line as a whole.  ``args`` is the line
    with the fix applied, None where the fix is not on the line; ``host_change`` what
    changes a simulated host as the fix changes a real one.  ``otherwise`` is the advice where
    ``args`` turns out not to help.
    """

    rule: Rule
    object: str
    text: str
    why: str
    fix: str = ""
    severity: Severity | None = None
    args: tuple[str, ...] | None = None
    host_change: tuple[tuple[str, str], ...] = ()
    otherwise: str = ""

    @property
    def level(self) -> Severity:
        """How bad it is here: the rule's severity, or its own."""
        return self.severity or self.rule.severity

    def __str__(self) -> str:
        """Return the finding in one line, and its fix in another."""
        fix = f"\n  fix: {self.fix}" if self.fix else ""
        return f"{self.level} {self.rule.code}: {self.text}{fix}"

    @property
    def same_as(self) -> tuple[str, str]:
        """What tells whether a finding is there again after a fix."""
        return self.rule.code, self.object

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "code": self.rule.code,
            "severity": self.level,
            "object": self.object,
            "text": self.text,
            "why": self.why,
            "fix": self.fix,
            "page": self.rule.page,
        }
